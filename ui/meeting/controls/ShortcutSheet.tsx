import { useId } from 'react';
import { Dialog, Heading } from 'react-aria-components';
import { Close } from '../dialogs/Close';
import { remember } from '../devices/memory';
import type { SingleKeys } from '../store/state';
import { set, useStore } from '../store/store';
import { t, type TextKey } from '../text/t';
import { keys, offered, singleKeyOf, type Name } from './shortcuts';

interface Row {
  what: string;
  key: string;
  single?: string | undefined;
  /** There is no such thing in a window of this width. */
  absent?: boolean;
}

const either = (one: TextKey, other: TextKey): string => `${t(one)} / ${t(other)}`;

const of = (name: Name, what: string): Row => ({ what, key: keys(name), single: singleKeyOf(name), absent: !offered(name) });

const groups = (): { title: string; rows: Row[] }[] => [
  {
    title: t('shortcuts.yourself'),
    rows: [
      of('microphone', either('microphone.turn_on', 'microphone.turn_off')),
      { what: t('shortcuts.push_to_talk'), key: t('shortcuts.space') },
      of('camera', either('camera.turn_on', 'camera.turn_off')),
      of('share', either('share.start', 'share.stop')),
      of('hand', either('hand.raise', 'hand.lower')),
      of('reactions', t('reaction.title')),
    ],
  },
  {
    title: t('call.stage'),
    rows: [
      of('view', t('shortcuts.view')),
      of('fullScreen', t('view.full_screen')),
      { what: either('call.previous_page', 'call.next_page'), key: 'PageUp / PageDown' },
      { what: t('shortcuts.zoom'), key: '+ − 0' },
      of('chat', t('chat.title')),
      of('people', t('people.title')),
      of('speaking', t('shortcuts.speaking')),
    ],
  },
  {
    title: t('shortcuts.around'),
    rows: [
      { what: t('shortcuts.bar'), key: 'F2' },
      { what: t('shortcuts.region'), key: 'F6' },
      { what: t('shortcuts.tiles'), key: '← ↑ → ↓' },
      { what: t('shortcuts.corner'), key: '⇧ ← ↑ → ↓' },
      of('sheet', t('shortcuts.title')),
    ],
  },
];

/** All shortcuts, and whether some work without Ctrl. */
export function ShortcutSheet({ close }: { close: () => void }) {
  const single = useStore((state) => state.singleKeys);
  return (
    <Dialog className="dialog">
      <Heading slot="title" level={2}>
        {t('shortcuts.title')}
      </Heading>
      <div className="shortcut-groups">
        {groups().map(({ title, rows }) => (
          <section key={title} className="shortcuts">
            <h3>{title}</h3>
            <dl>
              {rows.filter((row) => !row.absent).map((row) => (
                <div key={row.what}>
                  <dt>{row.what}</dt>
                  <dd>
                    <kbd>{row.key}</kbd>
                    {row.single && works(row.single, single) && <kbd>{row.single}</kbd>}
                  </dd>
                </div>
              ))}
            </dl>
          </section>
        ))}
      </div>
      <SingleKeySelect />
      <Close close={close} />
    </Dialog>
  );
}

const works = (key: string, single: SingleKeys): boolean => single === 'all' || (single === 'help' && key === '?');

const choices: Record<SingleKeys, TextKey> = { none: 'shortcuts.single_none', help: 'shortcuts.single_help', all: 'shortcuts.single_all' };

/** Keys without Ctrl can be switched off: who steers by voice would press them unawares. */
function SingleKeySelect() {
  const id = useId();
  const single = useStore((state) => state.singleKeys);
  const choose = (singleKeys: SingleKeys) => {
    set({ singleKeys });
    remember({ singleKeys });
  };
  return (
    <div className="field">
      <label htmlFor={id}>{t('shortcuts.single')}</label>
      <select id={id} value={single} onChange={(event) => choose(event.target.value as SingleKeys)}>
        {Object.entries(choices).map(([value, text]) => (
          <option key={value} value={value}>
            {t(text)}
          </option>
        ))}
      </select>
    </div>
  );
}
