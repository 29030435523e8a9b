import { describe, expect, test } from 'vitest';
import type { Person } from '../store/state';
import { arrange } from './order';

const person = (id: string, change: Partial<Person> = {}): Person => ({
  id,
  name: id,
  role: 'guest',
  me: id === 'me',
  away: false,
  muted: false,
  speaking: false,
  quality: 'good',
  camera: null,
  coming: false,
  paused: false,
  share: null,
  ...change,
});
const ids = (people: readonly Person[]) => people.map((one) => one.id);

describe('the order of people', () => {
  const before = [person('me'), person('b'), person('a')];

  test('everybody keeps his place; newcomers go to the end', () => {
    expect(ids(arrange(before, [person('me'), person('a'), person('b'), person('c')], false))).toEqual(['me', 'b', 'a', 'c']);
  });

  test('who leaves makes room', () => {
    expect(ids(arrange(before, [person('me'), person('a')], false))).toEqual(['me', 'a']);
  });

  test('while the connection settles nobody is gone, only away', () => {
    const people = arrange(before, [person('me'), person('a')], true);
    expect(people.map(({ id, away }) => [id, away])).toEqual([['me', false], ['b', true], ['a', false]]);
    expect(arrange(people, [person('me'), person('a'), person('b')], true).some(({ away }) => away)).toBe(false);
    expect(ids(arrange(people, [person('me'), person('a')], false))).toEqual(['me', 'a']);
  });

  test('what did not change keeps its identity', () => {
    expect(arrange(before, [person('me'), person('b'), person('a')], false)).toBe(before);
    const after = arrange(before, [person('me'), person('b', { muted: true }), person('a')], false);
    expect([after[0] === before[0], after[1] === before[1], after[2] === before[2]]).toEqual([true, false, true]);
  });
});
