import { expect, test } from 'vitest';
import { initial } from '../store/state';
import { asked } from './asked';
import { readRecording, readUnrecorded, running } from './recording';

const recording = { id: 'r', state: 'active', started_at: '2026-11-21T10:00:00.000Z', reason: null, automatic: false } as const;

test('the recording is read from the metadata of the room', () => {
  expect(readRecording(JSON.stringify({ recording }))).toEqual(recording);
  expect([undefined, '', '{}', '{"recording":null}', 'not json'].map(readRecording)).toEqual([null, null, null, null, null]);
});

test('a recording runs from the request until it has stopped', () => {
  const states = ['requested', 'starting', 'active', 'stopping', 'uploading', 'uploaded', 'failed'] as const;
  expect(states.map((state) => running({ ...recording, state }))).toEqual([true, true, true, true, false, false, false]);
});

test('who is left out of the recording is read from the metadata of the room', () => {
  expect(readUnrecorded('{"unrecorded":["a","b",3]}')).toEqual(['a', 'b']);
  expect([undefined, '', '{}', '{"unrecorded":"a"}', 'not json'].map(readUnrecorded)).toEqual([[], [], [], [], []]);
});

test('who has not answered is asked as soon as a recording begins, and not while it stops', () => {
  const states = ['requested', 'starting', 'active', 'stopping', 'failed'] as const;
  const is = (consent: 'agreed' | 'declined' | 'undecided') => states.map((state) => asked({ ...initial, consent, recording: { ...recording, state } }));
  expect(is('undecided')).toEqual([true, true, true, false, false]);
  expect([...is('agreed'), ...is('declined')]).not.toContain(true);
  expect(asked(initial)).toBe(false);
});
