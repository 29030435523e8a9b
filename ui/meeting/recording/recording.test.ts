import { expect, test } from 'vitest';
import { readRecording, running } from './recording';

const recording = { id: 'r', state: 'active', started_at: '2026-11-21T10:00:00.000Z', reason: null, automatic: false } as const;

test('the recording is read from the metadata of the room', () => {
  expect(readRecording(JSON.stringify({ recording }))).toEqual(recording);
  expect([undefined, '', '{}', '{"recording":null}', 'not json'].map(readRecording)).toEqual([null, null, null, null, null]);
});

test('a recording runs from the request until it has stopped', () => {
  const states = ['requested', 'starting', 'active', 'stopping', 'uploading', 'uploaded', 'failed'] as const;
  expect(states.map((state) => running({ ...recording, state }))).toEqual([true, true, true, true, false, false, false]);
});
