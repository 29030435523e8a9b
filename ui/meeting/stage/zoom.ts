/** How a shared screen is looked at: enlarged, and moved. `x` and `y` are the part (0…1) of what hangs over that is cut off at the start. */
export interface Zoom {
  scale: number;
  x: number;
  y: number;
}

export const whole: Zoom = { scale: 1, x: 0.5, y: 0.5 };

const MOST = 4;
const STEP = 1.25;

const within = (value: number, low: number, high: number): number => Math.min(high, Math.max(low, value));

/** Enlarges to `scale` times; the point at (`px`, `py`) of the frame, both 0…1, stays where it is. */
export function zoomTo({ scale, x, y }: Zoom, to: number, px = 0.5, py = 0.5): Zoom {
  const next = within(Math.abs(to - 1) < 0.02 ? 1 : to, 1, MOST);
  if (next === 1) return whole;
  const along = (at: number, p: number) => within(((p + at * (scale - 1)) * (next / scale) - p) / (next - 1), 0, 1);
  return { scale: next, x: along(x, px), y: along(y, py) };
}

export const closer = (zoom: Zoom, px?: number, py?: number): Zoom => zoomTo(zoom, zoom.scale * STEP, px, py);
export const farther = (zoom: Zoom, px?: number, py?: number): Zoom => zoomTo(zoom, zoom.scale / STEP, px, py);

/** Moves what is seen by so many parts of the frame; to the right and down is positive. */
export function move({ scale, x, y }: Zoom, dx: number, dy: number): Zoom {
  if (scale === 1) return whole;
  return { scale, x: within(x + dx / (scale - 1), 0, 1), y: within(y + dy / (scale - 1), 0, 1) };
}

/** Where the enlarged picture begins, as a part of the frame (0 or less). */
export const offset = ({ scale, x, y }: Zoom): { left: number; top: number } => ({ left: 0 - x * (scale - 1), top: 0 - y * (scale - 1) });
