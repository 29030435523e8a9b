import { AudioPresets, type ReconnectPolicy, type RoomConnectOptions, type RoomOptions } from 'livekit-client';
import { retryDelay } from '../session/reaction';

/** The client resumes by itself for this long; then a fresh connection with a new token is the shorter way. */
const RESUME_MS = 8000;

const reconnectPolicy: ReconnectPolicy = {
  nextRetryDelayInMs: ({ retryCount, elapsedMs }) => (elapsedMs > RESUME_MS ? null : retryDelay(retryCount)),
};

const phone = (): boolean => matchMedia('(pointer: coarse) and (max-width: 600px)').matches;

/** Complete at construction: some of it is read by reference, later changes would not arrive. */
export const roomOptions = (speaker: string): RoomOptions => ({
  adaptiveStream: { pixelDensity: phone() ? 2 : 1, pauseVideoInBackground: true },
  dynacast: true,
  reconnectPolicy,
  // Capture is ours (devices/): the client never opens, stops or restarts a device.
  stopLocalTrackOnUnpublish: false,
  disconnectOnPageLeave: true,
  webAudioMix: false,
  ...(speaker && { audioOutput: { deviceId: speaker } }),
  publishDefaults: {
    videoCodec: 'vp8',
    simulcast: true,
    dtx: true,
    red: true,
    audioPreset: AudioPresets.speech,
    stopMicTrackOnMute: false,
  },
});

export const connectOptions: RoomConnectOptions = { autoSubscribe: true, maxRetries: 3, peerConnectionTimeout: 15_000 };
