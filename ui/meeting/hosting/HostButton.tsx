import { ShieldUser } from 'lucide-react';
import { BarButton } from '../controls/BarButton';
import { leads } from '../session/told';
import { get, set, useStore } from '../store/store';
import { t } from '../text/t';

export const toggleHosting = (): void => set({ panel: get().panel === 'hosting' ? null : 'hosting' });

/** Opens what hosts can do about everybody; absent for guests. */
export function HostButton() {
  const host = useStore((state) => leads(state.role));
  const open = useStore((state) => state.panel === 'hosting');
  if (!host) return null;
  return <BarButton icon={ShieldUser} label={t('host.tools')} active={open} expanded={open} onPress={toggleHosting} />;
}
