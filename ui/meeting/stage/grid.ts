/** A way to lay equal tiles on the stage; lengths in CSS pixels. */
export interface Grid {
  columns: number;
  rows: number;
  w: number;
  h: number;
}

export interface Stage {
  width: number;
  height: number;
}

const WIDEST = 16 / 9;
const PORTRAIT = 0.8;
/** A page never holds more pictures than this. */
export const MOST = 25;
/** A new shape must be this much better before the tiles move: no flicker while a window is resized. */
const BETTER = 1.05;

export const gapOf = (windowWidth: number): number => (windowWidth < 800 ? 8 : 12);

/** The narrowest tile: square, or 3:4 on a portrait stage. */
export const narrowest = ({ width, height }: Stage): number => (width / height < PORTRAIT ? 3 / 4 : 1);

/** The smallest tile that still shows a face, by the kind of stage. */
export function smallest({ width, height }: Stage): { w: number; h: number } {
  const portrait = width / height < PORTRAIT;
  if (portrait && width < 600) return { w: 104, h: 104 };
  if (!portrait && height < 500) return { w: 104, h: 88 };
  return portrait ? { w: 140, h: 112 } : { w: 160, h: 112 };
}

/** The share of a 16:9 picture that can be seen when it covers a tile. */
export const visible = (w: number, h: number): number => Math.min(1, w / h / WIDEST);

/** Large tiles that cut little off the picture. */
export const score = ({ w, h }: Grid): number => w * h * Math.sqrt(visible(w, h));

/**
 * The best grid of `n` tiles; `present` is the shape on the screen, kept unless another is clearly better.
 * Null when every shape has tiles below the smallest: then fewer must be shown (`perPage`).
 */
export function grid(n: number, stage: Stage, gap: number, present?: Pick<Grid, 'columns' | 'rows'>): Grid | null {
  const least = smallest(stage);
  const all = shapes(n, stage, gap).filter(({ w, h }) => w >= least.w && h >= least.h);
  const best = all.reduce<Grid | null>((top, one) => (top && score(top) >= score(one) ? top : one), null);
  const now = all.find(({ columns, rows }) => columns === present?.columns && rows === present.rows);
  return best && now && score(best) <= BETTER * score(now) ? now : best;
}

/** How many of `n` tiles fit on one page, at most 25. */
export function perPage(n: number, stage: Stage, gap: number): number {
  for (let k = Math.min(n, MOST); k > 1; k--) if (grid(k, stage, gap)) return k;
  return 1;
}

/** The grid even where the stage is too small for a decent tile: one tile as large as fits. */
export const anyGrid = (n: number, stage: Stage, gap: number, present?: Pick<Grid, 'columns' | 'rows'>): Grid =>
  grid(n, stage, gap, present) ??
  shapes(n, stage, gap).reduce((top, one) => (score(top) >= score(one) ? top : one), { columns: 1, rows: n, w: 0, h: 0 });

function shapes(n: number, stage: Stage, gap: number): Grid[] {
  const found: Grid[] = [];
  for (let columns = 1; columns <= n; columns++) {
    const rows = Math.ceil(n / columns);
    // A column would stay empty.
    if (Math.ceil(n / rows) !== columns) continue;
    const w = (stage.width - (columns - 1) * gap) / columns;
    const h = (stage.height - (rows - 1) * gap) / rows;
    if (w > 0 && h > 0) found.push({ columns, rows, ...trimmed(w, h, narrowest(stage)) });
  }
  return found;
}

function trimmed(w: number, h: number, narrow: number): { w: number; h: number } {
  if (w / h > WIDEST) return { w: h * WIDEST, h };
  return w / h < narrow ? { w, h: w / narrow } : { w, h };
}

/** Where tile number `i` of `n` lies: rows are centred, also the last one. */
export function place(i: number, n: number, { columns, rows, w, h }: Grid, stage: Stage, gap: number): { x: number; y: number } {
  const row = Math.floor(i / columns);
  const inRow = row === rows - 1 ? n - row * columns : columns;
  const left = (stage.width - inRow * w - (inRow - 1) * gap) / 2;
  const top = (stage.height - rows * h - (rows - 1) * gap) / 2;
  return { x: left + (i % columns) * (w + gap), y: top + row * (h + gap) };
}

/** Whether a picture covers its tile or is shown whole. */
export function fit(w: number, h: number, stage: Stage): 'cover' | 'contain' {
  return visible(w, h) >= (stage.width / stage.height < PORTRAIT ? 0.42 : 0.55) ? 'cover' : 'contain';
}
