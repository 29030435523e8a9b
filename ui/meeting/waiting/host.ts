import { admitAll, admitPerson, ApiError, denyPerson } from '../api/client';
import type { Admission, Knocker } from '../api/types';
import { announce } from '../announce/queue';
import { play } from '../devices/sound';
import { closeToastOf, toast } from '../notices/toasts';
import { admission } from '../session/join';
import { leads } from '../session/told';
import { get, set, watch } from '../store/store';
import { nameList, t } from '../text/t';
import { follow } from './follow';

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
      if (!hosts) set({ atTheDoor: [] });
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
    onRefused: () => set({ atTheDoor: [] }),
  });

function tell(people: readonly Knocker[]): void {
  const known = new Set(get().atTheDoor.map(({ id }) => id));
  const fresh = people.filter(({ id }) => !known.has(id));
  set({ atTheDoor: people });
  show(people, fresh.length > 0);
  if (fresh.length === 0) return;
  void play(KNOCK, get().chosen.speaker).catch(() => undefined);
  announce(`${asking(fresh)}. ${t('door.waiting', { count: people.length })}.`, { assertive: true });
}

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
  const letIn = { label: t('door.admit'), act: () => void admit(first.id) };
  toast(asking(people), { key: KEY, sticky: true, silent: true, actions: people.length === 1 ? [letIn, see] : [see] });
}

export const admit = (id: string): Promise<void> => done(() => admitPerson(admission(), id));
export const deny = (id: string): Promise<void> => done(() => denyPerson(admission(), id));
export const admitEverybody = (): Promise<void> => done(() => admitAll(admission()));
export async function denyEverybody(): Promise<void> {
  await Promise.all(get().atTheDoor.map(({ id }) => deny(id)));
}

/** Somebody else was faster, or the person has gone: the list says so by itself. */
async function done(act: () => Promise<void>): Promise<void> {
  try {
    await act();
  } catch (error) {
    if (error instanceof ApiError && (error.status === 404 || error.status === 409)) return;
    toast(t('host.failed'), { tone: 'warning' });
  }
}
