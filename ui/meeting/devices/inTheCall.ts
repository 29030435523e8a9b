import { watchInterruptions } from './interrupted';
import { stayAwake } from './awake';
import { watchPlugs } from './plugged';
import { watchSight } from './sight';

/** What the machine may do to a call: devices come and go, the system takes them, the screen goes dark. Returns how to stop. */
export function inTheCall(): () => void {
  const stops = [watchPlugs(), watchInterruptions(), watchSight(), stayAwake(), remindTheMuted()];
  return () => {
    for (const stop of stops) stop();
  };
}

const LATER_MS = 3000;

/** Fetched when the call is seen. */
function remindTheMuted(): () => void {
  let stop: (() => void) | null = () => undefined;
  const begin = () =>
    void import('./unheard').then(({ watchUnheard }) => {
      // Race: the call may have ended meanwhile.
      if (stop) stop = watchUnheard();
    });
  const timer = setTimeout(begin, LATER_MS);
  return () => {
    clearTimeout(timer);
    stop?.();
    stop = null;
  };
}
