import { announce } from '../announce/queue';
import { get, set, watch } from '../store/store';
import type { DeviceKind } from '../store/state';
import { t } from '../text/t';
import { ask } from './devices';

const kinds: readonly DeviceKind[] = ['microphone', 'camera'];
/** Some cameras are silent in their first second without meaning it. */
const REAL_MS = 1000;

/** Follows tracks that the system silences (a phone call, an assistant, sleep) and takes the device again when it may. */
export function watchInterruptions(): () => void {
  const stops = kinds.map(follow);
  const seen = () => {
    if (!document.hidden && get().interrupted.length > 0) void takeBack();
  };
  document.addEventListener('visibilitychange', seen);
  return () => {
    document.removeEventListener('visibilitychange', seen);
    for (const stop of stops) stop();
    set({ interrupted: [] });
  };
}

/** Opens what was taken anew: after a phone call the old track may call itself live and be dead. */
export async function takeBack(): Promise<void> {
  const { interrupted } = get();
  set({ interrupted: [] });
  if (interrupted.length > 0) await ask(interrupted);
}

function follow(kind: DeviceKind): () => void {
  let unhear: () => void = () => undefined;
  const hear = () => {
    unhear();
    const { [kind]: now } = get().capture;
    if (now.is === 'live') unhear = listen(kind, now.track);
  };
  hear();
  const stop = watch((state) => state.capture[kind], hear);
  return () => {
    stop();
    unhear();
  };
}

function listen(kind: DeviceKind, track: MediaStreamTrack): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const silenced = () => {
    clearTimeout(timer);
    timer = setTimeout(() => track.muted && track.readyState === 'live' && interrupt(kind), REAL_MS);
  };
  const heard = () => {
    clearTimeout(timer);
    if (get().interrupted.includes(kind)) void takeBack();
  };
  track.addEventListener('mute', silenced);
  track.addEventListener('unmute', heard);
  if (track.muted) silenced();
  return () => {
    clearTimeout(timer);
    track.removeEventListener('mute', silenced);
    track.removeEventListener('unmute', heard);
  };
}

function interrupt(kind: DeviceKind): void {
  const { interrupted } = get();
  if (interrupted.includes(kind)) return;
  set({ interrupted: [...interrupted, kind] });
  announce(t(kind === 'microphone' ? 'interrupted.microphone' : 'interrupted.camera'), { assertive: true, key: 'interrupted' });
}
