import { foremost } from '../stage/foremost';
import type { Presence, State } from '../store/state';

type Strained = Pick<State, 'strain' | 'soundOnly' | 'outOfSight' | 'wish' | 'capture' | 'interrupted'>;

/** A smaller picture is taken of us: the line is weak, or the machine is busy. */
export const lowered = ({ strain }: Pick<State, 'strain'>): boolean => strain.line >= 1 || strain.machine >= 1;

/** Our picture is kept back for the sake of the sound, whatever was wished. */
export const paused = ({ strain, soundOnly }: Pick<State, 'strain' | 'soundOnly'>): boolean =>
  soundOnly || (strain.line >= 2 && !strain.anyway);

/** The others' cameras are asked for in their smallest layer. */
export const small = (state: Pick<State, 'strain' | 'soundOnly'>): boolean => paused(state) || state.strain.intake >= 1;

/** Not all pictures are asked for: too little comes in. */
export const choosy = ({ strain, soundOnly }: Pick<State, 'strain' | 'soundOnly'>): boolean => strain.intake >= 2 && !strain.takeAll && !soundOnly;

type Watched = Pick<State, 'strain' | 'soundOnly' | 'call' | 'pins' | 'told' | 'speakers'>;

/** The camera of another person is not asked for, so that the voices come through; what is shared always is. */
export function leftOut(state: Watched, id: string): boolean {
  if (!choosy(state)) return false;
  const others = (state.call?.people ?? []).filter((person) => !person.me);
  if (state.strain.intake >= 3 || others.some(({ share }) => share !== null)) return true;
  return foremost(others.filter(({ camera }) => camera !== null), state)?.id !== id;
}

/** Nothing of our camera is sent. */
export const held = (state: Strained): boolean => paused(state) || state.outOfSight;

/** Fewer pictures are drawn, and nothing moves. */
export const spared = ({ strain }: Pick<State, 'strain'>): boolean => strain.machine >= 2 && !strain.showAll;

/** What the others should know, since it is no wish of ours; null when they see and hear what we wish. */
export function ownPresence(state: Strained): Presence | null {
  const { interrupted, wish, capture } = state;
  if (interrupted.length > 0) return 'interrupted';
  if (state.outOfSight) return 'away';
  return paused(state) && wish.camera && capture.camera.is === 'live' ? 'weak' : null;
}
