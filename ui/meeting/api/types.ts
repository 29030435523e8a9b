import type { components } from './types.gen';

/** The page's own API (`/api/meeting`), by the names of the page. Times are RFC 3339 in UTC. */

type Schemas = components['schemas'];

export type Admission = Schemas['AdmissionProof'];
export type ChatDraft = Schemas['ChatDraft'];
export type ChatHistory = Schemas['ChatHistory'];
export type ChatMessage = Schemas['ChatMessage'];
export type AskRequest = Schemas['Asked'];
export type AskSource = AskRequest['source'];
export type AtTheDoor = Schemas['AtTheDoor'];
export type CheckAccess = Schemas['CheckAccess'];
export type ConsentGiven = Schemas['ConsentGiven'];
export type ConsentWords = Omit<ConsentGiven, 'answer'>;
export type ConsentAnswer = Schemas['ConsentAtDoor']['answer'];
export type Joined = Schemas['Joined'];
export type JoinRequest = Schemas['Join'];
export type Knocker = Schemas['WaitingPerson'];
export type LockRequest = Schemas['Lock'];
export type Look = Schemas['Looked'];
export type LookRequest = Schemas['Look'];
export type MuteRequest = Schemas['Mute'];
export type MuteSource = MuteRequest['source'];
export type PermissionRequest = Schemas['PermissionChange'];
export type Permissions = Schemas['Permissions'];
export type Recording = Schemas['RecordingView'];
export type RecordingFile = Schemas['FileView'];
export type RefusalBody = Schemas['Refused'];
export type Removed = Schemas['RemovedPerson'];
export type RemovedList = Schemas['RemovedList'];
export type Role = RoleRequest['role'];
export type RoleRequest = Schemas['RoleChange'];
export type RoomFacts = Schemas['RoomView'];
export type SessionState = Schemas['SessionState'];
export type SpotlightRequest = Schemas['Spotlight'];
export type Waits = Schemas['Waits'];
