import {
  ConnectionQuality,
  ConnectionState,
  RoomEvent,
  Track,
  type Participant,
  type RemoteVideoTrack,
  type Room,
} from 'livekit-client';
import type { Person } from '../store/state';
import { get, set } from '../store/store';
import { heard } from './heard';
import { arrange } from './order';
import { hear, roleOf } from '../session/told';

/** Every event after which the people of the room may look different. */
const EVENTS = [
  RoomEvent.Connected,
  RoomEvent.Reconnected,
  RoomEvent.ParticipantConnected,
  RoomEvent.ParticipantDisconnected,
  RoomEvent.ParticipantNameChanged,
  RoomEvent.ParticipantAttributesChanged,
  RoomEvent.TrackPublished,
  RoomEvent.TrackUnpublished,
  RoomEvent.TrackSubscribed,
  RoomEvent.TrackUnsubscribed,
  RoomEvent.TrackMuted,
  RoomEvent.TrackUnmuted,
  RoomEvent.TrackStreamStateChanged,
  RoomEvent.LocalTrackPublished,
  RoomEvent.LocalTrackUnpublished,
  RoomEvent.ActiveSpeakersChanged,
  RoomEvent.ConnectionQualityChanged,
  RoomEvent.AudioPlaybackStatusChanged,
] as const;

/** After a reconnection people come back one by one; for this long nobody counts as gone. */
const SETTLE_MS = 6000;

/** Keeps `store.call` and `store.recording` a picture of the room. Returns how to stop. */
export function mirror(room: Room): () => void {
  let pending = false;
  let stopped = false;
  const fresh = get().call === null;
  let settled = get().call ? Date.now() + SETTLE_MS : 0;
  let timer: ReturnType<typeof setTimeout> | undefined;

  const draw = () => {
    pending = false;
    // While the connection is being sought the last picture stays as it is; the first one is drawn without media.
    const open = room.state === ConnectionState.Connected || (fresh && room.state === ConnectionState.Connecting);
    if (stopped || !open) return;
    const call = get().call;
    const before = call?.people ?? [];
    const settling = Date.now() < settled;
    const people = arrange(before, snapshot(room), settling);
    if (settling) timer = setTimeout(refresh, settled - Date.now() + 1);
    const role = people.find((person) => person.me)?.role ?? get().role;
    set({ role, call: { since: call?.since ?? Date.now(), people, soundBlocked: !room.canPlaybackAudio } });
    if (call) heard(before, people);
  };
  // Events come in bunches: one drawing for each bunch.
  const refresh = () => {
    if (pending) return;
    pending = true;
    queueMicrotask(draw);
  };
  const told = () => {
    hear(room.metadata);
    refresh();
  };

  for (const event of EVENTS) room.on(event, refresh);
  room.on(RoomEvent.Reconnecting, () => {
    settled = Number.POSITIVE_INFINITY;
  });
  room.on(RoomEvent.Reconnected, () => {
    settled = Date.now() + SETTLE_MS;
    refresh();
    told();
  });
  const seated = () => {
    told();
    if (fresh) draw();
  };
  room.on(RoomEvent.RoomMetadataChanged, told).on(RoomEvent.SignalConnected, seated);
  return () => {
    stopped = true;
    clearTimeout(timer);
  };
}

function snapshot(room: Room): Person[] {
  const others = [...room.remoteParticipants.values()].sort((a, b) => joined(a) - joined(b));
  return [room.localParticipant, ...others].map((one) => personOf(one, one === room.localParticipant));
}

const joined = (one: Participant): number => one.joinedAt?.getTime() ?? Number.MAX_SAFE_INTEGER;

function personOf(one: Participant, me: boolean): Person {
  const microphone = one.getTrackPublication(Track.Source.Microphone);
  const camera = one.getTrackPublication(Track.Source.Camera);
  const share = one.getTrackPublication(Track.Source.ScreenShare);
  return {
    id: one.identity,
    name: one.name ?? '',
    role: roleOf(one.identity, one.attributes['role']),
    me,
    away: false,
    muted: !microphone || microphone.isMuted,
    speaking: one.isSpeaking,
    quality: quality(one.connectionQuality),
    // Our own pictures are drawn from our own capture, not from the engine's client.
    camera: me || camera?.isMuted !== false ? null : ((camera.videoTrack as RemoteVideoTrack | undefined) ?? null),
    coming: !me && camera?.isMuted === false && !get().soundOnly && !camera.videoTrack,
    paused: !me && camera?.videoTrack?.streamState === Track.StreamState.Paused,
    share: me || share?.isMuted !== false ? null : ((share.videoTrack as RemoteVideoTrack | undefined) ?? null),
  };
}

function quality(of: ConnectionQuality): Person['quality'] {
  if (of === ConnectionQuality.Poor) return 'poor';
  return of === ConnectionQuality.Lost ? 'lost' : 'good';
}
