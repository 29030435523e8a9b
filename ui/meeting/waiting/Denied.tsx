import { DoorClosed } from 'lucide-react';
import { OtherMeeting } from '../pages/After';
import { Sheet } from '../pages/Sheet';
import { t } from '../text/t';

/** The host said no: kindly, and without a way to ask again. */
export const Denied = () => (
  <Sheet sign={DoorClosed} title={t('denied.title')}>
    <p className="lead">{t('denied.text')}</p>
    <OtherMeeting />
  </Sheet>
);
