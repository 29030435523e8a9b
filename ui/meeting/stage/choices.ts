import { announce } from '../announce/queue';
import { remember, remembered } from '../devices/memory';
import { initial, type SelfView, type View } from '../store/state';
import { get, set, watch } from '../store/store';
import { t, type TextKey } from '../text/t';
import { nextView } from './view';

const { view = 'auto', selfView, singleKeys = 'help' } = remembered();
set({ view, selfView: { ...initial.selfView, ...selfView }, singleKeys });

export const viewNames: Record<View, TextKey> = { auto: 'view.auto', grid: 'view.grid', speaker: 'view.speaker', beside: 'view.beside' };

export function chooseView(chosen: View): void {
  set({ view: chosen });
  remember({ view: chosen });
}

/** The next view, by the shortcut; one hears which it is. */
export function turnView(): void {
  chooseView(nextView(get().view, innerWidth));
  announce(t(viewNames[get().view]), { assertive: true, key: 'view' });
}

export function chooseSelfView(change: Partial<SelfView>): void {
  const chosen = { ...get().selfView, ...change };
  set({ selfView: chosen });
  remember({ selfView: chosen });
}

/** More would make none of them large. */
const MOST_PINS = 4;

const flipped = (list: readonly string[], id: string): readonly string[] =>
  list.includes(id) ? list.filter((one) => one !== id) : [...list, id];

/** Pins a person for ourselves, or lets go again; of more than four the oldest lets go. */
export const togglePin = (id: string): void => set(({ pins }) => ({ pins: flipped(pins, id).slice(-MOST_PINS) }));

/** Shows the whole picture of a person instead of what fills the tile, or the other way round. */
export const refit = (id: string): void => set(({ refitted }) => ({ refitted: flipped(refitted, id) }));

export const canFullScreen = (): boolean => document.fullscreenEnabled;

export async function toggleFullScreen(): Promise<void> {
  try {
    await (document.fullscreenElement ? document.exitFullscreen() : document.documentElement.requestFullscreen());
  } catch {
    // The browser wants a click of its own, or does not want at all: the page stays as it is.
  }
}

// A pin lasts as long as the person's stay, through his reconnections.
watch(
  (state) => state.call?.people,
  (people = []) => {
    const { pins } = get();
    const present = new Set(people.map(({ id }) => id));
    if (!pins.every((id) => present.has(id))) set({ pins: pins.filter((id) => present.has(id)) });
  },
);
