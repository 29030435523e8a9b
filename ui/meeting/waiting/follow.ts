import { openStream, type ApiError } from '../api/client';
import type { Admission } from '../api/types';
import { passing } from '../session/refused';
import { retryDelay } from '../session/reaction';
import { readEvents, type ServerEvent } from './events';

/** The server gives a sign of life every 15 s; twice without one the line counts as dead. */
const SILENT_MS = 40_000;

interface Follower {
  path: 'waiting' | 'host';
  proof: Admission;
  /** Called for each event; true: it was the last one that is wanted. */
  onEvent: (event: ServerEvent) => boolean;
  /** The line is lost, and being sought again. */
  onLost?: () => void;
  /** The server has said no, for good. */
  onRefused: (error: ApiError) => void;
}

/** Listens until the last event, a refusal, or the returned function is called; a lost line is opened again by itself. */
export function follow(follower: Follower): () => void {
  const stop = new AbortController();
  void listen(follower, stop.signal);
  return () => stop.abort();
}

async function listen(follower: Follower, stop: AbortSignal): Promise<void> {
  const isStopped = () => stop.aborted;
  for (let tries = 0; !isStopped(); tries++) {
    try {
      const isOver = await read(follower, stop, () => {
        tries = 0;
      });
      if (isOver) return;
    } catch (error) {
      if (isStopped()) return;
      if (!passing(error)) {
        follower.onRefused(error as ApiError);
        return;
      }
    }
    if (tries > 0) follower.onLost?.();
    await pause(retryDelay(tries), stop);
  }
}

/** One connection; whether the last wanted event has come. */
async function read({ path, proof, onEvent }: Follower, stop: AbortSignal, heard: () => void): Promise<boolean> {
  const line = new AbortController();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const alive = () => {
    clearTimeout(timer);
    timer = setTimeout(() => line.abort(), SILENT_MS);
  };
  alive();
  try {
    const body = await openStream(path, proof, AbortSignal.any([stop, line.signal]));
    const reader = body.getReader();
    const decoder = new TextDecoder();
    let text = '';
    for (;;) {
      const { done, value } = await reader.read();
      if (done || stop.aborted) return stop.aborted;
      alive();
      const { events, rest } = readEvents(text + decoder.decode(value, { stream: true }));
      text = rest;
      for (const event of events) {
        heard();
        if (onEvent(event)) {
          line.abort();
          return true;
        }
      }
    }
  } finally {
    clearTimeout(timer);
  }
}

/** Waits; coming online or being stopped ends the wait. */
const pause = (ms: number, stop: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      removeEventListener('online', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    addEventListener('online', done);
    stop.addEventListener('abort', done, { once: true });
  });
