import { expect, test } from 'vitest';
import { listen, silence, type Voices } from './voices';

const all = ['a', 'b', 'c'];

/** Who talks when: `[ids, from, to]` in ms, heard every 250 ms until `end`. */
function heard(talks: [string, number, number][], end: number, present: readonly string[] = all): Voices {
  let voices = silence;
  for (let now = 0; now <= end; now += 250) {
    const speaking = talks.filter(([, from, to]) => now >= from && now <= to).map(([id]) => id);
    voices = listen(voices, speaking, present, now);
  }
  return voices;
}

test('a cough makes no speaker, a second of speech does', () => {
  expect(heard([['a', 0, 500]], 3000)).toMatchObject({ front: null });
  expect([...heard([['a', 0, 500]], 3000).lately.keys()]).toEqual([]);
  expect(heard([['a', 0, 1000]], 3000).front).toBe('a');
  expect([...heard([['a', 0, 1000]], 3000).lately.keys()]).toEqual(['a']);
});

test('a pause for breath does not begin anew', () => {
  expect(heard([['a', 0, 500], ['a', 1000, 1250]], 1250).front).toBe('a');
  expect(heard([['a', 0, 500], ['a', 1500, 2000]], 2000).front).toBeNull();
});

test('the last speaker stays in front when nobody talks, and leaves it by leaving', () => {
  expect(heard([['a', 0, 2000]], 30_000).front).toBe('a');
  expect(listen(heard([['a', 0, 2000]], 3000), [], ['b', 'c'], 3250).front).toBeNull();
});

test('another takes the front after 1.5 s of silence, or by 3 s over the speaker', () => {
  expect(heard([['a', 0, 2000], ['b', 2250, 3250]], 3250).front).toBe('a');
  expect(heard([['a', 0, 2000], ['b', 2250, 3500]], 3500).front).toBe('b');
  expect(heard([['a', 0, 9000], ['b', 2000, 4750]], 4750).front).toBe('a');
  expect(heard([['a', 0, 9000], ['b', 2000, 5000]], 5000).front).toBe('b');
});

test('two who talk without end do not take turns on the stage', () => {
  expect(heard([['a', 0, 30_000], ['b', 2000, 30_000]], 30_000).front).toBe('b');
});

test('who spoke counts for a minute', () => {
  expect([...heard([['a', 0, 1000]], 60_750).lately.keys()]).toEqual(['a']);
  expect([...heard([['a', 0, 1000]], 61_250).lately.keys()]).toEqual([]);
});

test('what did not change keeps its identity', () => {
  const before = heard([['a', 0, 2000]], 4000);
  expect(listen(before, [], all, 4250).lately).toBe(before.lately);
});
