import { useEffect, useRef, useState } from 'react';
import { placeOf } from '../signals/hands';
import type { Hand } from '../signals/hands';
import type { Person, Speakers } from '../store/state';
import { useStore } from '../store/store';
import { keepSeats, promote, Rank, settle, type Seated } from './seats';

/** Tiles change places no oftener. */
const EVERY_MS = 2000;

/** People in the order of their tiles, `each` on a page: who speaks comes forward, one at a time, nobody else moves. */
export function useSeats(people: readonly Person[], each: number): readonly Person[] {
  const lately = useStore((state) => state.speakers.lately);
  const hands = useStore((state) => state.hands);
  const seated = people.map((person) => seatOf(person, lately, hands));
  const ids = people.map(({ id }) => id);
  const [order, setOrder] = useState(() => settle(ids, seated, each));
  const swapped = useRef(Number.NEGATIVE_INFINITY);
  const now = keepSeats(order, ids);
  if (now !== order) setOrder(now);
  useEffect(() => {
    if (now.length <= each) return;
    const timer = setTimeout(() => {
      const next = promote(now, seated.map(hold), each);
      if (next === now) return;
      swapped.current = performance.now();
      setOrder(next);
    }, Math.max(0, swapped.current + EVERY_MS - performance.now()));
    return () => clearTimeout(timer);
  });
  const by = new Map(people.map((person) => [person.id, person]));
  return now.flatMap((id) => by.get(id) ?? []);
}

function seatOf({ id, me, camera, share }: Person, lately: Speakers['lately'], hands: readonly Hand[]): Seated {
  const heard = lately.get(id);
  const quiet = placeOf(hands, id) > 0 ? Rank.hand : camera ? Rank.camera : Rank.rest;
  const rank = share ? Rank.shares : heard === undefined ? quiet : Rank.spoke;
  return { id, rank, heard: heard ?? 0, held: me };
}

/** Nothing moves away under somebody's keyboard focus or open menu. */
function hold(one: Seated): Seated {
  const button = document.querySelector(`[data-tile="${CSS.escape(one.id)}"]`);
  const busy = button !== null && (button.parentElement?.contains(document.activeElement) || button.getAttribute('aria-expanded') === 'true');
  return busy ? { ...one, held: true } : one;
}
