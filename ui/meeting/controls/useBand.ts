import { useSyncExternalStore } from 'react';
import { bandOf, type Band } from './bands';

let current: Band = bandOf(innerWidth);

function subscribe(changed: () => void): () => void {
  const resized = () => {
    current = bandOf(innerWidth, current);
    changed();
  };
  addEventListener('resize', resized);
  // The window may have become another while nobody listened: the bar is made ready before the call, and hears nothing until then.
  resized();
  return () => removeEventListener('resize', resized);
}

export const useBand = (): Band => useSyncExternalStore(subscribe, () => current);

/** For who does not draw. */
export const bandNow = (): Band => bandOf(innerWidth, current);

/** Inside another site's page, where the vendor's table of controls holds. */
export const framed = (): boolean => window.parent !== window;
