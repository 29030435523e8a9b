import { useState } from 'react';
import { wayOut } from '../devices/place';
import { t } from '../text/t';
import { CodeField } from './CodeField';
import { Sheet } from './Sheet';

/** Nothing for 400 ms, then a quiet bar. */
export const Loading = () => (
  <div className="loading" role="status">
    <span className="unseen">{t('loading')}</span>
    <div className="loading-bar" />
  </div>
);

export const Start = () => (
  <Sheet title={t('start.title')}>
    <p className="lead">{t('start.text')}</p>
    <CodeField />
  </Sheet>
);

export function Unsupported() {
  const [copied, setCopied] = useState(false);
  const copy = () => void navigator.clipboard.writeText(location.href).then(() => setCopied(true));
  const out = wayOut(location.href);
  return (
    <Sheet title={t(out ? 'unsupported.in_app.title' : 'unsupported.title')}>
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
  <Sheet title={t('insecure.title')}>
    <p className="lead">{t('insecure.text')}</p>
    <a className="button primary" href={location.href.replace(/^http:/, 'https:')}>
      {t('insecure.open')}
    </a>
  </Sheet>
);
