import { announce } from '../announce/queue';
import { mayOrSay } from '../session/may';
import type { Person } from '../store/state';
import { get, set, watch } from '../store/store';
import { t } from '../text/t';
import { handsOf, withHand } from './hands';
import { Limit } from './limit';
import { showReaction } from './show';
import type { Reaction, Signal } from './wire';

const own = new Limit(6, 3000);

const tell = (signal: Signal): void => void import('../engine/connection').then((engine) => engine.tell(signal));

const me = (): Person | undefined => get().call?.people.find((person) => person.me);

/** Since when our own hand is up; null when it is down. */
export const ownHand = (): number | null => get().hands.find(({ id }) => id === me()?.id)?.since ?? null;

/** Puts our hand up or down; the engine's side sees it in the store and tells the others. */
export function toggleHand({ spoken = false } = {}): void {
  const mine = me();
  if (!mine) return;
  const up = ownHand() === null;
  set(({ hands }) => ({ hands: withHand(hands, mine.id, up ? Date.now() : null) }));
  if (spoken) announce(t(up ? 'hand.yours_up' : 'hand.yours_down'), { assertive: true, key: 'hand' });
}

/** Sends a reaction to everybody; more than six in three seconds are left out. */
export function react(reaction: Reaction): void {
  if (!mayOrSay('reactions') || !own.allows(performance.now())) return;
  showReaction(reaction, t('tile.you'), true);
  tell({ reaction });
}

export function toggleReactions(): void {
  if (get().reacting || mayOrSay('reactions')) set(({ reacting }) => ({ reacting: !reacting }));
}

// Who has left for good has no hand up.
watch(
  (state) => state.call?.people,
  (people = []) => {
    const { hands } = get();
    const here = handsOf(hands, new Set(people.map(({ id }) => id)));
    if (here !== hands) set({ hands: here });
  },
);
