import { beforeEach, describe, expect, test } from 'vitest';
import type { Role } from '../api/types';
import { initial } from '../store/state';
import { get, set } from '../store/store';
import { may } from './may';
import { hear, readTold, roleOf } from './told';

const nothing = initial.told;

beforeEach(() => set({ told: nothing }));

describe('what the room tells', () => {
  test('is read from its metadata', () => {
    const said = { recording: null, locked: true, spotlight: 'ben', roles: { ben: 'cohost', ann: 'guest' }, allows: { microphone: false, chat: true } };
    expect(readTold(JSON.stringify(said))).toEqual({
      spotlight: 'ben',
      roles: { ben: 'cohost', ann: 'guest' },
      allows: { microphone: false, camera: true, share: true, chat: true, reactions: true },
    });
  });

  test.each([undefined, '', 'not json', '7', 'null', '[]', '{}', '{"roles":7,"allows":"no","spotlight":3}', '{"roles":{"ben":"emperor"},"allows":{"camera":"no","fly":false}}'])(
    'is as ever where it says nothing that we know: %j',
    (metadata) => {
      expect(readTold(metadata)).toEqual(nothing);
    },
  );

  test('keeps its identity when it is told again', () => {
    const metadata = JSON.stringify({ spotlight: 'ben', allows: { share: false } });
    hear(metadata);
    const { told } = get();
    hear(metadata);
    expect(get().told).toBe(told);
    hear('{}');
    expect(get().told).toEqual(nothing);
  });
});

test('a role is what the room says, else the one that somebody came with', () => {
  hear(JSON.stringify({ roles: { ben: 'cohost', hanna: 'guest' } }));
  expect([roleOf('ben', 'guest'), roleOf('hanna', 'host'), roleOf('ann', 'host'), roleOf('ann', 'guest'), roleOf('ann', undefined)]).toEqual([
    'cohost',
    'guest',
    'host',
    'guest',
    'guest',
  ]);
});

test('what guests may not do, hosts and co-hosts still may', () => {
  const told = readTold(JSON.stringify({ allows: { microphone: false } }));
  const allowed = (role: Role) => [may('microphone', { role, told }), may('camera', { role, told })];
  expect([allowed('host'), allowed('cohost'), allowed('guest')]).toEqual([
    [true, true],
    [true, true],
    [false, true],
  ]);
});
