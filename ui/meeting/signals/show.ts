import { announce } from '../announce/queue';
import { cue } from '../devices/sound';
import { closeToastOf, toast } from '../notices/toasts';
import { leads } from '../session/told';
import { get, set, watch } from '../store/store';
import { list, nameList, number, t, type TextKey } from '../text/t';
import { withHand } from './hands';
import type { Reaction } from './wire';

export const reactionNames: Record<Reaction, TextKey> = {
  '👍': 'reaction.thumbs_up',
  '❤️': 'reaction.heart',
  '😂': 'reaction.laughing',
  '👏': 'reaction.applause',
  '🎉': 'reaction.celebration',
  '😮': 'reaction.surprise',
  '😢': 'reaction.sadness',
  '🙏': 'reaction.thanks',
};

const SHOWN_MS = 3000;
/** More at once would flicker. */
const MOST = 10;
const SPOKEN_WINDOW_MS = 5000;
const HANDS_WINDOW_MS = 1000;
const TICK = [[880, 0]] as const;

let last = 0;

/** Lets a reaction rise over the screen of everybody, and has what came in five seconds spoken in one sentence. */
export function showReaction(reaction: Reaction, name: string, mine: boolean): void {
  const key = ++last;
  set(({ reactions }) => ({ reactions: [...reactions, { key, reaction, name }].slice(-MOST) }));
  setTimeout(() => set(({ reactions }) => ({ reactions: reactions.filter((one) => one.key !== key) })), SHOWN_MS);
  if (mine) return;
  announce(counted([reaction]), { key: 'reactions', merge: { item: reaction, window: SPOKEN_WINDOW_MS, text: counted } });
}

function counted(items: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const item of items) counts.set(item, (counts.get(item) ?? 0) + 1);
  const parts = [...counts].map(([item, n]) => {
    const reaction = t(reactionNames[item as Reaction]);
    return n > 1 ? t('reaction.times', { reaction, times: number(n) }) : reaction;
  });
  return t('reaction.heard', { list: list(parts) });
}

/** Keeps the order of hands, and tells of one that went up: everybody hears it, a host sees a notice. */
export function handOf(id: string, name: string, since: number | null): void {
  const before = get().hands;
  const hands = withHand(before, id, since);
  set({ hands });
  if (hands.length <= before.length) return;
  const text = (names: readonly string[]) => t('hand.went_up', { names: nameList(names) });
  announce(text([name]), { key: 'hands', merge: { item: name, window: HANDS_WINDOW_MS, text } });
  if (!leads(get().role) || get().panel === 'people') return;
  toast(text(hands.map((hand) => nameOf(hand.id))), {
    key: 'hands',
    silent: true,
    actions: [{ label: t('hand.see'), act: () => set({ panel: 'people' }) }],
  });
  cue(TICK, 0.08);
}

// The panel shows them all, in their order.
watch(
  (state) => state.panel === 'people' || state.hands.length === 0,
  (seen) => seen && closeToastOf('hands'),
);

const nameOf = (id: string): string => get().call?.people.find((person) => person.id === id)?.name || t('tile.no_name');
