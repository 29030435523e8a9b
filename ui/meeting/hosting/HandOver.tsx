import { useState } from 'react';
import { Dialog, Heading } from 'react-aria-components';
import { byRoleAndName } from '../people/order';
import { give } from '../people/power';
import { leave } from '../session/join';
import { useStore } from '../store/store';
import { t } from '../text/t';
import { heirOf } from './heir';
import './hosting.css';

/** Somebody else becomes the host, and we leave. */
export function HandOver({ close }: { close: () => void }) {
  const people = useStore((state) => state.call?.people) ?? [];
  const [chosen, setChosen] = useState<string | null>(null);
  const others = byRoleAndName(people.filter(({ me }) => !me));
  // Who was chosen may have gone.
  const heir = others.find(({ id }) => id === chosen) ?? heirOf(people);
  const confirmed = async () => {
    close();
    if (heir && (heir.role === 'host' || (await give(heir, 'host')))) leave();
  };
  return (
    <Dialog className="dialog">
      <Heading slot="title" level={2}>
        {t('leave.hand_over_title')}
      </Heading>
      <fieldset className="heirs">
        <legend className="muted">{t('leave.hand_over_text')}</legend>
        {others.map(({ id, name, role }) => (
          <label key={id} className="choice">
            <input type="radio" name="heir" checked={id === heir?.id} onChange={() => setChosen(id)} />
            <span>
              <bdi dir="auto">{name || t('tile.no_name')}</bdi> {role === 'cohost' && <span className="muted">{t('people.cohost')}</span>}
            </span>
          </label>
        ))}
      </fieldset>
      <div className="dialog-buttons">
        <button className="button" onClick={close}>
          {t('cancel')}
        </button>
        <button className="button primary" aria-disabled={!heir} onClick={() => heir && void confirmed()}>
          {t('leave.hand_over_title')}
        </button>
      </div>
    </Dialog>
  );
}
