import type { RoomFacts } from '../api/types';
import { keep, kept } from '../session/keep';
import { get, set } from '../store/store';
import { speak } from './t';

/** The language of this meeting: the person's own choice where the room allows one, else the room's. */
export const languageOf = (code: string, room: RoomFacts): string =>
  (room.features.locale_switcher && kept(code).language) || room.language;

/** Speaks this language from now on, in this tab and for this meeting. */
export async function chooseLanguage(language: string): Promise<void> {
  keep(get().code, { language });
  set({ dialog: null });
  await speak(language);
}
