import { toast } from '../notices/toasts';
import type { Allows, State } from '../store/state';
import { get } from '../store/store';
import { t, type TextKey } from '../text/t';
import { leads } from './told';

/** What the host can forbid guests to do. */
export type Deed = keyof Allows;

export const words: Record<Deed, { forbidden: TextKey; again: TextKey }> = {
  microphone: { forbidden: 'may.microphone', again: 'may.microphone_again' },
  camera: { forbidden: 'may.camera', again: 'may.camera_again' },
  share: { forbidden: 'may.share', again: 'may.share_again' },
  chat: { forbidden: 'may.chat', again: 'may.chat_again' },
  reactions: { forbidden: 'may.reactions', again: 'may.reactions_again' },
};
export const deeds = Object.keys(words) as readonly Deed[];

/** Whether we may do this now; hosts and co-hosts always may. */
export const may = (deed: Deed, { role, told }: Pick<State, 'role' | 'told'> = get()): boolean => leads(role) || told.allows[deed];

/** Who can change it. */
export const whyNot = (deed: Deed): string => t(words[deed].forbidden);

/** Whether we may; says why not. */
export function mayOrSay(deed: Deed): boolean {
  if (!may(deed)) toast(whyNot(deed), { key: `may.${deed}`, tone: 'warning' });
  return may(deed);
}
