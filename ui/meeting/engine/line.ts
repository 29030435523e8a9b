import { ConnectionQuality, RoomEvent, type Room } from 'livekit-client';
import { announce } from '../announce/queue';
import { toast } from '../notices/toasts';
import { get, set } from '../store/store';
import { t } from '../text/t';

const WEAK_MS = 10_000;
const SAY_AGAIN_MS = 5 * 60_000;
/** A reconnection that is over sooner is not spoken of. */
const QUIET_MS = 3000;

let saidWeak = Number.NEGATIVE_INFINITY;

/** Keeps `store.line`: lost and found connections, and a line of our own that stays poor. */
export function line(room: Room): () => void {
  let weak: ReturnType<typeof setTimeout> | undefined;
  const offline = () => set({ line: 'media' });
  const poor = () => {
    if (get().line !== 'good') return;
    set({ line: 'weak' });
    if (performance.now() - saidWeak < SAY_AGAIN_MS) return;
    saidWeak = performance.now();
    toast(t('line.weak'));
  };
  const rated = (quality: ConnectionQuality) => {
    if (quality === ConnectionQuality.Poor || quality === ConnectionQuality.Lost) {
      weak ??= setTimeout(poor, WEAK_MS);
      return;
    }
    clearTimeout(weak);
    weak = undefined;
    if (get().line === 'weak') set({ line: 'good' });
  };
  room
    .on(RoomEvent.SignalReconnecting, () => set({ line: 'signal' }))
    .on(RoomEvent.Reconnecting, () => set({ line: 'media' }))
    .on(RoomEvent.Reconnected, () => set({ line: 'good' }))
    .on(RoomEvent.ConnectionQualityChanged, (quality, who) => {
      if (who === room.localParticipant) rated(quality);
    });
  addEventListener('offline', offline);
  return () => {
    clearTimeout(weak);
    removeEventListener('offline', offline);
  };
}

/** Speaks of a lost line after three seconds, and of its return only if it was spoken of. */
export function speakOfLine(now: string, before: string): void {
  clearTimeout(spoken.timer);
  if (now === 'media' && before !== 'media') {
    spoken.timer = setTimeout(() => {
      spoken.lost = true;
      announce(t('line.lost'), { assertive: true });
    }, QUIET_MS);
  } else if (spoken.lost && now !== 'media') {
    spoken.lost = false;
    announce(t('line.back'));
  }
}

const spoken: { timer: ReturnType<typeof setTimeout> | undefined; lost: boolean } = { timer: undefined, lost: false };
