import { Copy } from 'lucide-react';
import { toast } from '../notices/toasts';
import { readAddress } from '../session/address';
import { useStore } from '../store/store';
import { t } from '../text/t';

export function Invite() {
  const code = useStore((state) => state.code);
  const link = `${location.origin}${readAddress(location).home}/${code}`;
  const copy = () => void navigator.clipboard.writeText(link).then(() => toast(t('invite.copied')));
  return (
    <div className="invite">
      <h2>{t('invite.title')}</h2>
      <p className="muted">{t('invite.text')}</p>
      <div className="invite-link">
        <bdi className="clock" dir="ltr">{link.replace(/^https?:\/\//, '')}</bdi>
        <button className="button small" onClick={copy}>
          <Copy className="icon" />
          {t('invite.copy')}
        </button>
      </div>
    </div>
  );
}
