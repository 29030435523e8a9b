import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { Queue } from './queue';

describe('the queue of announcements', () => {
  const said: string[] = [];
  let queue: Queue;
  beforeEach(() => {
    vi.useFakeTimers();
    said.length = 0;
    queue = new Queue((level, text) => text && said.push(`${level}: ${text}`), () => Date.now());
  });
  afterEach(() => vi.useRealTimers());

  const joined = (item: string) => queue.say(`${item} joined`, { key: 'came', merge: { item, window: 2000, text: (all) => `${all.join(' and ')} joined` } });

  test('texts are written one after another, half a second apart', () => {
    queue.say('one');
    queue.say('two');
    vi.advanceTimersByTime(0);
    expect(said).toEqual(['polite: one']);
    vi.advanceTimersByTime(500);
    expect(said).toEqual(['polite: one', 'polite: two']);
  });

  test('thirty joins in two seconds are one text', () => {
    for (let i = 0; i < 30; i++) {
      joined(`P${i}`);
      vi.advanceTimersByTime(60);
    }
    vi.advanceTimersByTime(3000);
    expect(said).toHaveLength(1);
    expect(said[0]).toMatch(/^polite: P0 and P1 .*P29 joined$/);
  });

  test('a newer text of the same key takes the place of the waiting one', () => {
    queue.say('first');
    queue.say('Weak', { key: 'line' });
    queue.say('Good', { key: 'line' });
    vi.advanceTimersByTime(2000);
    expect(said).toEqual(['polite: first', 'polite: Good']);
  });

  test('what is urgent is said at once', () => {
    queue.say('slow');
    queue.say('Microphone off', { assertive: true });
    expect(said).toEqual(['assertive: Microphone off']);
    vi.advanceTimersByTime(10);
    expect(said).toEqual(['assertive: Microphone off', 'polite: slow']);
  });

  test('a text that had to wait ten seconds is stale', () => {
    for (let i = 0; i < 40; i++) queue.say(`text ${i}`);
    vi.advanceTimersByTime(60_000);
    expect(said.length).toBeGreaterThanOrEqual(19);
    expect(said.length).toBeLessThanOrEqual(21);
  });
});
