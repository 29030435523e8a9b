import { Track, type RemoteTrack, type Room } from 'livekit-client';

/** What has come of one stream so far, in packets; `lost` are those that did not come on their own, repaired or not. */
export interface Stream {
  /** Whose it is. */
  from: string;
  received: number;
  lost: number;
}

/** By the browser's name for a stream, which a new connection changes. */
export type Streams = ReadonlyMap<string, Stream>;

/** What we use of `inbound-rtp` statistics. */
interface Entry {
  id: string;
  type: string;
  packetsReceived?: number;
  packetsLost?: number;
}

/** Reads what came of everything that is sent to us now. */
export async function streams(room: Room): Promise<Streams> {
  const tracks = [...room.remoteParticipants.values()].flatMap((person) =>
    [...person.trackPublications.values()].flatMap(({ track, isMuted }) => (track && !isMuted && sent(track) ? [{ from: person.identity, track }] : [])),
  );
  const reports = await Promise.all(tracks.map(async ({ from, track }) => ({ from, report: await track.getRTCStatsReport() })));
  return new Map(reports.flatMap(({ from, report }) => (report ? read(from, [...report.values()] as Entry[]) : [])));
}

/** The engine sends pictures only while they are drawn. */
const sent = (track: RemoteTrack): boolean => track.kind === Track.Kind.Audio || track.attachedElements.length > 0;

export const read = (from: string, entries: readonly Entry[]): [string, Stream][] =>
  entries
    .filter(({ type }) => type === 'inbound-rtp')
    .map(({ id, packetsReceived = 0, packetsLost = 0 }) => [id, { from, received: packetsReceived, lost: packetsLost }]);

/** Who sends less between two looks is silent: that says nothing. */
const FEW = 10;

/**
 * The share of packets lost between two looks, 0 to 1: of that half of the people of whom more comes, the highest.
 * A weak line of our own loses something of everybody; what is lost of one alone was lost on his way to the engine.
 */
export function lossBetween(before: Streams, now: Streams): number {
  const people = new Map<string, { all: number; lost: number }>();
  for (const [id, { from, received, lost }] of now) {
    const then = before.get(id);
    if (!then) continue;
    const sum = people.get(from) ?? { all: 0, lost: 0 };
    const missing = Math.max(0, lost - then.lost);
    people.set(from, { all: sum.all + received - then.received + missing, lost: sum.lost + missing });
  }
  const losses = [...people.values()].filter(({ all }) => all >= FEW).map(({ all, lost }) => lost / all);
  losses.sort((a, b) => a - b);
  return losses[Math.floor((losses.length - 1) / 2)] ?? 0;
}
