import type { RemoteVideoTrack } from 'livekit-client';
import type { ChatMessage, ConsentAnswer, Knocker, Permissions, Recording, RecordingFile, Removed, RoomFacts, Role } from '../api/types';
import type { Check } from '../check/facts';
import type { Outgoing } from '../chat/messages';
import type { Hand } from '../signals/hands';
import type { Reaction } from '../signals/wire';
import type { Capture, Device, DeviceKind, DeviceLists } from './device';
import type { Page, RefusedBy } from './page';

export type Brand = NonNullable<RoomFacts['brand']>;

export type { Capture, Device, DeviceKind, DeviceLists, Page, RefusedBy };

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
export type Line = 'good' | 'signal' | 'media';

/** Why others do not see or hear somebody as he wishes: a weak line, the page out of sight on a phone, a device taken by the system. */
export type Presence = 'weak' | 'away' | 'interrupted';

/** How much is taken back, by the steps of `network/steps.ts`, and what the person would not have taken back. */
export interface Strain {
  /** What we send. */
  line: number;
  /** What we ask the others for. */
  intake: number;
  machine: number;
  anyway: boolean;
  takeAll: boolean;
  showAll: boolean;
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

/** How people are laid out where no share and nobody pinned takes the stage; `auto` chooses by their number. */
export type View = 'auto' | 'grid' | 'speaker' | 'beside';

/** Our own picture, as we see it ourselves. */
export interface SelfView {
  hidden: boolean;
  mirrored: boolean;
  /** Where it floats while there is one other person. */
  corner: Corner;
}

/** Of the stage: on the side where lines begin or end. */
export type Corner = `${'start' | 'end'} ${'top' | 'bottom'}`;

/** Who talks: `front` is large in the speaker view, `lately` are the speakers of the last minute with their time. */
export interface Speakers {
  front: string | null;
  lately: ReadonlyMap<string, number>;
}

/** A reaction on its way over the screen. */
export interface Shown {
  key: number;
  reaction: Reaction;
  name: string;
}

/** Which keys work by themselves, without Ctrl: none, `?` alone, or letters too. */
export type SingleKeys = 'none' | 'help' | 'all';

/** What is written in the meeting, as far as it has been read from the server. */
export interface Chat {
  /** Oldest first. */
  messages: readonly ChatMessage[];
  outgoing: readonly Outgoing[];
  /** The history has been read once. */
  known: boolean;
  /** The server has older ones. */
  more: boolean;
  /** For how many days messages are kept; null: as long as the meeting's room. */
  keptDays: number | null;
  /** The newest message when we came. */
  joined: string;
  /** The newest message that was seen. */
  seen: string;
  /** What is in the field, also while the panel is closed. */
  draft: string;
  answering: ChatMessage['reply_to'];
}

export type Share =
  | { is: 'idle' }
  | { is: 'asking' }
  /** `motion`: it is a film, whose movement counts more than small print. */
  | { is: 'live'; video: MediaStreamTrack; audio: MediaStreamTrack | null; motion: boolean };

export type Dialog =
  | { is: 'end' }
  | { is: 'remove'; person: Person }
  | { is: 'hand_over' }
  | { is: 'devices' }
  | { is: 'check' }
  | { is: 'language' }
  | { is: 'shortcuts' };

/** What guests may do; hosts and co-hosts always may. */
export type Allows = Readonly<Permissions>;

/** What the room tells everybody. */
export interface Told {
  /** Of those whose role is another one now than when they came, by their ids. */
  roles: Readonly<Record<string, Role>>;
  /** Whom the host shows large to everybody. */
  spotlight: string | null;
  allows: Allows;
}

export interface Toast {
  id: number;
  text: string;
  /** A newer notice of the same key takes its place. */
  key: string;
  tone: 'plain' | 'warning' | 'record' | 'chat';
  sticky: boolean;
  actions: readonly Action[];
}

export interface Action {
  label: string;
  act: () => void;
  /** It stays the same button, with the focus on it, while its label becomes another; the label if it is not given. */
  id?: string;
}

export interface State {
  page: Page;
  /** The code of the language that is spoken. */
  language: string;
  code: string;
  room: RoomFacts | null;
  /** Whether the engine can be asked while the server is asked to let us in. */
  tickets: boolean;
  session: { people: number; names: readonly string[]; recording: Recording | null } | null;
  role: Role;
  name: string;
  wish: Readonly<Record<DeviceKind, boolean>>;
  chosen: Readonly<Record<DeviceKind | 'speaker', string>>;
  capture: Readonly<Record<DeviceKind, Capture>>;
  devices: DeviceLists;
  /** The microphone has given nothing at all for a while. */
  silent: boolean;
  /** The name of the device that was taken because the chosen one is not there. */
  instead: Readonly<Partial<Record<DeviceKind, string>>>;
  share: Share;
  door: Door | null;
  /** For a host: who waits to be let in, oldest first. */
  atTheDoor: readonly Knocker[];
  call: Call | null;
  view: View;
  /** Who is pinned by us, for us, oldest first. */
  pins: readonly string[];
  /** Whose picture is shown the other way than it would be: whole instead of cut, or cut instead of whole. */
  refitted: readonly string[];
  selfView: SelfView;
  speakers: Speakers;
  /** In the order in which they went up. */
  hands: readonly Hand[];
  reactions: readonly Shown[];
  /** The row of reactions is open. */
  reacting: boolean;
  /** A small window outside of the page shows who talks. */
  smallWindow: boolean;
  /** Whose screen is large on the stage, of those who share. */
  largeShare: string | null;
  singleKeys: SingleKeys;
  /** Short sounds tell of what happens. */
  sounds: boolean;
  line: Line;
  told: Told;
  /** For a host: who was removed and is kept out. */
  removed: readonly Removed[];
  strain: Strain;
  /** Pictures of nobody, ours neither: the person's choice on a weak line. */
  soundOnly: boolean;
  /** The page is in the background of a phone, whose camera has stopped. */
  outOfSight: boolean;
  /** Devices that the system has silenced, as for a phone call. */
  interrupted: readonly DeviceKind[];
  /** Of others, by id. */
  presences: ReadonlyMap<string, Presence>;
  /** A second device in the same room plays nothing, or it would howl. */
  silenced: boolean;
  /** Which way the camera of a phone looks. */
  facing: 'user' | 'environment';
  recording: Recording | null;
  /** Our own answer to whether we may be recorded. */
  consent: ConsentAnswer;
  /** Who is left out of the recording. */
  unrecorded: readonly string[];
  /** For a host: of the meeting, or of the room as his link shows them. */
  recordings: readonly RecordingFile[];
  /** Another tab of this browser is in this meeting. */
  otherTab: boolean;
  panel: 'people' | 'chat' | 'hosting' | null;
  chat: Chat;
  dialog: Dialog | null;
  /** Of the connection; nothing of it runs before it is asked for. */
  check: Check;
  toasts: readonly Toast[];
}

export const initial: State = {
  page: { is: 'loading' },
  language: 'en',
  code: '',
  room: null,
  tickets: false,
  session: null,
  role: 'guest',
  name: '',
  wish: { microphone: true, camera: true },
  chosen: { microphone: '', camera: '', speaker: '' },
  capture: { microphone: { is: 'unknown' }, camera: { is: 'unknown' } },
  devices: { microphone: [], camera: [], speaker: [] },
  silent: false,
  instead: {},
  share: { is: 'idle' },
  door: null,
  atTheDoor: [],
  call: null,
  view: 'auto',
  pins: [],
  refitted: [],
  selfView: { hidden: false, mirrored: true, corner: 'end bottom' },
  speakers: { front: null, lately: new Map() },
  hands: [],
  reactions: [],
  reacting: false,
  smallWindow: false,
  largeShare: null,
  singleKeys: 'help',
  sounds: true,
  line: 'good',
  told: { roles: {}, spotlight: null, allows: { microphone: true, camera: true, share: true, chat: true, reactions: true } },
  removed: [],
  strain: { line: 0, intake: 0, machine: 0, anyway: false, takeAll: false, showAll: false },
  soundOnly: false,
  outOfSight: false,
  interrupted: [],
  presences: new Map(),
  silenced: false,
  facing: 'user',
  recording: null,
  consent: 'undecided',
  unrecorded: [],
  recordings: [],
  otherTab: false,
  panel: null,
  chat: { messages: [], outgoing: [], known: false, more: false, keptDays: null, joined: '', seen: '', draft: '', answering: null },
  dialog: null,
  check: { is: 'idle' },
  toasts: [],
};
