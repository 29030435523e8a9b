import { useSyncExternalStore } from 'react';
import { framed } from './useBand';

/** A phone on its side: there is no height to spare for a bar. Inside another site's page the bar stays what its width makes it. */
const SIDEWAYS = matchMedia('(max-height: 480px) and (min-width: 560px) and (max-width: 959px)');

function subscribe(changed: () => void): () => void {
  SIDEWAYS.addEventListener('change', changed);
  return () => SIDEWAYS.removeEventListener('change', changed);
}

export const useSideways = (): boolean => useSyncExternalStore(subscribe, () => SIDEWAYS.matches && !framed());
