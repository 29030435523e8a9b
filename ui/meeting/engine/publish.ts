import { LocalAudioTrack, LocalVideoTrack, RoomEvent, Track, TrackEvent, type LocalTrackPublication, type Room } from 'livekit-client';
import { wishFor } from '../devices/devices';
import { held } from '../network/strain';
import { stopShare } from '../devices/share';
import { wasStopped } from '../signals/stopped';
import type { State } from '../store/state';
import { get, watch } from '../store/store';
import { encodingOf, tune } from './tune';

type Source = Track.Source.Microphone | Track.Source.Camera | Track.Source.ScreenShare | Track.Source.ScreenShareAudio;

const FIRST_MS = 400;

type LocalTrack = LocalAudioTrack | LocalVideoTrack;

/** What should be sent: a captured track, and whether it is to be heard or seen; null for nothing. */
interface Wanted {
  track: MediaStreamTrack;
  on: boolean;
}

function wanted(state: State): [Source, Wanted | null][] {
  const { capture, wish, share } = state;
  const { microphone, camera } = capture;
  return [
    [Track.Source.Microphone, microphone.is === 'live' ? { track: microphone.track, on: wish.microphone } : null],
    [Track.Source.Camera, camera.is === 'live' ? { track: camera.track, on: wish.camera && !held(state) } : null],
    [Track.Source.ScreenShare, share.is === 'live' ? { track: share.video, on: true } : null],
    [Track.Source.ScreenShareAudio, share.is === 'live' && share.audio ? { track: share.audio, on: true } : null],
  ];
}

interface Sender {
  room: Room;
  sent: Map<Source, LocalTrack>;
  /** What we are muting ourselves: a track that falls silent otherwise was muted by a host. */
  muting: Set<Track.Source>;
}

/** Makes what the room sends follow the store, once connected and again after each reconnection. */
export function publishing(room: Room): () => void {
  const sender: Sender = { room, sent: new Map(), muting: new Set() };
  let running: Promise<void> | null = null;
  let again = false;
  let stopped = false;
  let open = false;

  const follow = async (): Promise<void> => {
    // Side by side, so that the engine is asked once for all of them.
    const sending = wanted(get()).map(([source, want]) =>
      send(sender, source, permitted(room, source) ? want : null).catch((error: unknown) => console.warn('not sent', source, error)),
    );
    await Promise.all(sending);
  };
  // One round at a time: two at once would publish one device twice.
  const sync = () => {
    if (stopped || !open) return;
    again = true;
    running ??= (async () => {
      while (again) {
        again = false;
        await follow();
      }
      running = null;
    })();
  };

  afterTheFirstPicture(room, () => {
    open = true;
    sync();
  });
  room.on(RoomEvent.Reconnected, sync);
  room.on(RoomEvent.TrackMuted, (publication, participant) => {
    if (participant === room.localParticipant && !sender.muting.has(publication.source)) mutedByHost(publication.source);
  });
  // What the host forbids the engine takes back by itself; it is sent anew when it is allowed and wished again.
  room.on(RoomEvent.LocalTrackUnpublished, ({ source, track }: LocalTrackPublication) => {
    if (sender.sent.get(source as Source) === track) sender.sent.delete(source as Source);
  });
  room.on(RoomEvent.ParticipantPermissionsChanged, sync);
  const unwatch = [watch((s) => s.capture, sync), watch((s) => s.wish, sync), watch((s) => s.share, sync), watch(held, sync)];
  return () => {
    stopped = true;
    for (const stop of unwatch) stop();
  };
}

/**
 * The pictures of the others come first: setting up our own encoders would take the processor from them. Whoever joins is seen and
 * heard at the latest `FIRST_MS` after he is connected.
 */
function afterTheFirstPicture(room: Room, then: () => void): void {
  let begun = false;
  const begin = () => {
    if (begun) return;
    begun = true;
    then();
  };
  const sees = () => [...room.remoteParticipants.values()].some(({ isCameraEnabled }) => isCameraEnabled);
  room.on(RoomEvent.TrackSubscribed, (track) => track.once(TrackEvent.VideoPlaybackStarted, begin));
  room.once(RoomEvent.Connected, () => setTimeout(begin, sees() ? FIRST_MS : 0));
}

/** The engine's word; asking against it would be refused. */
function permitted({ localParticipant: { permissions } }: Room, source: Source): boolean {
  if (!permissions) return true;
  const { canPublish, canPublishSources } = permissions;
  return canPublish && (canPublishSources.length === 0 || canPublishSources.includes(Track.sourceToProto(source)));
}

async function send(sender: Sender, source: Source, want: Wanted | null): Promise<void> {
  const local = sender.sent.get(source);
  if (!local) return want ? publish(sender, source, want) : undefined;
  if (!want) return retract(sender, source, local);
  if (local.mediaStreamTrack !== want.track) await local.replaceTrack(want.track, true);
  if (source === Track.Source.ScreenShare) await tune(local as LocalVideoTrack, isFilm());
  if (want.on && local.isMuted) await local.unmute();
  else if (!want.on) await hush(sender, source, local);
}

async function publish({ room, sent }: Sender, source: Source, { track, on }: Wanted): Promise<void> {
  const local = wrap(track);
  if (!on) await local.mute();
  sent.set(source, local);
  try {
    await room.localParticipant.publishTrack(local, { source, screenShareEncoding: encodingOf(isFilm()) });
  } catch (error) {
    sent.delete(source);
    throw error;
  }
}

const isFilm = ({ share } = get()): boolean => share.is === 'live' && share.motion;

/** A share is taken back whole; a device stays published and silent, so that it can begin again at once. */
async function retract(sender: Sender, source: Source, local: LocalTrack): Promise<void> {
  if (source === Track.Source.Microphone || source === Track.Source.Camera) return hush(sender, source, local);
  sender.sent.delete(source);
  await sender.room.localParticipant.unpublishTrack(local, false);
}

async function hush({ muting }: Sender, source: Source, local: LocalTrack): Promise<void> {
  if (local.isMuted) return;
  muting.add(source);
  try {
    await local.mute();
  } finally {
    muting.delete(source);
  }
}

const wrap = (track: MediaStreamTrack): LocalTrack =>
  track.kind === 'audio' ? new LocalAudioTrack(track, undefined, true) : new LocalVideoTrack(track, undefined, true);

/** A track fell silent that we want to be heard: a host did it. The wish follows, so that nothing undoes it. */
function mutedByHost(source: Track.Source): void {
  const { wish, capture, share } = get();
  if (source === Track.Source.Microphone && wish.microphone && capture.microphone.is === 'live') {
    wishFor('microphone', false);
    wasStopped('microphone');
  } else if (source === Track.Source.Camera && wish.camera && capture.camera.is === 'live') {
    wishFor('camera', false);
    wasStopped('camera');
  } else if (source === Track.Source.ScreenShare && share.is === 'live') {
    stopShare();
    wasStopped('screen_share');
  }
}
