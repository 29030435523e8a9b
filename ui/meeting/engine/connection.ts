import { Room, RoomEvent } from 'livekit-client';
import { chatting } from '../chat/listen';
import { inTheCall } from '../devices/inTheCall';
import { tellOfHosting } from '../hosting/tell';
import { obeyTheHost } from '../session/obey';
import type { Signal } from '../signals/wire';
import { presence } from '../network/presence';
import { smallest } from '../network/smallest';
import { soundOnly } from '../network/soundOnly';
import { sparing } from '../network/watch';
import { get, watch } from '../store/store';
import { line, speakOfLine } from './line';
import { mirror } from './mirror';
import { connectOptions, roomOptions } from './options';
import { publishing } from './publish';
import { sections } from './sections';
import { send, signals } from './signals';
import { sounds } from './sound';
import { speaking } from './speaking';

interface Place {
  url: string;
  token: string;
}

interface Seat {
  /** The server's answer: where the engine is, and the token for it. The room is made ready while it is awaited. */
  asked: Promise<Place>;
  /** Where to go with a ticket without waiting for the answer: the door there waits for it. */
  meanwhile: Place | null;
  /** Called once the engine has let us in: the people are known, their media is on its way. */
  onSeated: () => void;
  /** Called once, when this connection has ended for good; the engine's reason if it gave one. */
  onEnd: (reason: number | undefined) => void;
}

/** After the engine's welcome the client takes in its answer and sets media up; then it waits for the network, and we can draw. */
const ANSWER_MS = 60;

let room: Room | null = null;

/**
 * Connects to the engine's room and keeps the store a mirror of it. Rejects when there is no connection; does nothing
 * more when a later `connect` or `disconnect` came before the answer.
 */
export async function connect({ asked, meanwhile, onSeated, onEnd }: Seat): Promise<void> {
  disconnect();
  const now = new Room(roomOptions(get().chosen.speaker));
  room = now;
  let connected = false;
  sections(now);
  const call = [sounds(now), mirror(now), publishing(now), line(now), signals(now), chatting(now), speaking(), speakerOf(now)];
  const stops = [...call, presence(now), sparing(now), soundOnly(now), smallest(now), inTheCall(), obeyTheHost(), tellOfHosting()];
  const stop = () => {
    for (const one of stops) one();
    if (room === now) room = null;
  };
  let seated = false;
  const seat = () => {
    if (seated || room !== now) return;
    seated = true;
    void asked.then(onSeated);
  };
  now.once(RoomEvent.SignalConnected, () => setTimeout(seat, ANSWER_MS)).once(RoomEvent.Connected, seat);
  now.once(RoomEvent.Disconnected, (reason) => {
    stop();
    if (connected) onEnd(reason);
  });
  try {
    // While the server is asked: the browser's sound takes its time to start, and may be started because of the click.
    now.startAudio().catch(() => undefined);
    const { url, token } = meanwhile ?? (await asked);
    if (room !== now) {
      stop();
      return;
    }
    await Promise.all([asked, now.connect(url, token, connectOptions)]);
    connected = true;
  } catch (error) {
    stop();
    void now.disconnect(false);
    await asked; // A refusal says more than the connection that fails with it.
    throw error;
  }
}

export function disconnect(): void {
  void room?.disconnect(false);
  room = null;
}

/** Sends a message to everybody. */
export function tell(signal: Signal): void {
  if (room) send(room, signal);
}

/** To be called from a click, when the browser has refused to play without one. */
export const turnSoundOn = async (): Promise<void> => room?.startAudio();

function speakerOf(now: Room): () => void {
  return watch(
    (state) => state.chosen.speaker,
    (id) => void now.switchActiveDevice('audiooutput', id || 'default').catch(() => undefined),
  );
}

watch((state) => state.line, speakOfLine);
