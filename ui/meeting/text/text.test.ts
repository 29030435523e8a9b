import { describe, expect, test } from 'vitest';
import en from '../locales/en.json';
import { duration, nameList, t, type TextKey } from './t';

const files = import.meta.glob<string>(['../**/*.{ts,tsx}', '!../**/*.test.ts'], { query: '?raw', import: 'default', eager: true });
const sources = Object.values(files);
const stem = (key: string) => key.replace(/_(one|other)$/, '');
const known = new Set(Object.keys(en).map(stem));
/** Every string that could be a key: plain quotes, lower case. */
const quoted = new Set(sources.flatMap((source) => [...source.matchAll(/'([a-z][a-z_]*(?:\.[a-z_]+)*)'/g)].map((found) => found[1])));

describe('the texts', () => {
  test('none is unused', () => {
    expect([...known].filter((key) => !quoted.has(key))).toEqual([]);
  });

  test('none is missing where t() is called', () => {
    const called = sources.flatMap((source) => [...source.matchAll(/\bt\('([^']+)'/g)].map((found) => found[1] ?? ''));
    expect(called.length).toBeGreaterThan(50);
    expect(called.filter((key) => !known.has(key))).toEqual([]);
  });

  test('a plural text has every form of its language', () => {
    const plurals = Object.keys(en).filter((key) => /_(one|other)$/.test(key)).map(stem);
    expect(plurals.flatMap((key) => [`${key}_one`, `${key}_other`]).filter((form) => !(form in en))).toEqual([]);
  });

  test('no key is both a text and the stem of plural forms', () => {
    expect(Object.keys(en).filter((key) => key in en && `${key}_other` in en)).toEqual([]);
  });
});

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

test('lists of names', () => {
  expect(nameList(['Ann'])).toBe('Ann');
  expect(nameList(['Ann', 'Ben', 'Cleo'])).toBe('Ann, Ben, and Cleo');
  expect(nameList(['Ann', 'Ben', 'Cleo', 'Dan', 'Eve'])).toBe('Ann, Ben, and 3 others');
});
