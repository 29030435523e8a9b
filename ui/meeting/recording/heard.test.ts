import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { initial } from '../store/state';
import { get, set } from '../store/store';
import { tellOfRecordings } from './heard';

const recording = { id: 'r', state: 'active', started_at: '2026-11-21T10:00:00.000Z', reason: null, automatic: false } as const;
const notes: number[] = [];
let stop: () => void = () => undefined;

beforeEach(() => {
  notes.length = 0;
  const node = { connect: () => undefined };
  vi.stubGlobal(
    'AudioContext',
    class {
      currentTime = 0;
      createMediaStreamDestination = () => ({ ...node, stream: null });
      createGain = () => ({ ...node, gain: { value: 1 } });
      createOscillator() {
        const tone = { ...node, frequency: { value: 0 }, start: () => notes.push(tone.frequency.value), stop: () => undefined };
        return tone;
      }
      close = () => Promise.resolve();
    },
  );
  vi.stubGlobal('Audio', class {
    play = () => Promise.resolve();
  });
  set({ ...initial, page: { is: 'call' }, consent: 'agreed' });
  stop = tellOfRecordings();
});

afterEach(() => {
  stop();
  vi.unstubAllGlobals();
});

test('the beginning and the end of a recording are seen and heard, each once', () => {
  set({ recording: { ...recording, state: 'starting', started_at: null } });
  expect(notes).toEqual([]);
  set({ recording });
  set({ recording: { ...recording, state: 'stopping' } });
  expect(notes).toEqual([523.25]);
  set({ recording: null });
  expect(notes).toEqual([523.25, 392]);
  expect(get().toasts.map(({ text }) => text)).toEqual(['Recording has stopped. Nothing more is recorded.']);
});

test('whoever is asked for his consent hears it too', () => {
  set({ consent: 'undecided', recording });
  expect(notes).toEqual([523.25]);
  expect(get().toasts).toEqual([]);
});

test('whoever has switched sounds off reads it', () => {
  set({ sounds: false, recording });
  expect(notes).toEqual([]);
  expect(get().toasts).toHaveLength(1);
});
