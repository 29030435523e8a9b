import { CircleSlash, Hand, MicOff, MonitorUp, PhoneCall, Pin, SignalLow, Spotlight } from 'lucide-react';
import type { ReactNode } from 'react';
import type { Person, Picture, Presence } from '../store/state';
import { list, t } from '../text/t';
import { Avatar } from './Avatar';
import { Video } from './Video';

interface Props {
  person: Person;
  /** Our own picture comes from our own capture. One that the engine has paused stays under the initials: it sends again only for what is drawn. */
  picture: Picture | null;
  fit: 'cover' | 'contain';
  mirrored?: boolean;
  /** Narrower than a name: the plate keeps its sign, the name is in the label. */
  small?: boolean;
  pinned?: boolean;
  /** The host shows him large to everybody. */
  spotlit?: boolean;
  sharing?: boolean;
  /** Why this person is not seen or heard. */
  presence?: Presence | null;
  /** The place of the raised hand, from 1; 0 for none. */
  hand?: number;
  /** Nothing of this person is in the recording that is being made. */
  unrecorded?: boolean;
  onDoubleClick?: () => void;
  /** Buttons that show themselves when the tile is pointed at. */
  children?: ReactNode;
}

/** One person: picture or initials, name plate, who speaks, whose hand is up, whose line is poor. */
export function Tile({ person, picture, fit, mirrored, small = false, pinned = false, spotlit = false, sharing = false, presence = null, hand = 0, unrecorded = false, ...rest }: Props) {
  const { id, me, away, muted, speaking, quality, coming, paused } = person;
  const name = person.name || t('tile.no_name');
  const note = paused || presence === 'weak' ? t('tile.paused') : presence === 'away' ? t('tile.out_of_sight') : null;
  const poor = quality !== 'good';
  const states = [
    speaking && t('tile.speaking'),
    muted && t('tile.muted'),
    hand > 0 && t('tile.hand', { place: hand }),
    sharing && t('tile.sharing'),
    pinned && t('tile.pinned'),
    spotlit && t('tile.spotlit'),
    unrecorded && t('consent.unrecorded'),
    poor && t('tile.poor'),
    away && t('tile.away'),
    note,
    presence === 'interrupted' && t('tile.interrupted'),
  ].filter((state) => typeof state === 'string');
  const who = me ? t('tile.your', { name }) : name;
  const label = states.length > 0 ? t('tile.states', { who, states: list(states) }) : who;
  const classes = ['tile', speaking && 'speaking', away && 'away'].filter(Boolean).join(' ');
  return (
    <div className={classes} role="group" aria-label={label} onDoubleClick={rest.onDoubleClick}>
      {picture && (!note || paused) && <Video picture={picture} fit={fit} {...(mirrored && { mirrored })} />}
      {((!picture && !coming) || note) && <Avatar name={name} identity={id} note={note} />}
      {hand > 0 && (
        <span className="hand-sign clock" aria-hidden>
          <Hand className="icon" />
          {hand}
        </span>
      )}
      {poor && (
        <span className="sign" aria-hidden>
          <SignalLow className="icon" />
        </span>
      )}
      <div className="plate" aria-hidden>
        {pinned && <Pin className="icon" />}
        {spotlit && <Spotlight className="icon" />}
        {sharing && <MonitorUp className="icon" />}
        {presence === 'interrupted' && <PhoneCall className="icon" />}
        {muted && <MicOff className="icon" />}
        {!small && (
          <bdi className="name" dir="auto">
            {me ? t('tile.you') : name}
          </bdi>
        )}
        {unrecorded && <CircleSlash className="icon" />}
        {unrecorded && !small && <span className="unrecorded">{t('consent.unrecorded')}</span>}
      </div>
      {rest.children}
    </div>
  );
}
