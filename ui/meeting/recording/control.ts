import { startRecording, stopRecording, ApiError } from '../api/client';
import { toast } from '../notices/toasts';
import { admission } from '../session/join';
import { get, set } from '../store/store';
import { t } from '../text/t';
import { decide } from './consent';

/** The host's button; what comes of it is told by the room's metadata to everybody. */
export async function record(on: boolean): Promise<void> {
  try {
    // Who starts a recording agrees to it.
    if (on && get().consent !== 'agreed') await decide('agreed');
    set({ recording: on ? await startRecording(admission()) : await stopRecording(admission()) });
  } catch (error) {
    const unavailable = error instanceof ApiError && error.code === 'recording_unavailable';
    toast(t(unavailable ? 'recording.unavailable' : 'host.failed'), { tone: 'warning' });
  }
}
