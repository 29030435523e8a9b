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

  test('an urgent text is not lost to the next: those that come meanwhile are said together after it', () => {
    queue.say('The host muted you', { assertive: true });
    vi.advanceTimersByTime(100);
    queue.say('Carl asks to come in', { assertive: true });
    queue.say('Recording failed.', { assertive: true });
    expect(said).toEqual(['assertive: The host muted you']);
    vi.advanceTimersByTime(3000);
    expect(said).toEqual(['assertive: The host muted you', 'assertive: Carl asks to come in. Recording failed.']);
    vi.advanceTimersByTime(60_000);
    expect(said).toHaveLength(2);
  });

  test('of a switch the last word counts, at once', () => {
    for (const text of ['Microphone on', 'Microphone off']) queue.say(text, { assertive: true, key: 'microphone' });
    expect(said).toEqual(['assertive: Microphone on', 'assertive: Microphone off']);
  });

  test('of a switch that has to wait only the last word is said', () => {
    queue.say('Connection lost', { assertive: true });
    for (const text of ['Microphone on', 'Microphone off']) queue.say(text, { assertive: true, key: 'microphone' });
    vi.advanceTimersByTime(60_000);
    expect(said).toEqual(['assertive: Connection lost', 'assertive: Microphone off']);
  });

  test('a text that had to wait ten seconds is stale', () => {
    for (let i = 0; i < 40; i++) queue.say(`text ${i}`);
    vi.advanceTimersByTime(60_000);
    expect(said.length).toBeGreaterThanOrEqual(19);
    expect(said.length).toBeLessThanOrEqual(21);
  });
});
