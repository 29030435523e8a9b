import { useEffect, useRef, useState } from 'react';
import { toast } from '../notices/toasts';
import { set, useStore } from '../store/store';
import { t } from '../text/t';
import { makeCard } from './card';
import { smallPerson, smallPicture } from './small';
import { usePlayed } from './Video';

/** The browser's small window over everything: what is large on the stage, or a card with a name where nobody has a picture. */
export default function SmallWindow() {
  const ref = useRef<HTMLVideoElement>(null);
  const picture = useStore(smallPicture);
  const card = useCard();
  usePlayed(ref, picture ?? card);
  useEffect(() => {
    const element = ref.current;
    if (!element) return;
    const closed = () => set({ smallWindow: false });
    const open = () => element.requestPictureInPicture().catch(refused);
    const refused = () => {
      closed();
      toast(t('view.small_window_failed'), { tone: 'warning' });
    };
    element.addEventListener('leavepictureinpicture', closed);
    element.addEventListener('loadedmetadata', () => void open(), { once: true });
    if (!element.srcObject) refused();
    else if (element.readyState >= HTMLMediaElement.HAVE_METADATA) void open();
    return () => {
      element.removeEventListener('leavepictureinpicture', closed);
      if (document.pictureInPictureElement === element) void document.exitPictureInPicture();
    };
  }, []);
  return <video ref={ref} className="small-window" muted playsInline aria-hidden />;
}

/** The card of who would be seen, as long as the window is open. */
function useCard(): MediaStreamTrack | null {
  const person = useStore(smallPerson);
  const [card] = useState(makeCard);
  useEffect(() => card?.write({ id: person?.id ?? '', name: person ? person.name || t('tile.no_name') : '', text: t(person ? 'view.no_camera' : 'view.nobody') }), [card, person]);
  useEffect(() => () => card?.track.stop(), [card]);
  return card?.track ?? null;
}
