import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { knocking } from './knock';

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

test('it knocks for each new one, and every minute until nobody waits', () => {
  const heard: boolean[] = [];
  const tell = knocking((isNew) => heard.push(isNew), 60_000);
  tell(1, true);
  vi.advanceTimersByTime(59_000);
  tell(2, true);
  vi.advanceTimersByTime(59_000);
  expect(heard).toEqual([true, true]);
  tell(1, false);
  vi.advanceTimersByTime(1000);
  expect(heard).toEqual([true, true, false]);
  vi.advanceTimersByTime(60_000);
  expect(heard).toHaveLength(4);
  tell(0, false);
  vi.advanceTimersByTime(600_000);
  expect(heard).toHaveLength(4);
});
