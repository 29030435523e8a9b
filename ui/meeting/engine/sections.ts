import { RoomEvent, type Room } from 'livekit-client';

/**
 * Whoever takes a track away leaves its section of the connection's description free for the next one. The engine, which keeps sound and
 * picture of a person in step, uses none twice by itself: after a hundred comings each further one would be negotiated among two hundred.
 * The first section stays: the transport of all of them hangs on it (BUNDLE, RFC 9143), and without it everybody is lost for seconds.
 */
export function sections(room: Room): void {
  room.on(RoomEvent.TrackUnsubscribed, ({ mediaStreamTrack }, publication, person) => {
    queueMicrotask(() => {
      if (person.trackPublications.has(publication.trackSid)) return; // only not wanted for now: the engine comes back to its section
      const [, ...others] = room.engine.pcManager?.publisher.getTransceivers() ?? [];
      others.find(({ receiver }) => receiver.track === mediaStreamTrack)?.stop();
    });
  });
}
