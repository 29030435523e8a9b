import { expect, test } from 'vitest';

const sources = import.meta.glob<string>('../**/*.tsx', { query: '?raw', import: 'default', eager: true });

test('no component is drawn again with every change of the store', () => {
  const whole = Object.entries(sources).filter(([, source]) => /useStore\(\s*\(?(\w+)\)?\s*=>\s*\1\s*\)/.test(source));
  expect(Object.keys(sources).length).toBeGreaterThan(50);
  expect(whole.map(([path]) => path)).toEqual([]);
});
