import { useEffect, useState } from 'react';
import { useStore } from '../store/store';
import { t } from '../text/t';
import { useLevel } from './level';
import './devices.css';

const CELLS = [0.12, 0.28, 0.44, 0.6, 0.76];
const SILENT_MS = 10_000;
/** A volume of 0.0001 or less is a microphone that is muted by itself. */
const SILENT = 0;

/** Five cells that move with the voice, and a word when nothing comes at all. */
export function LevelMeter() {
  const microphone = useStore((state) => state.capture.microphone);
  const on = useStore((state) => state.wish.microphone);
  const level = useLevel(microphone.is === 'live' && on ? microphone.track : null);
  const silent = useSilence(on && microphone.is === 'live', level);
  return (
    <>
      <div className="level" role="meter" aria-label={t('device.level')} aria-valuemin={0} aria-valuemax={5} aria-valuenow={CELLS.filter((cell) => level > cell).length}>
        {CELLS.map((cell) => (
          <span key={cell} className={level > cell ? 'cell lit' : 'cell'} />
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

function useSilence(listening: boolean, level: number): boolean {
  const [silent, setSilent] = useState(false);
  const quiet = listening && level <= SILENT;
  useEffect(() => {
    const timer = setTimeout(() => setSilent(quiet), quiet ? SILENT_MS : 0);
    return () => clearTimeout(timer);
  }, [quiet]);
  return silent;
}
