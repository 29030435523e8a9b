import { Camera, Mic, Volume2, type LucideIcon } from 'lucide-react';
import { useId, useState } from 'react';
import type { DeviceKind } from '../store/state';
import { useStore } from '../store/store';
import { t, type TextKey } from '../text/t';
import { choose, inUse } from './devices';
import { playTestSound } from './level';
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
    <TestSound />
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
      <select id={id} value={kind === 'speaker' ? speaker : inUse(kind)} onChange={(event) => void choose(kind, event.target.value)}>
        {devices.map((device) => (
          <option key={device.id} value={device.id}>
            {device.label}
          </option>
        ))}
      </select>
    </div>
  );
}

function TestSound() {
  const speaker = useStore((state) => state.chosen.speaker);
  const [playing, setPlaying] = useState(false);
  const play = async () => {
    setPlaying(true);
    await playTestSound(speaker).catch(() => undefined);
    setPlaying(false);
  };
  return (
    <button className="button plain small test-sound" aria-disabled={playing} onClick={() => !playing && void play()}>
      {t(playing ? 'device.playing' : 'device.test')}
    </button>
  );
}
