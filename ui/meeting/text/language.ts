/** Codes of the contract (`ui_settings.language`): `pt-br`, `zh-tw`; tags of BCP 47: `pt-BR`, `zh-TW`. */

const RIGHT_TO_LEFT = new Set(['ar', 'he']);

export const tagOf = (code: string): string => code.replace(/-(\w+)$/, (_, region: string) => `-${region.toUpperCase()}`);

export const directionOf = (code: string): 'ltr' | 'rtl' => (RIGHT_TO_LEFT.has(code) ? 'rtl' : 'ltr');

/** "Deutsch", "עברית": a language in itself. Chinese is named by its script, as its readers know it. */
export function nameOf(code: string): string {
  const tag = { 'zh-cn': 'zh-Hans', 'zh-tw': 'zh-Hant' }[code] ?? tagOf(code);
  const name = new Intl.DisplayNames(tag, { type: 'language' }).of(tag) ?? code;
  return name.charAt(0).toLocaleUpperCase(tag) + name.slice(1);
}

/** The language to speak: the room's; for `default` the first that the browser wants and we have; else English. */
export function languageFor(code: string, known: readonly string[], wanted: readonly string[]): string {
  const asked = code === 'default' ? wanted.map((tag) => tag.toLowerCase()) : [code];
  for (const one of asked) {
    const found = exact(one, known) ?? script(one, known) ?? known.find((other) => base(other) === base(one));
    if (found) return found;
  }
  return 'en';
}

const exact = (code: string, known: readonly string[]) => known.find((other) => other === code);

const base = (code: string): string => code.split('-')[0] ?? code;

/** Chinese is told apart by script: Hong Kong and Macao read as Taiwan does, all others as China. */
function script(code: string, known: readonly string[]): string | undefined {
  if (base(code) !== 'zh') return undefined;
  return exact(/hant|-(tw|hk|mo)\b/.test(code) ? 'zh-tw' : 'zh-cn', known);
}
