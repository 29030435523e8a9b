/** A raised hand; `since` in this page's own time. */
export interface Hand {
  id: string;
  since: number;
}

/** The hands in the order in which they went up, after this one went up or down (null). Nothing new: the same list. */
export function withHand(hands: readonly Hand[], id: string, since: number | null): readonly Hand[] {
  const before = hands.find((hand) => hand.id === id);
  if (since === null) return before ? hands.filter((hand) => hand !== before) : hands;
  // Told again to somebody who came late: it is the same hand, and keeps its place.
  if (before) return hands;
  return [...hands, { id, since }].sort((a, b) => a.since - b.since || (a.id < b.id ? -1 : 1));
}

/** The hands of those who are still here. */
export function handsOf(hands: readonly Hand[], present: ReadonlySet<string>): readonly Hand[] {
  return hands.every((hand) => present.has(hand.id)) ? hands : hands.filter((hand) => present.has(hand.id));
}

/** Which place this person's hand has, from 1; 0 when it is down. */
export const placeOf = (hands: readonly Hand[], id: string): number => hands.findIndex((hand) => hand.id === id) + 1;
