import type { Person } from '../store/state';

/** To whom a host who leaves would hand over: who has been a co-host here longest, else who is here longest. `people` in the order of coming. */
export function heirOf(people: readonly Person[]): Person | undefined {
  const others = people.filter(({ me, away }) => !me && !away);
  const having = (role: Person['role']) => others.find((person) => person.role === role);
  return having('host') ?? having('cohost') ?? others[0];
}
