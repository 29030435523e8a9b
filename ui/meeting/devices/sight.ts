import { set } from '../store/store';
import { handheld } from './handheld';

/** On a phone the camera stops with the page in the background: the others are told, instead of a picture that stands still. */
export function watchSight(): () => void {
  const look = () => set({ outOfSight: handheld() && document.hidden });
  document.addEventListener('visibilitychange', look);
  return () => {
    document.removeEventListener('visibilitychange', look);
    set({ outOfSight: false });
  };
}
