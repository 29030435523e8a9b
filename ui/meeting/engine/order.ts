import type { Person } from '../store/state';

/**
 * People in the order of their tiles: everybody keeps his place, newcomers go to the end. While the connection
 * settles those who are not back yet stay, marked `away`. Who did not change keeps his identity.
 */
export function arrange(before: readonly Person[], now: readonly Person[], settling: boolean): readonly Person[] {
  const present = new Map(now.map((person) => [person.id, person]));
  const stayed = before.flatMap((old) => {
    const current = present.get(old.id);
    if (current) return [same(old, current) ? old : current];
    if (!settling) return [];
    return [old.away ? old : { ...old, away: true, speaking: false, camera: null, share: null }];
  });
  const known = new Set(before.map((person) => person.id));
  const people = [...stayed, ...now.filter((person) => !known.has(person.id))];
  return people.length === before.length && people.every((person, i) => person === before[i]) ? before : people;
}

const same = (a: Person, b: Person): boolean =>
  (Object.keys(a) as (keyof Person)[]).every((key) => Object.is(a[key], b[key]));
