import { CircleCheck, CircleX, TriangleAlert } from 'lucide-react';
import { useEffect } from 'react';
import { CopyButton } from '../copying/CopyButton';
import { useStore } from '../store/store';
import { t } from '../text/t';
import { outcomes, steps, verdict, type Facts } from './facts';
import { cancelCheck, runCheck } from './run';
import { figures, outcomeNames, report, stepNames, wordsOf } from './words';
import './check.css';

/** The connection check: begins when it is drawn, ends when it is not. */
export default function Check() {
  const check = useStore((state) => state.check);
  useEffect(() => {
    void runCheck();
    return cancelCheck;
  }, []);
  return (
    <section className="check" aria-label={t('check.title')}>
      <div role="status" className="check-said">
        {check.is === 'running' && <p className="muted">{t('check.running')}</p>}
        {check.is === 'done' && <Result facts={check.facts} at={check.at} />}
      </div>
      {check.is === 'running' && <Steps facts={check.facts} done={false} />}
      {check.is === 'done' && (
        <details>
          <summary>{t('check.details')}</summary>
          <Steps facts={check.facts} done />
        </details>
      )}
      <div className="row">
        {check.is === 'running' ? (
          <button className="button small" onClick={cancelCheck}>
            {t('cancel')}
          </button>
        ) : (
          <button className="button small" onClick={() => void runCheck()}>
            {t(check.is === 'done' ? 'check.again' : 'check.open')}
          </button>
        )}
        {check.is === 'done' && <CopyButton text={() => report(check.facts, check.at)} label={t('check.copy')} copied={t('check.copied')} look="plain small" />}
      </div>
    </section>
  );
}

const icons = { green: CircleCheck, yellow: TriangleAlert, red: CircleX };

function Result({ facts, at }: { facts: Facts; at: number }) {
  const { level } = verdict(facts);
  const { text, advice, it } = wordsOf(facts, at);
  const Icon = icons[level];
  return (
    <>
      <div className={`check-result ${level}`}>
        <Icon className="icon" aria-hidden />
        <div>
          <strong>{text}</strong>
          <p>{advice}</p>
        </div>
      </div>
      {it && (
        <figure className="check-it">
          <figcaption>{t('check.it.title')}</figcaption>
          <blockquote>{it}</blockquote>
        </figure>
      )}
    </>
  );
}

function Steps({ facts, done }: { facts: Facts; done: boolean }) {
  const found = outcomes(facts, done);
  const numbers = figures(facts);
  return (
    <>
      <dl className="check-steps">
        {steps.map((step) => (
          <div key={step} className={found[step]}>
            <dt>{t(stepNames[step])}</dt>
            <dd>{t(outcomeNames[found[step]])}</dd>
          </div>
        ))}
      </dl>
      {numbers && <p className="muted">{numbers}</p>}
    </>
  );
}
