import en from '../locales/en.json';
import { set } from '../store/store';
import { directionOf, languageFor, tagOf } from './language';

type Key = keyof typeof en;
type Stem<K> = K extends `${infer S}_one` | `${infer S}_other` ? S : K;

/** A text, or the stem of a text that has plural forms (`…_one`, `…_other`). */
export type TextKey = Stem<Key>;

type Texts = Readonly<Record<string, string>>;

/** A language is one more file of this shape, by the code of the contract; what it lacks is said in English. */
const files = import.meta.glob<Texts>(['../locales/*.json', '!../locales/en.json'], { import: 'default' });
/** The codes of all languages there are. */
export const languages = ['en', ...Object.keys(files).map((path) => path.replace(/^.*\/|\.json$/g, ''))].sort();
const english: Texts = en;

interface Locale {
  tag: string;
  texts: Texts;
  plural: Intl.PluralRules;
}

const localeOf = (code: string, texts: Texts): Locale => {
  const tag = tagOf(code);
  return { tag, texts, plural: new Intl.PluralRules(tag) };
};
let locale: Locale = { tag: 'en', texts: english, plural: new Intl.PluralRules('en') };

let turns = 0;

/** Speaks the language of this code from now on, or for `default` the first of the browser's that there is. */
export async function speak(code: string, wanted: readonly string[] = navigator.languages): Promise<void> {
  const chosen = languageFor(code, languages, wanted);
  const load = files[`../locales/${chosen}.json`];
  const turn = ++turns;
  const texts = load ? await load().catch(() => english) : english;
  // Race: an earlier choice whose file comes later does not undo a later one.
  if (turn !== turns) return;
  locale = localeOf(chosen, texts);
  const root = document.documentElement;
  root.lang = locale.tag;
  root.dir = directionOf(chosen);
  set({ language: chosen });
}

/** The text of `key` with `{name}` replaced by the value of that name; `count` chooses the plural form. */
export function t(key: TextKey, values: Readonly<Record<string, string | number>> = {}): string {
  const count = values['count'];
  const form = typeof count === 'number' ? `${key}_${locale.plural.select(count)}` : key;
  const text = locale.texts[form] ?? locale.texts[`${key}_other`] ?? english[englishForm(key, count)] ?? form;
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole));
}

/** English has its own plural forms. */
const englishForm = (key: string, count: unknown): string =>
  typeof count === 'number' ? `${key}_${count === 1 ? 'one' : 'other'}` : key;

export const languageTag = (): string => locale.tag;

/** "21 November 2026 at 10:15", in the reader's own time zone. */
export const longDate = (iso: string): string =>
  new Intl.DateTimeFormat(locale.tag, { dateStyle: 'long', timeStyle: 'short' }).format(new Date(iso));

/** "10:15" */
export const timeOfDay = (at: Date): string =>
  new Intl.DateTimeFormat(locale.tag, { timeStyle: 'short' }).format(at);

/** "12" in the reader's own digits. */
export const number = (value: number): string => new Intl.NumberFormat(locale.tag).format(value);

/** "30 days" */
export const days = (count: number): string =>
  new Intl.NumberFormat(locale.tag, { style: 'unit', unit: 'day', unitDisplay: 'long' }).format(count);

/** "7:04" or "1:07:04" from milliseconds. */
export function duration(ms: number): string {
  const all = Math.max(0, Math.floor(ms / 1000));
  const two = (n: number) => String(n).padStart(2, '0');
  const [h, m, s] = [Math.floor(all / 3600), Math.floor(all / 60) % 60, all % 60];
  return h > 0 ? `${h}:${two(m)}:${two(s)}` : `${m}:${two(s)}`;
}

/** "1 hour, 7 minutes" from milliseconds; what is shorter than a minute, in seconds. */
export function lasting(ms: number): string {
  const seconds = Math.max(1, Math.floor(ms / 1000));
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60];
  const parts = { hour: hours, minute: minutes, second: seconds < 60 ? seconds : 0 };
  const said = Object.entries(parts).flatMap(([unit, n]) => (n > 0 ? new Intl.NumberFormat(locale.tag, { style: 'unit', unit, unitDisplay: 'long' }).format(n) : []));
  return new Intl.ListFormat(locale.tag, { type: 'unit' }).format(said);
}

/** "poor connection, hand raised": things of equal right, as the language strings them together. */
export const list = (parts: readonly string[]): string => new Intl.ListFormat(locale.tag, { style: 'narrow' }).format(parts);

/** "150%" from 1.5. */
export const percent = (share: number): string => new Intl.NumberFormat(locale.tag, { style: 'percent' }).format(share);

/** Several things said one after another: "Microphone on. Camera off." */
export const sentences = (parts: readonly string[]): string =>
  parts.map((text) => (/[.!?…。！？؟]$/.test(text) ? text : t('sentence', { text }))).join(' ');

/** "Ann, Ben and 3 others", of `count` people of whom the first are named. */
export function nameList(names: readonly string[], count: number = names.length): string {
  const shown = names.slice(0, count > 3 ? 2 : 3);
  const rest = count - shown.length;
  const parts = rest > 0 ? [...shown, t('names.others', { count: rest })] : shown;
  return new Intl.ListFormat(locale.tag).format(parts);
}
