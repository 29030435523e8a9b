import { ChevronLeft, ChevronRight } from 'lucide-react';
import { useEffect, useRef, useState } from 'react';
import type { Person } from '../store/state';
import { t } from '../text/t';
import { anyGrid, gapOf, perPage, place, type Grid, type Stage } from './grid';
import { PersonTile } from './PersonTile';

const PAGER = 44;

/** Everybody in equal tiles; who does not fit is on a further page. */
export function Gallery({ people, stage }: { people: readonly Person[]; stage: Stage }) {
  const present = useRef<Grid | undefined>(undefined);
  const [turned, setTurned] = useState(0);
  const gap = gapOf(innerWidth);
  const whole = perPage(people.length, stage, gap) >= people.length;
  const room = whole ? stage : { ...stage, height: stage.height - PAGER };
  const each = perPage(people.length, room, gap);
  const pages = Math.ceil(people.length / each);
  const page = Math.min(turned, pages - 1);
  const shown = people.slice(page * each, (page + 1) * each);
  // eslint-disable-next-line react-hooks/refs -- the shape on the screen weighs in the choice of the next one
  const shape = anyGrid(whole ? shown.length : each, room, gap, present.current);
  useEffect(() => {
    present.current = shape;
  });
  usePageKeys((by) => setTurned(Math.min(pages - 1, Math.max(0, page + by))), pages > 1);
  return (
    <>
      <ul className="gallery">
        {shown.map((person, i) => {
          const { x, y } = place(i, shown.length, rowsOf(shape, shown.length), room, gap);
          return (
            <li key={person.id} style={{ transform: `translate(calc(${x}px * var(--along)), ${y}px)`, width: shape.w, height: shape.h }}>
              <PersonTile person={person} size={shape} stage={room} />
            </li>
          );
        })}
      </ul>
      {pages > 1 && <Pager page={page} pages={pages} turn={(to) => setTurned(to)} />}
    </>
  );
}

/** The last page may have fewer rows than the shape it keeps. */
const rowsOf = (shape: Grid, n: number): Grid => ({ ...shape, rows: Math.min(shape.rows, Math.ceil(n / shape.columns)) });

function Pager({ page, pages, turn }: { page: number; pages: number; turn: (to: number) => void }) {
  return (
    <div className="pager">
      <button className="round" aria-label={t('call.previous_page')} disabled={page === 0} onClick={() => turn(page - 1)}>
        <ChevronLeft className="icon" />
      </button>
      <span className="clock">{t('call.page', { page: page + 1, pages })}</span>
      <button className="round" aria-label={t('call.next_page')} disabled={page === pages - 1} onClick={() => turn(page + 1)}>
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
      if (event.key === 'PageDown') latest.current(1);
      if (event.key === 'PageUp') latest.current(-1);
    };
    addEventListener('keydown', pressed);
    return () => removeEventListener('keydown', pressed);
  }, [active]);
}
