import { expect, test } from 'vitest';
import { bandOf, isOffered } from './bands';

test('widths fall into five bands', () => {
  expect([360, 499, 500, 599, 600, 899, 900, 1199, 1200, 1920].map((width) => bandOf(width))).toEqual([0, 0, 1, 1, 2, 2, 3, 3, 4, 4]);
});

test('at an edge the present band is kept', () => {
  expect(bandOf(903, 2)).toBe(2);
  expect(bandOf(908, 2)).toBe(3);
  expect(bandOf(897, 3)).toBe(3);
  expect(bandOf(892, 3)).toBe(2);
  expect(bandOf(1300, 0)).toBe(4);
});

test('inside another site’s page a narrow bar lacks what the contract says, by whatever way', () => {
  const there = (width: number) => (['share', 'record', 'reactions'] as const).filter((what) => isOffered(what, true, bandOf(width)));
  expect([360, 499, 500, 599, 600, 1200].map(there)).toEqual([[], [], ['share', 'record'], ['share', 'record'], ['share', 'record', 'reactions'], ['share', 'record', 'reactions']]);
  expect(isOffered('share', false, 0)).toBe(true);
});
