import { announce } from '../announce/queue';
import { toast } from '../notices/toasts';
import { mayOrSay } from '../session/may';
import { get, set, watch } from '../store/store';
import type { Capture, Device, DeviceKind, DeviceLists } from '../store/state';
import { t, type TextKey } from '../text/t';
import { capture, type Captured, type Wanted } from './capture';
import { remember } from './memory';
import { permission } from './permission';
import type { Refusal } from './refusal';

const kinds: readonly DeviceKind[] = ['microphone', 'camera'];

const said: Record<DeviceKind, { on: TextKey; off: TextKey; lost: TextKey }> = {
  microphone: { on: 'microphone.is_on', off: 'microphone.is_off', lost: 'microphone.lost' },
  camera: { on: 'camera.is_on', off: 'camera.is_off', lost: 'camera.lost' },
};

/** After this long nobody has seen the browser's question, or wants to answer it. */
const UNANSWERED_MS = 60_000;

const BACK_MS = [1000, 2000, 4000, 8000, 16_000];

let followed = false;
/** Counts the questions for each kind: the answer to an older one is not taken. */
const asked: Record<DeviceKind, number> = { microphone: 0, camera: 0 };

/**
 * Opens at once what the person has already allowed, unless something is open; from then on follows the machine's
 * devices and permissions.
 */
export async function openDevices(): Promise<void> {
  const { capture: captures } = get();
  if (!kinds.every((kind) => ['unknown', 'unasked'].includes(captures[kind].is))) return;
  for (const kind of kinds) put(kind, { is: 'unknown' });
  await openAllowed();
  await listDevices();
  if (!followed) followDevices(await Promise.all(kinds.map(permission)));
}

function followDevices(permissions: readonly (PermissionStatus | null)[]): void {
  followed = true;
  navigator.mediaDevices.addEventListener('devicechange', () => void devicesChanged());
  document.addEventListener('visibilitychange', () => {
    if (!document.hidden) void devicesChanged();
  });
  // Who comes back from the settings of his browser or computer may have allowed it there.
  addEventListener('focus', () => void devicesChanged());
  watch((state) => state.wish, () => void follow());
  permissions.forEach((status, i) => status?.addEventListener('change', () => void permissionChanged(kinds[i] as DeviceKind)));
}

/** Opens what is allowed already, without a question; shows what is blocked. */
async function openAllowed(): Promise<void> {
  const states = await Promise.all(kinds.map(permission));
  states.forEach((status, i) => {
    if (status?.state === 'denied') put(kinds[i] as DeviceKind, { is: 'refused', why: 'site' });
    else if (status?.state !== 'granted') put(kinds[i] as DeviceKind, { is: 'unasked' });
  });
  const open = kinds.filter((_, i) => states[i]?.state === 'granted');
  if (open.length > 0) await ask(open);
}

/** Asks the browser for the devices; the first time this is its question to the person. */
export async function ask(wanted: readonly DeviceKind[] = kinds): Promise<void> {
  const { wish, chosen } = get();
  // The microphone is opened also when it is to be off, so that talking can begin without a delay.
  const opening = wanted.filter((kind) => kind === 'microphone' || wish.camera);
  if (wanted.includes('camera') && !wish.camera) put('camera', { is: 'off' });
  if (opening.length === 0) return;
  const question: Wanted = Object.fromEntries(opening.map((kind) => [kind, chosen[kind]]));
  for (const kind of opening) {
    release(kind);
    put(kind, { is: 'asking', since: Date.now() });
  }
  const turns = opening.map((kind) => ++asked[kind]);
  // The browser's promise may never settle; an answer that comes later is still taken.
  const unanswered = setTimeout(() => {
    for (const kind of opening) if (get().capture[kind].is === 'asking') put(kind, { is: 'refused', why: 'dismissed' });
  }, UNANSWERED_MS);
  const answers = await capture(question);
  clearTimeout(unanswered);
  opening.forEach((kind, i) => {
    const answer = answers[kind] ?? { refused: 'failed' };
    if (turns[i] === asked[kind]) take(kind, answer);
    else if ('track' in answer) answer.track.stop();
  });
  await listDevices();
  await follow();
}

export function toggle(kind: DeviceKind, { spoken = false } = {}): void {
  const on = !get().wish[kind];
  wishFor(kind, on);
  if (spoken && get().wish[kind] === on) announce(t(get().wish[kind] ? said[kind].on : said[kind].off), { assertive: true, key: kind });
}

/** What is wished is done, unless the host forbids it. */
export function wishFor(kind: DeviceKind, on: boolean): void {
  const wish = { ...get().wish, [kind]: on };
  if (get().wish[kind] === on || (on && !mayOrSay(kind))) return;
  set({ wish });
  remember({ wish });
}

/** Switches a device on that is off, or not open yet. */
export async function turnOn(kind: DeviceKind): Promise<void> {
  wishFor(kind, true);
  if (get().wish[kind] && !['live', 'off'].includes(get().capture[kind].is)) await ask([kind]);
}

/** Chooses a device by id ('' for the default) and opens it if that kind is in use. */
export async function choose(kind: DeviceKind | 'speaker', id: string): Promise<void> {
  const chosen = { ...get().chosen, [kind]: id };
  set({ chosen });
  remember({ chosen });
  if (kind === 'speaker') return;
  if (kind === 'microphone' || get().wish.camera) await ask([kind]);
}

/** The other camera of a phone; only one can be open at a time. */
export async function flipCamera(): Promise<void> {
  set(({ facing, chosen }) => ({ facing: facing === 'user' ? 'environment' : 'user', chosen: { ...chosen, camera: '' } }));
  if (get().wish.camera) await ask(['camera']);
}

/** The kinds that were open when the call ended. */
let before: DeviceKind[] = [];

export function releaseAll(): void {
  const { capture: captures } = get();
  // Nothing was asked for since the last time: then what was open before that still counts.
  if (kinds.every((kind) => captures[kind].is === 'unasked')) return;
  before = kinds.filter((kind) => ['live', 'off'].includes(captures[kind].is));
  for (const kind of kinds) {
    release(kind);
    put(kind, { is: 'unasked' });
  }
}

/** For coming back: opens again what was open. */
export async function reopen(): Promise<void> {
  if (before.length > 0) await ask(before);
}

/** Opens again what the engine's client has stopped: it does so, without a word, when the browser freezes the page. */
export async function revive(): Promise<void> {
  const { capture: captures } = get();
  const stopped = kinds.filter((kind) => {
    const now = captures[kind];
    return now.is === 'live' && now.track.readyState === 'ended';
  });
  if (stopped.length > 0) await ask(stopped);
}

/** The id of the device in use: what the track says, since a stored wish may have been out of reach. */
export function inUse(kind: DeviceKind): string {
  const { capture: captures, chosen } = get();
  const now = captures[kind];
  return now.is === 'live' ? (now.track.getSettings().deviceId ?? chosen[kind]) : chosen[kind];
}

/** Makes the tracks follow the wish: a muted microphone stays open, a camera that is off is closed. */
async function follow(): Promise<void> {
  const { wish, capture: captures } = get();
  const { microphone, camera } = captures;
  if (microphone.is === 'live') microphone.track.enabled = wish.microphone;
  if (microphone.is === 'off' && wish.microphone) await ask(['microphone']);
  if (camera.is === 'live' && !wish.camera) {
    release('camera');
    put('camera', { is: 'off' });
  } else if (camera.is === 'off' && wish.camera) {
    await ask(['camera']);
  }
}

function take(kind: DeviceKind, answer: Captured): void {
  if ('refused' in answer) {
    put(kind, { is: 'refused', why: answer.refused });
    return;
  }
  const { track } = answer;
  const wanted = get().chosen[kind];
  const given = track.getSettings().deviceId;
  set({ instead: { ...get().instead, [kind]: wanted && given && wanted !== given ? track.label : undefined } });
  track.enabled = kind === 'camera' || get().wish.microphone;
  track.addEventListener('ended', () => void lost(kind, track));
  put(kind, { is: 'live', track });
}

/** The system took the device (unplugged, permission withdrawn): the default one takes its place. */
async function lost(kind: DeviceKind, track: MediaStreamTrack): Promise<void> {
  const now = get().capture[kind];
  if (now.is !== 'live' || now.track !== track) return;
  const act = () => set({ dialog: { is: 'devices' } });
  toast(t(said[kind].lost), { tone: 'warning', key: `lost.${kind}`, actions: [{ label: t('device.choose_another'), act }] });
  await ask([kind]);
  // A device that is in use elsewhere for the moment tells nobody when it is free: it is looked at a few times.
  for (const wait of BACK_MS) {
    await new Promise((resolve) => setTimeout(resolve, wait));
    if (!busy(kind)) return;
    await ask([kind]);
  }
}

const busy = (kind: DeviceKind): boolean => {
  const now = get().capture[kind];
  return now.is === 'refused' && now.why === 'busy';
};

async function devicesChanged(): Promise<void> {
  await listDevices();
  for (const kind of kinds) {
    const now = get().capture[kind];
    if (now.is === 'refused' && (await mayGive(kind, now.why))) await ask([kind]);
  }
}

/** Whether a device that was refused may be given by now, without a question. */
async function mayGive(kind: DeviceKind, why: Refusal): Promise<boolean> {
  if (why === 'absent') return get().devices[kind].length > 0;
  return why !== 'policy' && (await permission(kind))?.state === 'granted';
}

async function permissionChanged(kind: DeviceKind): Promise<void> {
  const now = get().capture[kind];
  const state = (await permission(kind))?.state;
  if (state === 'granted' && now.is === 'refused') await ask([kind]);
  if (state === 'denied' && now.is === 'unasked') put(kind, { is: 'refused', why: 'site' });
}

function release(kind: DeviceKind): void {
  const now = get().capture[kind];
  if (now.is === 'live') now.track.stop();
}

function put(kind: DeviceKind, capture: Capture): void {
  set((state) => ({ capture: { ...state.capture, [kind]: capture } }));
}

const nameless: Record<keyof DeviceLists, TextKey> = {
  microphone: 'device.microphone_n',
  camera: 'device.camera_n',
  speaker: 'device.speaker_n',
};

async function listDevices(): Promise<void> {
  const all = await navigator.mediaDevices.enumerateDevices();
  const list = (kind: keyof DeviceLists, of: MediaDeviceKind): Device[] =>
    all
      .filter((device) => device.kind === of && device.deviceId !== '')
      .map((device, i) => ({ id: device.deviceId, label: device.label || t(nameless[kind], { n: i + 1 }), group: device.groupId }));
  set({
    devices: {
      microphone: list('microphone', 'audioinput'),
      camera: list('camera', 'videoinput'),
      speaker: 'setSinkId' in HTMLMediaElement.prototype ? list('speaker', 'audiooutput') : [],
    },
  });
}
