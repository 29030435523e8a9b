import { watchInterruptions } from './interrupted';
import { stayAwake } from './awake';
import { watchPlugs } from './plugged';
import { watchSight } from './sight';

/** What the machine may do to a call: devices come and go, the system takes them, the screen goes dark. Returns how to stop. */
export function inTheCall(): () => void {
  const stops = [watchPlugs(), watchInterruptions(), watchSight(), stayAwake()];
  return () => {
    for (const stop of stops) stop();
  };
}
