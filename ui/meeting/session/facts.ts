import type { RoomFacts } from '../api/types';
import { get, set } from '../store/store';
import { entriesOf, readMetadata } from './metadata';

/** What may change of a room while people are in it: whether it is locked, and what it offers. */
type Changing = Partial<Pick<RoomFacts, 'locked' | 'features'>>;

/** What the room's metadata (`{"locked": …, "features": …}`) says of the room; a feature that it does not name stays as in `now`. */
export function readFacts(metadata: string | undefined, now: RoomFacts['features']): Changing {
  const { locked, features } = readMetadata(metadata);
  const told = entriesOf(features);
  const next = Object.fromEntries(Object.entries(now).map(([name, on]) => [name, typeof told[name] === 'boolean' ? told[name] : on]));
  return { ...(typeof locked === 'boolean' && { locked }), features: next as RoomFacts['features'] };
}

/** Keeps what the room's metadata says; a chat that is no longer offered is closed. */
export function hearOfTheRoom(metadata: string | undefined): void {
  const { room, panel } = get();
  if (!room) return;
  const next = { ...room, ...readFacts(metadata, room.features) };
  if (JSON.stringify(next) === JSON.stringify(room)) return;
  set({ room: next, panel: panel === 'chat' && !next.features.chat ? null : panel });
}
