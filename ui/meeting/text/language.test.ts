import { expect, test } from 'vitest';
import { directionOf, languageFor, tagOf } from './language';

const all = ['en', 'ar', 'ca', 'de', 'es', 'fr', 'he', 'it', 'pt-br', 'zh-cn', 'zh-tw'];

test.each([
  ['de', [], 'de'],
  ['pt-br', ['de'], 'pt-br'],
  ['default', ['de-AT', 'en'], 'de'],
  ['default', ['sv', 'fr-CA'], 'fr'],
  ['default', ['pt-PT'], 'pt-br'],
  ['default', ['zh-HK'], 'zh-tw'],
  ['default', ['zh-Hant'], 'zh-tw'],
  ['default', ['zh'], 'zh-cn'],
  ['default', ['zh-SG'], 'zh-cn'],
  ['default', ['sv'], 'en'],
  ['default', [], 'en'],
  ['xx', ['de'], 'en'],
])('%s with a browser that wants %j: %s', (code, wanted, spoken) => {
  expect(languageFor(code, all, wanted)).toBe(spoken);
});

test('a language that is not there yet is English', () => {
  expect(languageFor('he', ['en'], ['he'])).toBe('en');
});

test('tags and directions', () => {
  expect(['de', 'pt-br', 'zh-tw'].map(tagOf)).toEqual(['de', 'pt-BR', 'zh-TW']);
  expect(['en', 'ar', 'he', 'zh-cn'].map(directionOf)).toEqual(['ltr', 'rtl', 'rtl', 'ltr']);
});
