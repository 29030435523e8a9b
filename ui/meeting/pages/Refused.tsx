import { CalendarX, DoorClosed, Hourglass, Lock, Users, WifiOff, type LucideIcon } from 'lucide-react';
import { useEffect, useRef } from 'react';
import { useNow } from '../controls/useNow';
import { joinWhenFree } from '../session/join';
import { openRoom } from '../session/open';
import type { Page, RefusedBy } from '../store/state';
import { get, useStore } from '../store/store';
import { longDate, t, type TextKey } from '../text/t';
import { CodeField } from './CodeField';
import { OtherMeeting } from './After';
import { Recordings } from './Recordings';
import { Sheet } from './Sheet';

type RefusedPage = Extract<Page, { is: 'refused' }>;

const words: Record<RefusedBy, { sign: LucideIcon; title: TextKey; text: TextKey; does: 'retype' | 'again' | 'waits' | 'nothing' }> = {
  not_found: { sign: CalendarX, title: 'refused.not_found.title', text: 'refused.not_found.text', does: 'retype' },
  expired: { sign: CalendarX, title: 'refused.expired.title', text: 'refused.expired.text', does: 'nothing' },
  locked: { sign: Lock, title: 'refused.locked.title', text: 'refused.locked.text', does: 'again' },
  full: { sign: Users, title: 'refused.full.title', text: 'refused.full.text', does: 'waits' },
  crowded: { sign: Users, title: 'refused.crowded.title', text: 'refused.crowded.text', does: 'waits' },
  removed: { sign: DoorClosed, title: 'refused.removed.title', text: 'refused.removed.text', does: 'nothing' },
  slow_down: { sign: Hourglass, title: 'refused.slow_down.title', text: 'refused.slow_down.text', does: 'waits' },
  unreachable: { sign: WifiOff, title: 'refused.unreachable.title', text: 'refused.unreachable.text', does: 'waits' },
};

/** Why one cannot come in, and what to do. */
export function Refused({ page }: { page: RefusedPage }) {
  const code = useStore((state) => state.code);
  const { sign, title, text, does } = words[page.why];
  const now = useNow(1000);
  const seconds = Math.max(0, Math.ceil(((page.retryAt ?? now) - now) / 1000));
  useRetry(page, seconds);
  return (
    <Sheet sign={sign} title={t(title)}>
      <p className="lead">{page.why === 'expired' ? expired(page.endedAt) : t(text, { seconds })}</p>
      {does === 'retype' && <CodeField code={code} />}
      {(does === 'again' || does === 'waits') && <Again />}
      {does === 'nothing' && <OtherMeeting />}
      {page.why === 'expired' && <Recordings />}
    </Sheet>
  );
}

const expired = (endedAt: string | null): string =>
  endedAt ? t('refused.expired.text', { date: longDate(endedAt) }) : t('refused.expired.undated');

const Again = () => (
  <button className="button" onClick={() => void openRoom(get().code)}>
    {t('try_again')}
  </button>
);

/** Asks again by itself when the time has come, once for each refusal; whom only a place was missing goes on where he was stopped. */
function useRetry(page: RefusedPage, seconds: number): void {
  const asked = useRef<RefusedPage | null>(null);
  useEffect(() => {
    if (page.retryAt === null || seconds > 0 || asked.current === page) return;
    asked.current = page;
    void (page.why === 'full' || page.why === 'crowded' ? joinWhenFree() : openRoom(get().code));
  }, [page, seconds]);
}
