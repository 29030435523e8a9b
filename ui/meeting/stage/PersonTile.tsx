import type { Person } from '../store/state';
import { useStore } from '../store/store';
import { fit, type Stage } from './grid';
import { Tile } from './Tile';
import { usePicture } from './usePicture';

interface Props {
  person: Person;
  size: { w: number; h: number };
  stage: Stage;
  /** Small pictures fill their tile, whatever is cut off. */
  filled?: boolean;
}

const NAME_FROM = 120;

/** A tile that knows its size, and for ourselves the wish instead of the engine's echo. */
export function PersonTile({ person, size: { w, h }, stage, filled = false }: Props) {
  const picture = usePicture(person);
  const wish = useStore((state) => state.wish.microphone && state.capture.microphone.is === 'live');
  const shown = person.me && person.muted === wish ? { ...person, muted: !wish } : person;
  return <Tile person={shown} picture={picture} fit={filled ? 'cover' : fit(w, h, stage)} small={w < NAME_FROM} />;
}
