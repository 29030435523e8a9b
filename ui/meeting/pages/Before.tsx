import { LockOpen, TriangleAlert, Video } from 'lucide-react';
import { CopyButton } from '../copying/CopyButton';
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
        <CopyButton text={() => location.href} label={t('unsupported.copy')} copied={t('unsupported.copied')} look="" />
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
