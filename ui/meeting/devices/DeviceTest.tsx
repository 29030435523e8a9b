import { useState } from 'react';
import { useStore } from '../store/store';
import { t } from '../text/t';
import { playTestSound } from './level';

type Step = 'idle' | 'playing' | 'asked' | 'unheard';

/** Plays a sound on the chosen output, and asks whether it was heard. */
export function SpeakerTest() {
  const speaker = useStore((state) => state.chosen.speaker);
  const canChoose = useStore((state) => state.devices.speaker.length > 1);
  const [step, setStep] = useState<Step>('idle');
  const play = async () => {
    setStep('playing');
    await playTestSound(speaker).catch(() => undefined);
    setStep('asked');
  };
  return (
    <div className="speaker-test" role="group" aria-label={t('device.test')}>
      <button className="button plain small" aria-disabled={step === 'playing'} onClick={() => step !== 'playing' && void play()}>
        {t(step === 'playing' ? 'device.playing' : 'device.test')}
      </button>
      <div role="status">
        {step === 'asked' && (
          <div className="heard">
            <span>{t('device.heard')}</span>
            <button className="button small" onClick={() => setStep('idle')}>
              {t('device.heard_yes')}
            </button>
            <button
              className="button small"
              onClick={(event) => {
                setStep('unheard');
                selectNear(event.currentTarget)?.focus();
              }}
            >
              {t('device.heard_no')}
            </button>
          </div>
        )}
        {step === 'unheard' && <p className="muted">{t(canChoose ? 'device.choose_speaker' : 'device.turn_up')}</p>}
      </div>
    </div>
  );
}

/** The list of speakers beside the test: the next thing that one wants. */
const selectNear = (button: Element): HTMLSelectElement | null =>
  button.closest('.device-selects')?.querySelector<HTMLSelectElement>('select[data-kind="speaker"]') ?? null;
