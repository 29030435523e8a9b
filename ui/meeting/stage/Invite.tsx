import { Copy } from 'lucide-react';
import { CopyButton } from '../copying/CopyButton';
import { readAddress } from '../session/address';
import { useStore } from '../store/store';
import { t } from '../text/t';

export function Invite() {
  const code = useStore((state) => state.code);
  const link = `${location.origin}${readAddress(location).home}/${code}`;
  return (
    <div className="invite">
      <h2>{t('invite.title')}</h2>
      <p className="muted">{t('invite.text')}</p>
      <div className="invite-link">
        <bdi className="clock" dir="ltr">{link.replace(/^https?:\/\//, '')}</bdi>
        <CopyButton text={() => link} label={t('invite.copy')} copied={t('invite.copied')} look="small" icon={<Copy className="icon" />} />
      </div>
    </div>
  );
}
