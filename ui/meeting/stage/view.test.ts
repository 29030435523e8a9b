import { describe, expect, test } from 'vitest';
import { divide, drawn, nextView } from './view';

const facts = { view: 'auto', others: 4, large: false, width: 1400 } as const;

describe('the way the stage is drawn', () => {
  test('chooses itself', () => {
    expect([0, 1, 2, 24].map((others) => drawn({ ...facts, others }))).toEqual(['alone', 'pair', 'grid', 'grid']);
  });

  test('shows a share or a pinned person large in every view', () => {
    const all = (['auto', 'grid', 'speaker', 'beside'] as const).map((view) => drawn({ ...facts, view, large: true }));
    expect(all).toEqual(['focus', 'focus', 'focus', 'beside']);
  });

  test('follows the choice, side by side only where there is room', () => {
    expect(drawn({ ...facts, view: 'grid', others: 1 })).toBe('grid');
    expect(drawn({ ...facts, view: 'speaker' })).toBe('focus');
    expect(drawn({ ...facts, view: 'speaker', others: 1 })).toBe('pair');
    expect(drawn({ ...facts, view: 'beside' })).toBe('beside');
    expect(drawn({ ...facts, view: 'beside', width: 900 })).toBe('focus');
  });

  test('goes round by the shortcut', () => {
    expect(['auto', 'grid', 'speaker', 'beside'].map((view) => nextView(view as 'auto', 1400))).toEqual(['grid', 'speaker', 'beside', 'auto']);
    expect(nextView('speaker', 600)).toBe('auto');
  });
});

test('the parts of the stage fill it', () => {
  const stages = [
    { width: 1888, height: 984 },
    { width: 1408, height: 804 },
    { width: 736, height: 928 },
    { width: 344, height: 560 },
    { width: 624, height: 280 },
  ];
  for (const stage of stages)
    for (const how of ['focus', 'beside'] as const) {
      const { large, rest, side } = divide(how, stage, 12, 6);
      if (side) expect(large.width + rest.width + 12).toBeCloseTo(stage.width);
      else expect(large.height + rest.height + 12).toBeCloseTo(stage.height);
      expect(large.width * large.height).toBeGreaterThan(rest.width * rest.height);
    }
  expect(divide('focus', { width: 800, height: 600 }, 12, 0).large).toEqual({ width: 800, height: 600 });
});
