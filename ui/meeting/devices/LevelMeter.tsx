import { useEffect } from 'react';
import { set, useStore } from '../store/store';
import { t } from '../text/t';
import { useLevel } from './level';
import { remembered } from './memory';
import './devices.css';

const CELLS = [0.12, 0.28, 0.44, 0.6, 0.76];
const SILENT_MS = 10_000;

/** Five cells that move with the voice; when nothing comes at all for a while, the notes beside it say so. */
export function LevelMeter() {
  const microphone = useStore((state) => state.capture.microphone);
  const on = useStore((state) => state.wish.microphone);
  const lit = useLevel(microphone.is === 'live' && on ? microphone.track : null, CELLS);
  useSilence(lit < 0, lit > 0 || microphone.is !== 'live');
  return (
    <div className="level" role="meter" aria-label={t('device.level')} aria-valuemin={0} aria-valuemax={5} aria-valuenow={Math.max(0, lit)}>
      {CELLS.map((cell, i) => (
        <span key={cell} className={i < lit ? 'cell lit' : 'cell'} />
      ))}
    </div>
  );
}

/** `quiet`: not even the noise of a room comes. `over`: something was heard, or there is no microphone. */
function useSilence(quiet: boolean, over: boolean): void {
  useEffect(() => {
    if (!quiet) return;
    const timer = setTimeout(() => set({ silent: remembered().silence !== 'known' }), SILENT_MS);
    return () => clearTimeout(timer);
  }, [quiet]);
  useEffect(() => {
    if (over) set({ silent: false });
  }, [over]);
}
