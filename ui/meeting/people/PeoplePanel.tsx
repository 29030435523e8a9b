import { Ellipsis, MicOff, MonitorUp, SignalLow, VideoOff, X } from 'lucide-react';
import { useEffect, useRef } from 'react';
import { MenuButton, type MenuSection } from '../controls/MenuButton';
import { useBand } from '../controls/useBand';
import { Avatar } from '../stage/Avatar';
import type { Person } from '../store/state';
import { get, set, useStore } from '../store/store';
import { t } from '../text/t';
import { AtTheDoor } from '../waiting/AtTheDoor';
import { mute } from './power';
import './people.css';

/** Everybody in the meeting; for the host with what he can do about each. */
export function PeoplePanel() {
  const people = useStore((state) => state.call?.people) ?? [];
  const host = useStore((state) => state.role === 'host');
  const modal = useBand() < 2;
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    const opener = document.activeElement;
    heading.current?.focus();
    return () => {
      if (opener instanceof HTMLElement && opener.isConnected) opener.focus();
    };
  }, []);
  return (
    <section
      className="panel"
      aria-label={t('people.title')}
      role={modal ? 'dialog' : 'complementary'}
      {...(modal && { 'aria-modal': true })}
      onKeyDown={(event) => {
        if (event.key === 'Escape') close();
      }}
    >
      <header>
        <h2 ref={heading} tabIndex={-1}>
          {t('people.title')} <span className="muted clock">{people.length}</span>
        </h2>
        <button className="panel-close" aria-label={t('close')} onClick={close}>
          <X className="icon" />
        </button>
      </header>
      <AtTheDoor />
      <ul>
        {sorted(people).map((person) => (
          <Row key={person.id} person={person} powers={host && !person.me} />
        ))}
      </ul>
    </section>
  );
}

const close = () => set({ panel: null });

/** Hosts first, then by name. */
function sorted(people: readonly Person[]): Person[] {
  const rank = (person: Person) => (person.role === 'host' ? 0 : 1);
  return [...people].sort((a, b) => rank(a) - rank(b) || a.name.localeCompare(b.name));
}

function Row({ person, powers }: { person: Person; powers: boolean }) {
  const { id, me, role, quality } = person;
  const name = person.name || t('tile.no_name');
  const own = useStore((state) => state);
  const muted = me ? !own.wish.microphone || own.capture.microphone.is !== 'live' : person.muted;
  const dark = me ? own.capture.camera.is !== 'live' : person.camera === null;
  const shares = me ? own.share.is === 'live' : person.share !== null;
  return (
    <li className="person">
      <div className="person-face">
        <Avatar name={name} identity={id} />
      </div>
      <div className="person-name">
        <bdi dir="auto">{me ? t('tile.your', { name }) : name}</bdi>
        {role === 'host' && <span className="muted">{t('people.host')}</span>}
      </div>
      <span className="person-signs">
        {shares && <MonitorUp className="icon accent" role="img" aria-label={t('share.of', { name })} />}
        {quality !== 'good' && <SignalLow className="icon warning" role="img" aria-label={t('tile.poor')} />}
        {dark && <VideoOff className="icon" role="img" aria-label={t('camera.is_off')} />}
        {muted && <MicOff className="icon" role="img" aria-label={t('microphone.is_off')} />}
      </span>
      {powers && (
        <MenuButton
          label={t('people.actions', { name })}
          sections={() => actions(id)}
          trigger={({ ref, open, toggle }) => (
            <button ref={ref} className="panel-close" aria-label={t('people.actions', { name })} aria-haspopup="menu" aria-expanded={open} onClick={toggle}>
              <Ellipsis className="icon" />
            </button>
          )}
        />
      )}
    </li>
  );
}

/** What a host can do about a person now; nobody can be switched on from afar. */
function actions(id: string): MenuSection[] {
  const person = get().call?.people.find((one) => one.id === id);
  if (!person) return [];
  const stops = [
    { id: 'mute', label: t('people.mute'), offered: !person.muted, source: 'microphone' },
    { id: 'camera', label: t('people.stop_camera'), offered: person.camera !== null, source: 'camera' },
    { id: 'share', label: t('people.stop_share'), offered: person.share !== null, source: 'screen_share' },
  ] as const;
  const offered = stops
    .filter((stop) => stop.offered)
    .map(({ id: key, label, source }) => ({ id: key, label, act: () => void mute(person, source) }));
  const remove = { id: 'remove', label: t('people.remove'), tone: 'danger' as const, act: () => set({ dialog: { is: 'remove', person } }) };
  return offered.length > 0 ? [{ items: offered }, { items: [remove] }] : [{ items: [remove] }];
}
