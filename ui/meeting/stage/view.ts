import type { View } from '../store/state';

/** How the stage is drawn: somebody or something large with a strip of the others, or with a grid of them beside it. */
export type Drawn = 'alone' | 'pair' | 'grid' | 'focus' | 'beside';

interface Facts {
  view: View;
  /** People besides ourselves. */
  others: number;
  /** A share or somebody pinned: it is large in every view. */
  large: boolean;
  width: number;
}

const BESIDE_FROM = 1024;

export function drawn({ view, others, large, width }: Facts): Drawn {
  const focus = view === 'beside' && width >= BESIDE_FROM ? 'beside' : 'focus';
  if (large) return focus;
  if (others === 0) return 'alone';
  if (view === 'grid') return 'grid';
  if (view === 'auto') return others === 1 ? 'pair' : 'grid';
  return others === 1 && focus === 'focus' ? 'pair' : focus;
}

export const views: readonly View[] = ['auto', 'grid', 'speaker', 'beside'];

/** The view after this one, of those that there is room for. */
export function nextView(view: View, width: number): View {
  const offered = views.filter((one) => one !== 'beside' || width >= BESIDE_FROM);
  return offered[(offered.indexOf(view) + 1) % offered.length] ?? 'auto';
}

export const roomForBeside = (width: number): boolean => width >= BESIDE_FROM;

const STRIP = 200;
const WIDE_STRIP = 2 * STRIP + 12;
const TWO_FROM = 1680;
const LOW_STRIP = 112;
const SHARE_OF_GRID = 0.3;

export interface Parts {
  large: { width: number; height: number };
  rest: { width: number; height: number };
  /** The rest stands at the side, not below. */
  side: boolean;
}

/** Divides the stage between what is large and the tiles of the rest (none when nobody is left). */
export function divide(how: 'focus' | 'beside', { width, height }: { width: number; height: number }, gap: number, rest: number): Parts {
  if (rest === 0) return { large: { width, height }, rest: { width: 0, height: 0 }, side: true };
  if (how === 'focus' && width / height < 1.2) {
    const low = Math.min(LOW_STRIP, height / 3);
    return { large: { width, height: height - low - gap }, rest: { width, height: low }, side: false };
  }
  const strip = width >= TWO_FROM && rest > 4 ? WIDE_STRIP : Math.min(STRIP, width / 4);
  const side = how === 'beside' ? width * SHARE_OF_GRID : strip;
  return { large: { width: width - side - gap, height }, rest: { width: side, height }, side: true };
}
