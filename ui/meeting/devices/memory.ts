import type { State } from '../store/state';

/** What is remembered between meetings. Storage may be missing or empty each time (frames): never required. */
interface Remembered {
  name?: string;
  wish?: State['wish'];
  chosen?: State['chosen'];
  view?: State['view'];
  selfView?: Partial<State['selfView']>;
  singleKeys?: State['singleKeys'];
  sounds?: boolean;
  /** `known`: a microphone that gives nothing is no news to this person. */
  silence?: 'known';
}

const KEY = 'convene.choices';

export function remembered(): Remembered {
  try {
    return JSON.parse(localStorage.getItem(KEY) ?? '{}') as Remembered;
  } catch {
    return {};
  }
}

export function remember(change: Remembered): void {
  try {
    localStorage.setItem(KEY, JSON.stringify({ ...remembered(), ...change }));
  } catch {
    // A frame without storage: asked again next time.
  }
}
