import { expect, test } from 'vitest';
import type { RoomFacts } from '../api/types';
import { ticketFor } from './ticket';

const room = (join_approval_level: RoomFacts['join_approval_level']) => ({ join_approval_level }) as RoomFacts;

test('a ticket is as the server wants it, and each is another', () => {
  const open = { tickets: true, role: 'guest', room: room('none') } as const;
  const made = Array.from({ length: 200 }, () => ticketFor(open));
  for (const one of made) expect(one).toMatch(/^[A-Za-z0-9_-]{43}$/);
  expect(new Set(made).size).toBe(made.length);
});

test.each([
  [true, 'host', 'explicit_approval', true],
  [true, 'cohost', 'after_owner_only', true],
  [true, 'guest', 'explicit_approval', false],
  [true, 'guest', 'after_owner_only', false],
  [false, 'host', 'none', false],
  [false, 'guest', 'none', false],
] as const)('tickets %s, %s, %s: %s', (tickets, role, level, there) => {
  expect(ticketFor({ tickets, role, room: room(level) }) !== null).toBe(there);
});
