import { announce } from '../announce/queue';
import { toast } from '../notices/toasts';
import { mayOrSay } from '../session/may';
import { get, set } from '../store/store';
import { t } from '../text/t';

/** Phones cannot share; Firefox on Android has the function and always refuses. */
export const canShare = (): boolean =>
  'getDisplayMedia' in navigator.mediaDevices && !/Android/.test(navigator.userAgent);

interface ShareOptions extends DisplayMediaStreamOptions {
  selfBrowserSurface: 'exclude';
  surfaceSwitching: 'include';
  systemAudio: 'include';
}

const isSafari = (): boolean => /^((?!chrome|android).)*safari/i.test(navigator.userAgent);

const SIZE = { width: { ideal: 1920 }, height: { ideal: 1080 } };

const options = (): ShareOptions => ({
  // Safari 17 gives a tiny picture when a size is asked for.
  video: isSafari() ? true : { ...SIZE, frameRate: { ideal: 15 } },
  audio: { echoCancellation: false, noiseSuppression: false, autoGainControl: false },
  selfBrowserSurface: 'exclude',
  surfaceSwitching: 'include',
  systemAudio: 'include',
});

/** Shares a screen, window or tab with its sound. Call it first in a click: some browsers insist. */
export async function startShare(): Promise<void> {
  if (get().share.is !== 'idle' || !mayOrSay('share')) return;
  const asking = navigator.mediaDevices.getDisplayMedia(options());
  set({ share: { is: 'asking' } });
  try {
    const stream = await asking;
    const [video] = stream.getVideoTracks();
    if (!video) throw new Error('a share without a picture');
    video.contentHint = 'detail';
    video.addEventListener('ended', stopShare);
    set({ share: { is: 'live', video, audio: stream.getAudioTracks()[0] ?? null, motion: false } });
    announce(t('share.you_began'));
  } catch (error) {
    set({ share: { is: 'idle' } });
    const { name, message } = error as Error;
    // Closing the browser's question is an answer, not an error.
    if (name === 'NotAllowedError' && !/system/i.test(message)) return;
    toast(t(name === 'NotAllowedError' || name === 'NotReadableError' ? 'share.system' : 'share.failed'), { tone: 'warning', sticky: true });
  }
}

/** Of what is shared the movement counts (a film), or the small print (all else). It holds for this share alone. */
export function optimise(motion: boolean): void {
  const { share } = get();
  if (share.is !== 'live') return;
  share.video.contentHint = motion ? 'motion' : 'detail';
  if (!isSafari()) void share.video.applyConstraints({ ...SIZE, frameRate: { ideal: motion ? 30 : 15 } }).catch(() => undefined);
  set({ share: { ...share, motion } });
}

/** One button for both ways. */
export function toggleShare(): void {
  if (get().share.is === 'live') stopShare();
  else void startShare();
}

export function stopShare(): void {
  const { share } = get();
  if (share.is !== 'live') return;
  share.video.stop();
  share.audio?.stop();
  set({ share: { is: 'idle' } });
  announce(t('share.you_ended'));
}
