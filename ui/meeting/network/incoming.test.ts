import { expect, test } from 'vitest';
import { lossBetween, read, type Streams } from './incoming';

test('what came is read from the browser’s entries', () => {
  const entries = [
    { id: 'a', type: 'inbound-rtp', packetsReceived: 90, packetsLost: 10 },
    { id: 'b', type: 'inbound-rtp' },
    { id: 'c', type: 'codec' },
  ];
  expect(read('ann', entries)).toEqual([
    ['a', { from: 'ann', received: 90, lost: 10 }],
    ['b', { from: 'ann', received: 0, lost: 0 }],
  ]);
});

/** One stream of each person: so many packets came, so many did not. */
const came = (...people: [received: number, lost: number][]): Streams =>
  new Map(people.map(([received, lost], n) => [`stream ${n}`, { from: `person ${n}`, received, lost }]));

test.each<[string, [number, number][], [number, number][], number]>([
  ['nobody sends', [], [], 0],
  ['everything comes', [[100, 0]], [[200, 0]], 0],
  ['what was lost before does not count', [[100, 50]], [[200, 50]], 0],
  ['a tenth is lost', [[100, 0]], [[190, 10]], 0.1],
  ['what was missing has come late', [[100, 20]], [[200, 10]], 0],
  ['of one a tenth is lost, of two nothing', [[0, 0], [0, 0], [0, 0]], [[90, 10], [100, 0], [100, 0]], 0],
  ['of one of two nothing is lost', [[0, 0], [0, 0]], [[50, 50], [100, 0]], 0],
  ['of everybody something is lost', [[0, 0], [0, 0], [0, 0]], [[90, 10], [50, 50], [80, 20]], 0.2],
  ['who is silent says nothing', [[0, 0], [0, 0]], [[80, 20], [3, 0]], 0.2],
  ['somebody has just come', [[100, 0]], [[190, 10], [5, 50]], 0.1],
])('%s', (_, before, now, expected) => {
  expect(lossBetween(came(...before), came(...now))).toBeCloseTo(expected);
});

test('picture and voice of one person count together', () => {
  const before: Streams = new Map([
    ['voice', { from: 'ann', received: 0, lost: 0 }],
    ['picture', { from: 'ann', received: 0, lost: 0 }],
  ]);
  const now: Streams = new Map([
    ['voice', { from: 'ann', received: 100, lost: 0 }],
    ['picture', { from: 'ann', received: 50, lost: 50 }],
  ]);
  expect(lossBetween(before, now)).toBe(0.25);
});
