import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ApiError } from '../api/client';
import { linkOf, readAddress, readCode, spaced } from './address';
import { reaction, retryDelay, Reason } from './reaction';
import { passing, refusedPage } from './refused';

describe('the address', () => {
  test.each([
    ['/604118237', '', '604118237', '', null],
    ['/acme/604118237', '', '604118237', '/acme', null],
    ['/604118237/', '', '604118237', '', null],
    ['/', '?room_token=604118237&participant_token=a.b.c', '604118237', '', 'a.b.c'],
    ['/', '?room_token=604118237', '604118237', '', null],
    ['/acme/', '?room_token=604118237&participant_token=a.b.c', '604118237', '/acme', 'a.b.c'],
    ['/A_1~-9/', '?room_token=604118237', '604118237', '/A_1~-9', null],
    ['/69a1f00c2b7d4e0011c0a9e1', '', '69a1f00c2b7d4e0011c0a9e1', '', null],
    ['/69A1F00C2B7D4E0011C0A9E1/', '?participant_token=a.b.c', '69a1f00c2b7d4e0011c0a9e1', '', 'a.b.c'],
    ['/acme/69a1f00c2b7d4e0011c0a9e1', '?participant_token=a.b.c', '69a1f00c2b7d4e0011c0a9e1', '/acme', 'a.b.c'],
    ['/604118237', '?participant_token=a.b.c', '604118237', '', null],
    ['/69a1f00c2b7d4e0011c0a9e', '', '', '', null],
    ['/', '', '', '', null],
    ['/acme/', '', '', '/acme', null],
    ['/12-34/', '', '', '/12-34', null],
    ['/hello', '', '', '', null],
    ['/', '?room_token=%3Cscript%3E&participant_token=x', '', '', 'x'],
    ['/%3Cb%3E/604118237', '', '604118237', '', null],
  ])('%s%s', (pathname, search, code, home, token) => {
    expect(readAddress({ pathname, search })).toEqual({ code, home, token });
  });

  test.each([
    { code: '604118237', home: '', token: 'a.b-c_d' },
    { code: '604118237', home: '/acme', token: 'a&b' },
    { code: '604118237', home: '/acme', token: null },
    { code: '69a1f00c2b7d4e0011c0a9e1', home: '', token: 'a.b.c' },
    { code: '69a1f00c2b7d4e0011c0a9e1', home: '/acme', token: null },
  ])('the link of an address says all of it', (address) => {
    const { pathname, search } = new URL(linkOf(address), 'https://meet.example.org');
    expect(readAddress({ pathname, search })).toEqual(address);
  });

  test('a code may be typed as it is shown', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^\d{1,15}$/), (code) => {
        expect(readCode(spaced(code))).toBe(code);
      }),
    );
    expect(readCode('604-118-237')).toBe('604118237');
    expect(readCode('meeting')).toBe('');
    expect(readCode(spaced('69a1f00c2b7d4e0011c0a9e1'))).toBe('69a1f00c2b7d4e0011c0a9e1');
  });
});

describe('the end of a connection', () => {
  const seen = { leaving: false, hidden: false };
  test.each([
    [Reason.duplicateIdentity, 'elsewhere'],
    [Reason.participantRemoved, 'removed'],
    [Reason.roomDeleted, 'ask'],
    [Reason.roomClosed, 'ask'],
    [Reason.clientInitiated, 'rejoin'],
    [undefined, 'rejoin'],
    [3, 'rejoin'],
    [6, 'rejoin'],
    [9, 'rejoin'],
    [14, 'rejoin'],
    [15, 'rejoin'],
  ])('reason %s: %s', (reason, expected) => {
    expect(reaction(reason, seen)).toBe(expected);
  });

  test('who leaves has left, whatever the engine says', () => {
    expect(reaction(Reason.roomDeleted, { leaving: true, hidden: false })).toBe('left');
  });

  test('a frozen tab comes back when it is seen', () => {
    expect(reaction(Reason.clientInitiated, { leaving: false, hidden: true })).toBe('later');
  });
});

test('tries come quickly at first, then about every two seconds', () => {
  fc.assert(
    fc.property(fc.nat(50), fc.double({ min: 0, max: 1, noNaN: true }), (tries, luck) => {
      const wait = retryDelay(tries, () => luck);
      expect(wait).toBeGreaterThanOrEqual(0);
      expect(wait).toBeLessThanOrEqual(tries === 0 ? 300 : 2600);
    }),
  );
});

describe('refusals', () => {
  const error = (status: number, extra = {}) => new ApiError(status, 'code', 'text', extra);

  test.each([
    [403, 'removed'],
    [404, 'not_found'],
    [409, 'full'],
    [410, 'expired'],
    [423, 'locked'],
    [429, 'slow_down'],
    [500, 'unreachable'],
    [0, 'unreachable'],
  ])('status %i is %s', (status, why) => {
    expect(refusedPage(error(status))).toMatchObject({ is: 'refused', why });
  });

  test('what the server asks to wait is waited', () => {
    expect(refusedPage(error(429, { retry_after: 7 }), 1000)).toMatchObject({ retryAt: 8000 });
  });

  test('whom the host did not let in may ask again when the server says so', () => {
    const denied = (extra: Record<string, unknown>) => new ApiError(403, 'denied', '', extra);
    expect(refusedPage(denied({ retry_after: 60 }), 1000)).toEqual({ is: 'denied', againAt: 61_000 });
    expect(refusedPage(denied({}))).toEqual({ is: 'denied', againAt: null });
  });

  test('only the own end is dated', () => {
    expect(refusedPage(error(410, { ended_at: '2026-11-20T10:15:00.000Z' }))).toMatchObject({ endedAt: '2026-11-20T10:15:00.000Z' });
    expect(refusedPage(error(404))).toMatchObject({ endedAt: null, retryAt: null });
  });

  test('a silent server passes, a refusal does not', () => {
    expect([0, 429, 500, 503].map((status) => passing(error(status)))).toEqual([true, true, true, true]);
    expect([400, 403, 404, 410, 423].map((status) => passing(error(status)))).toEqual([false, false, false, false, false]);
    expect(passing(new Error('no media'))).toBe(true);
    expect(['try_again', 'waiting_full'].map((code) => passing(new ApiError(409, code, '', {})))).toEqual([true, false]);
  });
});
