import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { anyGrid, grid, MOST, narrowest, perPage, place, score, type Stage } from './grid';

const stages = fc.record({ width: fc.integer({ min: 344, max: 3840 }), height: fc.integer({ min: 300, max: 2160 }) });
const counts = fc.integer({ min: 1, max: 40 });
const gap = 12;
const tiny = 1e-6;

describe('the grid of the reference stages', () => {
  const cases: [Stage, number, number, number, number, number, number][] = [
    [{ width: 1888, height: 984 }, 12, 2, 2, 1, 938, 938],
    [{ width: 1888, height: 984 }, 12, 5, 3, 2, 621, 486],
    [{ width: 1888, height: 984 }, 12, 12, 4, 3, 463, 320],
    [{ width: 1408, height: 804 }, 12, 3, 2, 2, 698, 396],
    [{ width: 1408, height: 804 }, 12, 25, 5, 5, 268, 151],
    [{ width: 1036, height: 804 }, 12, 2, 1, 2, 704, 396],
    [{ width: 736, height: 928 }, 8, 3, 1, 3, 540, 304],
    [{ width: 736, height: 928 }, 8, 25, 4, 7, 178, 125],
    [{ width: 344, height: 560 }, 8, 2, 1, 2, 344, 276],
    [{ width: 344, height: 560 }, 8, 5, 2, 3, 168, 181],
    [{ width: 624, height: 344 }, 8, 9, 3, 3, 194, 109],
  ];
  test.each(cases)('%j with gap %i, %i people: %i × %i of %i × %i', (stage, space, n, columns, rows, w, h) => {
    const found = grid(n, stage, space);
    expect(found).toMatchObject({ columns, rows });
    expect(Math.floor(found?.w ?? 0)).toBe(w);
    expect(Math.floor(found?.h ?? 0)).toBe(h);
  });

  test('a phone shows 15 of 16 people on its first page', () => {
    expect(perPage(16, { width: 344, height: 560 }, 8)).toBe(15);
    expect(perPage(16, { width: 624, height: 344 }, 8)).toBe(15);
  });
});

describe('on any stage', () => {
  test('tiles lie inside and do not overlap', () => {
    fc.assert(
      fc.property(stages, counts, (stage, n) => {
        const k = perPage(n, stage, gap);
        const shape = anyGrid(k, stage, gap);
        const all = Array.from({ length: k }, (_, i) => place(i, k, shape, stage, gap));
        for (const [i, { x, y }] of all.entries()) {
          expect(x).toBeGreaterThanOrEqual(-tiny);
          expect(y).toBeGreaterThanOrEqual(-tiny);
          expect(x + shape.w).toBeLessThanOrEqual(stage.width + tiny);
          expect(y + shape.h).toBeLessThanOrEqual(stage.height + tiny);
          for (const other of all.slice(i + 1))
            expect(Math.abs(x - other.x) >= shape.w - tiny || Math.abs(y - other.y) >= shape.h - tiny).toBe(true);
        }
      }),
    );
  });

  test('the shape of a tile is between the narrowest and 16:9', () => {
    fc.assert(
      fc.property(stages, counts, (stage, n) => {
        const { w, h } = anyGrid(perPage(n, stage, gap), stage, gap);
        expect(w / h).toBeLessThanOrEqual(16 / 9 + tiny);
        expect(w / h).toBeGreaterThanOrEqual(narrowest(stage) - tiny);
      }),
    );
  });

  test('every tile has a place and no row or column is empty', () => {
    fc.assert(
      fc.property(stages, counts, (stage, n) => {
        const k = perPage(n, stage, gap);
        const { columns, rows } = anyGrid(k, stage, gap);
        expect(columns * rows).toBeGreaterThanOrEqual(k);
        expect(columns * (rows - 1)).toBeLessThan(k);
      }),
    );
  });

  test('more people never make larger tiles, nor a page of fewer', () => {
    fc.assert(
      fc.property(stages, fc.integer({ min: 1, max: MOST }), (stage, n) => {
        const [fewer, more] = [grid(n, stage, gap), grid(n + 1, stage, gap)];
        if (fewer && more) expect(score(more)).toBeLessThanOrEqual(score(fewer) + tiny);
        expect(perPage(n + 1, stage, gap)).toBeGreaterThanOrEqual(perPage(n, stage, gap));
      }),
    );
  });

  test('a shape on the screen stays while no other is 5 % better', () => {
    fc.assert(
      fc.property(stages, fc.integer({ min: 1, max: MOST }), fc.integer({ min: -12, max: 12 }), (stage, n, change) => {
        const before = grid(n, stage, gap);
        if (!before) return;
        const resized = { ...stage, width: stage.width + change };
        const after = grid(n, resized, gap, before);
        const best = grid(n, resized, gap);
        if (!after || !best) return;
        const same = after.columns === before.columns && after.rows === before.rows;
        if (!same) expect(score(best)).toBe(score(after));
        expect(score(best)).toBeLessThanOrEqual(1.05 * score(after) + tiny);
      }),
    );
  });
});
