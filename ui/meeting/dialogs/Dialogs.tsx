import { lazy, Suspense } from 'react';
import { set, useStore } from '../store/store';

const Window = lazy(() => import('./Window'));

/** The one open dialog, if any; its code is fetched when the first one opens. */
export function Dialogs() {
  const dialog = useStore((state) => state.dialog);
  if (!dialog) return null;
  return (
    <Suspense>
      <Window dialog={dialog} close={() => set({ dialog: null })} />
    </Suspense>
  );
}
