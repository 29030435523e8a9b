import { describe, expect, test } from 'vitest';
import { isSilent, level } from './level';
import { systemHelp, systemSettings, wayOut } from './place';
import { classify, type Circumstances } from './refusal';
import { siteHelp } from './siteHelp';

const failure = (name: string, change: Partial<Circumstances> = {}): Circumstances => ({
  name,
  message: '',
  permission: 'unknown',
  policy: 'unknown',
  framed: false,
  atOnce: false,
  listed: false,
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
    [failure('NotAllowedError', { framed: true, atOnce: true }), 'policy'],
    [failure('NotAllowedError', { framed: true, atOnce: false }), 'site'],
    [failure('NotAllowedError', { framed: false, atOnce: true }), 'site'],
    [failure('NotAllowedError', { framed: true, atOnce: true, permission: 'denied' }), 'site'],
    [failure('NotAllowedError', { framed: true, atOnce: true, policy: 'allowed' }), 'site'],
    [failure('SecurityError'), 'site'],
    [failure('NotFoundError', { message: 'Requested device not found' }), 'absent'],
    [failure('NotFoundError', { message: 'The object can not be found here.', listed: true }), 'system'],
    [failure('NotReadableError', { message: 'Concurrent mic process limit.' }), 'busy'],
    [failure('NotReadableError', { message: 'Device in use' }), 'busy'],
    [failure('OverconstrainedError'), 'absent'],
    [failure('NotReadableError', { message: 'Could not start video source' }), 'busy'],
    [failure('AbortError', { message: 'Timeout starting video source' }), 'busy'],
    [failure('TypeError'), 'failed'],
  ])('%j: %s', (circumstances, why) => {
    expect(classify(circumstances)).toBe(why);
  });
});

const agents = {
  mac: 'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36',
  windows: 'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36 Edg/140.0',
  linux: 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0',
  android: 'Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Mobile Safari/537.36',
  iphone: 'Mozilla/5.0 (iPhone; CPU iPhone OS 18_4 like Mac OS X) AppleWebKit/605.1.15 Version/18.4 Mobile/15E148 Safari/604.1',
  instagram: 'Mozilla/5.0 (iPhone; CPU iPhone OS 18_4 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148 Instagram 300.0',
  ownWindow: 'Mozilla/5.0 (iPhone; CPU iPhone OS 18_4 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148',
  facebook: 'Mozilla/5.0 (Linux; Android 14; wv) AppleWebKit/537.36 Chrome/140.0.0.0 Mobile Safari/537.36 [FBAN/EMA;FBAV/400]',
};

test.each([
  ['mac', 'help.system.mac', 'x-apple.systempreferences:com.apple.preference.security?Privacy_Microphone'],
  ['windows', 'help.system.windows', 'ms-settings:privacy-microphone'],
  ['linux', 'help.system', null],
  ['android', 'help.system.phone', null],
  ['iphone', 'help.system.phone', null],
] as const)('what the system of %s forbids is allowed there', (system, key, settings) => {
  expect(systemHelp(agents[system])).toBe(key);
  expect(systemSettings('microphone', agents[system])).toBe(settings);
});

test("out of an app's own window into a browser", () => {
  const link = 'https://meet.example.org/?room_token=1&participant_token=a.b';
  const out = (name: keyof typeof agents) => wayOut(link, agents[name]);
  expect(out('instagram')).toEqual({ text: 'unsupported.safari', href: `x-safari-${link}` });
  expect(out('ownWindow')?.text).toBe('unsupported.safari');
  expect(out('facebook')).toEqual({
    text: 'unsupported.chrome',
    href: 'intent://meet.example.org/?room_token=1&participant_token=a.b#Intent;scheme=https;package=com.android.chrome;end',
  });
  expect((['mac', 'windows', 'linux', 'android', 'iphone'] as const).map(out)).toEqual([null, null, null, null, null]);
});

test('silence is no sound at all, not a quiet room', () => {
  expect(isSilent(new Float32Array(512))).toBe(true);
  expect(isSilent(new Float32Array(512).fill(0.0002))).toBe(false);
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
