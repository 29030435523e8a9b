import type { TextKey } from '../text/t';

/** Where this browser keeps the permission that was refused for the site. */
export function siteHelp(agent: string = navigator.userAgent): TextKey {
  if (/iPhone|iPad/.test(agent)) return 'help.site.ios';
  if (/Android/.test(agent)) return 'help.site.android';
  if (agent.includes('Firefox')) return 'help.site.firefox';
  return /Chrome|Chromium/.test(agent) ? 'help.site.chromium' : 'help.site.safari';
}
