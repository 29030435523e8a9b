import { CircleDot } from 'lucide-react';
import { useEffect, useId, useLayoutEffect, useRef } from 'react';
import { announce } from '../announce/queue';
import { leave } from '../session/join';
import { sentences, t } from '../text/t';
import { decideAloud } from './consent';
import './consent.css';

/** Asks whether we want to be in the recording. The meeting goes on behind it: nothing of us is recorded meanwhile. */
export default function AskConsent() {
  const id = useId();
  useEffect(() => announce(sentences([t('consent.title'), t('consent.text')]), { assertive: true }), []);
  const ref = useRef<HTMLElement>(null);
  useLayoutEffect(() => {
    const box = ref.current;
    return () => {
      // The focus is not lost with the button that was pressed.
      if (box?.contains(document.activeElement)) document.querySelector('h1')?.focus();
    };
  }, []);
  return (
    <section ref={ref} className="consent" role="dialog" aria-labelledby={`${id}-title`} aria-describedby={`${id}-text`}>
      <h2 id={`${id}-title`}>
        <CircleDot className="icon" aria-hidden />
        {t('consent.title')}
      </h2>
      <p id={`${id}-text`}>{t('consent.text')}</p>
      <div className="consent-answers">
        <button className="button primary" onClick={() => void decideAloud('agreed')}>
          {t('consent.agree')}
        </button>
        <button className="button" onClick={() => void decideAloud('declined')}>
          {t('consent.decline')}
        </button>
        <button className="button plain" onClick={() => leave()}>
          {t('call.leave')}
        </button>
      </div>
    </section>
  );
}
