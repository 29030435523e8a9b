import type { Recording } from '../api/types';

/** The recording that the room's metadata tells of (`{"recording": …}`); null for none or for anything else. */
export function readRecording(metadata: string | undefined): Recording | null {
  if (!metadata) return null;
  try {
    const { recording } = JSON.parse(metadata) as { recording?: Recording | null };
    return recording ?? null;
  } catch {
    return null;
  }
}

/** Whom the room's metadata (`{"unrecorded": […]}`) names as left out of the recording. */
export function readUnrecorded(metadata: string | undefined): string[] {
  if (!metadata) return [];
  try {
    const { unrecorded } = JSON.parse(metadata) as { unrecorded?: unknown };
    return Array.isArray(unrecorded) ? unrecorded.filter((id) => typeof id === 'string') : [];
  } catch {
    return [];
  }
}

/** Picture and sound are being taken down, or are about to be. */
export const running = (recording: Recording | null): boolean =>
  recording !== null && ['requested', 'starting', 'active', 'stopping'].includes(recording.state);
