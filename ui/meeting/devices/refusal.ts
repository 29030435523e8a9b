import type { TextKey } from '../text/t';
import type { DeviceKind } from '../store/state';

/**
 * Why a device gives nothing: blocked for this site, question closed without an answer, blocked by the
 * computer, not passed on by the page around a frame, not there, used by another program, no reason known.
 */
export type Refusal = 'site' | 'dismissed' | 'system' | 'policy' | 'absent' | 'busy' | 'failed';

export interface Circumstances {
  name: string;
  message: string;
  /** Permission after the failure; browsers that do not tell give `unknown`. */
  permission: PermissionState | 'unknown';
  /** Whether the frame we are in passes this device on; `unknown` where browsers cannot tell. */
  policy: 'allowed' | 'refused' | 'unknown';
  /** We are in a frame. */
  framed: boolean;
  /** The answer came before a person could have given it. */
  atOnce: boolean;
  /** The browser lists such a device. */
  listed: boolean;
}

/** Tells the causes of a failed `getUserMedia` apart by everything the browsers let us see. */
export function classify({ name, message, permission, policy, framed, atOnce, listed }: Circumstances): Refusal {
  switch (name) {
    case 'NotFoundError':
      // Firefox says so too where the system keeps the device from the browser.
      return listed ? 'system' : 'absent';
    case 'OverconstrainedError':
      return 'absent';
    case 'NotReadableError':
    case 'AbortError':
      return 'busy';
    case 'NotAllowedError':
    case 'SecurityError':
      // Firefox and Safari do not tell of a frame's policy: there a refusal without a question is taken for it.
      if (policy === 'refused' || (framed && policy === 'unknown' && atOnce && permission !== 'denied')) return 'policy';
      if (/system/i.test(message)) return 'system';
      if (/dismiss/i.test(message) || permission === 'prompt') return 'dismissed';
      return 'site';
    default:
      return 'failed';
  }
}

interface Words {
  title: TextKey;
  help: TextKey;
  offer: 'again' | 'tab' | null;
}

const words: Record<DeviceKind | 'both', Record<Refusal, Words>> = {
  camera: {
    site: { title: 'camera.site', help: 'help.site.chromium', offer: 'again' },
    dismissed: { title: 'device.dismissed', help: 'help.dismissed', offer: 'again' },
    system: { title: 'camera.system', help: 'help.system', offer: 'again' },
    policy: { title: 'camera.policy', help: 'help.policy', offer: 'tab' },
    absent: { title: 'camera.absent', help: 'help.camera_absent', offer: 'again' },
    busy: { title: 'camera.busy', help: 'help.busy', offer: 'again' },
    failed: { title: 'camera.failed', help: 'help.busy', offer: 'again' },
  },
  microphone: {
    site: { title: 'microphone.site', help: 'help.site.chromium', offer: 'again' },
    dismissed: { title: 'device.dismissed', help: 'help.dismissed', offer: 'again' },
    system: { title: 'microphone.system', help: 'help.system', offer: 'again' },
    policy: { title: 'microphone.policy', help: 'help.policy', offer: 'tab' },
    absent: { title: 'microphone.absent', help: 'help.microphone_absent', offer: 'again' },
    busy: { title: 'microphone.busy', help: 'help.busy', offer: 'again' },
    failed: { title: 'microphone.failed', help: 'help.busy', offer: 'again' },
  },
  both: {
    site: { title: 'both.site', help: 'help.site.chromium', offer: 'again' },
    dismissed: { title: 'device.dismissed', help: 'help.dismissed', offer: 'again' },
    system: { title: 'both.system', help: 'help.system', offer: 'again' },
    policy: { title: 'both.policy', help: 'help.policy', offer: 'tab' },
    absent: { title: 'both.absent', help: 'help.both_absent', offer: 'again' },
    busy: { title: 'both.busy', help: 'help.busy', offer: 'again' },
    failed: { title: 'both.failed', help: 'help.busy', offer: 'again' },
  },
};

/** What to say about a refusal of one device, or of both for the same cause, and what to offer. */
export const wordsFor = (kind: DeviceKind | 'both', why: Refusal): Words => words[kind][why];
