import { ApiError, beginCheck } from '../api/client';
import type { CheckAccess } from '../api/types';
import { kept } from '../session/keep';
import { get, set } from '../store/store';
import type { Facts } from './facts';
import { streams } from './stream';

const ALL_MS = 15_000;
const SERVER_MS = 4000;
const STREAM_MS = 3000;

let running: AbortController | null = null;

/** Checks the way to the meeting, in 15 s at most; what it finds is in the store as soon as it is found. */
export async function runCheck(): Promise<void> {
  cancelCheck();
  const mine = new AbortController();
  running = mine;
  let facts: Facts = {};
  set({ check: { is: 'running', facts } });
  const tell = (more: Facts) => {
    facts = { ...facts, ...more };
    if (running === mine) set({ check: { is: 'running', facts } });
  };
  await look(AbortSignal.any([mine.signal, AbortSignal.timeout(ALL_MS)]), tell);
  // Race: cancelled, or begun anew, while the last answer came in.
  if (running !== mine) return;
  running = null;
  set({ check: { is: 'done', facts, at: Date.now() } });
}

export function cancelCheck(): void {
  running?.abort();
  running = null;
  set({ check: { is: 'idle' } });
}

async function look(stop: AbortSignal, tell: (facts: Facts) => void): Promise<void> {
  const media = import('./media');
  const access = await begin(stop, tell);
  if (!access) return;
  const stream = await streams(access.listener, within(stop, STREAM_MS)).catch(() => false);
  tell({ stream });
  if (stop.aborted) return;
  const { sendPicture } = await media;
  await sendPicture(access, stop, tell);
}

async function begin(stop: AbortSignal, tell: (facts: Facts) => void): Promise<CheckAccess | null> {
  const { code } = get();
  try {
    const access = await beginCheck({ code, participant_token: kept(code).token ?? null }, within(stop, SERVER_MS));
    tell({ server: 'ok', ports: access.ports });
    return access;
  } catch (error) {
    tell({ server: serverOf(error) });
    return null;
  }
}

function serverOf(error: unknown): NonNullable<Facts['server']> {
  const status = error instanceof ApiError ? error.status : 0;
  if (status >= 500) return 'engine';
  if (status > 0) return 'refused';
  return navigator.onLine ? 'silent' : 'offline';
}

const within = (stop: AbortSignal, ms: number): AbortSignal => AbortSignal.any([stop, AbortSignal.timeout(ms)]);
