import { LocalVideoTrack, Room, RoomEvent, Track, type RemoteTrack } from 'livekit-client';
import type { CheckAccess } from '../api/types';
import type { Facts } from './facts';
import { testPicture } from './picture';
import { mediaOf, sampleOf, type Sample, type Stat } from './stats';

const SOCKET_MS = 3000;
const CONNECT_MS = 5000;
const SEND_MS = 5000;
const LOOK_MS = 500;
const BITS = 1_700_000;

interface Ends {
  sender: Room;
  listener: Room;
}

/**
 * Sends a test picture from one end of a room to the other, and tells each fact when it is known. Two connections as those
 * of a meeting, made and judged by the same client; whatever of it does not come about is a fact, too.
 */
export async function sendPicture(access: CheckAccess, stop: AbortSignal, tell: (facts: Facts) => void): Promise<void> {
  const ends = { sender: room(), listener: room() };
  const coming = received(ends.listener);
  try {
    if (await connected(ends, access, stop, tell)) await watched(ends.sender, coming, stop, tell);
  } finally {
    await Promise.all([ends.sender.disconnect(), ends.listener.disconnect()]);
  }
}

const room = (): Room => new Room({ adaptiveStream: false, dynacast: false, reconnectPolicy: { nextRetryDelayInMs: () => null } });

async function connected({ sender, listener }: Ends, access: CheckAccess, stop: AbortSignal, tell: (facts: Facts) => void): Promise<boolean> {
  const url = access.url ?? location.origin.replace(/^http/, 'ws');
  const options = { maxRetries: 0, websocketTimeout: SOCKET_MS, peerConnectionTimeout: CONNECT_MS };
  const reached: Facts = { signal: false };
  sender.once(RoomEvent.SignalConnected, () => {
    reached.signal = true;
    tell(reached);
  });
  try {
    const both = Promise.all([sender.connect(url, access.sender, options), listener.connect(url, access.listener, options)]);
    await Promise.race([both, ended(stop)]);
  } catch {
    if (!stop.aborted) tell(reached.signal ? { route: 'none' } : reached);
    return false;
  }
  return !stop.aborted;
}

const received = (listener: Room): Promise<RemoteTrack> =>
  new Promise((resolve) => listener.once(RoomEvent.TrackSubscribed, (track) => resolve(track)));

async function watched(sender: Room, coming: Promise<RemoteTrack>, stop: AbortSignal, tell: (facts: Facts) => void): Promise<void> {
  const picture = testPicture();
  try {
    const sending = new LocalVideoTrack(picture.track, undefined, true);
    await sender.localParticipant.publishTrack(sending, {
      source: Track.Source.Camera,
      simulcast: false,
      videoCodec: 'vp8',
      videoEncoding: { maxBitrate: BITS, maxFramerate: 15 },
    });
    const heard = await Promise.race([coming, ended(stop)]);
    if (!heard) return;
    const samples: { sent: Sample[]; heard: Sample[] } = { sent: [], heard: [] };
    for (const until = Date.now() + SEND_MS; Date.now() < until && !stop.aborted; ) {
      await Promise.race([new Promise((resolve) => setTimeout(resolve, LOOK_MS)), ended(stop)]);
      samples.sent.push(sampleOf(listed(await sending.sender?.getStats())));
      samples.heard.push(sampleOf(listed(await heard.receiver?.getStats())));
    }
    tell(factsOf(samples.sent, samples.heard));
  } finally {
    picture.stop();
  }
}

/** Where one of the two ends goes by TCP, UDP is not reliable. */
function factsOf(sent: readonly Sample[], heard: readonly Sample[]): Facts {
  const routes = [sent.at(-1)?.route, heard.at(-1)?.route];
  const media = mediaOf(sent, heard);
  return { route: routes.includes('tcp') ? 'tcp' : 'udp', ...(media && { media }) };
}

const listed = (report: RTCStatsReport | undefined): Stat[] => [...(report?.values() ?? [])] as Stat[];

const ended = (stop: AbortSignal): Promise<undefined> =>
  new Promise((resolve) => {
    if (stop.aborted) resolve(undefined);
    else stop.addEventListener('abort', () => resolve(undefined), { once: true });
  });
