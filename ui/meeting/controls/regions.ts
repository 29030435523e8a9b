import { announce } from '../announce/queue';
import { get } from '../store/store';
import { nameList, t } from '../text/t';

/** What F6 goes round: the stage, the panel if one is open, notices if there are any, the bar. */
const REGIONS = ['.stage', '.panel', '.toasts', '.bar'];
const STOPS = 'button:not([tabindex="-1"], :disabled), a[href], input, select, textarea, [tabindex="0"]';

/** Where the focus was before F2 took it to the bar. */
let before: HTMLElement | null = null;

/** F6 and Shift+F6 go to the next or last part of the page, F2 to the bar and back. */
export function moveFocus({ key, shiftKey }: KeyboardEvent): boolean {
  if (key === 'F6') goRound(shiftKey ? -1 : 1);
  else if (key === 'F2') toTheBar();
  return key === 'F6' || key === 'F2';
}

function goRound(step: 1 | -1): void {
  const stops = REGIONS.flatMap((region) => {
    const element = document.querySelector<HTMLElement>(region);
    const stop = element?.querySelector<HTMLElement>(STOPS);
    return element && stop ? [{ element, stop }] : [];
  });
  const at = stops.findIndex(({ element }) => element.contains(document.activeElement));
  const next = at < 0 ? (step > 0 ? 0 : stops.length - 1) : (at + step + stops.length) % stops.length;
  stops[next]?.stop.focus();
}

function toTheBar(): void {
  const bar = document.querySelector('.bar');
  const now = document.activeElement;
  if (bar?.contains(now)) {
    if (before?.isConnected) before.focus();
    return;
  }
  before = now instanceof HTMLElement ? now : null;
  bar?.querySelector<HTMLElement>(STOPS)?.focus();
}

/** Who speaks now, on demand. */
export function sayWhoSpeaks(): void {
  const names = (get().call?.people ?? []).filter((one) => one.speaking && !one.me).map((one) => one.name || t('tile.no_name'));
  announce(names.length > 0 ? t('speaking.now', { names: nameList(names) }) : t('speaking.nobody'), { assertive: true, key: 'speaking' });
}
