import { Hand, Lock, LockOpen, MicOff } from 'lucide-react';
import { useEffect } from 'react';
import { Switch } from '../design/Switch';
import { Panel } from '../panel/Panel';
import { allow, lock, lowerEverybody, muteEverybody } from '../people/power';
import { deeds, type Deed } from '../session/may';
import { leads } from '../session/told';
import { get, set, useStore } from '../store/store';
import { t, type TextKey } from '../text/t';
import { stops } from './stops';
import './hosting.css';

/** What a host can do about everybody at once, and what guests may do by themselves. */
export default function HostPanel() {
  const host = useStore((state) => leads(state.role));
  const hands = useStore((state) => state.hands.length);
  const locked = useStore((state) => state.room?.locked) ?? false;
  useEffect(() => {
    if (!host && get().panel === 'hosting') set({ panel: null });
  }, [host]);
  return (
    <Panel title={t('host.tools')}>
      <div className="hosting">
        <section aria-labelledby="hosting-all">
          <h3 id="hosting-all">{t('host.everybody')}</h3>
          <div className="hosting-acts">
            <button className="button" onClick={() => void muteEverybody()}>
              <MicOff className="icon" />
              {t('host.mute_all')}
            </button>
            <button className="button" aria-disabled={hands === 0} onClick={() => hands > 0 && void lowerEverybody()}>
              <Hand className="icon" />
              {t('host.lower_all')}
            </button>
            <button className="button" onClick={() => void lock(!locked)}>
              {locked ? <LockOpen className="icon" /> : <Lock className="icon" />}
              {t(locked ? 'host.unlock' : 'host.lock')}
            </button>
          </div>
          {locked && <p className="muted">{t('host.locked')}</p>}
        </section>
        <section aria-labelledby="hosting-guests">
          <h3 id="hosting-guests">{t('host.guests_may')}</h3>
          {deeds.map((deed) => (
            <Permission key={deed} deed={deed} />
          ))}
        </section>
      </div>
    </Panel>
  );
}

const names: Record<Deed, TextKey> = {
  microphone: 'host.may_microphone',
  camera: 'host.may_camera',
  share: 'host.may_share',
  chat: 'host.may_chat',
  reactions: 'host.may_reactions',
};

const ends: Partial<Record<Deed, TextKey>> = {
  microphone: 'host.mutes',
  camera: 'host.stops_cameras',
  share: 'host.stops_shares',
};

/** A switch that says what happens when it is turned off. */
function Permission({ deed }: { deed: Deed }) {
  const allowed = useStore((state) => state.told.allows[deed]);
  const offered = useStore((state) => deed !== 'chat' || state.room?.features.chat === true);
  const people = useStore((state) => state.call?.people) ?? [];
  const count = stops(deed, people);
  const end = ends[deed];
  const note = allowed ? count > 0 && end && t(end, { count }) : t('host.only_hosts');
  if (!offered) return null;
  return <Switch on={allowed} name={t(names[deed])} {...(note && { note })} change={(on) => void allow(deed, on)} />;
}
