import * as api from '../api/client';
import type { Admission, ConsentAnswer, Joined } from '../api/types';
import { announce } from '../announce/queue';
import { releaseAll, reopen, revive } from '../devices/devices';
import { remember } from '../devices/memory';
import { words } from '../recording/words';
import { get, set, watch } from '../store/store';
import type { Page } from '../store/state';
import { t } from '../text/t';
import { keep, kept } from './keep';
import { onLongSleep } from './asleep';
import { GIVE_UP_MS, LOST_RETRY_MS, reaction, retryDelay } from './reaction';
import { MustWait, passing, refusedPage } from './refused';
import { otherAdmission } from './tabs';
import { ticketFor } from './ticket';
import { roleOf } from './told';

/** The engine's client is more than half of all the code: fetched while the person looks into the mirror. */
const engine = () => import('../engine/connection');
export const prefetchEngine = (): void => void engine();

const SLOW_MS = 2000;
const PATIENCE_MS = 15_000;

/** To whether we may be recorded, on this way in; the server keeps an earlier one of the same person. */
let answer: ConsentAnswer = 'undecided';
let leaving = false;
let joinedAt = 0;
let wake: () => void = () => undefined;
/** Counts connections: what an older one still has to say is not heard. */
let round = 0;

/** From the way in into the call. */
export async function join(how: 'fresh' | 'take_over' | 'second_device' = 'fresh', consent: ConsentAnswer = 'undecided'): Promise<void> {
  answer = consent;
  const { code, name } = get();
  remember({ name });
  const other = otherAdmission();
  if (how === 'take_over' && other) keep(code, { admission: other });
  // A second device in the same room would howl. It is no choice of the person's, and not remembered.
  const second = how === 'second_device';
  set(({ wish }) => ({ silenced: second, ...(second && { wish: { ...wish, microphone: false } }) }));
  await enter();
}

/** Once more as it was chosen, after a failure or when one has been let in: in whose place, how quietly, recorded or not. */
export const joinAgain = (): Promise<void> => enter();

/** The same person again, after `left`, `elsewhere` or `lost`. */
export async function rejoin(): Promise<void> {
  void reopen();
  await enter();
}

/** Once more by itself, after all places were taken; the devices stay closed until there is one (who waits opens them himself). */
export async function joinWhenFree(): Promise<void> {
  await enter();
  if (get().page.is === 'call') void reopen();
}

export function leave(asleep = false): void {
  leaving = true;
  finish({ is: 'left', lasted: Date.now() - joinedAt, asleep });
  void engine().then(({ disconnect }) => disconnect());
}

/** Ends the present wait between two tries. */
export const tryNow = (): void => wake();

export async function endForAll(): Promise<void> {
  await api.endForAll(admission());
}

export function admission(): Admission {
  const { admission: mine } = kept(get().code);
  if (!mine) throw new Error('Nobody has been let in yet');
  return mine;
}

async function enter(): Promise<void> {
  const mine = ++round;
  leaving = false;
  set({ page: { is: 'joining' }, line: 'good' });
  const slow = setTimeout(() => announce(t('joining.slow')), SLOW_MS);
  try {
    await patiently(() =>
      connect(mine, () => {
        joinedAt = Date.now();
        set({ page: { is: 'call' }, otherTab: false });
      }),
    );
  } catch (error) {
    if (mine !== round) return;
    set({ call: null, page: pageAfter(error) });
  } finally {
    clearTimeout(slow);
  }
}

/** A server or an engine that is just starting again is waited for. */
async function patiently(attempt: () => Promise<void>): Promise<void> {
  const start = Date.now();
  for (let tries = 0; ; tries++) {
    try {
      await attempt();
      return;
    } catch (error) {
      if (!passing(error) || isSlowDown(error) || Date.now() - start > PATIENCE_MS) throw error;
      await pause(retryDelay(tries));
    }
  }
}

const isSlowDown = (error: unknown): boolean => error instanceof api.ApiError && error.status === 429;

function pageAfter(error: unknown): Page {
  const status = error instanceof api.ApiError ? error.status : 0;
  // A name that the server does not take is asked for again.
  if (status === 400) return { is: 'prejoin' };
  if (!passing(error) || isSlowDown(error)) return refusedPage(error);
  return { is: 'failed', why: error instanceof api.ApiError ? 'server' : 'media' };
}

async function askToJoin(ticket: string | null): Promise<Joined> {
  const { code, name } = get();
  const { token, admission: mine } = kept(code);
  const joined = await api.join({ code, participant_token: token ?? null, name: name.trim(), admission: mine ?? null, consent: { answer, ...words() }, ticket });
  if ('waiting' in joined) {
    keep(code, { admission: joined.waiting, waiting: true });
    set({ name: joined.name });
    throw new MustWait(joined);
  }
  keep(code, { admission: joined.admission, waiting: false });
  answer = 'undecided';
  set({ role: roleOf(joined.admission.id, joined.role), name: joined.name, consent: joined.consent ?? 'undecided' });
  return joined;
}

/** Asks the server and connects to the engine it names; what is over when the answers come is not heard. */
async function connect(mine: number, seated: () => void = () => undefined): Promise<void> {
  const origin = location.origin.replace(/^http/, 'ws');
  const ticket = ticketFor(get());
  const asked = askToJoin(ticket).then(({ engine: { url, token } }) => ({ url: url ?? origin, token }));
  // A refusal may come before the engine's client is there to hear of it.
  asked.catch(() => undefined);
  const { connect: open } = await engine();
  await open({
    asked,
    meanwhile: ticket === null ? null : { url: origin, token: ticket },
    onSeated: () => {
      if (mine === round) seated();
    },
    onEnd: (reason) => {
      if (mine === round) void ended(reason);
    },
  });
}

async function ended(reason: number | undefined): Promise<void> {
  const now = reaction(reason, { leaving, hidden: document.hidden });
  if (now === 'left') finish({ is: 'left', lasted: Date.now() - joinedAt, asleep: false });
  else if (now === 'elsewhere') finish({ is: now });
  else if (now === 'removed') await removed();
  else {
    if (now === 'later') await seen();
    void revive();
    await comeBack();
  }
}

/** At once, and with the way back only when the server says that there is one. */
async function removed(): Promise<void> {
  const proof = admission();
  finish({ is: 'removed', back: false });
  const mine = round;
  const now = await api.session(proof).catch(() => null);
  if (mine === round && now && !now.removed && now.state !== 'ended') set({ page: { is: 'removed', back: true } });
}

/** Tries again with a fresh token until it works, the server says no, or the patience is used up. */
async function comeBack(): Promise<void> {
  const mine = ++round;
  set({ line: 'media' });
  const start = Date.now();
  for (let tries = 0; mine === round; tries++) {
    await pause(get().page.is === 'lost' ? LOST_RETRY_MS : retryDelay(tries));
    if (mine !== round || leaving) return;
    try {
      if (await over()) return;
      await connect(mine);
      if (mine !== round) return;
      set({ page: { is: 'call' }, line: 'good' });
      return;
    } catch (error) {
      if (!passing(error)) {
        refusedAgain(error);
        return;
      }
      if (Date.now() - start > GIVE_UP_MS && get().page.is === 'call') set({ page: { is: 'lost' } });
    }
  }
}

/** Whether the server says that this meeting has ended or that the person was removed; shows it if so. */
async function over(): Promise<boolean> {
  const now = await api.session(admission());
  if (now.removed) finish({ is: 'removed', back: false });
  else if (now.state === 'ended') finish({ is: 'ended', byHost: now.ended_by_host });
  else return false;
  return true;
}

function refusedAgain(error: unknown): void {
  const status = error instanceof api.ApiError ? error.status : 0;
  if (status === 403) finish({ is: 'removed', back: false });
  else if (status === 410 || status === 404) finish({ is: 'ended', byHost: false });
  else finish(refusedPage(error));
}

function finish(page: Page): void {
  round += 1;
  const { share } = get();
  if (share.is === 'live') {
    share.video.stop();
    share.audio?.stop();
  }
  releaseAll();
  set({ page, panel: null, dialog: null, toasts: [], line: 'good', share: { is: 'idle' } });
}

/** Waits; coming online ends the wait. */
const pause = (ms: number): Promise<void> =>
  new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      removeEventListener('online', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    addEventListener('online', done);
    wake = done;
  });

/** Settles when the page can be seen again. */
const seen = (): Promise<void> =>
  new Promise((resolve) => {
    const look = () => {
      if (document.hidden) return;
      document.removeEventListener('visibilitychange', look);
      resolve();
    };
    document.addEventListener('visibilitychange', look);
    look();
  });

onLongSleep(() => {
  if (['call', 'lost'].includes(get().page.is)) leave(true);
});

/** Leaving the page's last state means that nothing more is to be heard from the call; whom nobody lets in is not filmed. */
watch(
  (state) => state.page.is,
  (is) => {
    if (is === 'refused' || is === 'denied') releaseAll();
    if (is === 'left' || is === 'ended' || is === 'removed' || is === 'elsewhere') set({ call: null });
  },
);
