import type { RemoteVideoTrack } from 'livekit-client';
import type { Recording, RoomFacts, Role, SessionState } from '../api/types';
import type { Refusal } from '../devices/refusal';

/** Why somebody cannot come in; `unreachable` is the server's silence. */
export type RefusedBy =
  | 'not_found'
  | 'expired'
  | 'locked'
  | 'full'
  | 'removed'
  | 'slow_down'
  | 'unreachable';

/** The one state of the page. Waiting rooms (`waiting:*`, `admitted`, `denied`) will be further members. */
export type Page =
  | { is: 'loading' }
  | { is: 'start' }
  | { is: 'unsupported' }
  | { is: 'insecure' }
  | { is: 'refused'; why: RefusedBy; endedAt: string | null; retryAt: number | null }
  | { is: 'prejoin' }
  | { is: 'joining' }
  | { is: 'failed'; why: 'server' | 'media' }
  | { is: 'call' }
  | { is: 'lost' }
  | { is: 'elsewhere' }
  | { is: 'removed' }
  | { is: 'ended'; byHost: boolean }
  | { is: 'left'; lasted: number };

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
  | { is: 'shortcuts' };

export interface Toast {
  id: number;
  text: string;
  /** A newer notice of the same key takes its place. */
  key: string;
  tone: 'plain' | 'warning' | 'record';
  sticky: boolean;
}

export interface State {
  page: Page;
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
  call: null,
  line: 'good',
  recording: null,
  recordings: [],
  otherTab: false,
  panel: null,
  dialog: null,
  toasts: [],
};
