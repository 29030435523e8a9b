import { MonitorUp } from 'lucide-react';
import { useState } from 'react';
import { stopShare } from '../devices/share';
import type { Person } from '../store/state';
import { useStore } from '../store/store';
import { t } from '../text/t';
import type { Stage } from './grid';
import { PersonTile } from './PersonTile';
import { Video } from './Video';

const BESIDE = { w: 200, h: 112 };
const BELOW = { w: 144, h: 96 };

/** A shared screen large, people in a strip beside or below it, the sharer first. */
export function ShareStage({ people, stage }: { people: readonly Person[]; stage: Stage }) {
  const ownShare = useStore((state) => state.share.is === 'live');
  const sharers = people.filter((person) => person.share !== null || (person.me && ownShare));
  const [chosen, choose] = useState<string | null>(null);
  // The newest share takes the stage until somebody is chosen; our own only if there is no other.
  const shown = sharers.find((one) => one.id === chosen) ?? sharers.findLast((one) => !one.me) ?? sharers[0];
  const beside = stage.width / stage.height >= 1.2;
  const size = beside ? BESIDE : BELOW;
  const strip = [...people].sort((a, b) => Number(sharers.includes(b)) - Number(sharers.includes(a)));
  return (
    <div className={`sharing ${beside ? 'beside' : 'below'}`}>
      <div className="screen">
        {sharers.length > 1 && (
          <div className="share-tabs" role="group" aria-label={t('share.which')}>
            {sharers.map((one) => (
              <button key={one.id} className="button small" aria-pressed={one === shown} onClick={() => choose(one.id)}>
                {one.me ? t('tile.you') : one.name}
              </button>
            ))}
          </div>
        )}
        {shown && (shown.me ? <OwnShare /> : <TheirShare person={shown} />)}
      </div>
      <ul className="strip">
        {strip.map((person) => (
          <li key={person.id} style={{ width: size.w, height: size.h }}>
            <PersonTile person={person} size={size} stage={stage} />
          </li>
        ))}
      </ul>
    </div>
  );
}

function TheirShare({ person: { name, share } }: { person: Person }) {
  if (!share) return null;
  return (
    <figure className="tile shared">
      <Video picture={share} fit="contain" label={t('share.of', { name })} />
      <figcaption className="plate" aria-hidden>
        <MonitorUp className="icon" />
        <bdi className="name" dir="auto">
          {t('share.of', { name })}
        </bdi>
      </figcaption>
    </figure>
  );
}

/** In place of our own screen, which would show itself in itself. */
const OwnShare = () => (
  <div className="tile shared own">
    <MonitorUp className="icon" />
    <h2>{t('share.yours')}</h2>
    <p className="muted">{t('share.yours_text')}</p>
    <button className="button danger" onClick={stopShare}>
      {t('share.stop')}
    </button>
  </div>
);
