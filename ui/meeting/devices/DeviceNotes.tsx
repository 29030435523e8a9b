import { TriangleAlert } from 'lucide-react';
import type { DeviceKind } from '../store/state';
import { useStore } from '../store/store';
import { t } from '../text/t';
import { ask, wishFor } from './devices';
import { wordsFor, type Refusal } from './refusal';
import { siteHelp } from './siteHelp';

/** A clear word for each device that gives nothing, and what to do about it; one word when the cause is one. */
export function DeviceNotes() {
  const { camera, microphone } = useStore((state) => state.capture);
  const dark = camera.is === 'refused' ? camera.why : null;
  const mute = microphone.is === 'refused' ? microphone.why : null;
  return (
    <div className="device-notes" role="status">
      {mute && mute === dark ? (
        <DeviceNote kind="both" why={mute} />
      ) : (
        <>
          {mute && <DeviceNote kind="microphone" why={mute} />}
          {dark && <DeviceNote kind="camera" why={dark} />}
        </>
      )}
    </div>
  );
}

function DeviceNote({ kind, why }: { kind: DeviceKind | 'both'; why: Refusal }) {
  const { title, help, offer } = wordsFor(kind, why);
  const kinds: DeviceKind[] = kind === 'both' ? ['microphone', 'camera'] : [kind];
  const again = () => {
    for (const one of kinds) wishFor(one, true);
    void ask(kinds);
  };
  return (
    <div className="note warning">
      <TriangleAlert className="icon" aria-hidden />
      <div className="note-body">
        <strong>{t(title)}</strong>
        <p>{t(why === 'site' ? siteHelp() : help)}</p>
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
