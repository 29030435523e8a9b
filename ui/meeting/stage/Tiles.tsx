import { ChevronLeft, ChevronRight } from 'lucide-react';
import { useEffect, useRef, useState, type TouchEvent } from 'react';
import type { Person } from '../store/state';
import { MOST_WHEN_SPARED } from '../network/most';
import { spared } from '../network/strain';
import { useStore } from '../store/store';
import { t } from '../text/t';
import { anyGrid, gapOf, MOST, perPage, place, type Grid, type Stage } from './grid';
import { PersonTile } from './PersonTile';
import { useSeats } from './useSeats';

const PAGER = 44;
/** A lower area has its buttons at both ends instead of below. */
const LOW = 200;
/** How much a bar that floats over the end of the stage may cover. */
const BAR = 64;

interface Props {
  people: readonly Person[];
  area: Stage;
  /** How many pictures may be drawn here, when some are drawn elsewhere. */
  most?: number;
}

/** People in equal tiles; who does not fit is on a further page. */
export function Tiles({ people, area, most = MOST }: Props) {
  const present = useRef<Grid | undefined>(undefined);
  const [turned, setTurned] = useState(0);
  const gap = gapOf(innerWidth);
  const few = useStore(spared);
  const wanted = Math.min(people.length, most, few ? MOST_WHEN_SPARED : MOST);
  const whole = perPage(wanted, area, gap) >= people.length;
  const low = area.height < LOW;
  const room = whole ? area : low ? { ...area, width: area.width - 2 * PAGER } : { ...area, height: area.height - PAGER };
  const each = perPage(wanted, room, gap);
  const pages = Math.ceil(people.length / each);
  const page = Math.min(turned, pages - 1);
  const shown = useSeats(people, each).slice(page * each, (page + 1) * each);
  // eslint-disable-next-line react-hooks/refs -- the shape on the screen weighs in the choice of the next one
  const shape = anyGrid(whole ? shown.length : each, room, gap, present.current);
  useEffect(() => {
    present.current = shape;
  });
  const turn = (by: number) => setTurned(Math.min(pages - 1, Math.max(0, page + by)));
  usePageKeys(turn, pages > 1);
  const inset = low && !whole ? PAGER : 0;
  return (
    <div className={`tiles${low ? ' low' : ''}`} style={{ width: area.width, height: area.height }} {...swipes(turn)}>
      <ul>
        {shown.map((person, i) => {
          const { x, y } = place(i, shown.length, rowsOf(shape, shown.length), room, gap);
          return (
            <li
              key={person.id}
              className={x + inset + shape.w > area.width - BAR ? 'at-end' : ''}
              style={{ transform: `translate(calc(${x + inset}px * var(--along)), ${y}px)`, width: shape.w, height: shape.h }}
            >
              <PersonTile person={person} size={shape} stage={room} />
            </li>
          );
        })}
      </ul>
      {pages > 1 && <Pager page={page} pages={pages} turn={turn} />}
    </div>
  );
}

/** The last page may have fewer rows than the shape it keeps. */
const rowsOf = (shape: Grid, n: number): Grid => ({ ...shape, rows: Math.min(shape.rows, Math.ceil(n / shape.columns)) });

function Pager({ page, pages, turn }: { page: number; pages: number; turn: (by: number) => void }) {
  return (
    <div className="pager">
      <button className="round" aria-label={t('call.previous_page')} aria-disabled={page === 0} onClick={() => turn(-1)}>
        <ChevronLeft className="icon" />
      </button>
      <span className="clock">{t('call.page', { page: page + 1, pages })}</span>
      <button className="round" aria-label={t('call.next_page')} aria-disabled={page === pages - 1} onClick={() => turn(1)}>
        <ChevronRight className="icon" />
      </button>
    </div>
  );
}

function usePageKeys(turn: (by: number) => void, active: boolean): void {
  const latest = useRef(turn);
  useEffect(() => {
    latest.current = turn;
  });
  useEffect(() => {
    if (!active) return;
    const pressed = (event: KeyboardEvent) => {
      if (event.target instanceof Element && event.target.closest('.panel, [role="dialog"]')) return;
      if (event.key === 'PageDown') latest.current(1);
      if (event.key === 'PageUp') latest.current(-1);
    };
    addEventListener('keydown', pressed);
    return () => removeEventListener('keydown', pressed);
  }, [active]);
}

const SWIPE = 60;
let touched: { x: number; y: number } | null = null;

/** A finger across the tiles turns the page the way it would push it. */
const swipes = (turn: (by: number) => void) => ({
  onTouchStart: ({ touches }: TouchEvent) => {
    const [one] = Array.from(touches);
    touched = one && touches.length === 1 ? { x: one.clientX, y: one.clientY } : null;
  },
  onTouchEnd: ({ changedTouches, currentTarget }: TouchEvent) => {
    const [last] = Array.from(changedTouches);
    const from = touched;
    touched = null;
    if (!from || !last) return;
    const [dx, dy] = [last.clientX - from.x, last.clientY - from.y];
    const along = getComputedStyle(currentTarget).direction === 'rtl' ? -1 : 1;
    if (Math.abs(dx) > SWIPE && Math.abs(dx) > 2 * Math.abs(dy)) turn(dx * along < 0 ? 1 : -1);
  },
});
