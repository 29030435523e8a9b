import { useStore } from '../store/store';
import type { Person, Picture } from '../store/state';

/** A person's picture: the engine's, or for ourselves the one we capture. */
export function usePicture(person: Person): Picture | null {
  const own = useStore((state) => (state.capture.camera.is === 'live' ? state.capture.camera.track : null));
  return person.me ? own : person.camera;
}
