import { RoomEvent, type Room } from 'livekit-client';
import { announce } from '../announce/queue';
import { get, set } from '../store/store';
import { t } from '../text/t';

/** A reconnection that is over sooner is not spoken of. */
const QUIET_MS = 3000;
/** The client measures what arrives every two seconds. */
const DOUBT_MS = 2500;

/** Keeps `store.line`: lost and found connections. */
export function line(room: Room): () => void {
  let doubt: ReturnType<typeof setInterval> | undefined;
  const offline = () => set({ line: 'media' });
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
    });
  addEventListener('offline', offline);
  return () => {
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
