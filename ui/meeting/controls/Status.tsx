import { BrandInCall } from '../brand/BrandMark';
import { Badge } from '../recording/Badge';
import { useStore } from '../store/store';
import { timeOfDay } from '../text/t';
import { useNow } from './useNow';

/** Clock, name of the room, and whether it is being recorded. */
export function Status({ withName }: { withName: boolean }) {
  const name = useStore((state) => state.room?.display_name) ?? '';
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
      <Badge />
    </div>
  );
}
