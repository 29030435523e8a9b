import { describe, expect, test } from 'vitest';
import { languages } from '../../text/t';
import { isEmojiOnly } from '../parts';
import { groups } from './list';
import { isFound, namesIn } from './names';

const all = groups.flatMap(({ emoji }) => emoji);

test('64 different emoji are offered, each of them one sign', () => {
  expect(new Set(all).size).toBe(64);
  expect(all.filter((one) => !isEmojiOnly(one) || [...new Intl.Segmenter().segment(one)].length !== 1)).toEqual([]);
});

describe.each(languages)('%s', (language) => {
  test('names each of them, no two alike', async () => {
    const names = await namesIn(language);
    expect(Object.keys(names).sort()).toEqual([...all].sort());
    expect(new Set(Object.values(names).map(([name]) => name)).size).toBe(all.length);
  });
});

test.each([
  ['thumbs up, +1, good', 'thumb', true],
  ['thumbs up, +1, good', 'GOOD up', true],
  ['thumbs up, +1, good', 'down', false],
  ['cœur rouge, émotion', 'emotion', true],
  ['Kaffee, Heißgetränk', 'heissg', false],
  ['Kaffee, Heißgetränk', 'getrank', true],
  ['拇指向上, 赞', '赞', true],
  ['thumbs up', '', true],
])('%s is found by "%s": %s', (words, typed, found) => {
  expect(isFound(words, typed)).toBe(found);
});
