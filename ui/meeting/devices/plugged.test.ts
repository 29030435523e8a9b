import { expect, test } from 'vitest';
import type { DeviceLists } from '../store/state';
import { plugged } from './plugged';

const device = (id: string, group = id) => ({ id, label: `${id}!`, group });
const built: DeviceLists = { microphone: [device('default'), device('m')], camera: [device('c')], speaker: [device('s')] };

test('a headset is one thing with two ends', () => {
  const now = { ...built, microphone: [...built.microphone, device('hm', 'h')], speaker: [...built.speaker, device('hs', 'h')] };
  expect(plugged(built, now)).toEqual([{ name: 'hm!', devices: [['microphone', 'hm'], ['speaker', 'hs']] }]);
});

test("the system's own choice is no new device, nor is one that goes", () => {
  expect(plugged(built, { ...built, microphone: [device('communications'), device('m')], camera: [] })).toEqual([]);
});

test('a list that was empty has only become visible', () => {
  expect(plugged({ microphone: [], camera: [], speaker: [] }, built)).toEqual([]);
});
