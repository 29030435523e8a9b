import { Hand, Lock, Smile } from 'lucide-react';
import { BarButton } from '../controls/BarButton';
import type { MenuItem } from '../controls/MenuButton';
import { keys } from '../controls/shortcuts';
import { may, whyNot } from '../session/may';
import { get, useStore } from '../store/store';
import { t } from '../text/t';
import { ownHand, toggleHand, toggleReactions } from './act';

/** Our own hand, up or down. */
export function HandButton() {
  const up = useStore(ownHand) !== null;
  return <BarButton icon={Hand} label={t(up ? 'hand.lower' : 'hand.raise')} shortcut={keys('hand')} active={up} onPress={() => toggleHand()} />;
}

/** Opens the row of reactions. */
export function ReactionsButton() {
  const open = useStore((state) => state.reacting);
  const locked = useStore((state) => !may('reactions', state)) && whyNot('reactions');
  return <BarButton icon={Smile} label={t('reaction.title')} shortcut={keys('reactions')} locked={locked} active={open} expanded={open} onPress={toggleReactions} />;
}

/** The same in the menu, where the bar has no room for them. */
export function signalItems({ hand, reactions }: { hand: boolean; reactions: boolean }): MenuItem[] {
  const items: MenuItem[] = [];
  const up = get().hands.length > 0 && ownHand() !== null;
  if (hand) items.push({ id: 'hand', label: t(up ? 'hand.lower' : 'hand.raise'), icon: Hand, act: () => toggleHand() });
  if (reactions) items.push({ id: 'reactions', label: t('reaction.title'), icon: may('reactions') ? Smile : Lock, act: toggleReactions });
  return items;
}
