import { expect, test } from 'vitest';
import { initial } from '../store/state';
import type { State } from '../store/state';
import { isTalking, mutedTrack, next } from './unheard';

const heard = (...loud: readonly boolean[]): boolean => isTalking(loud.reduce<readonly boolean[]>(next, []));
const times = (count: number, loud: boolean): boolean[] => Array.from({ length: count }, () => loud);

test('whoever talks for half of three seconds is talking, a cough is not', () => {
  expect(heard(...times(15, true))).toBe(true);
  expect(heard(...times(14, true))).toBe(false);
  expect(heard(...times(30, false).map((_, i) => i % 2 === 0))).toBe(true);
  expect(heard(...times(30, false).map((_, i) => i % 3 === 0))).toBe(false);
  // What was said before counts no longer.
  expect(heard(...times(14, true), ...times(20, false), ...times(10, true))).toBe(false);
});

test('only the microphone of somebody who muted himself is listened to', () => {
  const track = {} as MediaStreamTrack;
  const muted: State = { ...initial, page: { is: 'call' }, wish: { microphone: false, camera: true }, capture: { ...initial.capture, microphone: { is: 'live', track } } };
  expect(mutedTrack(muted)).toBe(track);
  const others: Partial<State>[] = [
    { page: { is: 'prejoin' } },
    { wish: { microphone: true, camera: true } },
    { silenced: true },
    { outOfSight: true },
    { interrupted: ['microphone'] },
    { capture: initial.capture },
    { told: { ...initial.told, allows: { ...initial.told.allows, microphone: false } } },
  ];
  expect(others.map((change) => mutedTrack({ ...muted, ...change }))).toEqual(others.map(() => null));
});
