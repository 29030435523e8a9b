import { expect, test } from 'vitest';
import type { Corner } from '../store/state';
import { cornerBy, cornerNear, nextCorner } from './corner';

test('a picture that is let go is taken to the nearest corner, in both directions of reading', () => {
  expect(cornerNear(0.2, 0.1, false)).toBe('start top');
  expect(cornerNear(0.9, 0.1, false)).toBe('end top');
  expect(cornerNear(0.2, 0.8, false)).toBe('start bottom');
  expect(cornerNear(0.2, 0.8, true)).toBe('end bottom');
  expect(cornerNear(0.9, 0.8, true)).toBe('start bottom');
});

test('arrows lead where they point', () => {
  expect(cornerBy('ArrowLeft', 'end bottom', false)).toBe('start bottom');
  expect(cornerBy('ArrowLeft', 'start bottom', true)).toBe('end bottom');
  expect(cornerBy('ArrowUp', 'end bottom', false)).toBe('end top');
  expect(cornerBy('ArrowDown', 'end bottom', false)).toBe('end bottom');
  expect(cornerBy('Enter', 'end bottom', false)).toBeNull();
});

test('four steps lead round the stage', () => {
  const ways = [1, 2, 3, 4].reduce<readonly Corner[]>((all) => [...all, nextCorner(all.at(-1) ?? 'end bottom')], []);
  expect(new Set(ways).size).toBe(4);
  expect(ways.at(-1)).toBe('end bottom');
});
