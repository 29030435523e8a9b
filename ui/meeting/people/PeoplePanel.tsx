import { Ellipsis, MicOff, MonitorUp, SignalLow, VideoOff } from 'lucide-react';
import { MenuButton } from '../controls/MenuButton';
import { Panel } from '../panel/Panel';
import { Avatar } from '../stage/Avatar';
import type { Person } from '../store/state';
import { useStore } from '../store/store';
import { t } from '../text/t';
import { AtTheDoor } from '../waiting/AtTheDoor';
import { hostActions } from './actions';
import { Hands } from './Hands';
import './people.css';

/** Everybody in the meeting; for the host with what he can do about each. */
export function PeoplePanel() {
  const people = useStore((state) => state.call?.people) ?? [];
  const host = useStore((state) => state.role === 'host');
  return (
    <Panel title={t('people.title')} aside={<span className="muted clock">{people.length}</span>}>
      <AtTheDoor />
      <Hands host={host} />
      <ul>
        {sorted(people).map((person) => (
          <Row key={person.id} person={person} powers={host && !person.me} />
        ))}
      </ul>
    </Panel>
  );
}

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
          sections={() => hostActions(id)}
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
