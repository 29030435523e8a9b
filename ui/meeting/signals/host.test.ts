import { expect, test } from 'vitest';
import { readWord } from './host';

const read = (text: string) => readWord(new TextEncoder().encode(text));

test('the words of the server are understood', () => {
  expect(read('{"kind":"ask","source":"microphone","by":"Hanna"}')).toEqual({ kind: 'ask', source: 'microphone', by: 'Hanna' });
  expect(read('{"kind":"ask","source":"camera"}')).toEqual({ kind: 'ask', source: 'camera', by: '' });
  expect(read('{"kind":"lower","id":"ben"}')).toEqual({ kind: 'lower', id: 'ben' });
  expect(read('{"kind":"lower","id":null}')).toEqual({ kind: 'lower', id: null });
});

test.each(['', '[]', 'null', '{}', '{"kind":"ask","source":"screen_share","by":"x"}', '{"kind":"lower"}', '{"kind":"dance","id":null}', '\u00ff{'])('and nothing else: %j', (text) => {
  expect(read(text)).toBeNull();
});
