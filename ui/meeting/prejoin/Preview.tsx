import { ArrowUp, ArrowUpLeft, SlidersHorizontal, type LucideIcon } from 'lucide-react';
import { useEffect, useState } from 'react';
import { BarButton } from '../controls/BarButton';
import { DeviceButton } from '../controls/DeviceButton';
import { ask } from '../devices/devices';
import { LevelMeter } from '../devices/LevelMeter';
import { siteHelp } from '../devices/siteHelp';
import { Avatar } from '../stage/Avatar';
import { facesUser } from '../stage/PersonTile';
import { Video } from '../stage/Video';
import { set, useStore } from '../store/store';
import { t, type TextKey } from '../text/t';
import '../stage/stage.css';
import '../controls/bar.css';

const HINT_MS = 5000;

/** What the others will see and hear. */
export function Preview() {
  const { camera, microphone } = useStore((state) => state.capture);
  const mirrored = useStore((state) => state.selfView.mirrored);
  const [without, setWithout] = useState(false);
  const asking = camera.is === 'asking' || microphone.is === 'asking';
  const known = microphone.is !== 'unknown' && camera.is !== 'unknown';
  const unasked = microphone.is === 'unasked' && camera.is !== 'live' && camera.is !== 'refused' && !without;
  return (
    <section className="tile preview" aria-label={t('prejoin.preview')}>
      {camera.is === 'live' ? <Video picture={camera.track} mirrored={mirrored && facesUser(camera.track)} /> : known && !unasked && !asking && <NoPicture />}
      {asking && <LookForQuestion />}
      {unasked ? (
        <div className="ask">
          <p>{t('prejoin.ask')}</p>
          <button className="button primary" onClick={() => void ask()}>
            {t('prejoin.allow')}
          </button>
          <button className="button plain" onClick={() => setWithout(true)}>
            {t('prejoin.without')}
          </button>
        </div>
      ) : (
        <div className="preview-tools">
          <DeviceButton kind="microphone" />
          <DeviceButton kind="camera" />
          <span className="choose-devices">
            <BarButton icon={SlidersHorizontal} label={t('devices.title')} onPress={() => set({ dialog: { is: 'devices' } })} />
          </span>
        </div>
      )}
      {microphone.is === 'live' && <LevelMeter />}
    </section>
  );
}

function NoPicture() {
  const name = useStore((state) => state.name).trim();
  const off = useStore((state) => state.capture.camera.is === 'off');
  const note = t(off ? 'prejoin.camera_off' : 'prejoin.no_camera');
  return name ? <Avatar name={name} identity={name} note={note} /> : <div className="avatar muted">{note}</div>;
}

/** Where the question appears; a phone puts it in front of everything. */
const arrows: Partial<Record<TextKey, LucideIcon>> = {
  'help.site.chromium': ArrowUpLeft,
  'help.site.firefox': ArrowUpLeft,
  'help.site.safari': ArrowUp,
};

/** The browser's question can be overlooked; after five seconds we point at it. */
function LookForQuestion() {
  const [late, setLate] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setLate(true), HINT_MS);
    return () => clearTimeout(timer);
  }, []);
  if (!late) return null;
  const Arrow = arrows[siteHelp()];
  return (
    <p className="look" role="status">
      {Arrow && <Arrow className="icon" aria-hidden />}
      {t('prejoin.look')}
    </p>
  );
}
