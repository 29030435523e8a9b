import { leftOut } from '../network/strain';
import type { Person, Picture, State } from '../store/state';

type Seen = Pick<State, 'call' | 'pins' | 'told' | 'speakers' | 'largeShare' | 'strain' | 'soundOnly'>;

const others = ({ call }: Seen): readonly Person[] => call?.people.filter((person) => !person.me) ?? [];

/**
 * What the small window shows: the shared screen that is large on the stage, or else, in the stage's order, who is pinned, whom the host
 * shows, what is shared, who speaks; null when there is no picture of anybody.
 */
export function smallPicture(state: Seen): Picture | null {
  const { pins, told, speakers, largeShare } = state;
  const people = others(state);
  const seen = people.filter((person) => person.camera !== null && !person.paused && !leftOut(state, person.id));
  const camera = (id: string | null) => seen.find((person) => person.id === id)?.camera;
  const pinned = pins.map(camera).find((one) => one !== undefined);
  const large = people.find((person) => person.id === largeShare)?.share;
  const newest = people.findLast((person) => person.share !== null)?.share;
  return large ?? pinned ?? camera(told.spotlight) ?? newest ?? camera(speakers.front) ?? seen[0]?.camera ?? null;
}

/** Who is named where there is no picture: who spoke last, else who is there. */
export function smallPerson(state: Seen): Person | null {
  const people = others(state);
  return people.find(({ id }) => id === state.speakers.front) ?? people[0] ?? null;
}
