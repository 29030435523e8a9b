import { useEffect, useState } from 'react';
import { useStore } from '../store/store';
import { t } from '../text/t';
import { useLevel } from './level';
import './devices.css';

const CELLS = [0.12, 0.28, 0.44, 0.6, 0.76];
const SILENT_MS = 10_000;

/** Five cells that move with the voice, and a word when nothing comes at all. */
export function LevelMeter() {
  const microphone = useStore((state) => state.capture.microphone);
  const on = useStore((state) => state.wish.microphone);
  const lit = useLevel(microphone.is === 'live' && on ? microphone.track : null, CELLS);
  const silent = useSilence(lit < 0);
  return (
    <>
      <div className="level" role="meter" aria-label={t('device.level')} aria-valuemin={0} aria-valuemax={5} aria-valuenow={Math.max(0, lit)}>
        {CELLS.map((cell, i) => (
          <span key={cell} className={i < lit ? 'cell lit' : 'cell'} />
        ))}
      </div>
      {silent && (
        <p className="look" role="status">
          {t('device.silent')}
        </p>
      )}
    </>
  );
}

function useSilence(quiet: boolean): boolean {
  const [silent, setSilent] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setSilent(quiet), quiet ? SILENT_MS : 0);
    return () => clearTimeout(timer);
  }, [quiet]);
  return silent;
}
