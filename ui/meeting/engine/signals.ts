import { RoomEvent, type Participant, type RemoteParticipant, type Room } from 'livekit-client';
import { presenceOf } from '../network/others';
import { may } from '../session/may';
import { roleOf } from '../session/told';
import { ownHand } from '../signals/act';
import { heed, HOST_TOPIC, readWord } from '../signals/host';
import { Limit } from '../signals/limit';
import { handOf, showReaction } from '../signals/show';
import { decode, encode, TOPIC, type Signal } from '../signals/wire';
import { get, watch } from '../store/store';
import { t } from '../text/t';

/** From one person; whoever sends more is not listened to for a while. */
const MOST = 20;
const WINDOW_MS = 10_000;

/** Tells the others of our hand, and hears of theirs and of reactions. Returns how to stop. */
export function signals(room: Room): () => void {
  const limits = new Map<string, Limit>();
  let told = false;

  const tellHand = (to?: string) => {
    const since = ownHand();
    if (since === null && !told) return;
    told = true;
    send(room, { hand: since === null ? null : Date.now() - since }, to);
  };
  const heard = (data: Uint8Array, from: RemoteParticipant | undefined, topic: string | undefined) => {
    // The engine names the sender; what names nobody came from no person.
    if (!from || topic !== TOPIC) return;
    const limit = limits.get(from.identity) ?? new Limit(MOST, WINDOW_MS);
    limits.set(from.identity, limit);
    const signal = limit.allows(performance.now()) ? decode(data) : null;
    if (signal) take(signal, from);
  };
  room
    .on(RoomEvent.DataReceived, (data, from, _kind, topic, _encryption, identity) => {
      const word = topic === HOST_TOPIC && !identity ? readWord(data) : null;
      if (word) heed(word);
      else heard(data, from, topic);
    })
    // Who comes late, or comes back, is told by each whose hand was up.
    .on(RoomEvent.ParticipantActive, (one: Participant) => {
      if (one !== room.localParticipant) tellHand(one.identity);
    })
    .on(RoomEvent.ParticipantDisconnected, ({ identity }) => limits.delete(identity))
    .on(RoomEvent.Connected, () => tellHand())
    .on(RoomEvent.Reconnected, () => tellHand());
  return watch(ownHand, () => tellHand());
}

export function send(room: Room, signal: Signal, to?: string): void {
  const options = { reliable: true, topic: TOPIC, ...(to && { destinationIdentities: [to] }) };
  room.localParticipant.publishData(encode(signal), options).catch((error: unknown) => console.warn('not told', error));
}

function take(signal: Signal, from: RemoteParticipant): void {
  const name = from.name || t('tile.no_name');
  if ('hand' in signal) handOf(from.identity, name, signal.hand === null ? null : Date.now() - signal.hand);
  else if ('presence' in signal) presenceOf(from.identity, signal.presence);
  // A page that does not obey the host is not listened to.
  else if (may('reactions', { role: roleOf(from.identity, from.attributes['role']), told: get().told })) showReaction(signal.reaction, name, false);
}
