import { useEffect, useRef, useState } from 'react';
import type { Knocker } from '../api/types';
import { useStore } from '../store/store';
import { t, timeOfDay } from '../text/t';
import { admit, admitEverybody, deny, denyEverybody } from './host';
import './waiting.css';

/** A row that has gone keeps its place for so long: nobody presses what has just slipped under the pointer. */
const LINGER_MS = 600;

/** Who waits, oldest first, and the host's word about each. */
export function AtTheDoor() {
  const people = useStore((state) => state.atTheDoor);
  const rows = useLingering(people);
  const list = useRef<HTMLUListElement>(null);
  const heading = useRef<HTMLHeadingElement>(null);
  if (rows.length === 0) return null;
  const here = new Set(people.map(({ id }) => id));
  /** After a word about one row the focus is on the next one's, or on the heading. */
  const decide = (id: string, act: (id: string) => Promise<void>) => {
    const others = people.filter((one) => one.id !== id);
    const next = others[Math.min(people.findIndex((one) => one.id === id), others.length - 1)];
    const button = next && list.current?.querySelector<HTMLElement>(`[data-admit="${next.id}"]`);
    (button ?? heading.current)?.focus();
    void act(id);
  };
  return (
    <section className="at-the-door" aria-labelledby="at-the-door">
      <header>
        <h3 id="at-the-door" ref={heading} tabIndex={-1}>
          {t('door.waiting', { count: people.length })}
        </h3>
        {people.length > 1 && (
          <span className="door-all">
            <button className="button small" onClick={() => void admitEverybody()}>
              {t('door.admit_all')}
            </button>
            <button className="button small plain" onClick={() => void denyEverybody()}>
              {t('door.deny_all')}
            </button>
          </span>
        )}
      </header>
      <ul ref={list}>
        {rows.map((one) => (
          <Row key={one.id} person={one} over={!here.has(one.id)} decide={decide} />
        ))}
      </ul>
    </section>
  );
}

interface RowProps {
  person: Knocker;
  over: boolean;
  decide: (id: string, act: (id: string) => Promise<void>) => void;
}

function Row({ person: { id, name, asked_at }, over, decide }: RowProps) {
  return (
    <li className="knocker">
      <span className="person-name">
        <bdi dir="auto">{name}</bdi>
        <span className="muted">{t('door.since', { time: timeOfDay(new Date(asked_at)) })}</span>
      </span>
      {!over && (
        <>
          <button className="button small primary" data-admit={id} aria-label={t('door.admit_name', { name })} onClick={() => decide(id, admit)}>
            {t('door.admit')}
          </button>
          <button className="button small" aria-label={t('door.deny_name', { name })} onClick={() => decide(id, deny)}>
            {t('door.deny')}
          </button>
        </>
      )}
    </li>
  );
}

/** The people, and for a moment those who have just gone, in their old places. */
function useLingering(people: readonly Knocker[]): readonly Knocker[] {
  const [settled, setSettled] = useState(people);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(people), LINGER_MS);
    return () => clearTimeout(timer);
  }, [people]);
  const known = new Set(settled.map(({ id }) => id));
  return [...settled, ...people.filter(({ id }) => !known.has(id))];
}
