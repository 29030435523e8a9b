import type { DeviceKind } from '../store/state';
import type { TextKey } from '../text/t';

/** An app that shows pages in a window of its own: most of them pass no camera on. */
const IN_APP = /\bFBA[NV]|Instagram|\bLine\/|MicroMessenger|Twitter|TikTok|musical_ly|LinkedInApp|Snapchat|GSA\/|; wv\)/;

/** Where this computer keeps what it forbids the browser itself. */
export function systemHelp(agent: string = navigator.userAgent): TextKey {
  if (/iPhone|iPad|Android/.test(agent)) return 'help.system.phone';
  if (agent.includes('Mac OS X')) return 'help.system.mac';
  return agent.includes('Windows') ? 'help.system.windows' : 'help.system';
}

/** The address of that place itself, where the system has one. */
export function systemSettings(kind: DeviceKind, agent: string = navigator.userAgent): string | null {
  const camera = kind === 'camera';
  if (agent.includes('Windows')) return camera ? 'ms-settings:privacy-webcam' : 'ms-settings:privacy-microphone';
  if (!agent.includes('Macintosh')) return null;
  return `x-apple.systempreferences:com.apple.preference.security?Privacy_${camera ? 'Camera' : 'Microphone'}`;
}

/** Out of an app's own window into a browser: what the system calls it there, and the address that leads to it. */
export function wayOut(href: string, agent: string = navigator.userAgent): { text: TextKey; href: string } | null {
  const rest = href.replace(/^https?:\/\//, '');
  const ios = /iPhone|iPad/.test(agent);
  // In iOS every browser calls itself Safari, a page shown inside of an app does not.
  if (ios && (IN_APP.test(agent) || !agent.includes('Safari/'))) return { text: 'unsupported.safari', href: `x-safari-${href}` };
  if (!agent.includes('Android') || !IN_APP.test(agent)) return null;
  return { text: 'unsupported.chrome', href: `intent://${rest}#Intent;scheme=https;package=com.android.chrome;end` };
}
