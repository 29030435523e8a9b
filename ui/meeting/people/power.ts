import { ApiError, endForAll, lockMeeting, mutePerson, removePerson } from '../api/client';
import type { MuteSource } from '../api/types';
import { toast } from '../notices/toasts';
import { admission } from '../session/join';
import type { Person } from '../store/state';
import { t } from '../text/t';

/** The host's powers; the server checks each again. */
export const mute = (person: Person, source: MuteSource): Promise<void> =>
  done(() => mutePerson(admission(), person.id, source));

export const remove = (person: Person): Promise<void> => done(() => removePerson(admission(), person.id));

export const end = (): Promise<void> => done(() => endForAll(admission()));

/** Nobody new gets in but hosts, until it is unlocked or over. */
export const lock = (locked: boolean): Promise<void> =>
  done(() => lockMeeting(admission(), locked));

/** Somebody who has just gone is what was wanted; anything else that fails is said. */
async function done(act: () => Promise<void>): Promise<void> {
  try {
    await act();
  } catch (error) {
    if (error instanceof ApiError && error.code === 'not_here') return;
    toast(t('host.failed'), { tone: 'warning' });
  }
}
