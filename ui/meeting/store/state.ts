import type { RemoteVideoTrack } from 'livekit-client';
import type { Knocker, Recording, RoomFacts, Role, SessionState } from '../api/types';
import type { Refusal } from '../devices/refusal';

export type Brand = NonNullable<RoomFacts['brand']>;

/** Why somebody cannot come in; `unreachable` is the server's silence. */
export type RefusedBy =
  | 'not_found'
  | 'expired'
  | 'locked'
  | 'full'
  | 'crowded'
  | 'removed'
  | 'slow_down'
  | 'unreachable';

/** The one state of the page. */
export type Page =
  | { is: 'loading' }
  | { is: 'start' }
  | { is: 'unsupported' }
  | { is: 'insecure' }
  | { is: 'refused'; why: RefusedBy; endedAt: string | null; retryAt: number | null }
  | { is: 'prejoin' }
  | { is: 'joining' }
  | { is: 'waiting' }
  | { is: 'denied' }
  | { is: 'failed'; why: 'server' | 'media' }
  | { is: 'call' }
  | { is: 'lost' }
  | { is: 'elsewhere' }
  | { is: 'removed' }
  | { is: 'ended'; byHost: boolean }
  | { is: 'left'; lasted: number };

/** How it stands with somebody who waits to be let in; kept while he then joins. */
export interface Door {
  level: RoomFacts['join_approval_level'];
  /** A host is in the meeting. */
  hostHere: boolean;
  /** Counts from 1. */
  position: number | null;
  /** The line to the server is lost for the moment. */
  lost: boolean;
  admitted: boolean;
}

/** The state of the connection while `page` is `call`. */
export type Line = 'good' | 'weak' | 'signal' | 'media';

export type DeviceKind = 'microphone' | 'camera';

export type Capture =
  /** The browser has not said yet whether it has to ask the person. */
  | { is: 'unknown' }
  | { is: 'unasked' }
  | { is: 'asking'; since: number }
  | { is: 'live'; track: MediaStreamTrack }
  | { is: 'off' }
  | { is: 'refused'; why: Refusal };

export interface Device {
  id: string;
  label: string;
}

export interface DeviceLists {
  microphone: readonly Device[];
  camera: readonly Device[];
  speaker: readonly Device[];
}

/** A picture that a `<video>` can show: somebody else's by the engine's client, our own directly. */
export type Picture = RemoteVideoTrack | MediaStreamTrack;

export interface Person {
  id: string;
  name: string;
  role: Role;
  me: boolean;
  /** Lost to us for the moment, kept in his place while the connection settles. */
  away: boolean;
  muted: boolean;
  speaking: boolean;
  quality: 'good' | 'poor' | 'lost';
  camera: Picture | null;
  /** The camera is on, its picture not here yet. */
  coming: boolean;
  /** The engine has stopped sending this picture for want of bandwidth. */
  paused: boolean;
  share: Picture | null;
}

export interface Call {
  since: number;
  people: readonly Person[];
  soundBlocked: boolean;
}

export type Share = { is: 'idle' } | { is: 'asking' } | { is: 'live'; video: MediaStreamTrack; audio: MediaStreamTrack | null };

export type Dialog =
  | { is: 'end' }
  | { is: 'remove'; person: Person }
  | { is: 'devices' }
  | { is: 'language' }
  | { is: 'shortcuts' };

export interface Toast {
  id: number;
  text: string;
  /** A newer notice of the same key takes its place. */
  key: string;
  tone: 'plain' | 'warning' | 'record';
  sticky: boolean;
  actions: readonly { label: string; act: () => void }[];
}

export interface State {
  page: Page;
  /** The code of the language that is spoken. */
  language: string;
  code: string;
  room: RoomFacts | null;
  session: { people: number; recording: Recording | null } | null;
  role: Role;
  name: string;
  wish: Readonly<Record<DeviceKind, boolean>>;
  chosen: Readonly<Record<DeviceKind | 'speaker', string>>;
  capture: Readonly<Record<DeviceKind, Capture>>;
  devices: DeviceLists;
  share: Share;
  door: Door | null;
  /** For a host: who waits to be let in, oldest first. */
  atTheDoor: readonly Knocker[];
  call: Call | null;
  line: Line;
  recording: Recording | null;
  recordings: SessionState['recordings'];
  /** Another tab of this browser is in this meeting. */
  otherTab: boolean;
  panel: 'people' | null;
  dialog: Dialog | null;
  toasts: readonly Toast[];
}

export const initial: State = {
  page: { is: 'loading' },
  language: 'en',
  code: '',
  room: null,
  session: null,
  role: 'guest',
  name: '',
  wish: { microphone: true, camera: true },
  chosen: { microphone: '', camera: '', speaker: '' },
  capture: { microphone: { is: 'unknown' }, camera: { is: 'unknown' } },
  devices: { microphone: [], camera: [], speaker: [] },
  share: { is: 'idle' },
  door: null,
  atTheDoor: [],
  call: null,
  line: 'good',
  recording: null,
  recordings: [],
  otherTab: false,
  panel: null,
  dialog: null,
  toasts: [],
};
