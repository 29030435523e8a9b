import { announce } from '../announce/queue';
import type { Person } from '../store/state';
import { nameList, t } from '../text/t';

const WINDOW_MS = 2000;
/** In a large meeting coming and going is not spoken; the count in the bar tells. */
const CROWD = 30;

/** Speaks what changed among the people: who came, who left, who shares a screen. */
export function heard(before: readonly Person[], now: readonly Person[]): void {
  const old = new Map(before.map((person) => [person.id, person]));
  const current = new Set(now.map((person) => person.id));
  if (now.length <= CROWD) {
    for (const { id, name } of now) if (!old.has(id)) say('came', name);
    for (const { id, name } of before) if (!current.has(id)) say('went', name);
  }
  for (const { id, name, share, me } of now)
    if (share && !me && !old.get(id)?.share) announce(t('share.began', { name }), { key: `share.${id}` });
}

function say(what: 'came' | 'went', name: string): void {
  const text = (names: readonly string[]) =>
    what === 'came' ? t('people.came', { names: nameList(names) }) : t('people.went', { names: nameList(names) });
  announce(text([name]), { key: what, merge: { item: name, window: WINDOW_MS, text } });
}
