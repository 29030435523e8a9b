import { announce } from '../announce/queue';
import type { ChatMessage } from '../api/types';
import { cue } from '../devices/sound';
import { closeToastOf, toast } from '../notices/toasts';
import { get, set, watch } from '../store/store';
import { sentences, t } from '../text/t';
import { clipped } from './messages';

const WINDOW_MS = 1000;
const MANY = 3;
const TICK = [[660, 0]] as const;
const TICK_GAP_MS = 3000;
const KEY = 'chat.';
/** Notices of so many authors at a time; more become one. */
const MOST = 2;

let ticked = -TICK_GAP_MS;

/** Speaks of a message that is new, or deleted now; a new one is also shown and heard while the panel is closed. */
export function tellOf(message: ChatMessage, isNew: boolean): void {
  if (message.deleted_by) {
    if (isNew) return;
    closeToastOf(KEY + (message.person_id ?? message.name));
    speak(t(message.deleted_by === 'host' ? 'chat.deleted_by_host' : 'chat.deleted_of', { name: message.name }));
    return;
  }
  if (!isNew) return;
  const text = t('chat.says', { name: message.name, text: clipped(message.text) });
  speak(text);
  if (get().panel === 'chat') return;
  show(message, text);
  if (performance.now() - ticked < TICK_GAP_MS) return;
  ticked = performance.now();
  cue(TICK, 0.06);
}

/** Several in a moment become one text. */
function speak(text: string): void {
  const merge = { item: text, window: WINDOW_MS, text: (all: readonly string[]) => (all.length < MANY ? sentences(all) : t('chat.new', { count: all.length })) };
  announce(text, { key: 'chat', merge });
}

let hidden = 0;

function show({ person_id, name }: ChatMessage, text: string): void {
  const key = KEY + (person_id ?? name);
  const shown = get().toasts.filter((one) => one.key.startsWith(KEY));
  const actions = [{ label: t('chat.open'), act: () => set({ panel: 'chat' }) }];
  if (shown.length === 0) hidden = 0;
  hidden += 1;
  if (shown.length < MOST || shown.some((one) => one.key === key)) {
    toast(text, { key, silent: true, actions, tone: 'chat' });
    return;
  }
  for (const one of shown) closeToastOf(one.key);
  toast(t('chat.new', { count: hidden }), { key: `${KEY}many`, silent: true, actions, tone: 'chat' });
}

/** Whoever reads needs no notice. */
watch(
  (state) => state.panel === 'chat',
  (open) => {
    if (open) for (const { key } of get().toasts) if (key.startsWith(KEY)) closeToastOf(key);
  },
);
