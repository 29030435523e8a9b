import type { MenuItem, MenuSection } from '../controls/MenuButton';
import { lowerHand } from '../signals/act';
import { get, set } from '../store/store';
import { t } from '../text/t';
import { mute } from './power';

/** What a host can do about a person now; nobody can be switched on from afar. */
export function hostActions(id: string): MenuSection[] {
  const { call, hands } = get();
  const person = call?.people.find((one) => one.id === id);
  if (!person) return [];
  const stops = [
    { id: 'mute', label: t('people.mute'), offered: !person.muted, source: 'microphone' },
    { id: 'camera', label: t('people.stop_camera'), offered: person.camera !== null, source: 'camera' },
    { id: 'share', label: t('people.stop_share'), offered: person.share !== null, source: 'screen_share' },
  ] as const;
  const offered: MenuItem[] = stops
    .filter((stop) => stop.offered)
    .map(({ id: key, label, source }) => ({ id: key, label, act: () => void mute(person, source) }));
  if (hands.some((hand) => hand.id === id)) offered.push({ id: 'hand', label: t('hand.lower'), act: () => lowerHand(id) });
  const remove = { id: 'remove', label: t('people.remove'), tone: 'danger' as const, act: () => set({ dialog: { is: 'remove', person } }) };
  return offered.length > 0 ? [{ items: offered }, { items: [remove] }] : [{ items: [remove] }];
}
