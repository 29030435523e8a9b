import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { setRegion } from '../announce/queue';
import type { Person } from '../store/state';
import { heard } from './heard';

const person = (number: number): Person => ({
  id: `p${number}`,
  name: `Person ${number}`,
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
});

const spoken: string[] = [];

beforeEach(() => {
  vi.useFakeTimers();
  spoken.length = 0;
  let written = '';
  const region = {
    get textContent() {
      return written;
    },
    set textContent(text: string) {
      written = text;
      if (text) spoken.push(text);
    },
  };
  setRegion('polite', region as HTMLElement);
});

afterEach(() => {
  setRegion('polite', null);
  vi.useRealTimers();
});

/** So many come within two seconds; what is spoken of it in all. */
function arrive(count: number): readonly string[] {
  for (let n = 1; n <= count; n++) {
    const before = Array.from({ length: n - 1 }, (_, i) => person(i));
    heard(before, [...before, person(n - 1)]);
    vi.advanceTimersByTime(2000 / count);
  }
  vi.advanceTimersByTime(10_000);
  return spoken;
}

test('thirty who come in two seconds are at most two texts, which name a few and count the rest', () => {
  const texts = arrive(30);
  expect(texts.length).toBeGreaterThan(0);
  expect(texts.length).toBeLessThanOrEqual(2);
  expect(texts.join(' ')).toContain('Person 0, Person 1');
});

test('one who comes is named', () => {
  expect(arrive(1)).toEqual(['Person 0 joined']);
});
