import { Copy } from 'lucide-react';
import { lazy, Suspense } from 'react';
import { useBand } from '../controls/useBand';
import { CopyButton } from '../copying/CopyButton';
import { readAddress } from '../session/address';
import { useStore } from '../store/store';
import { t } from '../text/t';
import './invite.css';

const QrCode = lazy(() => import('./QrCode'));
/** From 900 px on: on a phone nobody scans his own screen. */
const WIDE = 3;

export function Invite() {
  const code = useStore((state) => state.code);
  const link = `${location.origin}${readAddress(location).home}/${code}`;
  const wide = useBand() >= WIDE;
  return (
    <div className="invite">
      <div>
        <h2>{t('invite.title')}</h2>
        <p className="muted">{t('invite.text')}</p>
        <div className="invite-link">
          <bdi className="clock" dir="ltr">{link.replace(/^https?:\/\//, '')}</bdi>
          <CopyButton text={() => link} label={t('invite.copy')} copied={t('invite.copied')} look="small" icon={<Copy className="icon" />} />
        </div>
      </div>
      {wide && (
        <Suspense>
          <QrCode link={link} />
        </Suspense>
      )}
    </div>
  );
}
