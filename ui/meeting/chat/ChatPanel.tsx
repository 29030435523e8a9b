import { Download } from 'lucide-react';
import { useRef } from 'react';
import { MenuButton } from '../controls/MenuButton';
import { useBand } from '../controls/useBand';
import { Panel } from '../panel/Panel';
import { leads } from '../session/told';
import { useStore } from '../store/store';
import { t } from '../text/t';
import { save } from './chat';
import { Composer } from './Composer';
import { Messages } from './Messages';
import './chat.css';

/** What is written in the meeting, and a field for more. */
export default function ChatPanel() {
  const host = useStore((state) => leads(state.role));
  const field = useRef<HTMLTextAreaElement>(null);
  // On a phone the field would open the keyboard over what one wants to read.
  const wide = useBand() >= 2;
  return (
    <Panel title={t('chat.title')} tools={host && <SaveButton />} {...(wide && { focus: () => field.current })}>
      <Messages toField={() => field.current?.focus()} />
      <Composer field={field} />
    </Panel>
  );
}

function SaveButton() {
  const items = [
    { id: 'text', label: t('chat.save_text'), act: () => void save('text') },
    { id: 'json', label: t('chat.save_json'), act: () => void save('json') },
  ];
  return (
    <MenuButton
      label={t('chat.save')}
      sections={() => [{ items }]}
      trigger={({ ref, open, toggle }) => (
        <button ref={ref} className="panel-close" aria-label={t('chat.save')} aria-haspopup="menu" aria-expanded={open} onClick={toggle}>
          <Download className="icon" />
        </button>
      )}
    />
  );
}
