import { DoorClosed } from 'lucide-react';
import { useEffect } from 'react';
import { announce } from '../announce/queue';
import { useNow } from '../controls/useNow';
import { OtherMeeting } from '../pages/After';
import { Sheet } from '../pages/Sheet';
import { t } from '../text/t';
import { askAgain } from './door';

/** The host said no: kindly, and after a while with a way to ask again, unless it was asked too often. */
export const Denied = ({ againAt }: { againAt: number | null }) => (
  <Sheet sign={DoorClosed} title={t('denied.title')}>
    <p className="lead">{t('denied.text')}</p>
    <div className="row">
      {againAt !== null && <Again at={againAt} />}
      <OtherMeeting />
    </div>
  </Sheet>
);

function Again({ at }: { at: number }) {
  const seconds = Math.max(0, Math.ceil((at - useNow(1000)) / 1000));
  const isTime = seconds === 0;
  useEffect(() => {
    if (isTime) announce(t('denied.again_now'));
  }, [isTime]);
  return (
    <button className="button" aria-disabled={!isTime} onClick={() => isTime && askAgain()}>
      {isTime ? t('denied.again') : t('denied.again_in', { seconds })}
    </button>
  );
}
