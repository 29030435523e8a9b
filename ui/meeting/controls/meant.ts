import type { SingleKeys } from '../store/state';

/** The key that a shortcut has with Ctrl (⌘) or Ctrl+Alt (⌃⌘), and the single key for those who want them. */
export interface Keys {
  key: string;
  alt?: boolean;
  single?: string;
}

/** What of a `KeyboardEvent` tells which keys are down. */
export type Pressed = Pick<KeyboardEvent, 'key' | 'code' | 'ctrlKey' | 'altKey' | 'metaKey' | 'shiftKey' | 'getModifierState'>;

interface Circumstances {
  mac: boolean;
  singleKeys: SingleKeys;
  /** The keys go into a field. */
  typing: boolean;
}

/** Whether these keys mean that shortcut. */
export function meant({ key, alt = false, single }: Keys, event: Pressed, { mac, singleKeys, typing }: Circumstances): boolean {
  const primary = mac ? event.metaKey : event.ctrlKey;
  const second = mac ? event.ctrlKey : event.altKey;
  const letter = letterOf(event);
  // Many layouts have the slash above a digit.
  if (primary) return (!event.shiftKey || letter === '/') && second === alt && letter === key;
  if (!single || singleKeys === 'none' || (singleKeys === 'help' && single !== '?')) return false;
  return letter === single && !event.altKey && !event.ctrlKey && !event.metaKey && !typing;
}

/** The Latin letter of the key, also on a layout of another script. */
function letterOf(event: Pressed): string {
  const { key, code } = event;
  // AltGr types signs of its own: what is typed counts, not the place of the key.
  if (/^[a-z/?]$/i.test(key) || event.getModifierState('AltGraph')) return key.toLowerCase();
  return code.replace(/^Key/, '').toLowerCase();
}
