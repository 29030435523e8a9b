/** Of each emoji its name, and other words by which it is found. */
export type Names = Readonly<Record<string, readonly [name: string, words: string]>>;

const files = import.meta.glob<Names>('../../locales/emoji/*.json', { import: 'default' });
const loaded = new Map<string, Promise<Names>>();

/** The names in a language, fetched once; the same promise each time, since drawing waits for it. */
export function namesIn(language: string): Promise<Names> {
  const known = loaded.get(language) ?? files[`../../locales/emoji/${language}.json`]?.().catch(() => ({})) ?? Promise.resolve({});
  loaded.set(language, known);
  return known;
}

/** What is compared: without case and accents, as one types in a hurry. */
const plain = (text: string): string => text.normalize('NFD').replace(/\p{M}/gu, '').toLowerCase();

/** Whether each word that was typed is somewhere in the emoji's own words. */
export function isFound(its: string, typed: string): boolean {
  const all = plain(its);
  return plain(typed)
    .split(/\s+/)
    .every((word) => all.includes(word));
}
