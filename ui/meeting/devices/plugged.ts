import { closeToastOf, toast } from '../notices/toasts';
import { get, set, watch } from '../store/store';
import type { Device, DeviceLists } from '../store/state';
import { t } from '../text/t';
import { choose } from './devices';

type Kind = keyof DeviceLists;

const kinds: readonly Kind[] = ['microphone', 'camera', 'speaker'];

/** Offers what is plugged in, and tells of a speaker that is gone; nothing is changed without being asked. */
export const watchPlugs = (): (() => void) =>
  watch(
    (state) => state.devices,
    (now, before) => {
      for (const found of plugged(before, now)) offer(found);
      const { speaker } = get().chosen;
      if (speaker && before.speaker.some(({ id }) => id === speaker) && !now.speaker.some(({ id }) => id === speaker)) speakerGone();
    },
  );

/** One thing that was plugged in, which may be several devices: a headset is a microphone and a speaker. */
export interface Plugged {
  name: string;
  devices: readonly (readonly [Kind, string])[];
}

/** What `now` has that `before` had not. Where there was nothing before, the page has only learned to see, or takes it unasked. */
export function plugged(before: DeviceLists, now: DeviceLists): readonly Plugged[] {
  const groups = new Map<string, { name: string; devices: [Kind, string][] }>();
  for (const kind of kinds) {
    if (before[kind].length === 0) continue;
    const known = new Set(before[kind].map(({ id }) => id));
    for (const device of now[kind].filter(({ id }) => !known.has(id) && !byRole(id))) {
      const key = device.group || device.id;
      const group = groups.get(key) ?? { name: device.label, devices: [] };
      groups.set(key, { ...group, devices: [...group.devices, [kind, device.id]] });
    }
  }
  return [...groups.values()];
}

/** Chromium lists the system's choices once more under these names. */
const byRole = (id: Device['id']): boolean => id === 'default' || id === 'communications';

function offer({ name, devices }: Plugged): void {
  const key = `plugged.${name}`;
  const act = () => {
    closeToastOf(key);
    for (const [kind, id] of devices) void choose(kind, id);
  };
  toast(t('device.plugged', { name }), { key, actions: [{ label: t('device.use'), act }] });
}

function speakerGone(): void {
  // Not remembered: next time it may be back.
  set(({ chosen }) => ({ chosen: { ...chosen, speaker: '' } }));
  const act = () => set({ dialog: { is: 'devices' } });
  toast(t('speaker.lost'), { tone: 'warning', key: 'speaker.lost', actions: [{ label: t('device.choose_another'), act }] });
}
