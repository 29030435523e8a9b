import type { ChatMessage } from '../api/types';
import type { Refusal } from '../devices/refusal';
import { reactions } from '../signals/wire';
import type { Capture, Door, Page, Person, RefusedBy, State, Toast } from '../store/state';
import { initial } from '../store/state';
import { t } from '../text/t';
import { cast, face, idOf, nameOf, person, screen } from './cast';

/** What the page's store holds, where it differs from the usual. */
type Given = Partial<State>;

export const CODE = '604118237';
const MINUTE = 60_000;

const room: NonNullable<State['room']> = {
  display_name: 'Product design review',
  language: 'default',
  microphone_state: 'default',
  locked: false,
  auto_record: false,
  join_approval_level: 'none',
  recordings_kept_days: 30,
  features: { recording: true, chat: true, whiteboard: false, locale_switcher: true, captions: false },
  brand: null,
};

const microphone = (): MediaStreamTrack => {
  const [track] = new AudioContext().createMediaStreamDestination().stream.getAudioTracks();
  if (!track) throw new Error('A context gives a sound');
  return track;
};

const live = (): State['capture'] => ({ microphone: { is: 'live', track: microphone() }, camera: { is: 'live', track: face(0) } });
const both = (capture: Capture): State['capture'] => ({ microphone: capture, camera: capture });
const refused = (why: Refusal): Capture => ({ is: 'refused', why });

const devices: State['devices'] = {
  microphone: [{ id: '1', label: 'Built-in microphone', group: 'Built-in microphone' }, { id: '2', label: 'Headset (Bluetooth)', group: 'Headset (Bluetooth)' }],
  camera: [{ id: '1', label: 'Built-in camera', group: 'Built-in camera' }],
  speaker: [{ id: '1', label: 'Speakers', group: 'Speakers' }, { id: '2', label: 'Headset (Bluetooth)', group: 'Headset (Bluetooth)' }],
};

/** What everything stands on: a room, a person with a name and devices. */
export const usual = (): Given => ({ code: CODE, room, name: nameOf(0), session: { people: 0, names: [], recording: null }, capture: live(), devices });

const page = (page: Page, given: Given = {}): Given => ({ page, ...given });
const before = (given: Given = {}): Given => page({ is: 'prejoin' }, given);
const refusal = (why: RefusedBy): Given =>
  page({ is: 'refused', why, endedAt: why === 'expired' ? '2026-11-20T15:30:00Z' : null, retryAt: null }, { room: null });

const door = (given: Partial<Door> = {}): Given =>
  page({ is: 'waiting' }, { door: { level: 'explicit_approval', hostHere: true, position: 1, lost: false, admitted: false, ...given } });

const call = (people: readonly Person[], given: Given = {}): Given =>
  page({ is: 'call' }, { call: { since: Date.now() - 12 * MINUTE, people, soundBlocked: false }, ...given });
/** As the host sees it. */
const hosting = (people: readonly Person[], given: Given = {}): Given => call(people, { role: 'host', ...given });

const recording = (state: NonNullable<State['recording']>['state']): State['recording'] => ({
  id: 'r1',
  state,
  started_at: new Date(Date.now() - 754_000).toISOString(),
  reason: null,
  automatic: false,
});

const everyKind = (): Person[] => [
  person(0),
  person(1, { muted: false, speaking: true }),
  person(2, { quality: 'poor' }),
  person(3, { camera: null }),
  person(4, { camera: null, muted: false }),
  person(5, { paused: true }),
  person(6, { away: true }),
  person(7, { share: screen('Attendance') }),
  person(8, { coming: true, camera: null }),
];

const said = (number: number, minute: number, text: string, given: Partial<ChatMessage> = {}): ChatMessage => ({
  id: `m${String(minute).padStart(3, '0')}`,
  person_id: idOf(number),
  name: nameOf(number),
  text,
  reply_to: null,
  key: null,
  sent_at: new Date(Date.now() - (40 - minute) * MINUTE).toISOString(),
  deleted_by: null,
  ...given,
});

const chat = (given: Partial<State['chat']> = {}): State['chat'] => ({
  ...initial.chat,
  messages: [
    said(1, 2, 'Good morning! The agenda is at https://example.org/agenda?week=47'),
    said(2, 3, 'Thanks. Could we begin with the colours? I have to leave at half past.'),
    said(0, 4, 'Of course.', { reply_to: { id: 'm003', name: nameOf(2), text: 'Could we begin with the colours?' } }),
    said(4, 12, 'صباح الخير جميعًا'),
    said(3, 20, '', { deleted_by: 'host' }),
    said(1, 30, '🎉👏'),
    said(5, 31, 'That went well. Thank you, all of you!'),
  ],
  known: true,
  keptDays: 30,
  joined: 'm004',
  seen: 'm031',
  ...given,
});

const waitingPeople: State['atTheDoor'] = [
  { id: 'w1', name: 'Carla Ruiz', asked_at: new Date(Date.now() - 2 * MINUTE).toISOString() },
  { id: 'w2', name: 'נועה לוי', asked_at: new Date(Date.now() - MINUTE).toISOString() },
];

const hands = (...numbers: number[]): State['hands'] => numbers.map((number, i) => ({ id: idOf(number), since: Date.now() + (i - 5) * MINUTE }));

const notices = (): Toast[] => [
  { id: 1, key: '1', text: t('waiting.still'), tone: 'plain', sticky: true, actions: [] },
  { id: 2, key: '2', text: t('line.weak'), tone: 'warning', sticky: true, actions: [] },
  { id: 3, key: '3', text: t('chat.says', { name: nameOf(1), text: 'Can everybody see the second page?' }), tone: 'chat', sticky: true, actions: [{ label: t('try_again'), act: () => undefined }] },
];

const shared = (): Person[] => cast(5).map((one, i) => (i === 1 ? { ...one, share: screen('Attendance') } : one));

/** Every state of the page and of what is in it, by its name. */
export const states: Readonly<Record<string, () => Given>> = {
  loading: () => page({ is: 'loading' }),
  start: () => page({ is: 'start' }, { room: null }),
  unsupported: () => page({ is: 'unsupported' }, { room: null }),
  insecure: () => page({ is: 'insecure' }, { room: null }),

  'refused-not-found': () => refusal('not_found'),
  'refused-expired': () => refusal('expired'),
  'refused-locked': () => refusal('locked'),
  'refused-full': () => refusal('full'),
  'refused-crowded': () => refusal('crowded'),
  'refused-removed': () => refusal('removed'),
  'refused-slow-down': () => refusal('slow_down'),
  'refused-unreachable': () => refusal('unreachable'),

  prejoin: () => before({ session: { people: 3, names: [1, 2, 3].map(nameOf), recording: null } }),
  'prejoin-host': () => before({ role: 'host' }),
  'prejoin-unasked': () => before({ name: '', capture: both({ is: 'unasked' }) }),
  'prejoin-asking': () => before({ capture: both({ is: 'asking', since: Date.now() }) }),
  'prejoin-off': () => before({ wish: { microphone: false, camera: false }, capture: { ...live(), camera: { is: 'off' } } }),
  'prejoin-blocked': () => before({ capture: both(refused('site')) }),
  'prejoin-dismissed': () => before({ capture: both(refused('dismissed')) }),
  'prejoin-system': () => before({ capture: { ...live(), camera: refused('system') } }),
  'prejoin-policy': () => before({ capture: both(refused('policy')) }),
  'prejoin-absent': () => before({ capture: both(refused('absent')) }),
  'prejoin-busy': () => before({ capture: { microphone: refused('busy'), camera: refused('failed') } }),
  'prejoin-recorded': () => before({ session: { people: 3, names: [1, 2, 3].map(nameOf), recording: recording('active') } }),
  'prejoin-other-tab': () => before({ otherTab: true }),
  'prejoin-devices': () => before({ dialog: { is: 'devices' } }),
  joining: () => page({ is: 'joining' }),
  failed: () => page({ is: 'failed', why: 'media' }),

  'waiting-host': () => door({ level: 'after_owner_only', hostHere: false, position: null }),
  'waiting-approval': () => door({ position: 3 }),
  'waiting-lost': () => door({ lost: true, hostHere: false }),
  'waiting-admitted': () => door({ admitted: true }),
  denied: () => page({ is: 'denied', againAt: 0 }),

  'call-alone': () => hosting(cast(1)),
  'call-two': () => call(cast(2)),
  'call-three': () => call(cast(3)),
  'call-four': () => hosting(cast(4), { recording: recording('active') }),
  'call-nine': () => call(cast(9), { hands: hands(3, 2) }),
  'call-thirty': () => call(cast(30)),
  'call-every-tile': () => hosting(everyKind(), { hands: hands(2, 6), pins: [] }),
  'call-dark-tiles': () => call(cast(7).map((one) => ({ ...one, camera: null })), { capture: { ...live(), camera: { is: 'off' } } }),
  'call-pinned': () => call(cast(5), { pins: [idOf(2)] }),
  'call-speaker': () => call(cast(6), { view: 'speaker', speakers: { front: idOf(1), lately: new Map() } }),
  'call-beside': () => call(cast(6), { view: 'beside', speakers: { front: idOf(1), lately: new Map() } }),
  'call-share': () => call(shared()),
  'call-two-shares': () => call(shared().map((one, i) => (i === 3 ? { ...one, share: screen('Budget') } : one))),
  'call-own-share': () => call(cast(4), { share: { is: 'live', video: screen('Attendance'), audio: null, motion: false } }),
  'call-self-hidden': () => call(cast(3), { selfView: { hidden: true, mirrored: true, corner: 'end bottom' } }),
  'call-devices-off': () => call(cast(3), { wish: { microphone: false, camera: false }, capture: { ...live(), camera: { is: 'off' } } }),
  'call-device-problem': () => call(cast(3), { capture: both(refused('busy')), dialog: { is: 'devices' } }),
  'call-reconnecting': () => call(cast(4), { line: 'media' }),
  'call-signal-lost': () => call(cast(4), { line: 'signal' }),
  'call-sound-blocked': () => {
    const given = call(cast(4));
    return { ...given, ...(given.call && { call: { ...given.call, soundBlocked: true } }) };
  },
  'call-recording-starts': () => hosting(cast(4), { recording: recording('starting') }),
  'call-recording-stops': () => hosting(cast(4), { recording: recording('stopping') }),
  'call-locked': () => hosting(cast(4), { room: { ...room, locked: true, display_name: 'A meeting whose name is so long that it cannot stand in one line' } }),
  'call-notices': () => hosting(cast(4), { toasts: notices() }),
  'call-reactions': () => call(cast(4), { reacting: true, reactions: reactions.slice(0, 4).map((reaction, key) => ({ key, reaction, name: nameOf(key) })) }),
  'call-unread': () => call(cast(4), { chat: chat({ seen: 'm004' }) }),
  'call-chat': () => hosting(cast(4), { panel: 'chat', chat: chat() }),
  'call-chat-empty': () => call(cast(4), { panel: 'chat', chat: { ...initial.chat, known: true } }),
  'call-chat-failed': () => call(cast(4), { panel: 'chat', chat: chat({ draft: 'x'.repeat(1_850), answering: { id: 'm003', name: nameOf(2), text: 'Could we begin with the colours?' }, outgoing: [{ key: 'k', text: 'A_word_so_long_that_it_has_to_be_broken_somewhere_or_else_it_pushes_the_panel_apart', replyTo: null, state: 'failed' }] }) }),
  'call-people': () => hosting(everyKind(), { panel: 'people', atTheDoor: waitingPeople, hands: hands(2, 5) }),
  'call-people-guest': () => call(cast(6), { panel: 'people' }),
  'call-host-panel': () => hosting(cast(6), { panel: 'hosting' }),
  'call-forbidden': () => call(cast(4), { told: { ...initial.told, allows: { microphone: false, camera: false, share: false, chat: false, reactions: false } }, panel: 'chat' }),
  'call-spotlight': () => call(cast(5), { told: { ...initial.told, spotlight: idOf(2) } }),
  'call-consent-asked': () => call(cast(4), { recording: recording('active'), consent: 'undecided' }),
  'call-unrecorded': () => hosting(cast(4), { recording: recording('active'), consent: 'agreed', unrecorded: [idOf(2)], panel: 'people' }),
  'call-weak': () => call(cast(4), { strain: { ...initial.strain, line: 3 } }),
  'call-fewer': () => call(cast(9), { strain: { ...initial.strain, intake: 2 } }),
  'call-sound-only': () => call(cast(4), { soundOnly: true }),
  'call-interrupted': () => call(cast(4), { interrupted: ['microphone'] }),
  'dialog-hand-over': () => hosting(cast(5), { dialog: { is: 'hand_over' } }),
  'dialog-check': () => call(cast(4), { dialog: { is: 'check' } }),
  'dialog-end': () => hosting(cast(12), { dialog: { is: 'end' } }),
  'dialog-remove': () => hosting(cast(4), { dialog: { is: 'remove', person: person(2) } }),
  'dialog-devices': () => call(cast(4), { dialog: { is: 'devices' } }),
  'dialog-language': () => call(cast(4), { dialog: { is: 'language' } }),
  'dialog-shortcuts': () => call(cast(4), { dialog: { is: 'shortcuts' } }),

  lost: () => page({ is: 'lost' }),
  elsewhere: () => page({ is: 'elsewhere' }),
  removed: () => page({ is: 'removed', back: false }),
  'removed-may-return': () => page({ is: 'removed', back: true }),
  left: () => page({ is: 'left', lasted: 47 * MINUTE, asleep: false }),
  'left-host': () => page({ is: 'left', lasted: 84 * MINUTE, asleep: false }, { role: 'host', recordings: [{ id: 'r1', state: 'uploading', started_at: '2026-11-20T14:06:00Z', url: null }] }),
  'ended-by-host': () => page({ is: 'ended', byHost: true }),
  'ended-host': () =>
    page({ is: 'ended', byHost: false }, { role: 'host', recordings: [{ id: 'r1', state: 'uploaded', started_at: '2026-11-20T14:06:00Z', url: '#' }, { id: 'r2', state: 'failed', started_at: null, url: null }] }),
};

