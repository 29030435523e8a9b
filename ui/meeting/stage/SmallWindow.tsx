import { useEffect, useRef } from 'react';
import { leftOut } from '../network/strain';
import { toast } from '../notices/toasts';
import type { Picture, State } from '../store/state';
import { get, set, useStore } from '../store/store';
import { t } from '../text/t';
import { foremost } from './foremost';
import { usePlayed } from './Video';

/** The browser's small window over everything: a shared screen, else who is pinned, else whom the host shows, else who speaks. */
export default function SmallWindow() {
  const ref = useRef<HTMLVideoElement>(null);
  const picture = useStore(pictureOf);
  usePlayed(ref, picture);
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
    if (!pictureOf(get())) refused();
    else if (element.readyState >= HTMLMediaElement.HAVE_METADATA) void open();
    return () => {
      element.removeEventListener('leavepictureinpicture', closed);
      if (document.pictureInPictureElement === element) void document.exitPictureInPicture();
    };
  }, []);
  return <video ref={ref} className="small-window" muted playsInline aria-hidden />;
}

function pictureOf(state: State): Picture | null {
  const others = (state.call?.people ?? []).filter((person) => !person.me);
  const share = others.find((person) => person.share !== null)?.share;
  const seen = others.filter((person) => person.camera !== null && !person.paused && !leftOut(state, person.id));
  return share ?? foremost(seen, state)?.camera ?? null;
}
