import type { LocalVideoTrack, VideoEncoding } from 'livekit-client';

/** Small print wants every pixel, fifteen times a second are enough for it; a film wants twice as many pictures, and the bits for them. */
export const encodingOf = (motion: boolean): VideoEncoding =>
  motion ? { maxBitrate: 5_000_000, maxFramerate: 30 } : { maxBitrate: 2_500_000, maxFramerate: 15 };

/** The same layers with the pictures a second of this kind; the bits of the largest one, since the others are for small tiles. */
export function tuned<Layer extends RTCRtpEncodingParameters>(layers: readonly Layer[], motion: boolean): Layer[] {
  const { maxBitrate, maxFramerate } = encodingOf(motion);
  const most = Math.max(...layers.map((layer) => layer.maxBitrate ?? 0));
  return layers.map((layer) => ({ ...layer, ...(layer.maxFramerate !== undefined && { maxFramerate }), ...(layer.maxBitrate === most && { maxBitrate }) }));
}

/** Changes how a running share is encoded, without a gap for those who look at it. */
export async function tune(local: LocalVideoTrack, motion: boolean): Promise<void> {
  const { sender } = local;
  if (!sender) return;
  const parameters = sender.getParameters();
  const encodings = tuned(parameters.encodings, motion);
  if (JSON.stringify(encodings) === JSON.stringify(parameters.encodings)) return;
  await sender.setParameters({ ...parameters, encodings });
  await local.setDegradationPreference(motion ? 'maintain-framerate' : 'maintain-resolution');
}
