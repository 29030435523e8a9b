import { RoomEvent, Track, VideoQuality, type RemoteTrackPublication, type Room } from 'livekit-client';
import { get, watch } from '../store/store';
import { small } from './strain';

/** While our line is weak in either direction, the others' pictures are sent to us in their smallest layer; what is shared stays whole. */
export function smallest(room: Room): () => void {
  const ask = (publication: RemoteTrackPublication, quality: VideoQuality) => {
    if (publication.source === Track.Source.Camera) publication.setVideoQuality(quality);
  };
  room.on(RoomEvent.TrackSubscribed, (_track, publication) => {
    if (small(get())) ask(publication, VideoQuality.LOW);
  });
  return watch(small, (weak) => {
    const quality = weak ? VideoQuality.LOW : VideoQuality.HIGH;
    for (const person of room.remoteParticipants.values())
      for (const publication of person.trackPublications.values()) ask(publication, quality);
  });
}
