/** The page's own API (`/api/meeting`). Times are RFC 3339 in UTC. */

export type Role = 'host' | 'guest';

export type RecordingState =
  | 'requested'
  | 'starting'
  | 'active'
  | 'stopping'
  | 'uploading'
  | 'uploaded'
  | 'failed';

export interface Recording {
  id: string;
  state: RecordingState;
  started_at: string | null;
  reason: string | null;
  automatic: boolean;
}

export interface RoomFacts {
  display_name: string;
  language: string;
  microphone_state: 'default' | 'on' | 'off';
  auto_record: boolean;
  join_approval_level: 'none' | 'after_owner_only' | 'explicit_approval';
  features: {
    recording: boolean;
    chat: boolean;
    whiteboard: boolean;
    locale_switcher: boolean;
    captions: boolean;
  };
}

export interface Look {
  role: Role;
  room: RoomFacts;
  session: { started_at: string | null; people: number; recording: Recording | null } | null;
}

export interface Admission {
  id: string;
  key: string;
}

export interface Joined {
  admission: Admission;
  role: Role;
  session_id: string;
  name: string;
  engine: { url: string | null; token: string };
}

export interface SessionState {
  state: 'running' | 'ended';
  removed: boolean;
  ended_by_host: boolean;
  started_at: string | null;
  ended_at: string | null;
  recording: Recording | null;
  recordings: { id: string; state: RecordingState; url: string | null }[];
}

export type MuteSource = 'microphone' | 'camera' | 'screen_share';
