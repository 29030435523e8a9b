import { ConnectionQuality, RoomEvent, type Room } from 'livekit-client';
import { announce } from '../announce/queue';
import { toast } from '../notices/toasts';
import { get, set } from '../store/store';
import { t } from '../text/t';

const WEAK_MS = 10_000;
const SAY_AGAIN_MS = 5 * 60_000;
/** A reconnection that is over sooner is not spoken of. */
const QUIET_MS = 3000;
/** The client measures what arrives every two seconds. */
const DOUBT_MS = 2500;

let saidWeak = Number.NEGATIVE_INFINITY;

/** Keeps `store.line`: lost and found connections, and a line of our own that stays poor. */
export function line(room: Room): () => void {
  let weak: ReturnType<typeof setTimeout> | undefined;
  let doubt: ReturnType<typeof setInterval> | undefined;
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
    .on(RoomEvent.SignalReconnecting, () => {
      set({ line: 'signal' });
      clearInterval(doubt);
      doubt = setInterval(() => {
        if (get().line === 'signal' && dry(room)) set({ line: 'media' });
      }, DOUBT_MS);
    })
    .on(RoomEvent.Reconnecting, () => set({ line: 'media' }))
    .on(RoomEvent.Reconnected, () => {
      clearInterval(doubt);
      set({ line: 'good' });
    })
    .on(RoomEvent.ConnectionQualityChanged, (quality, who) => {
      if (who === room.localParticipant) rated(quality);
    });
  addEventListener('offline', offline);
  return () => {
    clearTimeout(weak);
    clearInterval(doubt);
    removeEventListener('offline', offline);
  };
}

/** Somebody sends, and nothing of it arrives: more than the signalling is gone. */
function dry(room: Room): boolean {
  const tracks = [...room.remoteParticipants.values()]
    .flatMap((person) => [...person.trackPublications.values()])
    .flatMap(({ track, isMuted }) => (track && !isMuted ? [track] : []));
  return tracks.length > 0 && tracks.every((track) => track.currentBitrate === 0);
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
