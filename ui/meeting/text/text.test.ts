import { describe, expect, test, vi } from 'vitest';
import { duration, lasting, list, nameList, percent, sentences, speak, t, type TextKey } from './t';

describe('t', () => {
  test('puts values in and chooses the plural form', () => {
    expect(t('prejoin.people', { count: 1 })).toBe('1 person is in the meeting');
    expect(t('prejoin.people', { count: 4 })).toBe('4 people are in the meeting');
    expect(t('tile.your', { name: '{count}' })).toBe('{count} (you)');
  });

  test('an unknown key is shown as it is', () => {
    expect(t('no.such.key' as TextKey)).toBe('no.such.key');
  });
});

test('durations', () => {
  expect([0, 64_000, 4_024_000, -5].map(duration)).toEqual(['0:00', '1:04', '1:07:04', '0:00']);
});

test('how long something lasted, in words', () => {
  expect([0, 20_000, 64_000, 3_600_000, 4_024_000].map(lasting)).toEqual(['1 second', '20 seconds', '1 minute', '1 hour', '1 hour, 7 minutes']);
});

test('sentences end once each', () => {
  expect(sentences(['Microphone on', 'Is it Ann?', 'She asks to come in.'])).toBe('Microphone on. Is it Ann? She asks to come in.');
});

test('signs and joints are those of the language', async () => {
  expect([list(['Ann', 'muted', 'pinned']), percent(1.5)]).toEqual(['Ann, muted, pinned', '150%']);
  vi.stubGlobal('document', { documentElement: {} });
  await speak('de', []);
  expect([list(['Ann', 'stumm', 'angeheftet']), percent(1.5), t('keys.ctrl')]).toEqual(['Ann, stumm und angeheftet', '150\u00a0%', 'Strg']);
  await speak('en', []);
  vi.unstubAllGlobals();
});

test('lists of names', () => {
  expect(nameList(['Ann'])).toBe('Ann');
  expect(nameList(['Ann', 'Ben', 'Cleo'])).toBe('Ann, Ben, and Cleo');
  expect(nameList(['Ann', 'Ben', 'Cleo', 'Dan', 'Eve'])).toBe('Ann, Ben, and 3 others');
});
