import { checkStream } from '../api/client';
import { readEvents } from '../waiting/events';

/** The server's events are 400 ms apart. Together at the end: something on the way keeps an answer until it is whole. */
const APART_MS = 250;

/** Whether events come through as they are sent. */
export async function streams(token: string, stop: AbortSignal): Promise<boolean> {
  const reader = (await checkStream(token, stop)).getReader();
  const decoder = new TextDecoder();
  let text = '';
  let first = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return false;
    const { events, rest } = readEvents(text + decoder.decode(value, { stream: true }));
    text = rest;
    if (events.length > 0) first ||= performance.now();
    if (events.some(isLast)) return performance.now() - first > APART_MS;
  }
}

const isLast = ({ name, data }: { name: string; data: unknown }): boolean => name === 'beat' && (data as { left?: unknown }).left === 0;
