import type { Presence } from '../store/state';

/** What people tell each other's pages by the engine's data messages. A message is JSON; who sent it is the engine's word. */
export type Signal =
  /** My hand is up since so many milliseconds, or down. An age and no date: clocks differ. */
  | { hand: number | null }
  | { reaction: Reaction }
  /** Why I am not seen or heard; null: I am. */
  | { presence: Presence | null };

export const TOPIC = 'convene.signal';

export const reactions = ['👍', '❤️', '😂', '👏', '🎉', '😮', '😢', '🙏'] as const;
export type Reaction = (typeof reactions)[number];

const presences: readonly Presence[] = ['weak', 'away', 'interrupted'];

const LONGEST = 200;
const DAY_MS = 24 * 3600 * 1000;

export const encode = (signal: Signal): Uint8Array<ArrayBuffer> => new TextEncoder().encode(JSON.stringify(signal));

/** What a message says; null for anything that is none of ours. */
export function decode(data: Uint8Array): Signal | null {
  if (data.length > LONGEST) return null;
  try {
    return read(JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(data)));
  } catch {
    return null;
  }
}

function read(said: unknown): Signal | null {
  if (typeof said !== 'object' || said === null) return null;
  if ('hand' in said) {
    const { hand } = said;
    if (hand === null) return { hand };
    return typeof hand === 'number' && hand >= 0 && hand < DAY_MS ? { hand } : null;
  }
  if ('reaction' in said) {
    const reaction = reactions.find((one) => one === said.reaction);
    return reaction ? { reaction } : null;
  }
  if ('presence' in said) {
    const presence = presences.find((one) => one === said.presence) ?? null;
    return presence || said.presence === null ? { presence } : null;
  }
  return null;
}
