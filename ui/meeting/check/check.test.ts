import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { outcomes, quality, steps, verdict, type Facts, type Media } from './facts';
import { mediaOf, sampleOf, type Sample, type Stat } from './stats';

const good: Media = { loss: 0, rtt: 20, up: 1_500_000, down: 1_500_000 };
const healthy: Facts = { server: 'ok', stream: true, signal: true, route: 'udp', media: good };

describe('the test picture', () => {
  test.each<[Partial<Media>, string]>([
    [{}, 'good'],
    [{ loss: 0.019, rtt: 199, up: 1_000_000 }, 'good'],
    [{ loss: 0.02 }, 'poor'],
    [{ rtt: 200 }, 'poor'],
    [{ up: 999_999 }, 'poor'],
    [{ down: 150_000 }, 'poor'],
    [{ loss: 0.099, rtt: 399, down: 150_000 }, 'poor'],
    [{ loss: 0.1 }, 'bad'],
    [{ rtt: 400 }, 'bad'],
    [{ down: 149_999 }, 'bad'],
  ])('%j is %s', (change, expected) => {
    expect(quality({ ...good, ...change })).toBe(expected);
  });
});

describe('what is said of a connection', () => {
  test.each<[string, Facts, string, string]>([
    ['all is well', healthy, 'good', 'green'],
    ['over TCP alone', { ...healthy, route: 'tcp' }, 'udp', 'yellow'],
    ['over TCP, and slow', { ...healthy, route: 'tcp', media: { ...good, rtt: 300 } }, 'udp', 'yellow'],
    ['slow', { ...healthy, media: { ...good, rtt: 300 } }, 'sound', 'yellow'],
    ['events are held back', { ...healthy, stream: false }, 'stream', 'yellow'],
    ['too slow', { ...healthy, media: { ...good, up: 1000 } }, 'weak', 'red'],
    ['a way, and no picture', { server: 'ok', stream: true, signal: true, route: 'udp' }, 'weak', 'red'],
    ['no way for media', { server: 'ok', stream: true, signal: true, route: 'none' }, 'none', 'red'],
    ['cut off while connecting', { server: 'ok', stream: true, signal: true }, 'none', 'red'],
    ['no WebSocket', { server: 'ok', stream: false, signal: false }, 'signal', 'red'],
    ['silence', { server: 'silent' }, 'silent', 'red'],
    ['nothing at all', {}, 'silent', 'red'],
    ['no network', { server: 'offline' }, 'offline', 'red'],
    ['the engine is away', { server: 'engine' }, 'engine', 'red'],
    ['too many checks', { server: 'refused' }, 'refused', 'red'],
  ])('%s', (_, facts, finding, level) => {
    expect(verdict(facts)).toEqual({ finding, level });
  });

  test('green is said of nothing that fails somewhere', () => {
    const facts = fc.record(
      {
        server: fc.constantFrom('ok', 'silent', 'offline', 'engine', 'refused'),
        stream: fc.boolean(),
        signal: fc.boolean(),
        route: fc.constantFrom('udp', 'tcp', 'none'),
        media: fc.record({ loss: fc.double({ min: 0, max: 1, noNaN: true }), rtt: fc.nat(800), up: fc.nat(2e6), down: fc.nat(2e6) }),
      },
      { requiredKeys: [] },
    ) as fc.Arbitrary<Facts>;
    fc.assert(
      fc.property(facts, (one) => {
        const { level } = verdict(one);
        const found = Object.values(outcomes(one, true));
        if (level === 'green') expect(found.filter((outcome) => outcome !== 'good')).toEqual(['skipped']);
        if (found.includes('bad')) expect(level).toBe('red');
        if (found.includes('poor')) expect(level).not.toBe('green');
      }),
    );
  });
});

test('one step runs at a time, and what was not reached is not said to have failed', () => {
  expect(outcomes({}, false)).toEqual({ server: 'runs', stream: 'waits', signal: 'waits', udp: 'waits', tcp: 'waits', media: 'waits' });
  expect(outcomes({ server: 'ok', stream: true, signal: true }, false).udp).toBe('runs');
  expect(outcomes({ server: 'ok', stream: true, signal: true, route: 'udp' }, false)).toMatchObject({ udp: 'good', tcp: 'skipped', media: 'runs' });
  expect(outcomes({ server: 'silent' }, true)).toMatchObject({ server: 'bad', stream: 'skipped', media: 'skipped' });
  expect(steps.length).toBe(6);
});

describe('what the browser tells', () => {
  const way = (change: Partial<Stat>, local: Partial<Stat>): Stat[] => [
    { id: 'T', type: 'transport', timestamp: 1, selectedCandidatePairId: 'P2' },
    { id: 'P1', type: 'candidate-pair', timestamp: 1, localCandidateId: 'L1', nominated: true, state: 'succeeded' },
    { id: 'P2', type: 'candidate-pair', timestamp: 1, localCandidateId: 'L2', currentRoundTripTime: 0.025, ...change },
    { id: 'L1', type: 'local-candidate', timestamp: 1, protocol: 'udp' },
    { id: 'L2', type: 'local-candidate', timestamp: 1, ...local },
  ];
  const firefox = (stats: Stat[]) => stats.filter(({ type }) => type !== 'transport');

  test.each<[string, Stat[], Sample['route']]>([
    ['UDP', way({}, { protocol: 'udp' }), 'udp'],
    ['TCP', way({}, { protocol: 'tcp' }), 'tcp'],
    ['a relay over TLS', way({}, { protocol: 'udp', relayProtocol: 'tls' }), 'tcp'],
    ['Firefox marks the pair', firefox(way({ selected: true }, { protocol: 'tcp' })), 'tcp'],
    ['nominated at least', firefox(way({}, { protocol: 'tcp' })), 'udp'],
    ['nothing yet', [], undefined],
  ])('%s', (_, stats, route) => {
    expect(sampleOf(stats).route).toBe(route);
  });

  test('a sender hears from the other side what was lost, a listener knows it', () => {
    const sent = sampleOf([
      ...way({}, { protocol: 'udp' }),
      { id: 'O', type: 'outbound-rtp', timestamp: 500, bytesSent: 1000, packetsSent: 50 },
      { id: 'R', type: 'remote-inbound-rtp', timestamp: 400, packetsLost: 5 },
    ]);
    expect(sent).toEqual({ at: 500, route: 'udp', rtt: 25, bytes: 1000, packets: 50, lost: 5 });
    const heard = sampleOf([{ id: 'I', type: 'inbound-rtp', timestamp: 500, bytesReceived: 900, packetsReceived: 45, packetsLost: 5 }]);
    expect(heard).toMatchObject({ bytes: 900, packets: 50, lost: 5 });
    expect(sampleOf([{ id: 'I', type: 'inbound-rtp', timestamp: 1, packetsReceived: 9, packetsLost: -2 }]).lost).toBe(0);
  });

  test('the best stretch is the rate, the worse direction the loss', () => {
    const at = (seconds: number, bytes: number, packets: number, lost: number): Sample => ({ at: 1000 * seconds, route: 'udp', rtt: 30 * seconds, bytes, packets, lost });
    const sent = [at(1, 0, 10, 0), at(2, 50_000, 100, 0), at(3, 250_000, 300, 3)];
    const heard = [at(1, 0, 10, 0), at(2, 125_000, 200, 20)];
    expect(mediaOf(sent, heard)).toEqual({ loss: 0.1, rtt: 90, up: 1_600_000, down: 1_000_000 });
    expect(mediaOf(sent, [])).toBeNull();
    expect(mediaOf([at(1, 0, 0, 0)], heard)).toBeNull();
  });
});
