import { useStore } from '../store/store';
import { duration, t } from '../text/t';
import { useNow } from '../controls/useNow';
import { running } from './recording';
import './recording.css';

/** "REC 12:04" for everybody, as long as picture and sound are taken down. */
export function Badge() {
  const recording = useStore((state) => state.recording);
  const now = useNow(1000);
  if (!recording || !running(recording)) return null;
  const { state, started_at } = recording;
  if (state === 'requested' || state === 'starting')
    return <span className="badge waiting">{t('recording.starting')}</span>;
  if (state === 'stopping') return <span className="badge waiting">{t('recording.stopping')}</span>;
  return (
    <span className="badge" role="img" aria-label={t('recording.running')} title={t('recording.running')}>
      <span className="rec-dot" />
      {t('recording.badge')}
      {started_at && <span className="clock">{duration(now - Date.parse(started_at))}</span>}
    </span>
  );
}
