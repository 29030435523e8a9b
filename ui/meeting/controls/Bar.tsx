import { Circle, CircleStop, Ellipsis, Keyboard, Languages, Lock, LogOut, MonitorUp, MonitorX, Phone, ShieldUser, SlidersHorizontal, SwitchCamera, UserStar, Users, X } from 'lucide-react';
import { useRef } from 'react';
import { ChatButton } from '../chat/ChatButton';
import { flipCamera } from '../devices/devices';
import { handheld } from '../devices/handheld';
import { canShare, toggleShare } from '../devices/share';
import { HostButton, toggleHosting } from '../hosting/HostButton';
import { consentItems } from '../recording/consent';
import { record } from '../recording/control';
import { running } from '../recording/recording';
import { leave } from '../session/join';
import { may, whyNot } from '../session/may';
import { leads } from '../session/told';
import { HandButton, ReactionsButton, signalItems } from '../signals/Buttons';
import { viewSections } from '../stage/menu';
import { get, set, useStore } from '../store/store';
import { list, t } from '../text/t';
import { BarButton } from './BarButton';
import { DeviceButton } from './DeviceButton';
import { Status } from './Status';
import { MenuButton, type MenuItem, type MenuSection } from './MenuButton';
import { keys } from './shortcuts';
import { isOffered, type Band } from './bands';
import { framed, useBand } from './useBand';
import { useSideways } from './useSideways';
import { useToolbar } from './useToolbar';
import './bar.css';

/** The bar: what does not fit drops into "More"; nothing changes its place. */
export function Bar() {
  const ref = useRef<HTMLDivElement>(null);
  const sideways = useSideways();
  const wide = useBand();
  // One column has room for what a narrow row has room for.
  const band = sideways ? 0 : wide;
  const toolbar = useToolbar(ref, sideways);
  const chat = useStore((state) => state.room?.features.chat === true);
  // On a phone the chat has its place.
  const people = band >= 1 || !chat;
  return (
    <section className="bar" aria-label={t('call.controls')}>
      {band >= 2 && <Status withName={band >= 4} />}
      <div className="bar-tools" role="toolbar" aria-label={t('call.controls')} ref={ref} {...toolbar}>
        <div className="bar-centre">
          <DeviceButton kind="microphone" split={band >= 3} />
          <DeviceButton kind="camera" split={band >= 3} />
          {band >= 1 && canShare() && <ShareButton />}
          {band >= 3 && <ReactionsButton />}
          {band >= 2 && <HandButton />}
          <MoreButton band={band} />
          <LeaveButton />
        </div>
        <div className="bar-end">
          <ChatButton />
          {people && <PeopleButton />}
          {band >= 3 && <HostButton />}
        </div>
      </div>
    </section>
  );
}

function ShareButton() {
  const live = useStore((state) => state.share.is === 'live');
  const locked = useStore((state) => !may('share', state)) && whyNot('share');
  return (
    <BarButton
      icon={live ? MonitorX : MonitorUp}
      label={t(live ? 'share.stop' : 'share.start')}
      shortcut={keys('share')}
      locked={locked}
      active={live}
      onPress={toggleShare}
    />
  );
}

function MoreButton({ band }: { band: Band }) {
  return (
    <MenuButton
      label={t('call.more')}
      sections={() => more(band)}
      trigger={({ ref, open, toggle }) => (
        <BarButton ref={ref} icon={Ellipsis} label={t('call.more')} expanded={open} popup="menu" onPress={toggle} />
      )}
    />
  );
}

function more(band: Band): MenuSection[] {
  const { share, role, room, recording, capture, devices } = get();
  const items: MenuItem[] = [];
  const isThere = (what: Parameters<typeof isOffered>[0]) => isOffered(what, framed(), band);
  items.push(...signalItems({ hand: band < 2, reactions: band < 3 && isThere('reactions') }));
  if (band < 1 && room?.features.chat) items.push({ id: 'people', label: t('people.title'), icon: Users, act: () => set({ panel: 'people' }) });
  if (band < 1 && canShare() && isThere('share')) {
    const live = share.is === 'live';
    items.push({ id: 'share', label: t(live ? 'share.stop' : 'share.start'), icon: may('share') ? MonitorUp : Lock, act: toggleShare });
  }
  if (leads(role) && room?.features.recording && !room.auto_record && isThere('record')) {
    const on = running(recording);
    items.push({ id: 'record', label: t(on ? 'recording.stop' : 'recording.start'), icon: on ? CircleStop : Circle, act: () => void record(!on) });
  }
  items.push(...consentItems());
  if (leads(role) && band < 3) items.push({ id: 'hosting', label: t('host.tools'), icon: ShieldUser, act: toggleHosting });
  if (handheld() && capture.camera.is === 'live' && devices.camera.length > 1)
    items.push({ id: 'flip', label: t('camera.flip'), icon: SwitchCamera, act: () => void flipCamera() });
  items.push({ id: 'devices', label: t('devices.title'), icon: SlidersHorizontal, act: () => set({ dialog: { is: 'devices' } }) });
  if (room?.features.locale_switcher) items.push({ id: 'language', label: t('language.choose'), icon: Languages, act: () => set({ dialog: { is: 'language' } }) });
  items.push({ id: 'shortcuts', label: t('shortcuts.title'), icon: Keyboard, act: () => set({ dialog: { is: 'shortcuts' } }) });
  return [{ items }, ...viewSections()];
}

/** Who is not the host leaves at once; the host is asked how the meeting goes on. */
function LeaveButton() {
  const host = useStore((state) => state.role === 'host');
  if (!host) return <BarButton icon={Phone} label={t('call.leave')} tone="leave" onPress={() => leave()} />;
  return (
    <MenuButton
      label={t('call.leave_options')}
      sections={waysToLeave}
      trigger={({ ref, open, toggle }) => (
        <BarButton ref={ref} icon={Phone} label={t('call.leave')} tone="leave" expanded={open} popup="menu" onPress={toggle} />
      )}
    />
  );
}

function waysToLeave(): MenuSection[] {
  const alone = (get().call?.people.length ?? 1) < 2;
  const handOver: MenuItem = { id: 'hand_over', label: t('leave.hand_over'), icon: UserStar, act: () => set({ dialog: { is: 'hand_over' } }) };
  const items: MenuItem[] = [
    { id: 'leave', label: t('call.leave_goes_on'), icon: LogOut, act: () => leave() },
    ...(alone ? [] : [handOver]),
    { id: 'end', label: t('host.end'), icon: X, tone: 'danger', act: () => set({ dialog: { is: 'end' } }) },
  ];
  return [{ items }];
}

function PeopleButton() {
  const count = useStore((state) => state.call?.people.length) ?? 0;
  const open = useStore((state) => state.panel === 'people');
  const waiting = useStore((state) => state.atTheDoor.length);
  const here = t('people.count', { count });
  return (
    <BarButton
      icon={Users}
      label={waiting > 0 ? list([here, t('door.waiting', { count: waiting })]) : here}
      shortcut={keys('people')}
      text={String(count)}
      active={open}
      expanded={open}
      onPress={() => set({ panel: open ? null : 'people' })}
    >
      {waiting > 0 && <span className="door-count" data-count={waiting} />}
    </BarButton>
  );
}
