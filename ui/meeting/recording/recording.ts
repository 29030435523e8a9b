import type { Recording } from '../api/types';
import { readMetadata } from '../session/metadata';

/** The recording that the room's metadata tells of (`{"recording": …}`); null for none or for anything else. */
export function readRecording(metadata: string | undefined): Recording | null {
  return (readMetadata(metadata)['recording'] as Recording | null | undefined) ?? null;
}

/** Whom the room's metadata (`{"unrecorded": […]}`) names as left out of the recording. */
export function readUnrecorded(metadata: string | undefined): string[] {
  const { unrecorded } = readMetadata(metadata);
  return Array.isArray(unrecorded) ? unrecorded.filter((id) => typeof id === 'string') : [];
}

/** Picture and sound are being taken down, or are about to be. */
export const running = (recording: Recording | null): boolean =>
  recording !== null && ['requested', 'starting', 'active', 'stopping'].includes(recording.state);
