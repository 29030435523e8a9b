import { describe, expect, test } from 'vitest';
import { handsOf, placeOf, withHand, type Hand } from './hands';
import { Limit } from './limit';
import { decode, encode, reactions, type Signal } from './wire';

describe('what is told', () => {
  test('is understood', () => {
    const all: Signal[] = [{ hand: 0 }, { hand: 1234 }, { hand: null }, ...reactions.map((reaction) => ({ reaction }))];
    for (const signal of all) expect(decode(encode(signal))).toEqual(signal);
  });

  test.each(['', '[]', 'null', '7', '{}', '{"hand":"up"}', '{"hand":-1}', '{"hand":1e99}', '{"reaction":"<b>"}', '{"lower":true}', '\u00ff', `{"hand":1,"x":"${'x'.repeat(300)}"}`])(
    'and nothing else: %j',
    (text) => {
      expect(decode(new TextEncoder().encode(text))).toBeNull();
    },
  );

  test('nor broken bytes', () => {
    expect(decode(new Uint8Array([0x7b, 0xff, 0xfe]))).toBeNull();
  });
});

describe('raised hands', () => {
  const up = (...all: [string, number][]) => all.reduce<readonly Hand[]>((hands, [id, since]) => withHand(hands, id, since), []);

  test('stand in the order in which they went up, also when it is told late', () => {
    const hands = up(['b', 20], ['a', 30], ['c', 10]);
    expect(hands.map(({ id }) => id)).toEqual(['c', 'b', 'a']);
    expect(['a', 'b', 'c', 'd'].map((id) => placeOf(hands, id))).toEqual([3, 2, 1, 0]);
  });

  test('move up when one goes down', () => {
    const hands = withHand(up(['a', 1], ['b', 2], ['c', 3]), 'a', null);
    expect(hands.map(({ id }) => id)).toEqual(['b', 'c']);
    expect(withHand(hands, 'a', null)).toBe(hands);
  });

  test('keep their place when they are told again', () => {
    const hands = up(['a', 1], ['b', 2]);
    expect(withHand(hands, 'a', 99)).toBe(hands);
  });

  test('go with their people', () => {
    const hands = up(['a', 1], ['b', 2]);
    expect(handsOf(hands, new Set(['a', 'b']))).toBe(hands);
    expect(handsOf(hands, new Set(['b'])).map(({ id }) => id)).toEqual(['b']);
  });
});

test('a limit lets so many through in a window', () => {
  const limit = new Limit(2, 1000);
  expect([0, 10, 20, 999, 1001, 1005, 1011].map((now) => limit.allows(now))).toEqual([true, true, false, false, true, false, true]);
});
