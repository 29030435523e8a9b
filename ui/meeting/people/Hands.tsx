import type { Hand } from '../signals/hands';
import { useStore } from '../store/store';
import { t, timeOfDay } from '../text/t';
import { lowerEverybody, lowerHand } from './power';

/** Whose hand is up, in the order in which they went up; a host can lower them. */
export function Hands({ host }: { host: boolean }) {
  const hands = useStore((state) => state.hands);
  if (hands.length === 0) return null;
  return (
    <section className="hands" aria-label={t('hand.title')}>
      <header>
        <h3>
          {t('hand.title')} <span className="muted clock">{hands.length}</span>
        </h3>
        {host && hands.length > 1 && (
          <button className="button plain small" onClick={() => void lowerEverybody()}>
            {t('hand.lower_all')}
          </button>
        )}
      </header>
      <ol>
        {hands.map((hand, i) => (
          <Raised key={hand.id} hand={hand} place={i + 1} host={host} />
        ))}
      </ol>
    </section>
  );
}

function Raised({ hand: { id, since }, place, host }: { hand: Hand; place: number; host: boolean }) {
  const person = useStore((state) => state.call?.people.find((one) => one.id === id));
  if (!person) return null;
  const name = person.name || t('tile.no_name');
  return (
    <li className="person">
      <span className="hand-place clock" aria-hidden>
        {place}
      </span>
      <div className="person-name">
        <bdi dir="auto">{person.me ? t('tile.your', { name }) : name}</bdi>
        <span className="muted">{t('door.since', { time: timeOfDay(new Date(since)) })}</span>
      </div>
      {(host || person.me) && (
        <button className="button small" aria-label={`${t('hand.lower')}: ${name}`} onClick={() => lowerHand(person)}>
          {t('hand.lower')}
        </button>
      )}
    </li>
  );
}
