import { expect, test } from 'vitest';
import { initial, type Person, type State } from '../store/state';
import { leftOut, small } from './strain';

// Only whether there is one counts here.
const picture = {} as MediaStreamTrack;

const person = (id: string, is: Partial<Person> = {}): Person => ({
  id,
  name: id,
  role: 'guest',
  me: id === 'me',
  away: false,
  muted: true,
  speaking: false,
  quality: 'good',
  camera: picture,
  coming: false,
  paused: false,
  share: null,
  ...is,
});

const people = ['me', 'ann', 'ben', 'eve'].map((id) => person(id));

function state(intake: number, is: Partial<State> = {}): State {
  return { ...initial, strain: { ...initial.strain, intake }, call: { since: 0, people, soundBlocked: false }, ...is };
}

const spotlit = { ...initial.told, spotlight: 'eve' };
const speaks = { front: 'ben', lately: new Map<string, number>() };
const dark = people.map((one) => (one.id === 'ben' ? { ...one, camera: null } : one));
const shares = people.map((one) => (one.id === 'eve' ? { ...one, share: picture } : one));
const callOf = (these: readonly Person[]) => ({ since: 0, people: these, soundBlocked: false });

test.each<[string, State, string[]]>([
  ['nothing is missing', state(0), []],
  ['pictures are small', state(1), []],
  ['one remains: before anybody has spoken the first', state(2), ['ben', 'eve']],
  ['who speaks remains', state(2, { speakers: speaks }), ['ann', 'eve']],
  ['whom the host shows comes before him', state(2, { speakers: speaks, told: spotlit }), ['ann', 'ben']],
  ['who is pinned comes first', state(2, { speakers: speaks, told: spotlit, pins: ['ann'] }), ['ben', 'eve']],
  ['who speaks without a picture takes nobody’s place', state(2, { speakers: speaks, call: callOf(dark) }), ['ben', 'eve']],
  ['a shared screen comes before everybody', state(2, { speakers: speaks, call: callOf(shares) }), ['ann', 'ben', 'eve']],
  ['none remains', state(3, { pins: ['ann'] }), ['ann', 'ben', 'eve']],
  ['all are wished anyway', state(3, { strain: { ...initial.strain, intake: 3, takeAll: true } }), []],
  ['sound only is wished: that is no pause', state(3, { soundOnly: true }), []],
])('%s', (_, now, expected) => {
  expect(['ann', 'ben', 'eve'].filter((id) => leftOut(now, id))).toEqual(expected);
});

test.each<[string, State, boolean]>([
  ['a good line', state(0), false],
  ['too little comes in', state(1), true],
  ['all pictures are wished anyway', state(3, { strain: { ...initial.strain, intake: 3, takeAll: true } }), true],
  ['our own picture is kept back', state(0, { strain: { ...initial.strain, line: 2 } }), true],
])('the smallest layer, by %s', (_, now, expected) => {
  expect(small(now)).toBe(expected);
});
