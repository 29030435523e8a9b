import type { KeyboardEvent, PointerEvent, ReactNode } from 'react';
import { useStore } from '../store/store';
import { chooseSelfView } from './choices';
import { cornerBy, cornerNear } from './corner';

/** Below this a press is a press. */
const DRAG_PX = 8;

const rightToLeft = (): boolean => document.documentElement.dir === 'rtl';

/** Our own picture in a corner of the stage: dragged to another one, or sent there by Shift and an arrow from its button. */
export function Floating({ size: { w, h }, children }: { size: { w: number; h: number }; children: ReactNode }) {
  const corner = useStore((state) => state.selfView.corner);
  const press = (event: KeyboardEvent) => {
    const next = event.shiftKey ? cornerBy(event.key, corner, rightToLeft()) : null;
    if (!next) return;
    event.preventDefault();
    chooseSelfView({ corner: next });
  };
  return (
    <li
      className={`floating ${corner}`}
      style={{ width: w, height: h }}
      onPointerDown={(event) => {
        if (event.button === 0 && !(event.target as Element).closest('button')) drag(event);
      }}
      onKeyDown={press}
    >
      {children}
    </li>
  );
}

/** Followed on the window: a quick hand has left the picture before it is seen to move, and a capture would swallow double clicks. */
function drag({ currentTarget: tile, clientX, clientY, pointerId }: PointerEvent<HTMLElement>): void {
  const over = new AbortController();
  const listen = (kind: 'pointermove' | 'pointerup' | 'pointercancel', act: (event: globalThis.PointerEvent) => void) =>
    addEventListener(kind, (event) => event.pointerId === pointerId && act(event), { signal: over.signal });
  let moves = false;
  listen('pointermove', (event) => {
    const [x, y] = [event.clientX - clientX, event.clientY - clientY];
    moves ||= Math.hypot(x, y) >= DRAG_PX;
    if (moves) tile.style.translate = `${x}px ${y}px`;
  });
  listen('pointerup', () => {
    const [at, stage] = [tile.getBoundingClientRect(), tile.parentElement?.getBoundingClientRect()];
    end();
    if (!moves || !stage) return;
    const [x, y] = [(at.left + at.width / 2 - stage.left) / stage.width, (at.top + at.height / 2 - stage.top) / stage.height];
    chooseSelfView({ corner: cornerNear(x, y, rightToLeft()) });
  });
  listen('pointercancel', () => end());
  const end = () => {
    over.abort();
    tile.style.translate = '';
  };
}
