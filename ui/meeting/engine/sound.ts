import { RoomEvent, Track, type RemoteTrack, type Room } from 'livekit-client';
import { get, watch } from '../store/store';

/**
 * Plays everybody's sound. The elements are outside of the page's drawing: nothing re-renders them. Of those that fall silent the client
 * keeps the first one for whoever comes next (Safari on iOS plays what was once allowed to play), if it hangs in no element. So
 * they hang in a shadow root, and that one stays in it.
 */
export function sounds(room: Room): () => void {
  const place = document.createElement('div');
  place.id = 'voices';
  place.hidden = true;
  const voices = place.attachShadow({ mode: 'open' });
  document.body.append(place);
  // Kept here: of somebody who leaves, the client has let go of the element before it says so.
  const playing = new Map<RemoteTrack, HTMLMediaElement>();
  let kept: HTMLMediaElement | undefined;
  const end = (track: RemoteTrack) => {
    const element = playing.get(track);
    track.detach();
    playing.delete(track);
    if (kept && kept !== element && !kept.srcObject) element?.remove();
    else kept = element;
  };
  room
    .on(RoomEvent.TrackSubscribed, (track) => {
      if (track.kind !== Track.Kind.Audio) return;
      const element = track.attach();
      element.muted = get().silenced;
      voices.append(element);
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
    place.remove();
  };
}
