import { Lock, SendHorizontal, X } from 'lucide-react';
import type { KeyboardEvent, RefObject } from 'react';
import { may, whyNot } from '../session/may';
import { useStore } from '../store/store';
import { t } from '../text/t';
import { change, LIMIT, send } from './chat';
import { EmojiButton } from './emoji/EmojiButton';
import { clipped } from './messages';

/** From here on the field says how much room is left. */
const NEAR = 1800;

/** The field: Enter sends, Shift+Enter begins a new line. What is in it survives the panel. */
export function Composer({ field }: { field: RefObject<HTMLTextAreaElement | null> }) {
  const draft = useStore((state) => state.chat.draft);
  const answering = useStore((state) => state.chat.answering);
  const length = Array.from(draft.trim()).length;
  const locked = useStore((state) => !may('chat', state));
  const fits = length > 0 && length <= LIMIT && !locked;
  const submit = () => {
    if (fits) send(draft.trim());
    field.current?.focus();
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === 'Escape' && answering) {
      event.preventDefault();
      change({ answering: null });
    }
    // Enter that ends the choice of a sign (Chinese, Japanese …) sends nothing.
    if (event.key !== 'Enter' || event.shiftKey || event.nativeEvent.isComposing) return;
    event.preventDefault();
    submit();
  };
  return (
    <form
      className="composer"
      onSubmit={(event) => {
        event.preventDefault();
        submit();
      }}
    >
      {answering && (
        <div className="composer-answer">
          <span>
            <b>{t('chat.answer_to', { name: answering.name })}</b>
            <span dir="auto">{clipped(answering.text)}</span>
          </span>
          <button type="button" className="panel-close" aria-label={t('cancel')} onClick={() => change({ answering: null })}>
            <X className="icon" />
          </button>
        </div>
      )}
      {locked && (
        <p id="chat-locked" className="composer-locked">
          <Lock className="icon" aria-hidden />
          {whyNot('chat')}
        </p>
      )}
      <div className="composer-field">
        <textarea
          ref={field}
          dir="auto"
          rows={1}
          value={draft}
          aria-label={t('chat.field')}
          placeholder={t('chat.field')}
          readOnly={locked}
          aria-describedby={locked ? 'chat-locked' : length >= NEAR ? 'chat-room-left' : undefined}
          onChange={(event) => change({ draft: event.target.value })}
          onKeyDown={onKeyDown}
        />
        <EmojiButton field={field} locked={locked} />
        <button className="composer-send" aria-label={t('chat.send')} aria-disabled={!fits}>
          <SendHorizontal className="icon" />
        </button>
      </div>
      {length >= NEAR && (
        <p id="chat-room-left" className={length > LIMIT ? 'problem' : 'muted'}>
          {t('chat.length', { length, most: LIMIT })}
        </p>
      )}
    </form>
  );
}
