/** What a connection check has found out so far. What is missing was not reached. */
export interface Facts {
  /** Whether the server let the check begin: `offline` no network at all, `engine` its media engine is away, `refused` it said no. */
  server?: 'ok' | 'silent' | 'offline' | 'engine' | 'refused';
  /** Events come through as they are sent. */
  stream?: boolean;
  /** The WebSocket opens. */
  signal?: boolean;
  /** How media travels. */
  route?: 'udp' | 'tcp' | 'none';
  media?: Media;
  ports?: { address: string; udp: number; tcp: number } | null;
}

/** What became of the test picture: `loss` 0…1 of the worse direction, `rtt` in ms, `up` and `down` in bit/s. */
export interface Media {
  loss: number;
  rtt: number;
  up: number;
  down: number;
}

export type Check = { is: 'idle' } | { is: 'running'; facts: Facts } | { is: 'done'; facts: Facts; at: number };

export const steps = ['server', 'stream', 'signal', 'udp', 'tcp', 'media'] as const;
export type Step = (typeof steps)[number];
export type Outcome = 'waits' | 'runs' | 'good' | 'poor' | 'bad' | 'skipped';

/** The one thing to say about a connection, the worst first. */
export type Finding = 'offline' | 'silent' | 'engine' | 'refused' | 'signal' | 'none' | 'weak' | 'udp' | 'sound' | 'stream' | 'good';
export type Level = 'green' | 'yellow' | 'red';

const levels: Partial<Record<Finding, Level>> = { good: 'green', udp: 'yellow', sound: 'yellow', stream: 'yellow' };

const GOOD = { loss: 0.02, rtt: 200, rate: 1_000_000 };
const ENOUGH = { loss: 0.1, rtt: 400, rate: 150_000 };

/** Good for picture and sound, for sound only (`poor`), or for nothing (`bad`). */
export function quality({ loss, rtt, up, down }: Media): 'good' | 'poor' | 'bad' {
  const within = (limit: typeof GOOD) => loss < limit.loss && rtt < limit.rtt && Math.min(up, down) >= limit.rate;
  if (within(GOOD)) return 'good';
  return within(ENOUGH) ? 'poor' : 'bad';
}

/** What to say when the check is over. */
export function verdict(facts: Facts): { finding: Finding; level: Level } {
  const finding = worst(facts);
  return { finding, level: levels[finding] ?? 'red' };
}

function worst({ server, stream, signal, route, media }: Facts): Finding {
  if (server !== 'ok') return server ?? 'silent';
  if (!signal) return 'signal';
  if (route === undefined || route === 'none') return 'none';
  const made = media ? quality(media) : 'bad';
  if (made === 'bad') return 'weak';
  if (route === 'tcp') return 'udp';
  if (made === 'poor') return 'sound';
  return stream ? 'good' : 'stream';
}

/** How each step stands; while the check runs, the first one without an answer is the one that is running. */
export function outcomes(facts: Facts, done: boolean): Record<Step, Outcome> {
  const found = answers(facts);
  const running = done ? undefined : steps.find((step) => found[step] === null);
  const open = (step: Step): Outcome => (done ? 'skipped' : step === running ? 'runs' : 'waits');
  return Object.fromEntries(steps.map((step) => [step, found[step] ?? open(step)])) as Record<Step, Outcome>;
}

function answers({ server, stream, signal, route, media }: Facts): Record<Step, Outcome | null> {
  return {
    server: server ? (server === 'ok' ? 'good' : 'bad') : null,
    stream: stream === undefined ? null : stream ? 'good' : 'poor',
    signal: signal === undefined ? null : signal ? 'good' : 'bad',
    udp: route ? ({ udp: 'good', tcp: 'poor', none: 'bad' } as const)[route] : null,
    tcp: route ? ({ udp: 'skipped', tcp: 'good', none: 'bad' } as const)[route] : null,
    media: media ? quality(media) : null,
  };
}
