import { MessageSquare } from 'lucide-react';
import { BarButton } from '../controls/BarButton';
import { keys } from '../controls/shortcuts';
import { useStore } from '../store/store';
import { t } from '../text/t';
import { toggleChat, unread } from './chat';

const MOST = 99;

/** Opens and closes the chat; says how much is unread. Absent where the room has none. */
export function ChatButton() {
  const offered = useStore((state) => state.room?.features.chat === true);
  const open = useStore((state) => state.panel === 'chat');
  const count = useStore(unread);
  if (!offered) return null;
  return (
    <BarButton
      icon={MessageSquare}
      label={count > 0 ? t('chat.button_unread', { count }) : t('chat.title')}
      shortcut={keys('chat')}
      active={open}
      expanded={open}
      onPress={toggleChat}
    >
      {count > 0 && <span className="chat-count" data-count={count > MOST ? `${MOST}+` : count} />}
    </BarButton>
  );
}
