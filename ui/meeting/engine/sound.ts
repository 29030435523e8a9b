import { RoomEvent, Track, type RemoteTrack, type Room } from 'livekit-client';
import { get, watch } from '../store/store';

/** Plays everybody's sound. The elements are outside of the page's drawing: nothing re-renders them. */
export function sounds(room: Room): () => void {
  const mute = (track: RemoteTrack) => {
    for (const element of track.detach()) element.remove();
  };
  room
    .on(RoomEvent.TrackSubscribed, (track) => {
      if (track.kind !== Track.Kind.Audio) return;
      const element = track.attach();
      element.hidden = true;
      element.muted = get().silenced;
      document.body.append(element);
    })
    .on(RoomEvent.TrackUnsubscribed, (track) => {
      if (track.kind === Track.Kind.Audio) mute(track);
    });
  const silence = (muted: boolean) => {
    for (const person of room.remoteParticipants.values())
      for (const { track } of person.audioTrackPublications.values()) for (const element of track?.attachedElements ?? []) element.muted = muted;
  };
  const unwatch = watch((state) => state.silenced, silence);
  return () => {
    unwatch();
    for (const person of room.remoteParticipants.values())
      for (const { track } of person.audioTrackPublications.values()) if (track) mute(track);
  };
}
