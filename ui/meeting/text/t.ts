import en from '../locales/en.json';

type Key = keyof typeof en;
type Stem<K> = K extends `${infer S}_one` | `${infer S}_other` ? S : K;

/** A text, or the stem of a text that has plural forms (`…_one`, `…_other`). */
export type TextKey = Stem<Key>;

/** More languages are further files of this shape; what one of them lacks is said in English. */
const locale = { tag: 'en', texts: en as Readonly<Record<string, string>> };
const plural = new Intl.PluralRules(locale.tag);

/** The text of `key` with `{name}` replaced by the value of that name; `count` chooses the plural form. */
export function t(key: TextKey, values: Readonly<Record<string, string | number>> = {}): string {
  const count = values['count'];
  const form = typeof count === 'number' ? `${key}_${plural.select(count)}` : key;
  const text = locale.texts[form] ?? locale.texts[`${key}_other`] ?? form;
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole));
}

export const languageTag = (): string => locale.tag;

/** "21 November 2026 at 10:15", in the reader's own time zone. */
export const longDate = (iso: string): string =>
  new Intl.DateTimeFormat(locale.tag, { dateStyle: 'long', timeStyle: 'short' }).format(new Date(iso));

/** "10:15" */
export const timeOfDay = (at: Date): string =>
  new Intl.DateTimeFormat(locale.tag, { timeStyle: 'short' }).format(at);

/** "7:04" or "1:07:04" from milliseconds. */
export function duration(ms: number): string {
  const all = Math.max(0, Math.floor(ms / 1000));
  const two = (n: number) => String(n).padStart(2, '0');
  const [h, m, s] = [Math.floor(all / 3600), Math.floor(all / 60) % 60, all % 60];
  return h > 0 ? `${h}:${two(m)}:${two(s)}` : `${m}:${two(s)}`;
}

/** "Ann, Ben and 3 others" */
export function nameList(names: readonly string[]): string {
  const shown = names.slice(0, names.length > 3 ? 2 : 3);
  const rest = names.length - shown.length;
  const parts = rest > 0 ? [...shown, t('names.others', { count: rest })] : shown;
  return new Intl.ListFormat(locale.tag).format(parts);
}
