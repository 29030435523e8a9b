/** Steps down while something is bad, and up again, one at a time, once it has been good; a clock is handed in. */
export interface Steps {
  /** 0: nothing is taken back. */
  step: number;
  badSince: number | null;
  severeSince: number | null;
  goodSince: number | null;
  /** How long it must be good before the next step up (ms); each step up that fails doubles it. */
  wait: number;
  /** The present step was reached from below, and has not proved itself yet. */
  trying: boolean;
}

export interface Sample {
  now: number;
  bad: boolean;
  severe: boolean;
}

/** `after[n]`: bad for so long leads to step n + 1. Severe for `severeAfter` leads to `severeStep` at once (all in ms). */
export interface Rules {
  after: readonly [number, ...number[]];
  severeAfter: number;
  severeStep: number;
}

export const FIRST_WAIT_MS = 20_000;
export const LONGEST_WAIT_MS = 5 * 60_000;

export const start: Steps = { step: 0, badSince: null, severeSince: null, goodSince: null, wait: FIRST_WAIT_MS, trying: false };

/** A weak line: 1 a smaller picture is sent, 2 none, 3 sound only is offered. Severe is a loss above a tenth. */
export const lineRules: Rules = { after: [10_000, 25_000, 60_000], severeAfter: 10_000, severeStep: 2 };

/**
 * Little comes in: 1 the others' cameras in their smallest layer, 2 one picture alone, 3 only what is shared. Severe is a loss above
 * a tenth. Faster than what we send: it is our own ears that suffer, and a step up that fails must not be heard for long.
 */
export const intakeRules: Rules = { after: [6000, 12_000, 30_000], severeAfter: 4000, severeStep: 2 };

/** A busy machine: 1 a smaller picture is taken, 2 fewer pictures are drawn, 3 camera off is suggested. Severe is a page that stands still. */
export const machineRules: Rules = { after: [5000, 15_000, 45_000], severeAfter: 0, severeStep: 2 };

export function next(before: Steps, { now, bad, severe }: Sample, { after, severeAfter, severeStep }: Rules): Steps {
  const badSince = bad ? (before.badSince ?? now) : null;
  const severeSince = severe ? (before.severeSince ?? now) : null;
  const goodSince = bad || severe ? null : (before.goodSince ?? now);
  const seen: Steps = { ...before, badSince, severeSince, goodSince };
  const reached = badSince === null ? 0 : after.filter((ms) => now - badSince >= ms).length;
  const grave = severeSince !== null && now - severeSince >= severeAfter;
  const failed = before.trying && (reached > 0 || grave);
  const wanted = Math.max(reached, grave ? severeStep : 0, failed ? before.step + 1 : 0);
  if (failed) return { ...seen, step: wanted, trying: false, wait: Math.min(2 * before.wait, LONGEST_WAIT_MS) };
  if (wanted > before.step) return { ...seen, step: wanted };
  if (goodSince === null || now - goodSince < before.wait) return seen;
  if (before.step > 0) return { ...seen, step: before.step - 1, trying: true, goodSince: now };
  return before.trying ? { ...seen, trying: false, wait: FIRST_WAIT_MS } : seen;
}
