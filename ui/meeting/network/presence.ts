import { RoomEvent, type Participant, type Room } from 'livekit-client';
import { send } from '../engine/signals';
import { get, watch } from '../store/store';
import { presenceOf } from './others';
import { ownPresence } from './strain';

/** Tells the others why they do not see or hear us, whoever comes late too. Returns how to stop. */
export function presence(room: Room): () => void {
  let told = false;
  const tell = (to?: string) => {
    const now = ownPresence(get());
    if (now === null && !told) return;
    told = true;
    send(room, { presence: now }, to);
  };
  room
    .on(RoomEvent.ParticipantActive, (one: Participant) => {
      if (one !== room.localParticipant) tell(one.identity);
    })
    .on(RoomEvent.ParticipantDisconnected, ({ identity }) => presenceOf(identity, null))
    .on(RoomEvent.Connected, () => tell())
    .on(RoomEvent.Reconnected, () => tell());
  return watch(ownPresence, () => tell());
}
