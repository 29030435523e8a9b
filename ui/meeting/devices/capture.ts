import type { DeviceKind } from '../store/state';
import { get } from '../store/store';
import { playAndRecord } from './earpiece';
import { permission, policy } from './permission';
import { classify, type Refusal } from './refusal';

export type Captured = { track: MediaStreamTrack } | { refused: Refusal };
export type Wanted = Partial<Record<DeviceKind, string>>;

const RETRY_MS = 1000;
/** No person is so quick: nobody was asked. */
const AT_ONCE_MS = 150;

/** A modest machine sends a smaller picture: phones, two cores, or 4 GB and less. */
const modest = (): boolean => {
  const memory = (navigator as { deviceMemory?: number }).deviceMemory;
  return navigator.hardwareConcurrency <= 2 || (memory !== undefined && memory <= 4) || matchMedia('(pointer: coarse) and (max-width: 600px)').matches;
};

/** A stored device is a wish (`ideal`): when it is gone, the default takes its place without an error. */
const idOf = (id: string) => (id ? { deviceId: { ideal: id } } : {});

const constraintsOf: Record<DeviceKind, (id: string) => MediaTrackConstraints> = {
  microphone: (id) => ({
    ...idOf(id),
    echoCancellation: true,
    noiseSuppression: true,
    autoGainControl: true,
    voiceIsolation: true,
  }),
  camera: (id) => ({
    ...(id ? idOf(id) : { facingMode: { ideal: get().facing } }),
    ...(modest()
      ? { width: { ideal: 640 }, height: { ideal: 360 }, frameRate: { ideal: 20 } }
      : { width: { ideal: 1280 }, height: { ideal: 720 }, frameRate: { ideal: 30 } }),
  }),
};

/**
 * Opens the wanted devices (kind → device id, '' for any). Both are asked for in one question; where
 * that fails each is tried alone, since one missing device makes the whole question fail.
 */
export async function capture(wanted: Wanted): Promise<Partial<Record<DeviceKind, Captured>>> {
  const kinds = Object.keys(wanted) as DeviceKind[];
  playAndRecord();
  if (kinds.length === 2) {
    try {
      return await open(wanted);
    } catch {
      // Each alone tells which of the two it was.
    }
  }
  const result: Partial<Record<DeviceKind, Captured>> = {};
  for (const kind of kinds) result[kind] = await alone(kind, wanted[kind] ?? '');
  return result;
}

async function alone(kind: DeviceKind, id: string): Promise<Captured> {
  const asked = performance.now();
  try {
    return (await open({ [kind]: id }))[kind] ?? { refused: 'failed' };
  } catch (error) {
    const { name } = error as Error;
    if (name !== 'AbortError' && name !== 'OverconstrainedError') return { refused: await explain(kind, error, asked) };
    if (name === 'AbortError') await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    return bare(kind).catch(async (again: unknown) => ({ refused: await explain(kind, again, asked) }));
  }
}

/** A slow start, or a demand that nothing meets, is tried once more with no constraints at all. */
async function bare(kind: DeviceKind): Promise<Captured> {
  const stream = await navigator.mediaDevices.getUserMedia(kind === 'camera' ? { video: true } : { audio: true });
  const track = stream.getTracks()[0];
  return track ? { track } : { refused: 'failed' };
}

async function open(wanted: Wanted): Promise<Partial<Record<DeviceKind, Captured>>> {
  const stream = await navigator.mediaDevices.getUserMedia({
    audio: wanted.microphone !== undefined && constraintsOf.microphone(wanted.microphone),
    video: wanted.camera !== undefined && constraintsOf.camera(wanted.camera),
  });
  const [audio] = stream.getAudioTracks();
  const [video] = stream.getVideoTracks();
  return { ...(audio && { microphone: { track: audio } }), ...(video && { camera: { track: video } }) };
}

async function explain(kind: DeviceKind, error: unknown, asked: number): Promise<Refusal> {
  const { name, message } = error as Error;
  const atOnce = performance.now() - asked < AT_ONCE_MS;
  const state = (await permission(kind))?.state ?? 'unknown';
  return classify({ name, message, permission: state, policy: policy(kind), framed: window.top !== window, atOnce, listed: await listed(kind) });
}

/** Whether the browser knows of such a device, even if it does not give it. */
async function listed(kind: DeviceKind): Promise<boolean> {
  const devices = await navigator.mediaDevices.enumerateDevices();
  return devices.some((device) => device.kind === (kind === 'camera' ? 'videoinput' : 'audioinput'));
}
