import { Maximize, MonitorUp, ZoomIn, ZoomOut, type LucideIcon } from 'lucide-react';
import { useEffect, useRef, useState, type KeyboardEvent, type PointerEvent } from 'react';
import { Tip } from '../controls/BarButton';
import { useToolbar } from '../controls/useToolbar';
import type { Person } from '../store/state';
import { percent, t } from '../text/t';
import { Video } from './Video';
import { closer, farther, move, offset, whole, zoomTo, type Zoom } from './zoom';

const WHEEL = 0.01;
const STEP = 0.1;

const byKey: Record<string, (zoom: Zoom) => Zoom> = {
  '+': (zoom) => closer(zoom),
  '=': (zoom) => closer(zoom),
  '-': (zoom) => farther(zoom),
  '0': () => whole,
  ArrowLeft: (zoom) => move(zoom, -STEP, 0),
  ArrowRight: (zoom) => move(zoom, STEP, 0),
  ArrowUp: (zoom) => move(zoom, 0, -STEP),
  ArrowDown: (zoom) => move(zoom, 0, STEP),
};

/** Somebody's screen, shown whole; looked at closer with the wheel and Ctrl, two fingers, `+`, `-`, `0`, and moved by dragging or arrows. */
export function SharedScreen({ person: { name, share } }: { person: Person }) {
  const ref = useRef<HTMLDivElement>(null);
  const [zoom, setZoom] = useState(whole);
  const tools = useRef<HTMLDivElement>(null);
  const toolbar = useToolbar(tools);
  const drag = useRef<Drag>({ points: new Map(), apart: 0 });
  useWheel(ref, setZoom);
  if (!share) return null;
  const label = t('share.of', { name: name || t('tile.no_name') });
  const { left, top } = offset(zoom);
  const pressed = (event: KeyboardEvent) => {
    const change = byKey[event.key];
    if (!change || event.defaultPrevented || event.ctrlKey || event.altKey || event.metaKey) return;
    event.preventDefault();
    setZoom(change);
  };
  const size = `${zoom.scale * 100}%`;
  return (
    <div
      ref={ref}
      className={`tile shared${zoom.scale > 1 ? ' closer' : ''}`}
      role="group"
      aria-label={label}
      tabIndex={0}
      onKeyDown={pressed}
      onPointerDown={(event) => hold(drag.current, event)}
      onPointerMove={(event) => pull(drag.current, event, setZoom)}
      onPointerUp={(event) => drag.current.points.delete(event.pointerId)}
      onPointerCancel={(event) => drag.current.points.delete(event.pointerId)}
    >
      {/* A larger element and no transform: the engine then sends the sharpest picture it has. */}
      <div className="lens" style={{ width: size, height: size, left: `${left * 100}%`, top: `${top * 100}%` }}>
        <Video picture={share} fit="contain" label={label} />
      </div>
      <div className="plate" aria-hidden>
        <MonitorUp className="icon" />
        <bdi className="name" dir="auto">
          {label}
        </bdi>
      </div>
      <div ref={tools} className="zoom-tools" role="toolbar" aria-label={t('share.zoom')} {...toolbar}>
        <Tool icon={ZoomOut} label={t('share.zoom_out')} off={zoom.scale === 1} act={() => setZoom(farther)} />
        <span className="clock" role="status">
          {percent(zoom.scale)}
        </span>
        <Tool icon={ZoomIn} label={t('share.zoom_in')} act={() => setZoom(closer)} />
        <Tool icon={Maximize} label={t('share.zoom_whole')} off={zoom.scale === 1} act={() => setZoom(whole)} />
      </div>
    </div>
  );
}

const Tool = ({ icon: Icon, label, off = false, act }: { icon: LucideIcon; label: string; off?: boolean; act: () => void }) => (
  <button className="tile-button" aria-label={label} aria-disabled={off} onClick={act}>
    <Icon className="icon" />
    <Tip text={label} />
  </button>
);

type Change = (next: (zoom: Zoom) => Zoom) => void;

/** With Ctrl, which is also what a pinch on a touchpad sends. Not passive: the page itself must not be enlarged. */
function useWheel(ref: { current: HTMLElement | null }, change: Change): void {
  useEffect(() => {
    const element = ref.current;
    if (!element) return;
    const turned = (event: WheelEvent) => {
      if (!event.ctrlKey) return;
      event.preventDefault();
      const { left, top, width, height } = element.getBoundingClientRect();
      const factor = Math.exp(-event.deltaY * WHEEL);
      change((zoom) => zoomTo(zoom, zoom.scale * factor, (event.clientX - left) / width, (event.clientY - top) / height));
    };
    element.addEventListener('wheel', turned, { passive: false });
    return () => element.removeEventListener('wheel', turned);
  }, [ref, change]);
}

interface Drag {
  points: Map<number, { x: number; y: number }>;
  /** How far two fingers were apart. */
  apart: number;
}

function hold(drag: Drag, event: PointerEvent<HTMLElement>): void {
  if ((event.target as Element).closest('button')) return;
  event.currentTarget.setPointerCapture(event.pointerId);
  drag.points.set(event.pointerId, { x: event.clientX, y: event.clientY });
  drag.apart = apartOf(drag);
}

function pull(drag: Drag, event: PointerEvent<HTMLElement>, change: Change): void {
  const before = drag.points.get(event.pointerId);
  if (!before) return;
  const { left, top, width, height } = event.currentTarget.getBoundingClientRect();
  drag.points.set(event.pointerId, { x: event.clientX, y: event.clientY });
  if (drag.points.size === 1) {
    change((zoom) => move(zoom, (before.x - event.clientX) / width, (before.y - event.clientY) / height));
    return;
  }
  const [x, y] = middleOf(drag);
  const factor = apartOf(drag) / (drag.apart || 1);
  drag.apart = apartOf(drag);
  change((zoom) => zoomTo(zoom, zoom.scale * factor, (x - left) / width, (y - top) / height));
}

function apartOf({ points }: Drag): number {
  const [a, b] = [...points.values()];
  return a && b ? Math.hypot(a.x - b.x, a.y - b.y) : 0;
}

function middleOf({ points }: Drag): [number, number] {
  const all = [...points.values()];
  return [all.reduce((sum, { x }) => sum + x, 0) / all.length, all.reduce((sum, { y }) => sum + y, 0) / all.length];
}
