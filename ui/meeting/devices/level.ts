import { useEffect, useState } from 'react';
import { get } from '../store/store';
import { play } from './sound';

const FLOOR_DB = -60;
const EVERY_MS = 50;
/** A microphone that is muted by itself gives nothing, not even the noise of a quiet room. */
const SILENT = 0.0001;
const TEST = [
  [523.25, 0],
  [783.99, 0.35],
] as const;

/** Root mean square of samples (−1…1) as a share of the scale from −60 dB (0) to 0 dB (1). */
export function level(samples: Float32Array): number {
  let sum = 0;
  for (const sample of samples) sum += sample * sample;
  const db = 10 * Math.log10(sum / samples.length || Number.MIN_VALUE);
  return Math.min(1, Math.max(0, 1 - db / FLOOR_DB));
}

/**
 * How many of the steps (levels, rising) a microphone's track passes, looked at 20 times a second; −1 while nothing at all
 * comes, 0 without a track. While one is coming in, the machine has better things to do.
 */
export function useLevel(track: MediaStreamTrack | null, steps: readonly number[]): number {
  const [now, setNow] = useState(0);
  useEffect(() => {
    if (!track) return;
    const context = new AudioContext();
    const analyser = context.createAnalyser();
    analyser.fftSize = 1024;
    context.createMediaStreamSource(new MediaStream([track])).connect(analyser);
    const samples = new Float32Array(analyser.fftSize);
    const timer = setInterval(() => {
      if (get().page.is === 'joining') return;
      if (context.state === 'suspended') void context.resume();
      analyser.getFloatTimeDomainData(samples);
      const dead = isSilent(samples) && context.state === 'running' && !document.hidden;
      setNow(dead ? -1 : passed(level(samples), steps));
    }, EVERY_MS);
    return () => {
      clearInterval(timer);
      setNow(0);
      void context.close();
    };
  }, [track, steps]);
  return now;
}

export const isSilent = (samples: Float32Array): boolean => samples.every((sample) => Math.abs(sample) <= SILENT);

const passed = (now: number, steps: readonly number[]): number => steps.filter((step) => now > step).length;

/** A short two-note sound on the chosen output; settles when it has been played. */
export const playTestSound = (speakerId: string): Promise<void> => play(TEST, speakerId, 0.3);
