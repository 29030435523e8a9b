import type { Person, State } from '../store/state';

/** Whose picture comes first, if there can be only one of these: who is pinned, else whom the host shows, else who speaks, else the first one. */
export function foremost(people: readonly Person[], { pins, told: { spotlight }, speakers: { front } }: Pick<State, 'pins' | 'told' | 'speakers'>): Person | undefined {
  const one = (chosen: (id: string) => boolean) => people.find(({ id }) => chosen(id));
  return one((id) => pins.includes(id)) ?? one((id) => id === spotlight) ?? one((id) => id === front) ?? people[0];
}
