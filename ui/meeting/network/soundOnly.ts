import { RoomEvent, Track, type RemoteTrackPublication, type Room } from 'livekit-client';
import { get, watch } from '../store/store';

/** While sound only is wished, no picture of anybody is sent to us. Returns how to stop. */
export function soundOnly(room: Room): () => void {
  const follow = (publication: RemoteTrackPublication) => {
    if (publication.kind === Track.Kind.Video && publication.isDesired === get().soundOnly) publication.setSubscribed(!get().soundOnly);
  };
  const all = () => {
    for (const person of room.remoteParticipants.values()) for (const one of person.trackPublications.values()) follow(one);
  };
  room.on(RoomEvent.TrackPublished, follow).on(RoomEvent.Connected, all).on(RoomEvent.Reconnected, all);
  return watch((state) => state.soundOnly, all);
}
