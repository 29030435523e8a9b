import type { Corner } from '../store/state';

const ALL: readonly Corner[] = ['end bottom', 'start bottom', 'start top', 'end top'];

/** Round the stage, by one command for whoever can neither drag nor use the keys. */
export const nextCorner = (corner: Corner): Corner => ALL[(ALL.indexOf(corner) + 1) % ALL.length] ?? corner;

/** The corner that is nearest to a place; x and y as shares of the stage, from its left and top. */
export function cornerNear(x: number, y: number, rightToLeft: boolean): Corner {
  const side = x < 0.5 === rightToLeft ? 'end' : 'start';
  return `${side} ${y < 0.5 ? 'top' : 'bottom'}`;
}

/** Where an arrow leads from a corner; it may be the same. */
export function cornerBy(key: string, corner: Corner, rightToLeft: boolean): Corner | null {
  const [side, height] = corner.split(' ') as ['start' | 'end', 'top' | 'bottom'];
  switch (key) {
    case 'ArrowUp':
      return `${side} top`;
    case 'ArrowDown':
      return `${side} bottom`;
    case 'ArrowLeft':
      return `${rightToLeft ? 'end' : 'start'} ${height}`;
    case 'ArrowRight':
      return `${rightToLeft ? 'start' : 'end'} ${height}`;
    default:
      return null;
  }
}
