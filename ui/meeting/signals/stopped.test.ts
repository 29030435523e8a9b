import { beforeEach, expect, test } from 'vitest';
import { get, set } from '../store/store';
import { stops, wasStopped } from './stopped';

const told = () => get().toasts.map(({ text }) => text);
beforeEach(() => set({ toasts: [] }));

test('who muted us is named, whichever comes first', () => {
  stops('microphone', 'Ben', 1000);
  expect(told()).toEqual([]);
  wasStopped('microphone', 1050);
  expect(told()).toEqual(['Ben muted you. You can turn your microphone on again.']);
  wasStopped('camera', 2000);
  expect(told()).toHaveLength(2);
  stops('camera', 'Cleo', 2100);
  expect(told()[1]).toBe('Cleo stopped your camera. You can turn it on again.');
  expect(told()).toHaveLength(2);
});

test('a name of long ago says nothing of now', () => {
  stops('screen_share', 'Ben', 10_000);
  wasStopped('screen_share', 60_000);
  expect(told()).toEqual(['The host stopped your screen share.']);
});
