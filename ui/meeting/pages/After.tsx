import { CircleCheck, DoorClosed, LogOut, MonitorSmartphone, WifiOff } from 'lucide-react';
import { lazy, Suspense } from 'react';
import { joinAgain, leave, rejoin, tryNow } from '../session/join';
import { showPrejoin } from '../session/open';
import { lasting, t } from '../text/t';
import { Recordings } from './Recordings';
import { Sheet } from './Sheet';

const Check = lazy(() => import('../check/Check'));

const Rejoin = ({ text }: { text: string }) => (
  <button className="button primary" onClick={() => void rejoin()}>
    {text}
  </button>
);

export const OtherMeeting = () => (
  <a className="button" href="/">
    {t('after.start')}
  </a>
);

export const Left = ({ lasted, asleep }: { lasted: number; asleep: boolean }) => (
  <Sheet sign={LogOut} title={t('left.title')}>
    <p className="lead">{asleep ? t('left.asleep') : t('left.text', { time: lasting(lasted) })}</p>
    <div className="row">
      <Rejoin text={t('left.rejoin')} />
      <OtherMeeting />
    </div>
    <Recordings />
  </Sheet>
);

export const Ended = ({ byHost }: { byHost: boolean }) => (
  <Sheet sign={CircleCheck} title={t(byHost ? 'ended.by_host' : 'ended.over')}>
    <p className="lead">{t('ended.text')}</p>
    <div className="row">
      <OtherMeeting />
    </div>
    <Recordings />
  </Sheet>
);

export const Removed = ({ back }: { back: boolean }) => (
  <Sheet sign={DoorClosed} title={t('removed.title')}>
    <p className="lead">{t(back ? 'removed.may_return' : 'removed.text')}</p>
    <div className="row">
      {back && <Rejoin text={t('left.rejoin')} />}
      <OtherMeeting />
    </div>
  </Sheet>
);

export const Elsewhere = () => (
  <Sheet sign={MonitorSmartphone} title={t('elsewhere.title')}>
    <p className="lead">{t('elsewhere.text')}</p>
    <Rejoin text={t('elsewhere.back')} />
  </Sheet>
);

export const Failed = ({ why }: { why: 'server' | 'media' }) => (
  <Sheet sign={WifiOff} title={t('failed.title')}>
    <p className="lead">{t(why === 'server' ? 'failed.server' : 'failed.media')}</p>
    <div className="row">
      <button className="button primary" onClick={() => void joinAgain()}>
        {t('try_again')}
      </button>
      <button className="button" onClick={() => void showPrejoin()}>
        {t('failed.back')}
      </button>
    </div>
    <Suspense>
      <Check />
    </Suspense>
  </Sheet>
);

export const Lost = () => (
  <Sheet sign={WifiOff} title={t('lost.title')}>
    <p className="lead">{t('lost.text')}</p>
    <div className="row">
      <button className="button primary" onClick={tryNow}>
        {t('lost.now')}
      </button>
      <button className="button" onClick={() => leave()}>
        {t('call.leave')}
      </button>
    </div>
  </Sheet>
);
