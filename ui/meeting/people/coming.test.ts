import { beforeEach, expect, test } from 'vitest';
import { toast } from '../notices/toasts';
import { get, set } from '../store/store';
import { isTold, noteComing, together } from './coming';

beforeEach(() => set({ toasts: [], role: 'guest' }));

const notices = () => get().toasts.map(({ text }) => text);

test.each([
  [2, false, true, true],
  [8, false, true, true],
  [9, false, true, false],
  [11, false, false, false],
  [11, true, true, false],
  [31, true, false, false],
])('of %i people, host %s: notice %s, sound %s', (count, hosts, notice, sound) => {
  expect(isTold(count, hosts)).toEqual({ notice, sound });
});

test('who comes within two seconds of the last one is told of with him, who goes is not', () => {
  const first = together({ what: 'came', names: [], at: -9000 }, 'came', ['Ann'], 0);
  const second = together(first, 'came', ['Ben'], 1900);
  expect(second.names).toEqual(['Ann', 'Ben']);
  expect(together(second, 'came', ['Cleo'], 3800).names).toEqual(['Ann', 'Ben', 'Cleo']);
  expect(together(second, 'came', ['Cleo'], 4000).names).toEqual(['Cleo']);
  expect(together(second, 'went', ['Ben'], 2000).names).toEqual(['Ben']);
});

test('thirty who come at once are one notice, and it takes nobody’s place', () => {
  set({ role: 'host' });
  toast('Recording has started', { sticky: true });
  for (let i = 0; i < 29; i++) noteComing('came', [{ name: `P${i}` }], i + 2);
  expect(notices()).toEqual(['Recording has started', 'P0, P1, and 27 others joined']);
  set({ toasts: [] });
  toast('one');
  toast('two');
  noteComing('came', [{ name: 'Ann' }], 2);
  expect(notices()).toEqual(['one', 'two']);
});

test('a crowd is told of to nobody', () => {
  noteComing('went', [{ name: 'Ann' }], 40);
  expect(notices()).toEqual([]);
});
