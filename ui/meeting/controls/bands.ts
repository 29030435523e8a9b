/** From which window width on a band of the bar begins; 0 is the narrowest. */
const EDGES = [500, 600, 900, 1200] as const;
const HYSTERESIS = 16;

export type Band = 0 | 1 | 2 | 3 | 4;

/** The contract's table for a meeting inside another site's page: from which band on these are there, by whatever way. */
const FRAMED_FROM = { share: 1, record: 1, reactions: 2 } as const satisfies Record<string, Band>;

export const isOffered = (what: keyof typeof FRAMED_FROM, framed: boolean, band: Band): boolean => !framed || band >= FRAMED_FROM[what];

/** The band of a width; at an edge the present band is kept for 16 px, so that nothing flickers. */
export function bandOf(width: number, present?: Band): Band {
  const band = EDGES.filter((edge) => width >= edge).length as Band;
  if (present === undefined || Math.abs(band - present) !== 1) return band;
  const edge = EDGES[Math.min(band, present)] ?? 0;
  return Math.abs(width - edge) < HYSTERESIS / 2 ? present : band;
}
