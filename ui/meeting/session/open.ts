import { look, session as askSession } from '../api/client';
import { announce } from '../announce/queue';
import { openDevices } from '../devices/devices';
import { remembered } from '../devices/memory';
import { filesIn } from '../recording/files';
import type { State } from '../store/state';
import { get, set } from '../store/store';
import { languageOf } from '../text/choice';
import { speak, t } from '../text/t';
import { resumeWaiting } from '../waiting/door';
import { readAddress, readCode } from './address';
import { keep, kept } from './keep';
import { passing, refusedPage } from './refused';
import { askOtherTabs } from './tabs';

/** The first step of the page: reads the address, hides the token in it, asks what is known of the room. */
export async function openPage(): Promise<void> {
  const { name = '', wish, chosen, sounds = true } = remembered();
  set({ name, sounds, ...(wish && { wish }), ...(chosen && { chosen }) });
  const { code, home, token } = readAddress(location);
  // The whole link is what is opened elsewhere then: nothing of it is hidden.
  if (!isSecureContext || !supported()) {
    set({ page: { is: isSecureContext ? 'unsupported' : 'insecure' } });
    return;
  }
  if (token) keep(code, { token });
  if (location.search && (code || token)) history.replaceState(null, '', `${home}/${code}`);
  if (code !== '') await openRoom(code);
  else if (location.pathname === `${home}/`) set({ page: { is: 'start' } });
  else set({ page: { is: 'refused', why: 'not_found', endedAt: null, retryAt: null } });
}

/** Asks for the room of this code and shows the way in, or why there is none. */
export async function openRoom(code: string): Promise<void> {
  set({ code });
  const before = get().page;
  try {
    const { role, name, room, session, recordings, tickets } = await look(code, kept(code).token ?? null);
    set({ role, room, session, recordings, tickets });
    // Who came before may have chosen another name.
    if (name && before.is === 'loading' && !kept(code).admission) set({ name });
    await speak(languageOf(code, room));
    // The room's rule is not this person's choice: it is not remembered for other meetings.
    if (room.microphone_state !== 'default' && before.is === 'loading') set({ wish: { ...get().wish, microphone: room.microphone_state === 'on' } });
    if (before.is === 'refused' && before.why === 'full') announce(t('refused.place_free'));
    if (!resumeWaiting()) await showPrejoin();
  } catch (error) {
    const instead = await insteadOf(code, error);
    if (get().code === code) set(instead);
  }
}

/** What is shown instead of the way in: to a host the recordings too, and to who was inside that it is over. */
async function insteadOf(code: string, error: unknown): Promise<Pick<State, 'page' | 'recordings'>> {
  const page = refusedPage(error);
  const files = filesIn(error);
  const { admission, waiting } = kept(code);
  const over = page.is === 'refused' && (page.why === 'expired' || page.why === 'not_found');
  if (files || !over || !admission || waiting) return { page, recordings: files ?? [] };
  const now = await askSession(admission).catch(() => null);
  if (now?.state !== 'ended' || now.removed) return { page, recordings: [] };
  return { page: { is: 'ended', byHost: now.ended_by_host }, recordings: now.recordings };
}

/** Who is inside by now, whether it is recorded, and whether one can still come in: what has ended is not asked for again. */
export async function lookAgain(): Promise<void> {
  const { code } = get();
  const looking = () => get().page.is === 'prejoin' && get().code === code;
  try {
    const { session, recordings } = await look(code, kept(code).token ?? null);
    if (looking()) set({ session, recordings });
  } catch (error) {
    if (looking() && !passing(error)) set({ page: refusedPage(error) });
  }
}

/** A code typed into the field of the start page or of a refusal. */
export async function openTyped(typed: string): Promise<boolean> {
  const code = readCode(typed);
  if (!code) return false;
  history.pushState(null, '', `/${code}`);
  set({ page: { is: 'loading' } });
  await openRoom(code);
  return true;
}

export async function showPrejoin(): Promise<void> {
  const opened = openDevices();
  set({ page: { is: 'prejoin' } });
  void askOtherTabs(get().code).then((otherTab) => set({ otherTab }));
  await opened;
}

function supported(): boolean {
  return 'RTCPeerConnection' in window && 'mediaDevices' in navigator && 'getUserMedia' in navigator.mediaDevices;
}
