import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { keepSeats, promote, Rank, settle, type Seated } from './seats';

const seated = (id: string, change: Partial<Seated> = {}): Seated => ({ id, rank: Rank.camera, heard: 0, held: false, ...change });

describe('the seats', () => {
  test('newcomers go to the end, who leaves makes room, nothing else moves', () => {
    expect(keepSeats(['a', 'b', 'c'], ['c', 'a'])).toEqual(['a', 'c']);
    expect(keepSeats(['a', 'b'], ['c', 'b', 'a', 'd'])).toEqual(['a', 'b', 'c', 'd']);
    const before = ['a', 'b'];
    expect(keepSeats(before, ['b', 'a'])).toBe(before);
  });

  test('who comes while another goes takes his place', () => {
    expect(keepSeats(['a', 'b', 'c'], ['c', 'a', 'd'])).toEqual(['a', 'd', 'c']);
    expect(keepSeats(['a', 'b', 'c'], ['d'])).toEqual(['d']);
  });

  test('a speaker from the second page takes the place of the one who was silent longest', () => {
    const people = [
      seated('me', { held: true, rank: Rank.rest }),
      seated('a', { rank: Rank.spoke, heard: 5 }),
      seated('b'),
      seated('c'),
      seated('d', { rank: Rank.spoke, heard: 9 }),
    ];
    const order = people.map(({ id }) => id);
    expect(promote(order, people, 4)).toEqual(['me', 'a', 'b', 'd', 'c']);
    expect(promote(order, people, 3)).toEqual(['me', 'a', 'd', 'c', 'b']);
  });

  test('among equals nobody moves', () => {
    const people = ['a', 'b', 'c'].map((id) => seated(id, { rank: Rank.spoke }));
    const order = ['a', 'b', 'c'];
    expect(promote(order, people, 2)).toBe(order);
  });

  test('a tile that is held keeps its place', () => {
    const people = [seated('a', { held: true, rank: Rank.rest }), seated('b', { rank: Rank.shares })];
    const order = ['a', 'b'];
    expect(promote(order, people, 1)).toBe(order);
  });
});

const crowds = fc.uniqueArray(fc.record({ id: fc.string({ minLength: 1 }), rank: fc.integer({ min: 0, max: 4 }), heard: fc.nat(99), held: fc.boolean() }), {
  selector: ({ id }) => id,
  maxLength: 40,
});

describe('with any people', () => {
  test('one promotion moves two at most, one of them from the first page', () => {
    fc.assert(
      fc.property(crowds, fc.integer({ min: 1, max: 25 }), (people, each) => {
        const order = people.map(({ id }) => id);
        const after = promote(order, people, each);
        expect([...after].sort()).toEqual([...order].sort());
        const moved = order.flatMap((id, i) => (after[i] === id ? [] : [i]));
        expect([0, 2]).toContain(moved.length);
        if (moved.length > 0) expect(moved.map((i) => i < each)).toEqual([true, false]);
      }),
    );
  });

  test('when it has settled nobody outside has more right than somebody inside', () => {
    fc.assert(
      fc.property(crowds, fc.integer({ min: 1, max: 25 }), (people, each) => {
        const order = settle(people.map(({ id }) => id), people, each);
        expect(promote(order, people, each)).toBe(order);
      }),
    );
  });
});
