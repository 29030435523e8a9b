import { useLayoutEffect, useRef, type RefObject } from 'react';
import type { Picture } from '../store/state';

interface Props {
  picture: Picture;
  fit?: 'cover' | 'contain';
  mirrored?: boolean;
  /** Only a share has words of its own; a camera is described by its tile. */
  label?: string;
}

/** One `<video>` with what every browser needs: muted, inline, played by hand (Safari's low power mode). */
export function Video({ picture, fit = 'cover', mirrored = false, label }: Props) {
  const ref = useRef<HTMLVideoElement>(null);
  usePlayed(ref, picture);
  const classes = `video ${fit}${mirrored ? ' mirrored' : ''}`;
  return <video ref={ref} className={classes} muted playsInline {...(label ? { 'aria-label': label } : { 'aria-hidden': true })} />;
}

/** Shows a picture in an element as long as it is drawn. */
export function usePlayed(ref: RefObject<HTMLVideoElement | null>, picture: Picture | null): void {
  // Before the next paint: the engine sends for a picture when it is attached.
  useLayoutEffect(() => {
    const element = ref.current;
    if (!element || !picture) return;
    if (!(picture instanceof MediaStreamTrack)) {
      picture.attach(element);
      return () => void picture.detach(element);
    }
    element.srcObject = new MediaStream([picture]);
    element.play().catch(() => undefined);
    return () => {
      element.srcObject = null;
    };
  }, [ref, picture]);
}
