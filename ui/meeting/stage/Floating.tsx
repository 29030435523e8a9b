import { useRef, type KeyboardEvent, type PointerEvent, type ReactNode } from 'react';
import { useStore } from '../store/store';
import { chooseSelfView } from './choices';
import { cornerBy, cornerNear } from './corner';

/** Below this a press is a press. */
const DRAG_PX = 8;

interface Drag {
  x: number;
  y: number;
  moves: boolean;
}

const rightToLeft = (): boolean => document.documentElement.dir === 'rtl';

/** Our own picture in a corner of the stage: dragged to another one, or sent there by Shift and an arrow from its button. */
export function Floating({ size: { w, h }, children }: { size: { w: number; h: number }; children: ReactNode }) {
  const corner = useStore((state) => state.selfView.corner);
  const drag = useRef<Drag | null>(null);
  const hold = (event: PointerEvent<HTMLElement>) => {
    if (event.button === 0 && !(event.target as Element).closest('button')) drag.current = { x: event.clientX, y: event.clientY, moves: false };
  };
  const pull = ({ currentTarget: tile, pointerId, clientX, clientY }: PointerEvent<HTMLElement>) => {
    const now = drag.current;
    if (!now) return;
    const [x, y] = [clientX - now.x, clientY - now.y];
    if (!now.moves && Math.hypot(x, y) < DRAG_PX) return;
    // From here on only: a finger that taps is to reach the tile.
    if (!now.moves) tile.setPointerCapture(pointerId);
    now.moves = true;
    tile.style.translate = `${x}px ${y}px`;
  };
  const drop = ({ currentTarget: tile }: PointerEvent<HTMLElement>) => {
    const moved = drag.current?.moves;
    const [at, stage] = [tile.getBoundingClientRect(), tile.parentElement?.getBoundingClientRect()];
    drag.current = null;
    tile.style.translate = '';
    if (!moved || !stage) return;
    const [x, y] = [(at.left + at.width / 2 - stage.left) / stage.width, (at.top + at.height / 2 - stage.top) / stage.height];
    chooseSelfView({ corner: cornerNear(x, y, rightToLeft()) });
  };
  const giveUp = ({ currentTarget: tile }: PointerEvent<HTMLElement>) => {
    drag.current = null;
    tile.style.translate = '';
  };
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
      onPointerDown={hold}
      onPointerMove={pull}
      onPointerUp={drop}
      onPointerCancel={giveUp}
      onKeyDown={press}
    >
      {children}
    </li>
  );
}
