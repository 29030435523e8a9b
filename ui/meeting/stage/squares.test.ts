import { encode } from 'uqr';
import { expect, test } from 'vitest';
import { pathOf } from './squares';

/** The squares that a path fills. */
function filled(path: string, size: number): boolean[][] {
  const grid = Array.from({ length: size }, () => Array.from({ length: size }, () => false));
  for (const [, x, y, long] of path.matchAll(/M(\d+) (\d+)h(\d+)v1H\d+z/g))
    for (let i = 0; i < Number(long); i++) (grid[Number(y)] as boolean[])[Number(x) + i] = true;
  return grid;
}

test('runs become strokes', () => {
  expect(
    pathOf([
      [true, true, false, true],
      [false, false, false, false],
      [false, true, false, false],
    ]),
  ).toBe('M0 0h2v1H0zM3 0h1v1H3zM1 2h1v1H1z');
});

test('a whole code is drawn as it is, with light around it', () => {
  const { data, size } = encode('https://meet.example.org/acme/604118237', { ecc: 'M', border: 4 });
  const drawn = filled(pathOf(data), size);
  expect(drawn).toEqual(data);
  expect(drawn.slice(0, 4).flat()).not.toContain(true);
});
