import { toast } from '../notices/toasts';
import { get, watch } from '../store/store';
import { t } from '../text/t';

/** Tells everybody in the meeting when it is locked or opened again, whoever did it, here or by the API. */
export function tellOfTheLock(): () => void {
  return watch(
    (state) => state.room?.locked,
    (now, before) => {
      if (get().page.is !== 'call' || now === undefined || before === undefined) return;
      toast(t(now ? 'host.locked' : 'host.unlocked'), { key: 'lock' });
    },
  );
}
