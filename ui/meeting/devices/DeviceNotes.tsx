import { TriangleAlert } from 'lucide-react';
import type { DeviceKind } from '../store/state';
import { useStore } from '../store/store';
import { t } from '../text/t';
import { ask, wishFor } from './devices';
import { wordsFor } from './refusal';

/** A clear word for each device that gives nothing, and what to do about it. */
export function DeviceNotes() {
  const { camera, microphone } = useStore((state) => state.capture);
  const both = camera.is === 'refused' && microphone.is === 'refused' && camera.why === 'dismissed' && microphone.why === 'dismissed';
  return (
    <div className="device-notes" role="status">
      {microphone.is === 'refused' && <DeviceNote kind="microphone" why={microphone.why} also={both ? 'camera' : null} />}
      {camera.is === 'refused' && !both && <DeviceNote kind="camera" why={camera.why} also={null} />}
    </div>
  );
}

interface Props {
  kind: DeviceKind;
  why: Parameters<typeof wordsFor>[1];
  /** One question was closed for both devices: one note, one button. */
  also: DeviceKind | null;
}

function DeviceNote({ kind, why, also }: Props) {
  const { title, help, offer } = wordsFor(kind, why);
  const kinds = also ? [kind, also] : [kind];
  const again = () => {
    for (const one of kinds) wishFor(one, true);
    void ask(kinds);
  };
  return (
    <div className="note warning">
      <TriangleAlert className="icon" aria-hidden />
      <div className="note-body">
        <strong>{t(title)}</strong>
        <p>{t(help)}</p>
      </div>
      {offer === 'again' && (
        <button className="button small" onClick={again}>
          {t('try_again')}
        </button>
      )}
      {offer === 'tab' && (
        <a className="button small" href={location.href} target="_blank" rel="noreferrer">
          {t('device.open_tab')}
        </a>
      )}
    </div>
  );
}
