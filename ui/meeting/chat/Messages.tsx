import { ArrowDown } from 'lucide-react';
import { useEffect, useLayoutEffect, useMemo, useRef, useState, type KeyboardEvent, type RefObject } from 'react';
import type { ChatMessage } from '../api/types';
import { useStore } from '../store/store';
import { t } from '../text/t';
import { change, me, readOlder, see, unread } from './chat';
import { Bubble, Sending } from './Bubble';
import { GroupHead } from './GroupHead';
import { grouped } from './messages';

/** So near to the end is at the end. */
const NEAR_PX = 32;

/** All messages, newest at the bottom; Up and Down go from one to the next, Esc to the field. */
export function Messages({ toField }: { toField: () => void }) {
  const { messages, outgoing, joined, keptDays, known } = useStore((state) => state.chat);
  const count = useStore(unread);
  const log = useRef<HTMLDivElement>(null);
  const { atEnd, toEnd, onScroll } = useEnd(log, messages, outgoing.length);
  const groups = useMemo(() => grouped(messages, joined), [messages, joined]);
  const [current, setCurrent] = useState('');
  const mine = me();
  const answer = (message: ChatMessage) => {
    change({ answering: { id: message.id, name: message.name, text: message.text } });
    toField();
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === 'Escape') {
      event.preventDefault();
      toField();
    } else if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
      const all = [...(log.current?.querySelectorAll<HTMLElement>('[data-message]') ?? [])];
      const at = all.findIndex((one) => one.contains(document.activeElement));
      event.preventDefault();
      all[Math.max(0, Math.min(all.length - 1, at + (event.key === 'ArrowDown' ? 1 : -1)))]?.focus();
    }
  };
  const stop = messages.some(({ id }) => id === current) ? current : messages.at(-1)?.id;
  return (
    <div className="messages-frame">
      <div className="messages" ref={log} role="log" aria-live="off" aria-label={t('chat.messages')} onScroll={onScroll} onKeyDown={onKeyDown}>
        <Beginning empty={known && messages.length + outgoing.length === 0} keptDays={keptDays} />
        {groups.map((group, i) => (
          <section key={group.id} className={group.personId === mine ? 'message-group mine' : 'message-group'}>
            {joined !== '' && group.id > joined && (groups[i - 1]?.id ?? '~') <= joined && <p className="messages-line">{t('chat.since_you_joined')}</p>}
            <GroupHead name={group.name} mine={group.personId === mine} at={group.at} />
            {group.messages.map((one) => (
              <Bubble key={one.id} message={one} mine={one.person_id === mine} stop={one.id === stop} onFocus={() => setCurrent(one.id)} answer={answer} />
            ))}
          </section>
        ))}
        {outgoing.map((one) => (
          <Sending key={one.key} one={one} />
        ))}
      </div>
      {!atEnd && (
        <button className="button small messages-end" onClick={toEnd}>
          {count > 0 ? t('chat.new', { count }) : t('chat.to_end')}
          <ArrowDown className="icon" />
        </button>
      )}
    </div>
  );
}

/** What stands above the first message. */
function Beginning({ empty, keptDays }: { empty: boolean; keptDays: number | null }) {
  const more = useStore((state) => state.chat.more);
  const kept = keptDays === null ? t('chat.kept') : t('chat.kept_days', { count: keptDays });
  if (more) {
    return (
      <button className="button small plain" onClick={() => void readOlder().catch(() => undefined)}>
        {t('chat.older')}
      </button>
    );
  }
  if (!empty) return <p className="messages-kept muted">{kept}</p>;
  return (
    <div className="messages-empty">
      <p>{t('chat.empty')}</p>
      <p className="muted">{kept}</p>
    </div>
  );
}

/** Stays at the end while one is there; older messages that come in above move nothing. What is at the end is seen. */
function useEnd(log: RefObject<HTMLDivElement | null>, messages: readonly ChatMessage[], outgoing: number) {
  const [atEnd, setAtEnd] = useState(true);
  const end = useRef(true);
  const height = useRef(0);
  const first = useRef(messages[0]?.id);
  useLayoutEffect(() => {
    const element = log.current;
    if (!element) return;
    if (end.current) element.scrollTo(0, element.scrollHeight);
    else if (first.current !== messages[0]?.id) element.scrollBy(0, element.scrollHeight - height.current);
    height.current = element.scrollHeight;
    first.current = messages[0]?.id;
  }, [log, messages, outgoing]);
  // What we write ourselves is wanted in sight.
  useLayoutEffect(() => {
    if (outgoing > 0) log.current?.scrollTo(0, log.current.scrollHeight);
  }, [log, outgoing]);
  useEffect(() => {
    const look = () => {
      if (atEnd && !document.hidden) see();
    };
    look();
    document.addEventListener('visibilitychange', look);
    return () => document.removeEventListener('visibilitychange', look);
  }, [atEnd, messages]);
  const onScroll = () => {
    const element = log.current;
    if (!element) return;
    end.current = element.scrollHeight - element.scrollTop - element.clientHeight <= NEAR_PX;
    setAtEnd(end.current);
  };
  const toEnd = () => {
    log.current?.scrollTo(0, log.current.scrollHeight);
  };
  return { atEnd, toEnd, onScroll };
}
