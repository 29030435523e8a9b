import { announce } from '../announce/queue';
import type { AskSource, MuteSource } from '../api/types';
import { turnOn } from '../devices/devices';
import { closeToastOf, toast } from '../notices/toasts';
import { get } from '../store/store';
import { t } from '../text/t';
import { ownHand, toggleHand } from './act';
import { stops } from './stopped';

/** What the server says to a page because a host has asked for it. */
export type HostWord =
  | { kind: 'ask'; source: AskSource; by: string }
  /** Who mutes us in the next moment. */
  | { kind: 'stop'; source: MuteSource; by: string }
  /** Whose hand is to go down; null for everybody's. */
  | { kind: 'lower'; id: string | null };

export const HOST_TOPIC = 'convene.host';

/** What such a message says; null for anything else. */
export function readWord(data: Uint8Array): HostWord | null {
  let said: unknown;
  try {
    said = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(data));
  } catch {
    return null;
  }
  if (typeof said !== 'object' || said === null) return null;
  const { kind, source, by, id } = said as Readonly<Record<string, unknown>>;
  if (kind === 'ask' && (source === 'microphone' || source === 'camera')) return { kind, source, by: typeof by === 'string' ? by : '' };
  if (kind === 'stop' && (source === 'microphone' || source === 'camera' || source === 'screen_share') && typeof by === 'string') return { kind, source, by };
  return kind === 'lower' && (typeof id === 'string' || id === null) ? { kind, id } : null;
}

const asks = {
  microphone: { text: 'asked.microphone', yes: 'asked.unmute' },
  camera: { text: 'asked.camera', yes: 'camera.turn_on' },
} as const;

/** Does what may be done from afar, and asks for the rest: nobody is switched on but by himself. */
export function heed(word: HostWord): void {
  const me = get().call?.people.find((person) => person.me)?.id;
  if (word.kind === 'stop') stops(word.source, word.by);
  else if (word.kind === 'ask') ask(word.source, word.by || t('people.host'));
  else if (ownHand() !== null && (word.id === null || word.id === me)) {
    toggleHand();
    toast(t('hand.lowered'));
  }
}

function ask(source: AskSource, by: string): void {
  const { wish, capture } = get();
  if (wish[source] && capture[source].is === 'live') return;
  const key = `asked.${source}`;
  const close = () => closeToastOf(key);
  const yes = () => {
    close();
    void turnOn(source);
  };
  const { text, yes: label } = asks[source];
  const actions = [
    { label: t(label), act: yes },
    { label: t('asked.not_now'), act: close },
  ];
  closeToastOf(`may.${source}`);
  if (source === 'microphone') closeToastOf('unheard');
  const question = t(text, { name: by });
  toast(question, { key, sticky: true, silent: true, actions });
  announce(question, { assertive: true });
}
