import type { Role } from '../api/types';
import type { Person } from '../store/state';

const RANK: Record<Role, number> = { host: 0, cohost: 1, guest: 2 };

/** Hosts first, then co-hosts, each by name. */
export const byRoleAndName = (people: readonly Person[]): Person[] =>
  [...people].sort((a, b) => RANK[a.role] - RANK[b.role] || a.name.localeCompare(b.name));

const plain = (text: string): string =>
  text
    .normalize('NFKD')
    .replace(/\p{Diacritic}/gu, '')
    .toLocaleLowerCase()
    .trim();

/** Those whose name has these letters, accents and capitals aside. */
export const named = (people: readonly Person[], typed: string): readonly Person[] =>
  plain(typed) === '' ? people : people.filter(({ name }) => plain(name).includes(plain(typed)));
