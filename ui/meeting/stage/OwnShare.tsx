import { MonitorUp } from 'lucide-react';
import { Switch } from '../design/Switch';
import { optimise, stopShare } from '../devices/share';
import { useStore } from '../store/store';
import { t } from '../text/t';

/** In place of our own screen, which would show itself in itself. */
export default function OwnShare() {
  const share = useStore((state) => state.share);
  if (share.is !== 'live') return null;
  return (
    <div className="tile shared own">
      <MonitorUp className="icon" />
      <h2>{t('share.yours')}</h2>
      <p className="muted">{t('share.yours_text')}</p>
      <p className="muted">{t(share.audio ? 'share.sound' : passesSound() ? 'share.no_sound' : 'share.sound_where')}</p>
      <Switch on={share.motion} name={t('share.motion')} note={t('share.motion_text')} change={optimise} />
      <button className="button danger" onClick={stopShare}>
        {t('share.stop')}
      </button>
    </div>
  );
}

/** Chromium alone gives the sound of what is shared. */
const passesSound = (): boolean => navigator.userAgent.includes('Chrome/');
