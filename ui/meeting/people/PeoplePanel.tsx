import { useState } from 'react';
import { downloadConsents } from '../recording/consent';
import { Panel } from '../panel/Panel';
import { leads } from '../session/told';
import { useStore } from '../store/store';
import { t } from '../text/t';
import { AtTheDoor } from '../waiting/AtTheDoor';
import { Hands } from './Hands';
import { byRoleAndName, named } from './order';
import { Removed } from './Removed';
import { Row } from './Row';
import './people.css';

/** From so many on one looks for a name. */
const SEARCH_FROM = 12;

/** Everybody at the door, with a hand up and in the meeting; for hosts with what they can do about each. */
export default function PeoplePanel() {
  const people = useStore((state) => state.call?.people) ?? [];
  const host = useStore((state) => leads(state.role));
  const recorded = useStore((state) => state.recording !== null) && host;
  const [typed, setTyped] = useState('');
  const searched = people.length >= SEARCH_FROM;
  const shown = byRoleAndName(searched ? named(people, typed) : people);
  return (
    <Panel title={t('people.title')} aside={<span className="muted clock">{people.length}</span>}>
      <div className="people">
        <AtTheDoor />
        <Hands host={host} />
        {searched && (
          <div className="people-search">
            <input type="search" value={typed} aria-label={t('people.search')} placeholder={t('people.search')} onChange={(event) => setTyped(event.target.value)} />
          </div>
        )}
        <ul aria-label={t('people.here')}>
          {shown.map((person) => (
            <Row key={person.id} person={person} powers={host} />
          ))}
        </ul>
        {shown.length === 0 && <p className="people-none muted">{t('people.nobody_found')}</p>}
        {host && <Removed />}
        {recorded && (
          <button className="button small consents" onClick={() => void downloadConsents()}>
            {t('consent.export')}
          </button>
        )}
      </div>
    </Panel>
  );
}
