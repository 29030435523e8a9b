import { Camera, Hand, MicOff, MonitorX, Spotlight, UserMinus, UserRoundCog, VideoOff, Mic, UserRound, UserStar, type LucideIcon } from 'lucide-react';
import type { MenuItem, MenuSection } from '../controls/MenuButton';
import { may } from '../session/may';
import { leads } from '../session/told';
import type { Person, State } from '../store/state';
import { get, set } from '../store/store';
import { t, type TextKey } from '../text/t';
import { ask, give, lowerHand, mute, spotlight } from './power';

interface Offer {
  id: string;
  text: TextKey;
  icon: LucideIcon;
  offered: boolean;
  act: () => unknown;
}

/** What we as a host or co-host can do about a person now; nobody can be switched on from afar. */
export function hostActions(id: string): MenuSection[] {
  const state = get();
  const person = state.call?.people.find((one) => one.id === id);
  if (!person || !leads(state.role)) return [];
  const above = state.role === 'host' || person.role !== 'host';
  const remove: MenuItem = { id: 'remove', label: t('people.remove'), icon: UserMinus, tone: 'danger', act: () => set({ dialog: { is: 'remove', person } }) };
  return [
    { items: offered(deeds(person, state)) },
    { items: state.role === 'host' && !person.me ? offered(roles(person)) : [] },
    { items: person.me || !above ? [] : [remove] },
  ].filter(({ items }) => items.length > 0);
}

const offered = (offers: readonly Offer[]): MenuItem[] =>
  offers.filter((one) => one.offered).map(({ id, text, icon, act }) => ({ id, label: t(text), icon, act: () => void act() }));

function deeds(person: Person, { hands, told }: State): Offer[] {
  const { id, me, role, muted, camera, coming, paused, share } = person;
  const dark = camera === null && !coming && !paused;
  const lit = told.spotlight === id;
  return [
    { id: 'spotlight', text: lit ? 'people.unspotlight' : 'people.spotlight', icon: Spotlight, offered: true, act: () => spotlight(lit ? null : id) },
    { id: 'mute', text: 'people.mute', icon: MicOff, offered: !me && !muted, act: () => mute(person, 'microphone') },
    { id: 'ask_microphone', text: 'people.ask_microphone', icon: Mic, offered: !me && muted && may('microphone', { role, told }), act: () => ask(person, 'microphone') },
    { id: 'camera', text: 'people.stop_camera', icon: VideoOff, offered: !me && !dark, act: () => mute(person, 'camera') },
    { id: 'ask_camera', text: 'people.ask_camera', icon: Camera, offered: !me && dark && may('camera', { role, told }), act: () => ask(person, 'camera') },
    { id: 'share', text: 'people.stop_share', icon: MonitorX, offered: !me && share !== null, act: () => mute(person, 'screen_share') },
    { id: 'hand', text: 'hand.lower', icon: Hand, offered: hands.some((hand) => hand.id === id), act: () => lowerHand(person) },
  ];
}

function roles(person: Person): Offer[] {
  const { role } = person;
  return [
    { id: 'cohost', text: 'people.make_cohost', icon: UserRoundCog, offered: role === 'guest', act: () => give(person, 'cohost') },
    { id: 'host', text: 'people.make_host', icon: UserStar, offered: role !== 'host', act: () => give(person, 'host') },
    { id: 'guest', text: 'people.make_guest', icon: UserRound, offered: role !== 'guest', act: () => give(person, 'guest') },
  ];
}
