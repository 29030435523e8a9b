import { describe, expect, it } from 'vitest';
import { contrast, palette, parse, type Rgb } from './colour';

const rgb = (hex: string): Rgb => parse(hex) ?? [0, 0, 0];

describe('parse', () => {
  it('takes three and six digits', () => {
    expect(parse('#0a7d4f')).toEqual([10, 125, 79]);
    expect(parse('#0AF')).toEqual([0, 170, 255]);
  });
  it.each(['', 'red', '#12', '#12345', '#1234567', '0a7d4f', '#gggggg'])('refuses %s', (text) => {
    expect(parse(text)).toBeNull();
  });
});

describe('contrast', () => {
  it('is 21 for black on white, and the same both ways', () => {
    expect(contrast([0, 0, 0], [255, 255, 255])).toBeCloseTo(21);
    expect(contrast([10, 125, 79], [255, 255, 255])).toBeCloseTo(contrast([255, 255, 255], [10, 125, 79]));
  });
});

describe('palette', () => {
  const grid = [0, 51, 102, 153, 204, 255];
  const colours = grid.flatMap((r) => grid.flatMap((g) => grid.map((b): Rgb => [r, g, b])));
  const schemes = [
    ['light', ['#ffffff', '#eef0f3', '#f6f7f9', '#e7eaee']],
    ['dark', ['#101214', '#1a1d21', '#24282e', '#2e343b']],
  ] as const;
  it.each(schemes)('is readable for every colour, %s', (scheme, grounds) => {
    for (const colour of colours) {
      const { accent, primary, primaryHover, onPrimary } = palette(colour, scheme);
      for (const ground of grounds) expect(contrast(rgb(accent), rgb(ground))).toBeGreaterThanOrEqual(4.5);
      expect(contrast(rgb(primary), rgb(onPrimary))).toBeGreaterThanOrEqual(4.5);
      expect(contrast(rgb(primaryHover), rgb(onPrimary))).toBeGreaterThanOrEqual(4.5);
    }
  });
  it('keeps the brand as it is on buttons', () => {
    expect(palette([10, 125, 79], 'light').primary).toBe('#0a7d4f');
    expect(palette([255, 212, 0], 'dark')).toMatchObject({ primary: '#ffd400', onPrimary: '#14171a' });
  });
});
