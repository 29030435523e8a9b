import { Ellipsis, MicOff, MonitorUp, Pin, PinOff, SignalLow, Spotlight, VideoOff } from 'lucide-react';
import { memo } from 'react';
import type { Role } from '../api/types';
import { MenuButton, type MenuSection } from '../controls/MenuButton';
import { useUnrecorded } from '../recording/consent';
import { Avatar } from '../stage/Avatar';
import { togglePin } from '../stage/choices';
import type { Person } from '../store/state';
import { get, useStore } from '../store/store';
import { t, type TextKey } from '../text/t';
import { hostActions } from './actions';

const titles: Record<Role, TextKey | null> = { host: 'people.host', cohost: 'people.cohost', guest: null };

/** One person: who he is, how he stands, and what can be done; drawn again when he has changed, not with each word of another. */
export const Row = memo(function Row({ person, powers }: { person: Person; powers: boolean }) {
  const { id, me, role, quality } = person;
  const name = person.name || t('tile.no_name');
  const muted = useStore((state) => (me ? !state.wish.microphone || state.capture.microphone.is !== 'live' : person.muted));
  const dark = useStore((state) => (me ? state.capture.camera.is !== 'live' : person.camera === null));
  const shares = useStore((state) => (me ? state.share.is === 'live' : person.share !== null));
  const spotlit = useStore((state) => state.told.spotlight === id);
  const unrecorded = useUnrecorded(person);
  const title = titles[role];
  return (
    <li className="person">
      <div className="person-face">
        <Avatar name={name} identity={id} />
      </div>
      <div className="person-name">
        <bdi dir="auto">{me ? t('tile.your', { name }) : name}</bdi>
        {title && <span className="muted">{t(title)}</span>}
        {unrecorded && <span className="muted">{t('consent.unrecorded')}</span>}
      </div>
      <span className="person-signs">
        {spotlit && <Spotlight className="icon accent" role="img" aria-label={t('tile.spotlit')} />}
        {shares && <MonitorUp className="icon accent" role="img" aria-label={t('share.of', { name })} />}
        {quality !== 'good' && <SignalLow className="icon warning" role="img" aria-label={t('tile.poor')} />}
        {dark && <VideoOff className="icon" role="img" aria-label={t('camera.is_off')} />}
        {muted && <MicOff className="icon" role="img" aria-label={t('microphone.is_off')} />}
      </span>
      {(powers || !me) && <RowMenu person={person} name={name} />}
    </li>
  );
});

const RowMenu = ({ person, name }: { person: Person; name: string }) => (
  <MenuButton
    label={t('people.actions', { name })}
    sections={() => sectionsOf(person)}
    trigger={({ ref, open, toggle }) => (
      <button ref={ref} className="panel-close" aria-label={t('people.actions', { name })} aria-haspopup="menu" aria-expanded={open} onClick={toggle}>
        <Ellipsis className="icon" />
      </button>
    )}
  />
);

function sectionsOf({ id, me }: Person): MenuSection[] {
  const pinned = get().pins.includes(id);
  const pin = { id: 'pin', label: t(pinned ? 'tile.unpin' : 'tile.pin'), icon: pinned ? PinOff : Pin, act: () => togglePin(id) };
  return me ? hostActions(id) : [{ items: [pin] }, ...hostActions(id)];
}
