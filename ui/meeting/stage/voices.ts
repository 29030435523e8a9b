/** Who has been talking, for how long, and who of them has the stage. Times in milliseconds of any steady clock. */

interface Stretch {
  from: number;
  to: number;
}

export interface Voices {
  /** The present or last stretch of speech of each person; a pause for breath does not end one. */
  stretches: ReadonlyMap<string, Stretch>;
  /** Who counts as a speaker, with the time he was last heard. */
  lately: ReadonlyMap<string, number>;
  /** Who is large in the speaker view; he stays when nobody talks. */
  front: string | null;
}

export const silence: Voices = { stretches: new Map(), lately: new Map(), front: null };

/** A pause that is shorter belongs to the speech. */
const BREATH_MS = 500;
/** From here on it is speech and no cough. */
const SPEECH_MS = 1000;
/** Who was silent for so long gives up the stage. */
const YIELD_MS = 1500;
/** Who talks for so long while the other still does takes it. */
const OVER_MS = 3000;
const LATELY_MS = 60_000;

/** What becomes of it when these people are heard now; `present` are all that could be. Nothing new: the same value. */
export function listen(before: Voices, speaking: readonly string[], present: readonly string[], now: number): Voices {
  const here = new Set(present);
  const stretches = new Map([...before.stretches].filter(([id]) => here.has(id)));
  for (const id of speaking) {
    const last = stretches.get(id);
    stretches.set(id, last && now - last.to <= BREATH_MS ? { from: last.from, to: now } : { from: now, to: now });
  }
  const lately = latest(before.lately, stretches, here, now);
  const front = inFront(before.front, stretches, speaking, here, now);
  return { stretches, lately, front };
}

function latest(before: Voices['lately'], stretches: Voices['stretches'], here: Set<string>, now: number): Voices['lately'] {
  const kept = [...before].filter(([id, heard]) => here.has(id) && now - heard < LATELY_MS);
  const lately = new Map(kept);
  let news = kept.length !== before.size;
  for (const [id, { from, to }] of stretches) {
    if (to - from < SPEECH_MS || to !== now) continue;
    news ||= !lately.has(id) || now - (lately.get(id) ?? 0) > YIELD_MS;
    lately.set(id, now);
  }
  return news ? lately : before;
}

function inFront(front: string | null, stretches: Voices['stretches'], speaking: readonly string[], here: Set<string>, now: number): string | null {
  const present = front !== null && here.has(front) ? stretches.get(front) : undefined;
  const talking = speaking
    .filter((id) => id !== front)
    .map((id) => ({ id, from: stretches.get(id)?.from ?? now }))
    .filter(({ from }) => now - from >= SPEECH_MS)
    .sort((a, b) => a.from - b.from);
  const free = !present || now - present.to >= YIELD_MS;
  const next = free ? talking[0] : talking.find(({ from }) => from > present.from && now - from >= OVER_MS);
  if (next) return next.id;
  return front !== null && here.has(front) ? front : null;
}
