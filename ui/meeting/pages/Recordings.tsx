import { useEffect } from 'react';
import { session } from '../api/client';
import { kept } from '../session/keep';
import { get, set, useStore } from '../store/store';
import { t } from '../text/t';

const EVERY_MS = 5000;

/** For the host: where the recordings of the meeting are, followed until they are ready. */
export function Recordings() {
  const recordings = useStore((state) => state.recordings);
  const role = useStore((state) => state.role);
  useEffect(() => {
    const mine = kept(get().code).admission;
    if (!mine || role !== 'host') return;
    const refresh = () => void session(mine).then(({ recordings: all }) => set({ recordings: all })).catch(() => undefined);
    refresh();
    const timer = setInterval(refresh, EVERY_MS);
    return () => clearInterval(timer);
  }, [role]);
  if (recordings.length === 0) return null;
  return (
    <ul className="recordings">
      {recordings.map(({ id, state, url }) => (
        <li key={id} className="note">
          <span>{t(state === 'failed' ? 'after.recording.failed' : url ? 'after.recording.ready' : 'after.recording.preparing')}</span>
          {url && <a className="button small" href={url}>{t('after.recording.open')}</a>}
        </li>
      ))}
    </ul>
  );
}
