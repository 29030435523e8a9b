import { Lock } from 'lucide-react';
import { BrandInCall } from '../brand/BrandMark';
import { Badge } from '../recording/Badge';
import { useStore } from '../store/store';
import { t, timeOfDay } from '../text/t';
import { useNow } from './useNow';

/** Clock, name of the room, and whether it is locked or being recorded. */
export function Status({ withName }: { withName: boolean }) {
  const name = useStore((state) => state.room?.display_name) ?? '';
  const locked = useStore((state) => state.room?.locked) ?? false;
  const busy = useStore((state) => state.line === 'signal');
  const now = useNow(10_000);
  return (
    <div className="status">
      <BrandInCall />
      <span className="clock">{timeOfDay(new Date(now))}</span>
      {busy && <span className="busy-dot" />}
      {withName && (
        <bdi className="status-name" dir="auto">
          {name}
        </bdi>
      )}
      {locked && <Lock className="icon" role="img" aria-hidden={false} aria-label={t('host.locked')} />}
      <Badge />
    </div>
  );
}
