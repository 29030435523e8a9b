import { Circle, CircleStop, Ellipsis, Keyboard, Languages, Lock, LockOpen, LogOut, MonitorUp, MonitorX, Phone, SlidersHorizontal, Users, X } from 'lucide-react';
import { useRef } from 'react';
import { ChatButton } from '../chat/ChatButton';
import { canShare, toggleShare } from '../devices/share';
import { lock } from '../people/power';
import { record } from '../recording/control';
import { running } from '../recording/recording';
import { leave } from '../session/join';
import { HandButton, ReactionsButton, signalItems } from '../signals/Buttons';
import { viewSections } from '../stage/menu';
import { get, set, useStore } from '../store/store';
import { t } from '../text/t';
import { BarButton } from './BarButton';
import { DeviceButton } from './DeviceButton';
import { Status } from './Status';
import { MenuButton, type MenuItem, type MenuSection } from './MenuButton';
import { keys } from './shortcuts';
import type { Band } from './bands';
import { framed, useBand } from './useBand';
import { useToolbar } from './useToolbar';
import './bar.css';

/** The bar: what does not fit drops into "More"; nothing changes its place. */
export function Bar() {
  const ref = useRef<HTMLDivElement>(null);
  const band = useBand();
  const toolbar = useToolbar(ref);
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
        </div>
      </div>
    </section>
  );
}

function ShareButton() {
  const live = useStore((state) => state.share.is === 'live');
  return (
    <BarButton
      icon={live ? MonitorX : MonitorUp}
      label={t(live ? 'share.stop' : 'share.start')}
      shortcut={keys.share}
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
  const { share, role, room, recording } = get();
  const items: MenuItem[] = [];
  const narrowFrame = framed() && band < 1;
  items.push(...signalItems({ hand: band < 2, reactions: band < 3 && !(framed() && band < 2) }));
  if (band < 1 && room?.features.chat) items.push({ id: 'people', label: t('people.title'), icon: Users, act: () => set({ panel: 'people' }) });
  if (band < 1 && canShare() && !narrowFrame) {
    const live = share.is === 'live';
    items.push({ id: 'share', label: t(live ? 'share.stop' : 'share.start'), icon: MonitorUp, act: toggleShare });
  }
  if (role === 'host' && room?.features.recording && !room.auto_record && !narrowFrame) {
    const on = running(recording);
    items.push({ id: 'record', label: t(on ? 'recording.stop' : 'recording.start'), icon: on ? CircleStop : Circle, act: () => void record(!on) });
  }
  if (role === 'host' && room) {
    const { locked } = room;
    items.push({ id: 'lock', label: t(locked ? 'host.unlock' : 'host.lock'), icon: locked ? LockOpen : Lock, act: () => void lock(!locked) });
  }
  items.push({ id: 'devices', label: t('devices.title'), icon: SlidersHorizontal, act: () => set({ dialog: { is: 'devices' } }) });
  if (room?.features.locale_switcher) items.push({ id: 'language', label: t('language.choose'), icon: Languages, act: () => set({ dialog: { is: 'language' } }) });
  items.push({ id: 'shortcuts', label: t('shortcuts.title'), icon: Keyboard, act: () => set({ dialog: { is: 'shortcuts' } }) });
  return [{ items }, ...viewSections()];
}

/** A guest leaves at once; a host is asked whether the meeting goes on. */
function LeaveButton() {
  const host = useStore((state) => state.role === 'host');
  if (!host) return <BarButton icon={Phone} label={t('call.leave')} tone="leave" onPress={leave} />;
  return (
    <MenuButton
      label={t('call.leave_options')}
      sections={() => [
        {
          items: [
            { id: 'leave', label: t('call.leave_goes_on'), icon: LogOut, act: leave },
            { id: 'end', label: t('host.end'), icon: X, tone: 'danger', act: () => set({ dialog: { is: 'end' } }) },
          ],
        },
      ]}
      trigger={({ ref, open, toggle }) => (
        <BarButton ref={ref} icon={Phone} label={t('call.leave')} tone="leave" expanded={open} popup="menu" onPress={toggle} />
      )}
    />
  );
}

function PeopleButton() {
  const count = useStore((state) => state.call?.people.length) ?? 0;
  const open = useStore((state) => state.panel === 'people');
  const waiting = useStore((state) => state.atTheDoor.length);
  const here = t('people.count', { count });
  return (
    <BarButton
      icon={Users}
      label={waiting > 0 ? `${here}, ${t('door.waiting', { count: waiting })}` : here}
      shortcut={keys.people}
      text={String(count)}
      active={open}
      expanded={open}
      onPress={() => set({ panel: open ? null : 'people' })}
    >
      {waiting > 0 && <span className="door-count" data-count={waiting} />}
    </BarButton>
  );
}
