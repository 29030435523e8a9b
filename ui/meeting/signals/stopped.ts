import type { MuteSource } from '../api/types';
import { toast } from '../notices/toasts';
import { may, type Deed } from '../session/may';
import { t, type TextKey } from '../text/t';

interface Words {
  deed: Deed;
  /** Where it is not known who it was. */
  host: TextKey;
  named: TextKey;
}

const words: Record<MuteSource, Words> = {
  microphone: { deed: 'microphone', host: 'host.muted_you', named: 'host.muted_you_by' },
  camera: { deed: 'camera', host: 'host.stopped_your_camera', named: 'host.stopped_your_camera_by' },
  screen_share: { deed: 'share', host: 'host.stopped_your_share', named: 'host.stopped_your_share_by' },
};

/** The engine's deed and the server's word about it come by different ways, in either order, but at about the same time. */
const TOGETHER_MS = 5000;

interface Moment {
  by: string;
  at: number;
}

const named = new Map<MuteSource, Moment>();
const stopped = new Map<MuteSource, number>();

/** The server says who is going to mute us, or everybody. */
export function stops(source: MuteSource, by: string, now: number = performance.now()): void {
  named.set(source, { by, at: now });
  const at = stopped.get(source);
  if (at !== undefined && now - at < TOGETHER_MS) tell(source, by);
}

/** The engine has muted us: one is told by whom, as soon as that is known. */
export function wasStopped(source: MuteSource, now: number = performance.now()): void {
  stopped.set(source, now);
  const word = named.get(source);
  tell(source, word && now - word.at < TOGETHER_MS ? word.by : '');
}

/** What is forbidden from now on has a notice of its own, which takes the place of this one. */
function tell(source: MuteSource, by: string): void {
  const { deed, host, named: text } = words[source];
  if (may(deed)) toast(by ? t(text, { name: by }) : t(host), { tone: 'warning', key: `may.${deed}` });
}
