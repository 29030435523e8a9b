import { describe, expect, test } from 'vitest';
import type { Person } from '../store/state';
import { heirOf } from './heir';
import { stops } from './stops';

const picture = {} as MediaStreamTrack;
const person = (id: string, its: Partial<Person> = {}): Person => ({
  id,
  name: id,
  role: 'guest',
  me: false,
  away: false,
  muted: true,
  speaking: false,
  quality: 'good',
  camera: null,
  coming: false,
  paused: false,
  share: null,
  ...its,
});

describe('what a switch stops', () => {
  const people = [
    person('host', { role: 'host', muted: false, camera: picture, share: picture }),
    person('cohost', { role: 'cohost', muted: false }),
    person('talks', { muted: false }),
    person('seen', { camera: picture }),
    person('comes', { coming: true }),
    person('paused', { paused: true }),
    person('shares', { share: picture, muted: false }),
  ];

  test('is what guests do, not what hosts and co-hosts do', () => {
    expect((['microphone', 'camera', 'share', 'chat', 'reactions'] as const).map((deed) => stops(deed, people))).toEqual([2, 3, 1, 0, 0]);
  });
});

describe('the heir', () => {
  const me = person('me', { me: true, role: 'host' });

  test('is another host, else the co-host who came first, else who came first', () => {
    const [a, b, c, d] = [person('a'), person('b', { role: 'cohost' }), person('c', { role: 'cohost' }), person('d', { role: 'host' })];
    expect(heirOf([me, a, b, c, d])?.id).toBe('d');
    expect(heirOf([me, a, b, c])?.id).toBe('b');
    expect(heirOf([me, a])?.id).toBe('a');
    expect(heirOf([me])).toBeUndefined();
  });

  test('is nobody who is away for the moment', () => {
    expect(heirOf([me, person('gone', { role: 'cohost', away: true }), person('here')])?.id).toBe('here');
  });
});
