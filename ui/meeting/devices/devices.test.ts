import { describe, expect, test } from 'vitest';
import { level } from './level';
import { classify, type Circumstances } from './refusal';
import { siteHelp } from './siteHelp';

const failure = (name: string, change: Partial<Circumstances> = {}): Circumstances => ({
  name,
  message: '',
  permission: 'unknown',
  policy: 'unknown',
  ...change,
});

describe('why a device gives nothing', () => {
  test.each([
    [failure('NotAllowedError', { message: 'Permission denied', permission: 'denied' }), 'site'],
    [failure('NotAllowedError'), 'site'],
    [failure('NotAllowedError', { message: 'Permission dismissed', permission: 'prompt' }), 'dismissed'],
    [failure('NotAllowedError', { permission: 'prompt' }), 'dismissed'],
    [failure('NotAllowedError', { message: 'Permission denied by system', permission: 'granted' }), 'system'],
    [failure('NotAllowedError', { permission: 'denied', policy: 'refused' }), 'policy'],
    [failure('NotFoundError', { message: 'Requested device not found' }), 'absent'],
    [failure('OverconstrainedError'), 'absent'],
    [failure('NotReadableError', { message: 'Could not start video source' }), 'busy'],
    [failure('AbortError', { message: 'Timeout starting video source' }), 'busy'],
    [failure('TypeError'), 'failed'],
  ])('%j: %s', (circumstances, why) => {
    expect(classify(circumstances)).toBe(why);
  });
});

test('the level of silence is 0, of a full tone nearly 1', () => {
  expect(level(new Float32Array(512))).toBe(0);
  expect(level(Float32Array.from({ length: 512 }, (_, i) => Math.sin(i)))).toBeGreaterThan(0.9);
  expect(level(new Float32Array(512).fill(0.031_62))).toBeCloseTo(0.5, 2);
});

test.each([
  ['Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36', 'help.site.chromium'],
  ['Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0', 'help.site.firefox'],
  ['Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.4 Safari/605.1.15', 'help.site.safari'],
  ['Mozilla/5.0 (iPhone; CPU iPhone OS 18_4 like Mac OS X) AppleWebKit/605.1.15 Version/18.4 Mobile/15E148 Safari/604.1', 'help.site.ios'],
  ['Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Mobile Safari/537.36', 'help.site.android'],
])('%s', (agent, key) => {
  expect(siteHelp(agent)).toBe(key);
});
