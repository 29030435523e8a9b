import { get, set } from '../store/store';
import type { Presence } from '../store/state';

/** Keeps what somebody has told of himself. */
export function presenceOf(id: string, now: Presence | null): void {
  const presences = new Map(get().presences);
  if (now) presences.set(id, now);
  else if (!presences.delete(id)) return;
  set({ presences });
}
