import { withdraw } from '../api/client';
import type { AtTheDoor } from '../api/types';
import { announce } from '../announce/queue';
import { openDevices, reopen } from '../devices/devices';
import { play } from '../devices/sound';
import { keep, kept } from '../session/keep';
import { join, joinAgain } from '../session/join';
import { refusedPage } from '../session/refused';
import { get, set, watch } from '../store/store';
import type { Door, Page } from '../store/state';
import { sentences, t, type TextKey } from '../text/t';
import { follow } from './follow';

const STILL_MS = 5 * 60_000;
const WELCOME = [
  [587.33, 0],
  [880, 0.12],
] as const;

/** What each state of somebody at the door is called; the host's presence changes one of them. */
export function words({ level, hostHere }: Door): { title: TextKey; text: TextKey } {
  if (level === 'after_owner_only') return { title: 'waiting.host.title', text: 'waiting.host.text' };
  return { title: 'waiting.approval.title', text: hostHere ? 'waiting.approval.told' : 'waiting.approval.nobody' };
}

/** While `page` is `waiting` the server tells how it stands; each last word leads to another page. */
export function waitAtTheDoor(): void {
  let stop: () => void = () => undefined;
  watch(
    (state) => state.page.is,
    (is) => {
      stop();
      stop = is === 'waiting' ? begin() : () => undefined;
      if (is !== 'waiting' && is !== 'joining') set({ door: null });
    },
  );
}

function begin(): () => void {
  const { admission: proof } = kept(get().code);
  if (!proof) return () => undefined;
  void reopen();
  set(({ door }) => ({ door: { ...(door ?? closed()), admitted: false } }));
  tell();
  const still = setInterval(() => announce(t('waiting.still')), STILL_MS);
  const silence = follow({
    path: 'waiting',
    proof,
    onEvent: ({ data }) => heard(data as AtTheDoor),
    onLost: () => set(({ door }) => ({ door: door && { ...door, lost: true } })),
    // Forgotten by the server, or given up in another tab: asked anew.
    onRefused: (error) => (error.status === 401 ? void joinAgain() : done(refusedPage(error))),
  });
  return () => {
    clearInterval(still);
    silence();
  };
}

/** What is known before the server's first word. */
const closed = (): Door => ({
  level: get().room?.join_approval_level ?? 'explicit_approval',
  hostHere: false,
  position: null,
  lost: false,
  admitted: false,
});

/** One word of the server; whether it is the last. */
function heard({ state, level, host_here, position, retry_after }: AtTheDoor): boolean {
  const before = get().door;
  switch (state) {
    case 'waiting':
      set({ door: { level, hostHere: host_here, position, lost: false, admitted: false } });
      if (before && before.hostHere !== host_here && level === 'explicit_approval') tell();
      return false;
    case 'admitted':
      comeIn();
      return true;
    case 'denied':
      done({ is: 'denied', againAt: retry_after === null ? null : Date.now() + retry_after * 1000 });
      return true;
    case 'locked':
      done({ is: 'refused', why: 'locked', endedAt: null, retryAt: null });
      return true;
    case 'ended':
      done({ is: 'refused', why: 'expired', endedAt: null, retryAt: null });
      return true;
  }
}

/** Said once, and again when it becomes another. */
function tell(): void {
  const { door } = get();
  if (!door) return;
  const { title, text } = words(door);
  announce(sentences([t(title), t(text)]), { key: 'waiting' });
}

/** Heard, seen in the tab's title, and without a click. */
function comeIn(): void {
  set(({ door }) => ({ door: door && { ...door, admitted: true, lost: false } }));
  void play(WELCOME, get().chosen.speaker).catch(() => undefined);
  announce(t('waiting.admitted'), { assertive: true });
  void joinAgain();
}

function done(page: Page): void {
  keep(get().code, { waiting: false });
  set({ page });
}

/** The person does not want to wait any more: back to the way in. */
export function stopWaiting(): void {
  const { admission: proof } = kept(get().code);
  if (proof) void withdraw(proof).catch(() => undefined);
  done({ is: 'prejoin' });
}

/** Whom the host did not let in asks once more: at the end of those who wait. */
export function askAgain(): void {
  void openDevices();
  set({ door: closed() });
  void join();
}

/** After a reload of a page that was waiting: on without a click. */
export function resumeWaiting(): boolean {
  const { code, name, room } = get();
  if (!kept(code).waiting || name.trim() === '' || !room) return false;
  void openDevices();
  set({ door: closed() });
  void join();
  return true;
}
