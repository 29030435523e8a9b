import { get, set } from '../store/store';
import { remember } from './memory';

/** Notes: hertz, and seconds from the start. */
export type Notes = readonly (readonly [number, number])[];

const VOLUME = 0.125;

/** Plays short notes on the chosen output; settles when they have been heard. Rejects where the browser plays nothing. */
export async function play(notes: Notes, speakerId: string, length = 0.14): Promise<void> {
  const context = new AudioContext();
  const out = context.createMediaStreamDestination();
  const volume = context.createGain();
  volume.gain.value = VOLUME;
  volume.connect(out);
  for (const [hertz, from] of notes) {
    const tone = context.createOscillator();
    tone.frequency.value = hertz;
    tone.connect(volume);
    tone.start(context.currentTime + from);
    tone.stop(context.currentTime + from + length);
  }
  const sound = new Audio();
  sound.srcObject = out.stream;
  if (speakerId && 'setSinkId' in sound) await sound.setSinkId(speakerId).catch(() => undefined);
  try {
    await sound.play();
    await new Promise((resolve) => setTimeout(resolve, 1500));
  } finally {
    sound.srcObject = null; // else the browser keeps the element
    await context.close();
  }
}

/** Tells by a short, soft sound that something has happened; not to whoever has switched such sounds off. */
export function cue(notes: Notes, length?: number): void {
  if (get().sounds) void play(notes, get().chosen.speaker, length).catch(() => undefined);
}

export function chooseSounds(sounds: boolean): void {
  set({ sounds });
  remember({ sounds });
}
