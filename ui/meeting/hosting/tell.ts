import type { Role } from '../api/types';
import { toast } from '../notices/toasts';
import { leads } from '../session/told';
import type { Person } from '../store/state';
import { get, watch } from '../store/store';
import { t, type TextKey } from '../text/t';

const yours: Record<Role, TextKey> = { host: 'role.host', cohost: 'role.cohost', guest: 'role.guest' };
const theirs: Record<Role, TextKey> = { host: 'role.host_of', cohost: 'role.cohost_of', guest: 'role.guest_of' };

/** Tells of roles that change while one is in the call: one's own, and to hosts those of others. Tells who is shown large, too. */
export function tellOfHosting(): () => void {
  const stops = [
    watch(
      (state) => (state.page.is === 'call' ? state.role : null),
      (now, before) => {
        if (!now || !before) return;
        toast(t(yours[now]), { key: 'role' });
        keepFocus();
      },
    ),
    watch((state) => state.call?.people, others),
    watch(
      (state) => state.page.is === 'call' && state.told.spotlight !== null && state.told.spotlight === mine(),
      (lit) => lit && toast(t('spotlight.you'), { key: 'spotlight' }),
    ),
  ];
  return () => {
    for (const stop of stops) stop();
  };
}

const mine = (): string | undefined => get().call?.people.find(({ me }) => me)?.id;

function others(now: readonly Person[] = [], before: readonly Person[] = []): void {
  if (!leads(get().role)) return;
  const old = new Map(before.map((person) => [person.id, person.role]));
  for (const { id, me, name, role } of now) {
    const was = old.get(id);
    if (!me && was && was !== role) toast(t(theirs[role], { name: name || t('tile.no_name') }), { key: `role.${id}` });
  }
}

/** Tools that have gone may have held the focus. */
const keepFocus = (): void =>
  void setTimeout(() => {
    if (document.activeElement === document.body) document.querySelector<HTMLElement>('.bar [tabindex="0"]')?.focus();
  }, 100);
