import { expect, test } from 'vitest';
import type { Person } from '../store/state';
import { byRoleAndName, named } from './order';

const person = (name: string, role: Person['role'] = 'guest') => ({ id: name, name, role }) as Person;
const people = [person('Zoë'), person('Ann'), person('Ben', 'cohost'), person('Émile'), person('Hanna', 'host'), person('Abe', 'cohost')];
const namesOf = (some: readonly Person[]) => some.map(({ name }) => name);

test('hosts come first, then co-hosts, then everybody by name', () => {
  expect(namesOf(byRoleAndName(people))).toEqual(['Hanna', 'Abe', 'Ben', 'Ann', 'Émile', 'Zoë']);
});

test('a name is found without its accents and capitals', () => {
  expect(namesOf(named(people, ' ZOE '))).toEqual(['Zoë']);
  expect(namesOf(named(people, 'em'))).toEqual(['Émile']);
  expect(namesOf(named(people, 'an'))).toEqual(['Ann', 'Hanna']);
  expect(named(people, '  ')).toBe(people);
  expect(named(people, 'xyz')).toEqual([]);
});
