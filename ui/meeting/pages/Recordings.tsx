import { useEffect } from 'react';
import { CopyButton } from '../copying/CopyButton';
import { askForFiles, settled } from '../recording/files';
import { kept } from '../session/keep';
import { wholeLink } from '../session/link';
import type { RecordingFile } from '../api/types';
import { useStore } from '../store/store';
import { longDate, number, t, type TextKey } from '../text/t';

const OFTEN_MS = 5000;
/** A link to a file does not hold for ever: who comes back to the page finds a fresh one. */
const SELDOM_MS = 60_000;

/** For the host after the end: the recordings, followed until they are ready, and where they are found later. */
export function Recordings() {
  const recordings = useStore((state) => state.recordings);
  const role = useStore((state) => state.role);
  const code = useStore((state) => state.code);
  const often = recordings.length === 0 || !recordings.every(settled);
  useEffect(() => {
    const ask = () => void askForFiles();
    ask();
    const timer = setInterval(ask, often ? OFTEN_MS : SELDOM_MS);
    return () => clearInterval(timer);
  }, [role, often]);
  if (recordings.length === 0) return null;
  return (
    <section className="recordings" aria-label={t('recordings')}>
      <Files files={recordings} />
      {kept(code).token !== undefined && (
        <div className="row">
          <p className="muted">{t('recordings.later')}</p>
          <CopyButton text={wholeLink} label={t('unsupported.copy')} copied={t('unsupported.copied')} look="small" />
        </div>
      )}
    </section>
  );
}

/** On the way into a room that has been used before, folded. */
export function EarlierRecordings() {
  const recordings = useStore((state) => state.recordings);
  if (recordings.length === 0) return null;
  return (
    <details className="recordings">
      <summary>{t('recordings')}</summary>
      <Files files={recordings} />
    </details>
  );
}

const stands = ({ state, url }: RecordingFile): TextKey =>
  state === 'failed' ? 'after.recording.failed' : url ? 'after.recording.ready' : 'after.recording.preparing';

const Files = ({ files }: { files: readonly RecordingFile[] }) => (
  <ol>
    {files.map((file, i) => (
      <li key={file.id} className="note">
        <div className="note-body">
          <strong>{t('recordings.one', { number: number(i + 1) })}</strong>
          {file.started_at && <span className="muted">{longDate(file.started_at)}</span>}
          <p>{t(stands(file))}</p>
        </div>
        {file.url && (
          <a className="button small" href={file.url}>
            {t('after.recording.open')}
          </a>
        )}
      </li>
    ))}
  </ol>
);
