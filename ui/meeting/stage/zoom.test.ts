import fc from 'fast-check';
import { expect, test } from 'vitest';
import { closer, farther, move, offset, whole, zoomTo, type Zoom } from './zoom';

const part = fc.double({ min: 0, max: 1, noNaN: true });
const zooms: fc.Arbitrary<Zoom> = fc.record({ scale: fc.double({ min: 1.1, max: 4, noNaN: true }), x: part, y: part });

test('from the whole to four times and back', () => {
  let zoom = whole;
  for (let i = 0; i < 20; i++) zoom = closer(zoom);
  expect(zoom.scale).toBe(4);
  for (let i = 0; i < 20; i++) zoom = farther(zoom);
  expect(zoom).toEqual(whole);
});

test('the point under the finger stays, as far as the edges allow', () => {
  fc.assert(
    fc.property(zooms, fc.double({ min: 1.1, max: 4, noNaN: true }), part, part, (zoom, to, px, py) => {
      const after = zoomTo(zoom, to, px, py);
      // The place in the picture that lies under the point, before and after.
      const at = ({ scale }: Zoom, start: number, p: number) => (p - start) / scale;
      const free = after.x > 0 && after.x < 1;
      if (free) expect(at(after, offset(after).left, px)).toBeCloseTo(at(zoom, offset(zoom).left, px), 6);
    }),
  );
});

test('the picture always covers the frame', () => {
  fc.assert(
    fc.property(zooms, fc.double({ min: -3, max: 3, noNaN: true }), fc.double({ min: -3, max: 3, noNaN: true }), (zoom, dx, dy) => {
      const moved = move(zoom, dx, dy);
      const { left, top } = offset(moved);
      for (const start of [left, top]) {
        expect(start).toBeLessThanOrEqual(1e-9);
        expect(start + moved.scale).toBeGreaterThanOrEqual(1 - 1e-9);
      }
    }),
  );
  expect(move(whole, 1, 1)).toEqual(whole);
});
