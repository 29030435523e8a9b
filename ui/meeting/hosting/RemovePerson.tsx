import { useState } from 'react';
import { Dialog, Heading } from 'react-aria-components';
import { remove } from '../people/power';
import type { Person } from '../store/state';
import { t } from '../text/t';
import './hosting.css';

/** Removing a person, for good or until he comes again. */
export function RemovePerson({ person, close }: { person: Person; close: () => void }) {
  const [keepOut, setKeepOut] = useState(true);
  const name = person.name || t('tile.no_name');
  const confirmed = () => {
    close();
    void remove(person, keepOut);
  };
  return (
    <Dialog className="dialog" role="alertdialog">
      <Heading slot="title" level={2}>
        {t('people.remove_title', { name })}
      </Heading>
      <label className="choice">
        <input type="checkbox" checked={keepOut} onChange={(event) => setKeepOut(event.target.checked)} />
        {t('people.keep_out')}
      </label>
      <div className="dialog-buttons">
        <button className="button" autoFocus onClick={close}>
          {t('cancel')}
        </button>
        <button className="button danger" onClick={confirmed}>
          {t('people.remove_yes')}
        </button>
      </div>
    </Dialog>
  );
}
