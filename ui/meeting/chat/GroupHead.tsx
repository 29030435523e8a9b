import { t, timeOfDay } from '../text/t';

/** Who wrote what follows, and when. */
export const GroupHead = ({ name, mine, at }: { name: string; mine: boolean; at: string }) => (
  <p className="message-head">
    {mine ? <b>{t('tile.you')}</b> : <b><bdi>{name}</bdi></b>}
    <time dateTime={at} className="muted clock">
      {timeOfDay(new Date(at))}
    </time>
  </p>
);
