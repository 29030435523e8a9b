import { stopShare } from '../devices/share';
import { toast } from '../notices/toasts';
import type { State } from '../store/state';
import { get, set, watch } from '../store/store';
import { t } from '../text/t';
import { deeds, may, whyNot, words, type Deed } from './may';
import { leads } from './told';

/** Those of the deeds that we may not do. */
const forbidden = (state: State): string => deeds.filter((deed) => !may(deed, state)).join();

/**
 * What is forbidden is not wished any more, so that nothing begins by itself when it is allowed again; and one is told.
 * A wish that ends like this is not remembered: the room's rule is nobody's choice.
 */
export function obeyTheHost(): () => void {
  return watch(
    (state) => (state.page.is === 'call' || state.page.is === 'joining' ? forbidden(state) : ''),
    (now, before) => {
      const was = new Set(before.split(','));
      const not = new Set(now.split(','));
      const { wish } = get();
      const kept = { microphone: wish.microphone && !not.has('microphone'), camera: wish.camera && !not.has('camera') };
      if (kept.microphone !== wish.microphone || kept.camera !== wish.camera) set({ wish: kept });
      if (not.has('share')) stopShare();
      if (not.has('reactions')) set({ reacting: false });
      if (get().page.is !== 'call') return;
      for (const deed of deeds) if (was.has(deed) !== not.has(deed)) tell(deed, not.has(deed));
    },
  );
}

/** Who has become a host hears of that, not of each thing that he may do now. */
function tell(deed: Deed, not: boolean): void {
  if (not) toast(whyNot(deed), { key: `may.${deed}`, tone: 'warning' });
  else if (!leads(get().role)) toast(t(words[deed].again), { key: `may.${deed}` });
}
