import { useEffect, useRef } from 'react';
import { useStore } from '../store/store';
import { t, timeOfDay } from '../text/t';
import { letBack, readRemoved } from './power';

/** Who was removed and is kept out; the host can let each back in. */
export function Removed() {
  const removed = useStore((state) => state.removed);
  // Another host may have removed somebody.
  const here = useStore((state) => state.call?.people.length);
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => void readRemoved(), [here]);
  if (removed.length === 0) return null;
  const back = (id: string) => {
    heading.current?.focus();
    void letBack(id);
  };
  return (
    <section className="hands" aria-labelledby="removed">
      <header>
        <h3 id="removed" ref={heading} tabIndex={-1}>
          {t('people.removed')} <span className="muted clock">{removed.length}</span>
        </h3>
      </header>
      <ul>
        {removed.map(({ id, name, removed_at }) => (
          <li key={id} className="person">
            <div className="person-name">
              <bdi dir="auto">{name || t('tile.no_name')}</bdi>
              <span className="muted">{t('door.since', { time: timeOfDay(new Date(removed_at)) })}</span>
            </div>
            <button className="button small" aria-label={t('people.let_back_name', { name: name || t('tile.no_name') })} onClick={() => back(id)}>
              {t('people.let_back')}
            </button>
          </li>
        ))}
      </ul>
    </section>
  );
}
