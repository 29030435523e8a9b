import { DoorOpen, Hourglass, WifiOff } from 'lucide-react';
import { useEffect } from 'react';
import { BrandMark } from '../brand/BrandMark';
import { Mirror } from '../prejoin/Mirror';
import { prefetchEngine } from '../session/join';
import { useStore } from '../store/store';
import type { Door } from '../store/state';
import { LanguageSelect } from '../text/LanguageSelect';
import { t } from '../text/t';
import { stopWaiting, words } from './door';
import '../prejoin/prejoin.css';
import './waiting.css';

/** The waiting room: one's own picture, what one waits for, and the way out. Who is let in stays here until the call is there. */
export function Waiting({ door }: { door: Door }) {
  useEffect(prefetchEngine, []);
  return (
    <div className="prejoin waiting">
      <header>
        <BrandMark />
        <LanguageSelect />
      </header>
      <main>
        <Mirror />
        <Card door={door} />
      </main>
    </div>
  );
}

function Card({ door }: { door: Door }) {
  const room = useStore((state) => state.room?.display_name) ?? '';
  const { title, text } = words(door);
  const Sign = door.admitted ? DoorOpen : Hourglass;
  return (
    <section className="join waiting-card">
      <p className="waiting-room muted">
        <bdi dir="auto">{room}</bdi>
      </p>
      <div className={`waiting-sign ${door.admitted ? 'open' : ''}`} aria-hidden>
        <Sign className="icon" />
      </div>
      <div>
        <h1 tabIndex={-1}>{t(door.admitted ? 'waiting.admitted' : title)}</h1>
        <p className="lead">{t(door.admitted ? 'waiting.entering' : text)}</p>
      </div>
      {!door.admitted && (
        <>
          {door.level === 'explicit_approval' && (door.position ?? 1) > 1 && (
            <p className="muted">{t('waiting.ahead', { count: (door.position ?? 1) - 1 })}</p>
          )}
          {door.lost && (
            <p className="note warning" role="status">
              <WifiOff className="icon" aria-hidden />
              {t('waiting.lost')}
            </p>
          )}
          <p className="muted">{t('waiting.by_itself')}</p>
          <button className="button" onClick={stopWaiting}>
            {t('waiting.stop')}
          </button>
        </>
      )}
    </section>
  );
}
