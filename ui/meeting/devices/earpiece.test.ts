import { afterEach, expect, test, vi } from 'vitest';
import { capture } from './capture';
import { playAndRecord } from './earpiece';

afterEach(() => vi.unstubAllGlobals());

test('an iPhone is told that one talks and listens before the microphone is asked for', async () => {
  const audioSession = { type: 'auto' };
  const asked: string[] = [];
  const track = { kind: 'audio' };
  const getUserMedia = () => {
    asked.push(audioSession.type);
    return Promise.resolve({ getAudioTracks: () => [track], getVideoTracks: () => [] });
  };
  vi.stubGlobal('navigator', { audioSession, mediaDevices: { getUserMedia }, hardwareConcurrency: 4 });
  vi.stubGlobal('matchMedia', () => ({ matches: false }));
  expect(await capture({ microphone: '' })).toEqual({ microphone: { track } });
  expect(asked).toEqual(['play-and-record']);
});

test('a browser without such a session is left alone', () => {
  const plain = {};
  playAndRecord(plain);
  expect(plain).toEqual({});
});
