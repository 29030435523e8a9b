import { MicOff, SignalLow } from 'lucide-react';
import { memo } from 'react';
import type { Person, Picture } from '../store/state';
import { t } from '../text/t';
import { Avatar } from './Avatar';
import { Video } from './Video';

interface Props {
  person: Person;
  /** Our own picture comes from our own capture. */
  picture: Picture | null;
  fit: 'cover' | 'contain';
  /** Narrower than a name: the plate keeps its sign, the name is in the label. */
  small?: boolean;
}

/** One person: picture or initials, name plate, who speaks, whose line is poor. */
export const Tile = memo(function Tile({ person, picture, fit, small = false }: Props) {
  const { id, me, away, muted, speaking, quality, coming, paused } = person;
  const name = person.name || t('tile.no_name');
  const poor = quality !== 'good';
  const states = [
    speaking && t('tile.speaking'),
    muted && t('tile.muted'),
    poor && t('tile.poor'),
    away && t('tile.away'),
    paused && t('tile.paused'),
  ].filter(Boolean);
  const label = [me ? t('tile.your', { name }) : name, ...states].join(', ');
  return (
    <div className={`tile${speaking ? ' speaking' : ''}${away ? ' away' : ''}`} role="group" aria-label={label}>
      {picture && !paused ? (
        <Video picture={picture} fit={fit} mirrored={me && facesUser(picture)} />
      ) : (
        !coming && <Avatar name={name} identity={id} note={paused ? t('tile.paused') : null} />
      )}
      {poor && (
        <span className="sign" aria-hidden>
          <SignalLow className="icon" />
        </span>
      )}
      <div className="plate" aria-hidden>
        {muted && <MicOff className="icon" />}
        {!small && (
          <bdi className="name" dir="auto">
            {me ? t('tile.you') : name}
          </bdi>
        )}
      </div>
    </div>
  );
});

/** The camera at the back of a phone is not a mirror. */
const facesUser = (picture: Picture): boolean =>
  picture instanceof MediaStreamTrack && picture.getSettings().facingMode !== 'environment';
