import { Room, RoomEvent } from 'livekit-client';
import { get, watch } from '../store/store';
import { line, speakOfLine } from './line';
import { mirror } from './mirror';
import { connectOptions, roomOptions } from './options';
import { publishing } from './publish';
import { sounds } from './sound';

interface Seat {
  url: string;
  token: string;
  /** Called when the engine has let us in: the people are known, their media is on its way. */
  onSeated: () => void;
  /** Called once, when this connection has ended for good; the engine's reason if it gave one. */
  onEnd: (reason: number | undefined) => void;
}

let room: Room | null = null;

/** Connects to the engine's room and keeps the store a mirror of it. Rejects when there is no connection. */
export async function connect({ url, token, onSeated, onEnd }: Seat): Promise<void> {
  disconnect();
  const now = new Room(roomOptions(get().chosen.speaker));
  room = now;
  let connected = false;
  const stops = [sounds(now), mirror(now), publishing(now), line(now), speakerOf(now)];
  const stop = () => {
    for (const one of stops) one();
    if (room === now) room = null;
  };
  now.once(RoomEvent.SignalConnected, onSeated).once(RoomEvent.Disconnected, (reason) => {
    stop();
    if (connected) onEnd(reason);
  });
  try {
    await now.connect(url, token, connectOptions);
    connected = true;
  } catch (error) {
    stop();
    throw error;
  }
}

export function disconnect(): void {
  void room?.disconnect(false);
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
