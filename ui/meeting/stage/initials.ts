/** Up to two letters for a name: of the first and of the last word. */
export function initials(name: string): string {
  const words = name.trim().split(/\s+/).filter(Boolean);
  const letters = [words[0], words.length > 1 ? words.at(-1) : undefined].map(firstLetter);
  return letters.join('').toLocaleUpperCase();
}

const segmenter = new Intl.Segmenter();

/** The first letter as people see it, also of scripts and signs of several code points. */
function firstLetter(word: string | undefined): string {
  const [first] = segmenter.segment(word ?? '');
  return first?.segment ?? '';
}

const STEPS = 12;

/** The hue of a person's ground: one of twelve, the same in every browser. */
export function hue(identity: string): number {
  let hash = 0;
  for (const character of identity) hash = (Math.imul(hash, 31) + (character.codePointAt(0) ?? 0)) >>> 0;
  return (hash % STEPS) * (360 / STEPS);
}
