import { ConnectionQuality, type LocalTrack, type Room } from 'livekit-client';

/** What there is to know of our own line and machine at one moment. */
export interface Measured {
  /** The engine calls our line poor or lost. */
  poor: boolean;
  /** The share of our packets that got lost lately, 0 to 1; the highest of all tracks. */
  loss: number;
  /** Why the browser sends a smaller picture than it is given. */
  limited: 'bandwidth' | 'cpu' | null;
  /** What the browser believes that it can send (bits a second); null where it does not say. */
  room: number | null;
}

/** What we use of `outbound-rtp`, `remote-inbound-rtp` and `candidate-pair` statistics. */
interface Entry {
  type: string;
  fractionLost?: number;
  qualityLimitationReason?: string;
  availableOutgoingBitrate?: number;
}

export async function measure(room: Room): Promise<Measured> {
  const quality = room.localParticipant.connectionQuality;
  const tracks = [...room.localParticipant.trackPublications.values()].flatMap(({ track }) => (track && !track.isMuted ? [track] : []));
  const reports = await Promise.all(tracks.map((track: LocalTrack) => track.getRTCStatsReport()));
  const entries = reports.flatMap((report) => (report ? ([...report.values()] as Entry[]) : []));
  return { poor: quality === ConnectionQuality.Poor || quality === ConnectionQuality.Lost, ...read(entries) };
}

export function read(entries: readonly Entry[]): Omit<Measured, 'poor'> {
  const reasons = entries.filter(({ type }) => type === 'outbound-rtp').map(({ qualityLimitationReason }) => qualityLimitationReason);
  const losses = entries.filter(({ type }) => type === 'remote-inbound-rtp').map(({ fractionLost = 0 }) => fractionLost);
  const rooms = entries.flatMap(({ type, availableOutgoingBitrate }) => (type === 'candidate-pair' && availableOutgoingBitrate ? [availableOutgoingBitrate] : []));
  return {
    room: rooms.length > 0 ? Math.max(...rooms) : null,
    loss: Math.max(0, ...losses),
    limited: reasons.includes('cpu') ? 'cpu' : reasons.includes('bandwidth') ? 'bandwidth' : null,
  };
}

const SOME = 0.02;
const MUCH = 0.1;
/** The smallest picture (160 kbit/s) and a voice with its repetitions. */
const LEAST = 220_000;

/**
 * Whether too little comes in, and whether so little that the voices suffer: the engine calls our line poor, and we miss packets. `lost`
 * is their share. The engine alone may mean what we send, and what we miss may have been lost on its way to the engine.
 */
export const intakeOf = (poor: boolean, lost: number): { bad: boolean; severe: boolean } => ({ bad: poor && lost > SOME, severe: poor && lost > MUCH });

/**
 * Whether the line is weak, and whether it is so weak that no picture should be sent. The engine's word alone is not
 * enough: it calls a line poor also when the machine is too slow to send, or when only what comes in is thin.
 */
export function lineOf({ poor, loss, limited, room }: Measured): { bad: boolean; severe: boolean } {
  const severe = loss > MUCH;
  const narrow = limited === 'bandwidth' && (poor || (room !== null && room < LEAST));
  return { bad: severe || narrow || (poor && limited !== 'cpu' && loss > SOME), severe };
}
