import { closeToastOf, toast } from '../notices/toasts';
import { may } from '../session/may';
import type { State } from '../store/state';
import { get, watch } from '../store/store';
import { t } from '../text/t';
import { wishFor } from './devices';
import { handheld } from './handheld';
import { level } from './level';

const KEY = 'unheard';
const EVERY_MS = 100;
/** −35 dB: a voice near the microphone, not a room. */
const VOICE = 0.42;
/** Of the last three seconds half were a voice: no cough, no door. */
const WINDOW = 30;
const ENOUGH = 15;
const AGAIN_MS = 3 * 60_000;
const MOST = 3;

/** What has been heard of late, newest last, with one moment more. */
export const next = (before: readonly boolean[], loud: boolean): readonly boolean[] => [...before, loud].slice(-WINDOW);

export const isTalking = (heard: readonly boolean[]): boolean => heard.filter(Boolean).length >= ENOUGH;

/** The microphone of somebody who has muted himself, could unmute himself, and looks at the page; else none. */
export function mutedTrack(state: State): MediaStreamTrack | null {
  const { page, capture, wish, silenced, interrupted, outOfSight } = state;
  const { microphone } = capture;
  // A second device in the room hears him talk into the first.
  const idle = wish.microphone || silenced || outOfSight || interrupted.includes('microphone') || !may('microphone', state);
  return page.is === 'call' && microphone.is === 'live' && !idle ? microphone.track : null;
}

let left = MOST;
let quietUntil = 0;

/** Reminds whoever talks and is muted that nobody hears him. What is listened to never leaves the page. Returns how to stop. */
export function watchUnheard(): () => void {
  let stop: () => void = () => undefined;
  const follow = (track: MediaStreamTrack | null) => {
    stop();
    stop = track && left > 0 ? listen(track) : () => undefined;
    if (!track) closeToastOf(KEY);
  };
  const unwatch = watch(mutedTrack, follow);
  follow(mutedTrack(get()));
  return () => {
    unwatch();
    stop();
  };
}

/** The track itself is silent while muted, so that nothing of it can be sent: a copy that is sent nowhere is listened to. */
function listen(track: MediaStreamTrack): () => void {
  const ear = track.clone();
  ear.enabled = true;
  const context = new AudioContext();
  const analyser = context.createAnalyser();
  analyser.fftSize = 1024;
  context.createMediaStreamSource(new MediaStream([ear])).connect(analyser);
  const samples = new Float32Array(analyser.fftSize);
  let heard: readonly boolean[] = [];
  const timer = setInterval(() => {
    if (document.hidden || performance.now() < quietUntil || isAsked()) return;
    analyser.getFloatTimeDomainData(samples);
    heard = next(heard, level(samples) > VOICE);
    if (!isTalking(heard)) return;
    heard = [];
    remind();
    if (left === 0) stop();
  }, EVERY_MS);
  const stop = () => {
    clearInterval(timer);
    ear.stop();
    if (context.state !== 'closed') void context.close();
  };
  return stop;
}

/** Whether a host asks him to unmute just now: said once is enough. */
const isAsked = (): boolean => get().toasts.some(({ key }) => key === 'asked.microphone');

function remind(): void {
  left -= 1;
  quietUntil = performance.now() + AGAIN_MS;
  // Where there are no keys, none is named.
  const text = handheld() ? t('unheard.muted') : t('unheard.hold', { key: t('shortcuts.space') });
  toast(text, { key: KEY, actions: [{ label: t('asked.unmute'), act: () => wishFor('microphone', true) }] });
}
