import type { Facts, Media } from './facts';

/** One look at one end of the test picture: counted since its beginning, `at` and `rtt` in ms. */
export interface Sample {
  at: number;
  route: Facts['route'];
  rtt: number;
  bytes: number;
  packets: number;
  lost: number;
}

/** The fields that we read of an `RTCStats`; which of them there are depends on its type. */
export interface Stat {
  id: string;
  type: string;
  timestamp: number;
  selectedCandidatePairId?: string;
  selected?: boolean;
  nominated?: boolean;
  state?: string;
  localCandidateId?: string;
  protocol?: string;
  relayProtocol?: string;
  currentRoundTripTime?: number;
  bytesSent?: number;
  bytesReceived?: number;
  packetsSent?: number;
  packetsReceived?: number;
  packetsLost?: number;
}

/** Reads what a sender or a receiver tells of its one track, and of the way that the track takes. */
export function sampleOf(stats: readonly Stat[]): Sample {
  const of = (type: string) => stats.find((stat) => stat.type === type);
  const pair = pairOf(stats);
  const local = stats.find((stat) => stat.id === pair?.localCandidateId);
  const rtp = of('outbound-rtp') ?? of('inbound-rtp');
  // What a sender lost is known by the other side alone.
  const lost = (of('remote-inbound-rtp') ?? rtp)?.packetsLost ?? 0;
  return {
    at: rtp?.timestamp ?? 0,
    route: local && ((local.relayProtocol ?? local.protocol)?.toLowerCase() === 'udp' ? 'udp' : 'tcp'),
    rtt: 1000 * (pair?.currentRoundTripTime ?? 0),
    bytes: rtp?.bytesSent ?? rtp?.bytesReceived ?? 0,
    packets: rtp?.packetsSent ?? (rtp?.packetsReceived ?? 0) + lost,
    lost: Math.max(0, lost),
  };
}

/** The pair in use. Firefox names none and marks it instead. */
function pairOf(stats: readonly Stat[]): Stat | undefined {
  const named = stats.find((stat) => stat.type === 'transport' && stat.selectedCandidatePairId)?.selectedCandidatePairId;
  const pairs = stats.filter((stat) => stat.type === 'candidate-pair');
  return (
    pairs.find((pair) => pair.id === named) ??
    pairs.find((pair) => pair.selected) ??
    pairs.find((pair) => pair.nominated && pair.state === 'succeeded')
  );
}

/** What the samples of both ends come to; null while one of them has sent or received nothing. */
export function mediaOf(sent: readonly Sample[], heard: readonly Sample[]): Media | null {
  const [up, down] = [rateOf(sent), rateOf(heard)];
  if (up === 0 || down === 0) return null;
  const all = [...sent, ...heard];
  return { loss: Math.max(lossOf(sent), lossOf(heard)), rtt: Math.max(...all.map(({ rtt }) => rtt)), up, down };
}

const lossOf = (samples: readonly Sample[]): number => {
  const last = samples.at(-1);
  return last && last.packets > 0 ? Math.min(1, last.lost / last.packets) : 0;
};

/** The best rate between two looks: a connection takes its time to get up to speed. */
function rateOf(samples: readonly Sample[]): number {
  const rates = samples.slice(1).map((now, i) => {
    const before = samples[i];
    return before && now.at > before.at ? (8000 * (now.bytes - before.bytes)) / (now.at - before.at) : 0;
  });
  return Math.max(0, ...rates);
}
