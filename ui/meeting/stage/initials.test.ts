import { expect, test } from 'vitest';
import { hue, initials } from './initials';

test.each([
  ['Anna Bell', 'AB'],
  ['anna maria bell', 'AB'],
  ['Cher', 'C'],
  ['  ', ''],
  ['👩‍🚀 Ana', '👩‍🚀A'],
  ['élodie', 'É'],
])('%s: %s', (name, letters) => {
  expect(initials(name)).toBe(letters);
});

test('a person has one of twelve hues, always the same', () => {
  const hues = new Set(Array.from({ length: 500 }, (_, i) => hue(`person-${i}`)));
  expect(hues.size).toBe(12);
  expect(hue('person-1')).toBe(hue('person-1'));
});
