import type { Refusal } from '../devices/refusal';

export type DeviceKind = 'microphone' | 'camera';

export type Capture =
  /** The browser has not said yet whether it has to ask the person. */
  | { is: 'unknown' }
  | { is: 'unasked' }
  | { is: 'asking'; since: number }
  | { is: 'live'; track: MediaStreamTrack }
  | { is: 'off' }
  | { is: 'refused'; why: Refusal };

export interface Device {
  id: string;
  label: string;
  /** The same for all devices of one thing, as far as the browser tells. */
  group: string;
}

export interface DeviceLists {
  microphone: readonly Device[];
  camera: readonly Device[];
  speaker: readonly Device[];
}
