import { Camera, Mic, Volume2, type LucideIcon } from 'lucide-react';
import { useId } from 'react';
import type { DeviceKind } from '../store/state';
import { set, useStore } from '../store/store';
import { t, type TextKey } from '../text/t';
import { choose, inUse } from './devices';
import { SpeakerTest } from './DeviceTest';
import './devices.css';

type Kind = DeviceKind | 'speaker';

const rows: Record<Kind, { icon: LucideIcon; label: TextKey }> = {
  microphone: { icon: Mic, label: 'device.microphone' },
  camera: { icon: Camera, label: 'device.camera' },
  speaker: { icon: Volume2, label: 'device.speaker' },
};

/** Which microphone, camera and speaker; only what the browser lets us list. */
export const DeviceSelects = () => (
  <div className="device-selects">
    <DeviceSelect kind="microphone" />
    <DeviceSelect kind="camera" />
    <DeviceSelect kind="speaker" />
    {!('setSinkId' in HTMLMediaElement.prototype) && <p className="muted">{t('device.by_system')}</p>}
    <SpeakerTest />
    <button className="button plain small" onClick={() => set({ dialog: { is: 'check' } })}>
      {t('check.open')}
    </button>
  </div>
);

function DeviceSelect({ kind }: { kind: Kind }) {
  const id = useId();
  const devices = useStore((state) => state.devices[kind]);
  const speaker = useStore((state) => state.chosen.speaker);
  // Read again whenever a track is opened: it tells which device it is.
  useStore((state) => (kind === 'speaker' ? null : state.capture[kind]));
  const { icon: Icon, label } = rows[kind];
  if (devices.length === 0) return null;
  return (
    <div className="device-select">
      <label htmlFor={id} className="unseen">
        {t(label)}
      </label>
      <Icon className="icon" aria-hidden />
      <select id={id} data-kind={kind} value={kind === 'speaker' ? speaker : inUse(kind)} onChange={(event) => void choose(kind, event.target.value)}>
        {devices.map((device) => (
          <option key={device.id} value={device.id}>
            {device.label}
          </option>
        ))}
      </select>
    </div>
  );
}
