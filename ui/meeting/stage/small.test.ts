import type { RemoteVideoTrack } from 'livekit-client';
import { expect, test } from 'vitest';
import { initial, type Person, type State } from '../store/state';
import { smallPerson, smallPicture } from './small';

const picture = (sid: string) => ({ sid }) as unknown as RemoteVideoTrack;
const person = (id: string, given: Partial<Person> = {}): Person => ({
  id,
  name: id,
  role: 'guest',
  me: false,
  away: false,
  muted: true,
  speaking: false,
  quality: 'good',
  camera: picture(`camera of ${id}`),
  coming: false,
  paused: false,
  share: null,
  ...given,
});

const people = [person('me', { me: true }), person('ann'), person('ben'), person('cleo')];
const sharing = people.map((one) => (one.id === 'ann' || one.id === 'ben' ? { ...one, share: picture(`screen of ${one.id}`) } : one));
const spotlit = { ...initial.told, spotlight: 'ann' };
const speaks = { ...initial.speakers, front: 'cleo' };

const shown = (given: Partial<State>) => (smallPicture({ ...initial, call: { since: 0, people, soundBlocked: false }, ...given }) as RemoteVideoTrack | null)?.sid;
const among = (all: readonly Person[]): Pick<State, 'call'> => ({ call: { since: 0, people: all, soundBlocked: false } });

test.each<[string, Partial<State>, string | undefined]>([
  ['who speaks', { speakers: speaks }, 'camera of cleo'],
  ['before anybody spoke, the first with a picture', {}, 'camera of ann'],
  ['a shared screen before who speaks', { ...among(sharing), speakers: speaks }, 'screen of ben'],
  ['of several screens the one that is large', { ...among(sharing), largeShare: 'ann' }, 'screen of ann'],
  ['whom the host shows before a shared screen', { ...among(sharing), told: spotlit }, 'camera of ann'],
  ['who is pinned before all', { ...among(sharing), told: spotlit, pins: ['cleo'] }, 'camera of cleo'],
  ['a screen that was chosen on the stage in spite of a pin', { ...among(sharing), pins: ['cleo'], largeShare: 'ben' }, 'screen of ben'],
  ['another where a pinned person has no picture', { ...among(people.map((one) => (one.id === 'cleo' ? { ...one, camera: null } : one))), pins: ['cleo'] }, 'camera of ann'],
  ['nothing where nobody has one', among(people.map((one) => ({ ...one, camera: null }))), undefined],
  ['nothing of ourselves', among(people.slice(0, 1)), undefined],
])('the small window has %s', (_, given, sid) => {
  expect(shown(given)).toBe(sid);
});

test('without a picture somebody is named', () => {
  expect(smallPerson({ ...initial, ...among(people), speakers: speaks })?.id).toBe('cleo');
  expect(smallPerson({ ...initial, ...among(people) })?.id).toBe('ann');
  expect(smallPerson({ ...initial, ...among([]) })).toBeNull();
});
