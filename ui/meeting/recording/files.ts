import { ApiError, look, session } from '../api/client';
import type { RecordingFile } from '../api/types';
import { kept } from '../session/keep';
import { leads } from '../session/told';
import { get, set } from '../store/store';

/** What a refusal tells a host of a room that is over; null where it tells nothing of it. */
export function filesIn(error: unknown): readonly RecordingFile[] | null {
  const told = error instanceof ApiError ? error.extra['recordings'] : null;
  return Array.isArray(told) ? (told as readonly RecordingFile[]) : null;
}

/** Nothing more becomes of it, or somebody has to do something. */
export const settled = ({ state }: RecordingFile): boolean => state === 'uploaded' || state === 'failed';

/** Asks again for the recordings: those of the meeting that one was in, else all that the host's link shows. */
export async function askForFiles(): Promise<void> {
  const { code, page, role, recordings } = get();
  const { token, admission, waiting } = kept(code);
  if (!leads(role) && recordings.length === 0) return;
  const inside = page.is === 'refused' || waiting ? undefined : admission;
  const found = inside ? await ofMeeting(inside) : token ? await byLink(code, token) : null;
  if (found && get().code === code) set({ recordings: found });
}

const ofMeeting = (admission: Parameters<typeof session>[0]) =>
  session(admission).then(
    (now) => now.recordings,
    () => null,
  );

const byLink = (code: string, token: string) => look(code, token).then((seen) => seen.recordings, filesIn);
