import * as api from '../api/client';
import type { AskSource, MuteSource, Role } from '../api/types';
import { closeToastOf, toast } from '../notices/toasts';
import { admission } from '../session/join';
import type { Deed } from '../session/may';
import { ownHand, toggleHand } from '../signals/act';
import type { Person } from '../store/state';
import { get, set } from '../store/store';
import { t } from '../text/t';

/** The powers of hosts; the server checks each again. Whether it was done. */
type Done = Promise<boolean>;

export const mute = ({ id }: Person, source: MuteSource): Done => done(() => api.mutePerson(admission(), id, source));

/** A request which the person accepts, or not. */
export const ask = ({ id, name }: Person, source: AskSource): Done =>
  done(() => api.askPerson(admission(), id, source), t('host.asked', { name: name || t('tile.no_name') }));

/** Takes the word from everybody; undone by asking those who had it. */
export async function muteEverybody(): Promise<void> {
  const talking = (get().call?.people ?? []).filter(({ me, muted, role }) => !me && !muted && role === 'guest');
  if (!(await done(() => api.muteAll(admission(), 'microphone')))) return;
  const undo = () => {
    closeToastOf('muted_all');
    for (const { id } of talking) void done(() => api.askPerson(admission(), id, 'microphone'));
  };
  toast(t('host.muted_all'), { key: 'muted_all', ...(talking.length > 0 && { actions: [{ label: t('host.ask_them'), act: undo }] }) });
}

/** Our own hand without a word to anybody; another's by its owner's page. */
export function lowerHand({ id, me }: Pick<Person, 'id' | 'me'>): void {
  if (me) toggleHand();
  else void done(() => api.lowerPerson(admission(), id));
}

export async function lowerEverybody(): Promise<void> {
  if (ownHand() !== null) toggleHand();
  await done(() => api.lowerAll(admission()));
}

export const give = ({ id }: Person, role: Role): Done => done(() => api.giveRole(admission(), id, role));

export const spotlight = (id: string | null): Done => done(() => api.putSpotlight(admission(), id));

export const allow = (deed: Deed, allowed: boolean): Done =>
  done(async () => {
    await api.patchPermissions(admission(), { [deed]: allowed });
  });

export async function remove({ id }: Person, keepOut: boolean): Promise<void> {
  if (await done(() => api.removePerson(admission(), id, keepOut))) await readRemoved();
}

/** Keeps the list of those who are kept out. */
export async function readRemoved(): Promise<void> {
  const { people } = await api.removedPeople(admission()).catch(() => ({ people: get().removed }));
  set({ removed: people });
}

export async function letBack(id: string): Promise<void> {
  if (await done(() => api.letBackIn(admission(), id))) set({ removed: get().removed.filter((one) => one.id !== id) });
}

export const end = (): Done => done(() => api.endForAll(admission()));

/** Nobody new gets in but hosts, until it is unlocked or over. */
export const lock = (locked: boolean): Done => done(() => api.lockMeeting(admission(), locked));

/** Somebody who has just gone is what was wanted; anything else that fails is said. */
async function done(act: () => Promise<void>, said?: string): Done {
  try {
    await act();
    if (said) toast(said);
    return true;
  } catch (error) {
    if (error instanceof api.ApiError && error.code === 'not_here') return true;
    toast(t('host.failed'), { tone: 'warning' });
    return false;
  }
}
