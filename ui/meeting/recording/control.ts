import { startRecording, stopRecording, ApiError } from '../api/client';
import { toast } from '../notices/toasts';
import { admission } from '../session/join';
import { set } from '../store/store';
import { t } from '../text/t';

/** The host's button; what comes of it is told by the room's metadata to everybody. */
export async function record(on: boolean): Promise<void> {
  try {
    set({ recording: on ? await startRecording(admission()) : await stopRecording(admission()) });
  } catch (error) {
    const unavailable = error instanceof ApiError && error.code === 'recording_unavailable';
    toast(t(unavailable ? 'recording.unavailable' : 'host.failed'), { tone: 'warning' });
  }
}
