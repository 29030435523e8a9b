import { useSyncExternalStore } from 'react';
import { initial, type State } from './state';

type Listener = () => void;

let state: State = initial;
const listeners = new Set<Listener>();

export const get = (): State => state;

/** Replaces the named parts of the state; the rest keeps its identity. */
export function set(change: Partial<State> | ((state: State) => Partial<State>)): void {
  const parts = typeof change === 'function' ? change(state) : change;
  state = { ...state, ...parts };
  for (const listener of [...listeners]) listener();
}

export function subscribe(listener: Listener): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** The part of the state that `select` picks; it must be a stored value, not a freshly made one. */
export const useStore = <Part>(select: (state: State) => Part): Part =>
  useSyncExternalStore(subscribe, () => select(state));

/** Calls `then` whenever the picked part changes. */
export function watch<Part>(select: (state: State) => Part, then: (now: Part, before: Part) => void): () => void {
  let before = select(state);
  return subscribe(() => {
    const now = select(state);
    if (Object.is(now, before)) return;
    const last = before;
    before = now;
    then(now, last);
  });
}
