/** Somebody with a tile, and what he brings for a place on the first page. */
export interface Seated {
  id: string;
  rank: number;
  /** When he was last heard; 0 for not lately. */
  heard: number;
  /** His tile stays where it is: ourselves, or a tile that somebody is busy with. */
  held: boolean;
}

export const Rank = { rest: 0, camera: 1, hand: 2, spoke: 3, shares: 4 } as const;

/**
 * The order of the tiles: everybody keeps his place; who comes takes the place of who went at the same time (the speaker
 * who gives up the stage), else goes to the end; who left makes room.
 */
export function keepSeats(before: readonly string[], ids: readonly string[]): readonly string[] {
  const present = new Set(ids);
  const known = new Set(before);
  const came = ids.filter((id) => !known.has(id));
  const now = [...before.flatMap((id) => (present.has(id) ? [id] : came.splice(0, 1))), ...came];
  return now.length === before.length && now.every((id, i) => id === before[i]) ? before : now;
}

/**
 * Brings one person to the first page of `each` tiles who has more right to be there than somebody on it: they change
 * places, nobody else moves. Without such a person the same order.
 */
export function promote(order: readonly string[], people: readonly Seated[], each: number): readonly string[] {
  const by = new Map(people.map((one) => [one.id, one]));
  const sit = (id: string | undefined) => (id === undefined ? undefined : by.get(id));
  const best = order.slice(each).map(sit).reduce((top, one) => (more(one, top) ? one : top), undefined);
  const worst = order
    .slice(0, each)
    .map(sit)
    .filter((one) => one && !one.held)
    .reduce((low, one) => (low && more(one, low) ? low : one), undefined);
  if (!best || !worst || best.rank <= worst.rank) return order;
  return order.map((id) => (id === best.id ? worst.id : id === worst.id ? best.id : id));
}

/** The order as it is when the tiles are first drawn: nothing has to move on the screen yet. */
export function settle(order: readonly string[], people: readonly Seated[], each: number): readonly string[] {
  let now = order;
  for (let i = 0; i < each; i++) {
    const next = promote(now, people, each);
    if (next === now) break;
    now = next;
  }
  return now;
}

function more(a: Seated | undefined, b: Seated | undefined): boolean {
  if (!a || !b) return a !== undefined && b === undefined;
  return a.rank > b.rank || (a.rank === b.rank && a.heard > b.heard);
}
