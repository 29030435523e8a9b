import type { ChatMessage } from '../api/types';

/** A message of ours that the server has not taken yet. */
export interface Outgoing {
  key: string;
  text: string;
  replyTo: ChatMessage['reply_to'];
  state: 'sending' | 'failed';
}

/** Messages in their order, each once; the newer word about one counts, and what was deleted is quoted no more. */
export function merged(known: readonly ChatMessage[], fresh: readonly ChatMessage[]): readonly ChatMessage[] {
  const byId = new Map(known.map((one) => [one.id, one]));
  // Nothing that is deleted comes back, in whatever order the words arrive.
  for (const one of fresh) if (!byId.get(one.id)?.deleted_by) byId.set(one.id, one);
  const deleted = new Set([...byId.values()].filter((one) => one.deleted_by).map((one) => one.id));
  return [...byId.values()]
    .map((one) => (one.reply_to && deleted.has(one.reply_to.id) ? { ...one, reply_to: null } : one))
    .sort((a, b) => (a.id < b.id ? -1 : 1));
}

const GROUP_MS = 2 * 60_000;

export interface Group {
  /** Of its first message. */
  id: string;
  personId: string | null;
  name: string;
  at: string;
  messages: readonly ChatMessage[];
}

/** What one person wrote in a row, within two minutes each. A group ends where `ends` is the last of it. */
export function grouped(messages: readonly ChatMessage[], ends: string): readonly Group[] {
  const groups: (Group & { messages: ChatMessage[] })[] = [];
  let last: ChatMessage | undefined;
  for (const one of messages) {
    const group = groups.at(-1);
    if (group && last && last.id !== ends && together(last, one)) group.messages.push(one);
    else groups.push({ id: one.id, personId: one.person_id, name: one.name, at: one.sent_at, messages: [one] });
    last = one;
  }
  return groups;
}

const together = (a: ChatMessage, b: ChatMessage): boolean =>
  a.person_id === b.person_id && a.name === b.name && Date.parse(b.sent_at) - Date.parse(a.sent_at) < GROUP_MS;

/** How many of others came after the one that was seen last. */
export const unreadOf = (messages: readonly ChatMessage[], seen: string, me: string): number =>
  messages.filter((one) => one.id > seen && one.person_id !== me && !one.deleted_by).length;

/**
 * The newest message that was there before we came, of the first page that is read. What was heard while that was asked for is news:
 * it and all after it. A word about a message that was deleted is none.
 */
export function newestBefore(page: readonly ChatMessage[], heard: readonly ChatMessage[]): string {
  const news = heard.find((one) => !one.deleted_by)?.id;
  return page.findLast((one) => news === undefined || one.id < news)?.id ?? '';
}

const CLIPPED = 120;

/** The beginning of a text, on one line. */
export function clipped(text: string): string {
  const line = Array.from(text.replace(/\s+/g, ' ').trim());
  return line.length <= CLIPPED ? line.join('') : `${line.slice(0, CLIPPED - 1).join('').trimEnd()}…`;
}
