import { announce } from '../announce/queue';
import { noteComing } from '../people/coming';
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
    const came = now.filter(({ id }) => !old.has(id));
    const went = before.filter(({ id }) => !current.has(id));
    for (const { name } of came) say('came', name);
    for (const { name } of went) say('went', name);
    noteComing('came', came, now.length);
    noteComing('went', went, now.length);
  }
  for (const { id, name, share, me } of now)
    if (share && !me && !old.get(id)?.share) announce(t('share.began', { name }), { key: `share.${id}` });
}

function say(what: 'came' | 'went', name: string): void {
  const text = (names: readonly string[]) =>
    what === 'came' ? t('people.came', { names: nameList(names) }) : t('people.went', { names: nameList(names) });
  announce(text([name]), { key: what, merge: { item: name, window: WINDOW_MS, text } });
}
