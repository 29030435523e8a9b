import { expect, test } from 'vitest';
import { readEvents } from './events';

const text = 'event: state\ndata: {"state":"waiting"}\n\n: beat\n\nevent: state\ndata: {"state":"admitted"}\n\n';

test('whole events are read, signs of life are none', () => {
  const { events, rest } = readEvents(text);
  expect(events).toEqual([
    { name: 'state', data: { state: 'waiting' } },
    { name: 'state', data: { state: 'admitted' } },
  ]);
  expect(rest).toBe('');
});

test('however the text is cut, the same events come', () => {
  for (let cut = 0; cut <= text.length; cut++) {
    const first = readEvents(text.slice(0, cut));
    const second = readEvents(first.rest + text.slice(cut));
    expect([...first.events, ...second.events]).toHaveLength(2);
    expect(second.rest).toBe('');
  }
});
