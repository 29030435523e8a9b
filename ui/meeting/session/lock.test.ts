import { expect, test } from 'vitest';
import { readLocked } from './lock';

test('the lock is read from the metadata of the room', () => {
  const told = ['{"recording":null,"locked":true}', '{"locked":false}', '{"recording":null}', '{"locked":"yes"}', 'not json', '', undefined];
  expect(told.map(readLocked)).toEqual([true, false, null, null, null, null, null]);
});
