import { toggleChat } from '../chat/chat';
import { toggle, wishFor } from '../devices/devices';
import { canShare, toggleShare } from '../devices/share';
import { asked } from '../recording/asked';
import { toggleHand, toggleReactions } from '../signals/act';
import { toggleFullScreen, turnView } from '../stage/choices';
import type { State } from '../store/state';
import { get, set, watch } from '../store/store';
import { t } from '../text/t';
import { isOffered } from './bands';
import { meant, type Keys } from './meant';
import { moveFocus, sayWhoSpeaks } from './regions';
import { bandNow, framed } from './useBand';

/** What a shortcut does, and by which keys. */
interface Shortcut extends Keys {
  act: () => void;
}

const shortcuts = {
  microphone: { key: 'd', single: 'm', act: () => toggle('microphone', { spoken: true }) },
  camera: { key: 'e', single: 'v', act: () => toggle('camera', { spoken: true }) },
  share: { key: 's', alt: true, single: 's', act: () => canShare() && toggleShare() },
  hand: { key: 'h', alt: true, single: 'h', act: () => toggleHand({ spoken: true }) },
  reactions: { key: 'r', alt: true, act: toggleReactions },
  chat: { key: 'c', alt: true, single: 'c', act: toggleChat },
  people: { key: 'p', alt: true, single: 'p', act: () => set(({ panel }) => ({ panel: panel === 'people' ? null : 'people' })) },
  view: { key: 'v', alt: true, single: 'w', act: turnView },
  fullScreen: { key: 'f', alt: true, single: 'f', act: () => void toggleFullScreen() },
  speaking: { key: 'i', alt: true, act: sayWhoSpeaks },
  sheet: { key: '/', single: '?', act: () => set({ dialog: { is: 'shortcuts' } }) },
} satisfies Record<string, Shortcut>;

export type Name = keyof typeof shortcuts;
const all = Object.entries(shortcuts) as [Name, Shortcut][];

/** Whether there is such a thing in a window of this width; what is shared can always be ended. */
export const offered = (name: Name): boolean =>
  (name !== 'share' && name !== 'reactions') || isOffered(name, framed(), bandNow()) || (name === 'share' && get().share.is === 'live');

const mac = /Mac|iPhone|iPad/.test(navigator.userAgent);

/** Keys as they are shown, by the names that a keyboard of the language has; on a Mac ⌘ stands for Ctrl and ⌃⌘ for Ctrl+Alt. */
export function keys(name: Name): string {
  const { key, alt }: Shortcut = shortcuts[name];
  return `${mac ? (alt ? '⌃⌘' : '⌘') : alt ? `${t('keys.ctrl')}+${t('keys.alt')}+` : `${t('keys.ctrl')}+`}${key.toUpperCase()}`;
}

/** The single keys, as they are shown; they work where the person has switched them on. */
export const singleKeyOf = (name: Name): string | undefined => (shortcuts[name] as Shortcut).single?.toUpperCase();

const HOLD_MS = 200;

/** Listens for the shortcuts of the call; returns how to stop. */
export function listenForShortcuts(): () => void {
  const pressed = (event: KeyboardEvent) => {
    if (event.repeat || get().dialog || !act(event)) return;
    event.preventDefault();
  };
  addEventListener('keydown', pressed);
  const stopTalk = pushToTalk();
  return () => {
    removeEventListener('keydown', pressed);
    stopTalk();
  };
}

function act(event: KeyboardEvent): boolean {
  const here = { mac, singleKeys: get().singleKeys, typing: typing(event) };
  const found = all.find(([name, one]) => offered(name) && meant(one, event, here))?.[1];
  if (found) found.act();
  return found !== undefined || moveFocus(event);
}

const typing = ({ target }: KeyboardEvent): boolean =>
  target instanceof Element && target.closest('input, select, textarea, [contenteditable], [role="menu"], [role="listbox"]') !== null;

/** What takes Space for itself: controls, and all that is in a menu, a list or a dialog. */
const control =
  'button, a, input, select, textarea, summary, [contenteditable], [role="menu"], [role="listbox"], [role="dialog"], [role="alertdialog"], [role="tab"], [role="switch"], [role="slider"]';

/** Something over the call asks for attention. */
const asking = (state: State): boolean => state.dialog !== null || asked(state);

/** Hold Space to talk. Whatever takes the attention away ends it, and always with the microphone off. */
function pushToTalk(): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let talking = false;
  const end = () => {
    clearTimeout(timer);
    if (talking) wishFor('microphone', false);
    talking = false;
  };
  const down = (event: KeyboardEvent) => {
    if (event.code !== 'Space' || (event.target as Element).closest(control) || asking(get())) return;
    event.preventDefault();
    if (event.repeat || get().wish.microphone) return;
    timer = setTimeout(() => {
      talking = true;
      wishFor('microphone', true);
    }, HOLD_MS);
  };
  const up = (event: KeyboardEvent) => {
    if (event.code === 'Space') end();
  };
  addEventListener('keydown', down);
  addEventListener('keyup', up);
  addEventListener('blur', end);
  document.addEventListener('visibilitychange', end);
  const stopWatching = watch(asking, end);
  return () => {
    end();
    stopWatching();
    removeEventListener('keydown', down);
    removeEventListener('keyup', up);
    removeEventListener('blur', end);
    document.removeEventListener('visibilitychange', end);
  };
}
