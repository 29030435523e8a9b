import { ApiError, chatHistory, deleteMessage, exportChat, writeMessage } from '../api/client';
import type { ChatMessage } from '../api/types';
import { toast } from '../notices/toasts';
import { admission } from '../session/join';
import type { Chat } from '../store/state';
import { initial } from '../store/state';
import { get, set, watch } from '../store/store';
import { t } from '../text/t';
import { merged, newestBefore, unreadOf, type Outgoing } from './messages';
import { tellOf } from './tell';

/** The server takes no longer one. */
export const LIMIT = 2000;

export const change = (parts: Partial<Chat>): void => set(({ chat }) => ({ chat: { ...chat, ...parts } }));

export const hasChat = (): boolean => get().room?.features.chat === true;

export const toggleChat = (): void => {
  if (hasChat()) set(({ panel }) => ({ panel: panel === 'chat' ? null : 'chat' }));
};

/** Who we are to the chat. */
export const me = (): string => admission().id;

// --- Reading

/** A word of the server about one message: it is new, or it was deleted. */
export function receive(message: ChatMessage): void {
  const { messages, joined } = get().chat;
  const held = messages.find((one) => one.id === message.id);
  take([message]);
  if (held?.deleted_by || (message.person_id === me() && message.deleted_by !== 'host')) return;
  tellOf(message, !held && message.id > joined);
}

function take(fresh: readonly ChatMessage[]): void {
  const { chat } = get();
  const mine = new Set(fresh.filter((one) => one.person_id === me()).map((one) => one.key));
  change({ messages: merged(chat.messages, fresh), outgoing: chat.outgoing.filter((one) => !mine.has(one.key)) });
}

/**
 * Reads again all that we hold, and what came since; the first time, the newest page. What was written before we came is
 * history: nothing is told of it, and it is not counted as unread.
 */
export async function readHistory(): Promise<void> {
  const oldest = get().chat.messages[0]?.id;
  let before: string | undefined;
  for (;;) {
    const { messages, more, kept_days } = await chatHistory(admission(), before === undefined ? {} : { before });
    const first = messages[0]?.id ?? '';
    if (!get().chat.known) {
      const newest = newestBefore(messages, get().chat.messages);
      change({ known: true, keptDays: kept_days, seen: newest, joined: newest });
    }
    for (const one of messages) receive(one);
    if (oldest === undefined || first < oldest) change({ more });
    if (oldest === undefined || first <= oldest || !more) return;
    before = first;
  }
}

/** What came after the newest that we hold. */
export async function catchUp(): Promise<void> {
  const after = get().chat.messages.at(-1)?.id;
  if (after === undefined) return readHistory();
  const page = await chatHistory(admission(), { after });
  for (const one of page.messages) receive(one);
}

/** One page of what was before the oldest that we hold. */
export async function readOlder(): Promise<void> {
  const before = get().chat.messages[0]?.id;
  if (before === undefined) return;
  const page = await chatHistory(admission(), { before });
  take(page.messages);
  change({ more: page.more });
}

/** All that is there has been seen. */
export function see(): void {
  const { chat } = get();
  const newest = chat.messages.at(-1)?.id ?? '';
  if (newest > chat.seen) change({ seen: newest });
}

/** How many messages of others have not been seen. */
export const unread = ({ chat, page }: ReturnType<typeof get>): number =>
  page.is === 'call' && chat.messages.length > 0 ? unreadOf(chat.messages, chat.seen, me()) : 0;

// --- Writing

let line: Promise<void> = Promise.resolve();

/** Says what is in the field: one after another, in the order of writing. */
export function send(text: string): void {
  const { chat } = get();
  const one: Outgoing = { key: crypto.randomUUID(), text, replyTo: chat.answering, state: 'sending' };
  change({ outgoing: [...chat.outgoing, one], draft: '', answering: null });
  post(one);
}

/** Once more what has failed; said twice under its key it is said once. */
export function sendAgain(one: Outgoing): void {
  mark(one, 'sending');
  post(one);
}

export const drop = (one: Outgoing): void => change({ outgoing: get().chat.outgoing.filter(({ key }) => key !== one.key) });

function post(one: Outgoing): void {
  line = line.then(() => deliver(one));
}

async function deliver(one: Outgoing): Promise<void> {
  try {
    take([await writeMessage(admission(), { text: one.text, reply_to: one.replyTo?.id ?? null, key: one.key })]);
  } catch (error) {
    mark(one, 'failed');
    const tooFast = error instanceof ApiError && error.status === 429;
    toast(t(tooFast ? 'chat.too_fast' : 'chat.not_sent'), { tone: 'warning', key: 'chat.failed' });
  }
}

const mark = ({ key }: Outgoing, state: Outgoing['state']): void =>
  change({ outgoing: get().chat.outgoing.map((one) => (one.key === key ? { ...one, state } : one)) });

/** Takes a message away from everybody. */
export async function remove(message: ChatMessage): Promise<void> {
  try {
    await deleteMessage(admission(), message.id);
    const by = message.person_id === me() ? 'author' : 'host';
    take([{ ...message, text: '', reply_to: null, deleted_by: by }]);
  } catch {
    toast(t('host.failed'), { tone: 'warning' });
  }
}

/** The whole chat as a file, for the host. */
export async function save(as: 'text' | 'json'): Promise<void> {
  try {
    const link = document.createElement('a');
    link.href = URL.createObjectURL(await exportChat(admission(), as));
    link.download = as === 'text' ? 'chat.txt' : 'chat.json';
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
  } catch {
    toast(t('host.failed'), { tone: 'warning' });
  }
}

/** Another meeting, or the same once more, begins with an empty page. */
watch(
  (state) => state.page.is,
  (is) => {
    if (is === 'left' || is === 'ended' || is === 'removed' || is === 'elsewhere') set({ chat: initial.chat });
  },
);
