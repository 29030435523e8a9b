/** The engine's reasons for the end of a connection (`DisconnectReason` of its protocol). */
export const Reason = {
  clientInitiated: 1,
  duplicateIdentity: 2,
  participantRemoved: 4,
  roomDeleted: 5,
  roomClosed: 10,
} as const;

/** `ask`: the server knows whether the meeting is over. `later`: the tab was frozen; come back when it is seen. */
export type Reaction = 'left' | 'elsewhere' | 'removed' | 'ask' | 'rejoin' | 'later';

/** What the page makes of a lost connection; `leaving` is true when the person chose to leave. */
export function reaction(reason: number | undefined, { leaving, hidden }: { leaving: boolean; hidden: boolean }): Reaction {
  if (leaving) return 'left';
  switch (reason) {
    case Reason.clientInitiated:
      // Nobody pressed anything: the client left because the browser froze or cached the page.
      return hidden ? 'later' : 'rejoin';
    case Reason.duplicateIdentity:
      return 'elsewhere';
    case Reason.participantRemoved:
      return 'removed';
    case Reason.roomDeleted:
    case Reason.roomClosed:
      return 'ask';
    default:
      return 'rejoin';
  }
}

const STEPS_MS = [150, 300, 600, 1000, 1500];
const STEADY_MS = 2000;
const SPREAD = 0.3;

/** Milliseconds before try number `tries` (from 0): quick at first, then every 2 s, spread by ±30 %. */
export function retryDelay(tries: number, random: () => number = Math.random): number {
  const step = STEPS_MS[tries] ?? STEADY_MS;
  return tries === 0 ? random() * 2 * step : step * (1 + SPREAD * (2 * random() - 1));
}

/** How long a lost connection is sought before the page says that there is none. */
export const GIVE_UP_MS = 60_000;
export const LOST_RETRY_MS = 15_000;
