import { RoomEvent, Track, type RemoteTrack, type Room } from 'livekit-client';
import { get, watch } from '../store/store';

/** Plays everybody's sound. The elements are outside of the page's drawing: nothing re-renders them. */
export function sounds(room: Room): () => void {
  // Kept here: of somebody who leaves, the client has let go of the element before it says so.
  const playing = new Map<RemoteTrack, HTMLMediaElement>();
  const end = (track: RemoteTrack) => {
    track.detach();
    playing.get(track)?.remove();
    playing.delete(track);
  };
  room
    .on(RoomEvent.TrackSubscribed, (track) => {
      if (track.kind !== Track.Kind.Audio) return;
      const element = track.attach();
      element.hidden = true;
      element.muted = get().silenced;
      document.body.append(element);
      playing.set(track, element);
    })
    .on(RoomEvent.TrackUnsubscribed, (track) => {
      if (playing.has(track)) end(track);
    });
  const unwatch = watch(
    (state) => state.silenced,
    (silenced) => {
      for (const element of playing.values()) element.muted = silenced;
    },
  );
  return () => {
    unwatch();
    for (const track of playing.keys()) end(track);
  };
}
