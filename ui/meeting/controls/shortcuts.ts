import { toggle, wishFor } from '../devices/devices';
import { canShare, toggleShare } from '../devices/share';
import { get, set } from '../store/store';

const mac = /Mac|iPhone|iPad/.test(navigator.userAgent);

/** Keys as they are shown; on a Mac ⌘ stands for Ctrl and ⌃⌘ for Ctrl+Alt. */
export const keys = {
  microphone: mac ? '⌘D' : 'Ctrl+D',
  camera: mac ? '⌘E' : 'Ctrl+E',
  share: mac ? '⌃⌘S' : 'Ctrl+Alt+S',
  people: mac ? '⌃⌘P' : 'Ctrl+Alt+P',
  sheet: mac ? '⌘/' : 'Ctrl+/',
} as const;

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

/** The Latin letter of the key, also on a layout of another script. */
function letterOf({ key, code }: KeyboardEvent): string {
  return /^[a-z/]$/i.test(key) ? key.toLowerCase() : code.replace(/^Key/, '').toLowerCase();
}

function act(event: KeyboardEvent): boolean {
  const primary = mac ? event.metaKey : event.ctrlKey;
  if (!primary || event.shiftKey) return false;
  const letter = letterOf(event);
  const second = mac ? event.ctrlKey : event.altKey;
  if (!second) {
    if (letter === 'd') toggle('microphone', { spoken: true });
    else if (letter === 'e') toggle('camera', { spoken: true });
    else if (letter === '/') set({ dialog: { is: 'shortcuts' } });
    else return false;
    return true;
  }
  if (letter === 'p') set(({ panel }) => ({ panel: panel ? null : 'people' }));
  else if (letter === 's' && canShare()) toggleShare();
  else return false;
  return true;
}

const control = 'button, a, input, select, textarea, [role="menuitem"], [contenteditable]';

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
    if (event.code !== 'Space' || (event.target as Element).closest(control) || get().dialog) return;
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
  return () => {
    end();
    removeEventListener('keydown', down);
    removeEventListener('keyup', up);
    removeEventListener('blur', end);
    document.removeEventListener('visibilitychange', end);
  };
}
