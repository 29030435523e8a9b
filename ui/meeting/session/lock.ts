import { toast } from '../notices/toasts';
import { get, set, watch } from '../store/store';
import { t } from '../text/t';

/** Whether the room's metadata (`{"locked": …}`) tells of a lock; null where it tells nothing. */
export function readLocked(metadata: string | undefined): boolean | null {
  if (!metadata) return null;
  try {
    const { locked } = JSON.parse(metadata) as { locked?: unknown };
    return typeof locked === 'boolean' ? locked : null;
  } catch {
    return null;
  }
}

/** Keeps what the room's metadata says. */
export function hearOfTheLock(metadata: string | undefined): void {
  const { room } = get();
  const locked = readLocked(metadata);
  if (room && locked !== null && locked !== room.locked) set({ room: { ...room, locked } });
}

/** Tells everybody in the meeting when it is locked or opened again, whoever did it, here or by the API. */
export function tellOfTheLock(): () => void {
  return watch(
    (state) => state.room?.locked,
    (now, before) => {
      if (get().page.is !== 'call' || now === undefined || before === undefined) return;
      toast(t(now ? 'host.locked' : 'host.unlocked'), { key: 'lock' });
    },
  );
}
