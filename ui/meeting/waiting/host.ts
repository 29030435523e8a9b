import { admitAll, admitPerson, ApiError, denyPerson } from '../api/client';
import type { Admission, Knocker } from '../api/types';
import { announce } from '../announce/queue';
import { cue } from '../devices/sound';
import { closeToastOf, toast } from '../notices/toasts';
import { admission } from '../session/join';
import { leads } from '../session/told';
import { get, set, watch } from '../store/store';
import { nameList, sentences, t, type TextKey } from '../text/t';
import { follow } from './follow';
import { knocking } from './knock';

const KEY = 'knock';
const KNOCK = [
  [392, 0],
  [392, 0.16],
] as const;

/** While a host is in the call the server tells him who waits; he hears and sees each new one. */
export function watchTheDoor(): void {
  let stop: () => void = () => undefined;
  watch(
    (state) => state.page.is === 'call' && leads(state.role),
    (hosts) => {
      stop();
      stop = hosts ? listen(admission()) : () => undefined;
      if (!hosts) forget();
    },
  );
  watch(
    (state) => state.panel,
    () => show(get().atTheDoor, false),
  );
}

const listen = (proof: Admission): (() => void) =>
  follow({
    path: 'host',
    proof,
    onEvent: ({ data }) => {
      tell((data as { people: Knocker[] }).people);
      return false;
    },
    onRefused: forget,
  });

function forget(): void {
  set({ atTheDoor: [] });
  knocks(0, false);
}

function tell(people: readonly Knocker[]): void {
  const known = new Set(get().atTheDoor.map(({ id }) => id));
  const fresh = people.filter(({ id }) => !known.has(id));
  set({ atTheDoor: people });
  show(people, fresh.length > 0);
  if (fresh.length > 0) announce(sentences([asking(fresh), t('door.waiting', { count: people.length })]), { assertive: true });
  knocks(people.length, fresh.length > 0);
}

/** The sound; later, for who has not answered, the notice and the words again, unless the list is before his eyes. */
const knocks = knocking((isNew) => {
  const { atTheDoor, panel } = get();
  if (!isNew && panel === 'people') return;
  cue(KNOCK);
  if (isNew) return;
  show(atTheDoor, true);
  announce(asking(atTheDoor), { assertive: true });
});

const asking = (people: readonly Knocker[]): string =>
  t('door.asks', { names: nameList(people.map(({ name }) => name)), count: people.length });

/** One notice for all of them, as long as somebody waits and the list is not open; one that was closed comes for a new one only. */
function show(people: readonly Knocker[], isNew: boolean): void {
  const [first] = people;
  if (!first || get().panel === 'people') {
    closeToastOf(KEY);
    return;
  }
  if (!isNew && !get().toasts.some(({ key }) => key === KEY)) return;
  const see = { label: t('door.see'), act: () => set({ panel: 'people' }) };
  const several = people.length > 1;
  // The same button for the same person, however many come after him.
  const letIn = { id: first.id, label: several ? t('door.admit_name', { name: first.name }) : t('door.admit'), act: () => void admit(first.id) };
  const all = { label: t('door.admit_all'), act: () => void admitEverybody() };
  toast(asking(people), { key: KEY, sticky: true, silent: true, actions: several ? [letIn, all, see] : [letIn, see] });
}

export const admit = (id: string): Promise<void> => done(() => admitPerson(admission(), id));
export const deny = (id: string): Promise<void> => done(() => denyPerson(admission(), id));
export const admitEverybody = (): Promise<void> => done(() => admitAll(admission()));
export async function denyEverybody(): Promise<void> {
  await Promise.all(get().atTheDoor.map(({ id }) => deny(id)));
}

async function done(act: () => Promise<void>): Promise<void> {
  try {
    await act();
  } catch (error) {
    toast(t(whyNotDone(error)), { tone: 'warning', key: 'door.failed' });
  }
}

/** Somebody else was faster and said the opposite, or the person has gone; who it was the server does not keep. */
function whyNotDone(error: unknown): TextKey {
  if (!(error instanceof ApiError)) return 'host.failed';
  if (error.code === 'already_admitted' || error.code === 'already_denied') return 'door.answered';
  if (error.code === 'not_waiting') return 'door.gone';
  return error.code === 'locked' ? 'host.locked' : 'host.failed';
}
