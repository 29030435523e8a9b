import { describe, expect, test } from 'vitest';
import type { Toast } from '../store/state';
import { placed } from './order';

let last = 0;
const notice = (key: string, sticky = false): Toast => ({ id: ++last, key, text: key, tone: 'plain', sticky, actions: [] });
const after = (...notices: Toast[]): readonly Toast[] => notices.reduce<readonly Toast[]>(placed, []);
const keys = (toasts: readonly Toast[]) => toasts.map(({ key }) => key);

describe('notices', () => {
  test('of many that pass, the last three are seen', () => {
    expect(keys(after(notice('a'), notice('b'), notice('c'), notice('d')))).toEqual(['b', 'c', 'd']);
  });

  test('one that waits for an answer is not pushed out', () => {
    const knock = notice('knock', true);
    expect(keys(after(knock, notice('a'), notice('b'), notice('c'), notice('d')))).toEqual(['knock', 'c', 'd']);
  });

  test('all that wait are kept, and the newest that passes is seen beside them', () => {
    const waiting = ['knock', 'asked', 'failed', 'paused'].map((key) => notice(key, true));
    expect(keys(after(...waiting, notice('a'), notice('b')))).toEqual(['knock', 'asked', 'failed', 'paused', 'b']);
  });

  test('a newer one of the same key has the place and the identity of the older', () => {
    const [first, second] = [notice('knock', true), notice('knock', true)];
    const now = after(first, notice('a'), { ...second, text: 'two wait' });
    expect(keys(now)).toEqual(['knock', 'a']);
    expect(now[0]).toMatchObject({ id: first.id, text: 'two wait' });
  });
});
