import { LockOpen, TriangleAlert, Video } from 'lucide-react';
import { useState } from 'react';
import { wayOut } from '../devices/place';
import { t } from '../text/t';
import { CodeField } from './CodeField';
import { Sheet } from './Sheet';

/** Nothing for 400 ms, then a quiet bar. */
export const Loading = () => (
  <main className="loading">
    <h1 className="unseen" tabIndex={-1}>
      {t('loading')}
    </h1>
    <div className="loading-bar" />
  </main>
);

export const Start = () => (
  <Sheet sign={Video} title={t('start.title')}>
    <p className="lead">{t('start.text')}</p>
    <CodeField />
  </Sheet>
);

export function Unsupported() {
  const [copied, setCopied] = useState(false);
  const copy = () => void navigator.clipboard.writeText(location.href).then(() => setCopied(true));
  const out = wayOut(location.href);
  return (
    <Sheet sign={TriangleAlert} title={t(out ? 'unsupported.in_app.title' : 'unsupported.title')}>
      <p className="lead">{t(out ? 'unsupported.in_app.text' : 'unsupported.text')}</p>
      <div className="row">
        {out && (
          <a className="button primary" href={out.href}>
            {t(out.text)}
          </a>
        )}
        <button className="button" onClick={copy}>
          {t(copied ? 'unsupported.copied' : 'unsupported.copy')}
        </button>
      </div>
    </Sheet>
  );
}

export const Insecure = () => (
  <Sheet sign={LockOpen} title={t('insecure.title')}>
    <p className="lead">{t('insecure.text')}</p>
    <a className="button primary" href={location.href.replace(/^http:/, 'https:')}>
      {t('insecure.open')}
    </a>
  </Sheet>
);
