import { describe, expect, test } from 'vitest';
import en from '../locales/en.json';
import { directionOf, nameOf, tagOf } from './language';
import { languages } from './t';

type Texts = Readonly<Record<string, string>>;

const english: Texts = en;
const files = import.meta.glob<Texts>('../locales/*.json', { import: 'default', eager: true });
const textsOf = (code: string): Texts => files[`../locales/${code}.json`] ?? {};

const sourceFiles = import.meta.glob<string>(['../**/*.{ts,tsx}', '!../**/*.test.ts'], { query: '?raw', import: 'default', eager: true });
const sources = Object.values(sourceFiles);

const plurals = new Set(Object.keys(en).filter((key) => key.endsWith('_other')).map((key) => key.replace(/_other$/, '')));
const FORM = /_(zero|one|two|few|many|other)$/;
const stemOf = (key: string): string => (plurals.has(key.replace(FORM, '')) ? key.replace(FORM, '') : key);
const known = new Set(Object.keys(en).map(stemOf));

/** The plural forms that numbers of people meet; a form of millions alone (French, Spanish …) is not asked for. */
function formsOf(code: string): Set<string> {
  const rules = new Intl.PluralRules(tagOf(code));
  return new Set(Array.from({ length: 1001 }, (_, n) => rules.select(n)));
}

const placeholders = (text: string): string[] => [...new Set(text.match(/\{\w+\}/g))].sort();

/** "two people" needs no number: such a form may leave it out. */
function placeholdersMatch(key: string, text: string): boolean {
  const stem = stemOf(key);
  const wanted = placeholders(english[plurals.has(stem) ? `${stem}_other` : key] ?? '');
  const spelledOut = plurals.has(stem) && /_(zero|one|two)$/.test(key);
  const given = placeholders(text);
  const needed = spelledOut ? wanted.filter((one) => one !== '{count}') : wanted;
  return needed.every((one) => given.includes(one)) && given.every((one) => wanted.includes(one));
}

test('every language of the contract is there', () => {
  expect(languages).toEqual(['ar', 'ca', 'de', 'en', 'es', 'fr', 'he', 'it', 'pt-br', 'zh-cn', 'zh-tw']);
});

describe('English', () => {
  test('has no text that nobody says', () => {
    const quoted = new Set(sources.flatMap((source) => [...source.matchAll(/'([a-z][a-z_]*(?:\.[a-z_]+)*)'/g)].map((found) => found[1])));
    expect([...known].filter((key) => !quoted.has(key))).toEqual([]);
  });

  test('has every text that is asked for', () => {
    const called = sources.flatMap((source) => [...source.matchAll(/\bt\('([^']+)'/g)].map((found) => found[1] ?? ''));
    expect(called.length).toBeGreaterThan(50);
    expect(called.filter((key) => !known.has(key))).toEqual([]);
  });

  test('has no key that is both a text and the stem of plural forms', () => {
    expect([...plurals].filter((stem) => stem in en)).toEqual([]);
  });
});

describe.each(languages)('%s', (code) => {
  const texts = textsOf(code);
  const forms = formsOf(code);

  test('lacks no text and no plural form', () => {
    const wanted = [...known].flatMap((stem) => (plurals.has(stem) ? [...forms].map((form) => `${stem}_${form}`) : [stem]));
    expect(wanted.filter((key) => !texts[key])).toEqual([]);
  });

  test('says nothing that English does not', () => {
    const possible = new Set(new Intl.PluralRules(tagOf(code)).resolvedOptions().pluralCategories.map(String));
    const isKnown = (key: string) => (plurals.has(stemOf(key)) ? possible.has(key.replace(/^.*_/, '')) : known.has(key));
    expect(Object.keys(texts).filter((key) => !isKnown(key))).toEqual([]);
  });

  test('has the placeholders of English', () => {
    expect(Object.entries(texts).filter(([key, text]) => !placeholdersMatch(key, text))).toEqual([]);
  });

  test('keeps the name of the product', () => {
    expect([texts['app.name'], texts['title']]).toEqual([en['app.name'], en.title]);
  });
});

test('each language is offered by its own name', () => {
  expect(languages.map(nameOf)).toEqual([
    'العربية', 'Català', 'Deutsch', 'English', 'Español', 'Français', 'עברית', 'Italiano', 'Português (Brasil)', '简体中文', '繁體中文',
  ]);
});

test('a text that is read from the right has letters that are', () => {
  const rightToLeft = languages.filter((code) => /\p{Script=Arabic}|\p{Script=Hebrew}/u.test(textsOf(code)['prejoin.join'] ?? ''));
  expect(rightToLeft).toEqual(languages.filter((code) => directionOf(code) === 'rtl'));
});
