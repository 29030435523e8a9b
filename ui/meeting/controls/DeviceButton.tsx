import { ChevronUp, Mic, MicOff, Video, VideoOff, type LucideIcon } from 'lucide-react';
import { choose, inUse, toggle, turnOn } from '../devices/devices';
import { may, whyNot } from '../session/may';
import type { DeviceKind } from '../store/state';
import { get, set, useStore } from '../store/store';
import { t, type TextKey } from '../text/t';
import { BarButton, Tip } from './BarButton';
import { MenuButton, type MenuSection } from './MenuButton';
import { keys } from './shortcuts';

interface Look {
  on: LucideIcon;
  off: LucideIcon;
  turnOn: TextKey;
  turnOff: TextKey;
  choose: TextKey;
}

const looks: Record<DeviceKind, Look> = {
  microphone: { on: Mic, off: MicOff, turnOn: 'microphone.turn_on', turnOff: 'microphone.turn_off', choose: 'microphone.choose' },
  camera: { on: Video, off: VideoOff, turnOn: 'camera.turn_on', turnOff: 'camera.turn_off', choose: 'camera.choose' },
};

interface Props {
  kind: DeviceKind;
  /** With an arrow beside it that opens the list of devices. */
  split?: boolean;
}

/** Microphone or camera: on, off, or with a sign that it needs help. */
export function DeviceButton({ kind, split = false }: Props) {
  const wish = useStore((state) => state.wish[kind]);
  const capture = useStore((state) => state.capture[kind]);
  const look = looks[kind];
  const locked = useStore((state) => !may(kind, state)) && whyNot(kind);
  const on = wish && !locked && ['live', 'asking', 'unknown'].includes(capture.is);
  const button = (
    <BarButton
      icon={on ? look.on : look.off}
      label={t(on ? look.turnOff : look.turnOn)}
      shortcut={keys(kind)}
      off={!on}
      problem={capture.is === 'refused' && !locked}
      locked={locked}
      onPress={() => void press(kind)}
    >
      {kind === 'camera' && on && <SeenUnseen />}
    </BarButton>
  );
  if (!split) return button;
  return (
    <div className="split">
      {button}
      <MenuButton
        label={t(look.choose)}
        sections={() => choices(kind)}
        trigger={({ ref, open, toggle: flip }) => (
          <button ref={ref} className="bar-arrow" aria-label={t(look.choose)} aria-haspopup="menu" aria-expanded={open} onClick={flip}>
            <ChevronUp className="icon" />
            <Tip text={t(look.choose)} />
          </button>
        )}
      />
    </div>
  );
}

/** Who hides his own picture must not forget that others see it. */
function SeenUnseen() {
  const hidden = useStore((state) => state.selfView.hidden && state.page.is === 'call');
  return hidden ? <span className="seen-dot" role="img" aria-label={t('self.hidden')} /> : null;
}

/** A device that is not open is asked for; if it cannot be had, the page explains why. */
async function press(kind: DeviceKind): Promise<void> {
  const { capture } = get();
  if (capture[kind].is === 'live' || capture[kind].is === 'off') {
    toggle(kind);
    return;
  }
  await turnOn(kind);
  if (get().wish[kind] && get().capture[kind].is === 'refused' && get().page.is === 'call') set({ dialog: { is: 'devices' } });
}

function choices(kind: DeviceKind): MenuSection[] {
  const { devices, chosen } = get();
  const list = (of: DeviceKind | 'speaker', title: string, now: string): MenuSection => ({
    title,
    items: devices[of].map(({ id, label }, i) => ({
      id: `${of}.${id}`,
      label,
      checked: now ? id === now : i === 0,
      act: () => void choose(of, id),
    })),
  });
  const own = list(kind, t(kind === 'camera' ? 'device.camera' : 'device.microphone'), inUse(kind));
  const sections = kind === 'camera' ? [own] : [own, list('speaker', t('device.speaker'), chosen.speaker)];
  const filled = sections.filter((section) => section.items.length > 0);
  return [...filled, { items: [{ id: 'devices', label: t('devices.title'), act: () => set({ dialog: { is: 'devices' } }) }] }];
}
