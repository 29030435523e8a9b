import { ConnectionState, RoomEvent, type Room } from 'livekit-client';
import type { ChatMessage } from '../api/types';
import { watch } from '../store/store';
import { catchUp, hasChat, readHistory, receive } from './chat';

const TOPIC = 'chat';
/** The line for messages may open a moment after the connection; what came in between is read then. */
const SETTLE_MS = 3000;

/** Hears of messages, and reads the history after each connection: what was not heard is found there. Returns how to stop. */
export function chatting(room: Room): () => void {
  if (!hasChat()) return () => undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const quietly = (reading: Promise<void>) => void reading.catch(() => undefined);
  const connected = () => {
    quietly(readHistory());
    clearTimeout(timer);
    timer = setTimeout(() => quietly(catchUp()), SETTLE_MS);
  };
  const again = () => {
    if (!document.hidden && room.state === ConnectionState.Connected) quietly(catchUp());
  };
  room
    .on(RoomEvent.Connected, connected)
    .on(RoomEvent.Reconnected, connected)
    .on(RoomEvent.DataReceived, (data, _from, _kind, topic, _encryption, identity) => {
      // What the server says names no sender; the engine names every person who sends, whatever he claims.
      if (topic === TOPIC && !identity) receive(JSON.parse(new TextDecoder().decode(data)) as ChatMessage);
    });
  document.addEventListener('visibilitychange', again);
  const stopWatching = watch(
    (state) => state.panel === 'chat',
    (open) => open && again(),
  );
  return () => {
    clearTimeout(timer);
    document.removeEventListener('visibilitychange', again);
    stopWatching();
  };
}
