import { Reply, Trash2 } from 'lucide-react';
import type { ReactNode } from 'react';
import type { ChatMessage } from '../api/types';
import { leads } from '../session/told';
import { useStore } from '../store/store';
import { t, timeOfDay } from '../text/t';
import { drop, remove, sendAgain } from './chat';
import { clipped, type Outgoing } from './messages';
import { isEmojiOnly, partsOf } from './parts';

interface Props {
  message: ChatMessage;
  mine: boolean;
  /** The one message of the list at which Tab stops. */
  stop: boolean;
  onFocus: () => void;
  answer: (message: ChatMessage) => void;
}

/** One message, with what can be done about it. */
export function Bubble({ message, mine, stop, onFocus, answer }: Props) {
  const host = useStore((state) => leads(state.role));
  const { id, name, text, sent_at, deleted_by, reply_to } = message;
  const gone = deleted_by && t(deleted_by === 'host' ? 'chat.deleted_by_host' : 'chat.deleted');
  const label = t('chat.message', { name: mine ? t('tile.you') : name, time: timeOfDay(new Date(sent_at)), text: gone ?? clipped(text) });
  const reach = stop ? 0 : -1;
  return (
    <article className="message" aria-label={label} tabIndex={reach} data-message={id} onFocus={onFocus}>
      {gone ? (
        <p className="bubble gone">{gone}</p>
      ) : (
        <Text text={text}>{reply_to && <Quote {...reply_to} />}</Text>
      )}
      {!gone && (
        <span className="message-tools">
          <button tabIndex={reach} className="panel-close" aria-label={t('chat.answer')} onClick={() => answer(message)}>
            <Reply className="icon" />
          </button>
          {(mine || host) && (
            <button tabIndex={reach} className="panel-close" aria-label={t('chat.delete')} onClick={(event) => takeAway(event.currentTarget, message)}>
              <Trash2 className="icon" />
            </button>
          )}
        </span>
      )}
    </article>
  );
}

/** The button goes with the words: the focus stays at the message. */
function takeAway(button: HTMLElement, message: ChatMessage): void {
  button.closest<HTMLElement>('[data-message]')?.focus();
  void remove(message);
}

/** What is on its way, or has not arrived. */
export function Sending({ one }: { one: Outgoing }) {
  const failed = one.state === 'failed';
  return (
    <section className="message-group mine">
      <div className={failed ? 'message failed' : 'message sending'}>
        <Text text={one.text}>{one.replyTo && <Quote {...one.replyTo} />}</Text>
      </div>
      {failed && (
        <div className="message-failed">
          <span className="problem">{t('chat.not_sent')}</span>
          <button className="button small" onClick={() => sendAgain(one)}>
            {t('try_again')}
          </button>
          <button className="button small plain" onClick={() => drop(one)}>
            {t('chat.drop')}
          </button>
        </div>
      )}
    </section>
  );
}

/** Goes to the message that was answered, if it is in the list. */
function Quote({ id, name, text }: { id: string; name: string; text: string }) {
  const jump = () => document.querySelector<HTMLElement>(`[data-message="${CSS.escape(id)}"]`)?.focus();
  return (
    <button className="quote" tabIndex={-1} onClick={jump}>
      <b>
        <bdi>{name}</bdi>
      </b>
      <span dir="auto">{text}</span>
    </button>
  );
}

function Text({ text, children }: { text: string; children?: ReactNode }) {
  return (
    <div className={isEmojiOnly(text) ? 'bubble emoji' : 'bubble'}>
      {children}
      <p dir="auto">
        {partsOf(text).map((part, i) =>
          part.is === 'text' ? (
            part.text
          ) : (
            <a key={i} href={part.href} target="_blank" rel="noopener noreferrer nofollow">
              {part.before}
              <b>{part.host}</b>
              {part.after}
            </a>
          ),
        )}
      </p>
    </div>
  );
}
