import { expect, test } from 'vitest';
import { intakeOf, lineOf, read, type Measured } from './measure';

const fine: Measured = { poor: false, loss: 0, limited: null, room: 2_000_000 };

test('what the browser counts is read from its entries', () => {
  const entries = [
    { type: 'outbound-rtp', qualityLimitationReason: 'none' },
    { type: 'outbound-rtp', qualityLimitationReason: 'bandwidth' },
    { type: 'remote-inbound-rtp', fractionLost: 0.03 },
    { type: 'remote-inbound-rtp' },
    { type: 'candidate-pair', availableOutgoingBitrate: 140_000 },
    { type: 'candidate-pair' },
  ];
  expect(read(entries)).toEqual({ loss: 0.03, limited: 'bandwidth', room: 140_000 });
  expect(read([])).toEqual({ loss: 0, limited: null, room: null });
});

test.each<[string, Partial<Measured>, { bad: boolean; severe: boolean }]>([
  ['nothing is wrong', {}, { bad: false, severe: false }],
  ['the engine alone calls it poor', { poor: true }, { bad: false, severe: false }],
  ['the machine is the cause', { poor: true, limited: 'cpu', loss: 0.05 }, { bad: false, severe: false }],
  ['the engine and the browser agree', { poor: true, limited: 'bandwidth' }, { bad: true, severe: false }],
  ['the engine is right: packets get lost', { poor: true, loss: 0.05 }, { bad: true, severe: false }],
  ['the smallest picture does not get through', { limited: 'bandwidth', room: 150_000 }, { bad: true, severe: false }],
  ['a picture is smaller than it could be', { limited: 'bandwidth' }, { bad: false, severe: false }],
  ['much gets lost', { loss: 0.2 }, { bad: true, severe: true }],
])('%s', (_, change, expected) => {
  expect(lineOf({ ...fine, ...change })).toEqual(expected);
});

test.each<[string, boolean, number, { bad: boolean; severe: boolean }]>([
  ['everything comes', false, 0, { bad: false, severe: false }],
  ['the engine means what we send', true, 0, { bad: false, severe: false }],
  ['what is missing was lost on its way to the engine', false, 0.3, { bad: false, severe: false }],
  ['the engine is right: something is missing', true, 0.05, { bad: true, severe: false }],
  ['much is missing', true, 0.2, { bad: true, severe: true }],
])('coming in: %s', (_, poor, lost, expected) => {
  expect(intakeOf(poor, lost)).toEqual(expected);
});
