import { Info, TriangleAlert } from 'lucide-react';
import type { DeviceKind } from '../store/state';
import { wholeLink } from '../session/link';
import { set, useStore } from '../store/store';
import { t } from '../text/t';
import { ask, wishFor } from './devices';
import { remember } from './memory';
import { systemHelp, systemSettings } from './place';
import { wordsFor, type Refusal } from './refusal';
import { siteHelp } from './siteHelp';

/** What the page around a frame must say, for a meeting with everything. */
const ALLOW =
  'allow="camera; microphone; display-capture; autoplay; fullscreen; picture-in-picture; speaker-selection; screen-wake-lock; clipboard-write"';

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
      <SilentNote />
      <InsteadNote kind="microphone" />
      <InsteadNote kind="camera" />
    </div>
  );
}

function DeviceNote({ kind, why }: { kind: DeviceKind | 'both'; why: Refusal }) {
  const { title, help, offer } = wordsFor(kind, why);
  const kinds: DeviceKind[] = kind === 'both' ? ['microphone', 'camera'] : [kind];
  const settings = why === 'system' ? systemSettings(kind === 'microphone' ? kind : 'camera') : null;
  const again = () => {
    for (const one of kinds) wishFor(one, true);
    void ask(kinds);
  };
  return (
    <div className="note warning">
      <TriangleAlert className="icon" aria-hidden />
      <div className="note-body">
        <strong>{t(title)}</strong>
        <p>{t(why === 'site' ? siteHelp() : why === 'system' ? systemHelp() : help)}</p>
        {why === 'policy' && (
          <p>
            {t('help.policy_owner')} <code dir="ltr">{ALLOW}</code>
          </p>
        )}
      </div>
      {settings && (
        <a className="button small" href={settings}>
          {t('device.open_settings')}
        </a>
      )}
      {offer === 'again' && (
        <button className="button small" onClick={again}>
          {t(why === 'dismissed' ? 'device.ask_again' : 'try_again')}
        </button>
      )}
      {offer === 'tab' && (
        <a className="button small" href={wholeLink()} target="_blank" rel="noreferrer">
          {t('device.open_tab')}
        </a>
      )}
    </div>
  );
}

function SilentNote() {
  const silent = useStore((state) => state.silent);
  const choosing = useStore((state) => state.dialog?.is === 'devices');
  if (!silent) return null;
  const known = () => {
    remember({ silence: 'known' });
    set({ silent: false });
  };
  return (
    <div className="note warning">
      <TriangleAlert className="icon" aria-hidden />
      <p className="note-body">{t('device.silent')}</p>
      {!choosing && (
        <button className="button small" onClick={() => set({ dialog: { is: 'devices' } })}>
          {t('device.another')}
        </button>
      )}
      <button className="button small" onClick={known}>
        {t('device.silence_known')}
      </button>
    </div>
  );
}

function InsteadNote({ kind }: { kind: DeviceKind }) {
  const name = useStore((state) => state.instead[kind]);
  return name ? (
    <p className="note">
      <Info className="icon" aria-hidden />
      {t('device.instead', { name })}
    </p>
  ) : null;
}
