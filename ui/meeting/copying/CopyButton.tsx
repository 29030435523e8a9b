import { useId, useLayoutEffect, useRef, useState, type ReactNode } from 'react';
import { announce } from '../announce/queue';
import { t } from '../text/t';
import { copy } from './copy';
import './copying.css';

interface Props {
  /** Made when it is pressed. */
  text: () => string;
  label: string;
  copied: string;
  look: string;
  icon?: ReactNode;
}

/** Copies a text and says so; where the browser forbids it, the text is laid out to be copied by hand. */
export function CopyButton({ text, label, copied, look, icon }: Props) {
  const [done, setDone] = useState(false);
  const [refused, setRefused] = useState<string | null>(null);
  const press = async () => {
    const all = text();
    const succeeded = await copy(all);
    setDone(succeeded);
    setRefused(succeeded ? null : all);
    if (succeeded) announce(copied);
  };
  return (
    <>
      <button type="button" className={`button ${look}`} onClick={() => void press()}>
        {icon}
        {done ? copied : label}
      </button>
      {refused !== null && <ByHand text={refused} />}
    </>
  );
}

/** Whole and selected, with the focus on it: one more press of the keys that copy. */
function ByHand({ text }: { text: string }) {
  const id = useId();
  const ref = useRef<HTMLTextAreaElement>(null);
  useLayoutEffect(() => {
    ref.current?.focus();
    ref.current?.select();
  }, [text]);
  const rows = Math.min(6, text.split('\n').length + 1);
  return (
    <div className="copy-by-hand">
      <label htmlFor={id}>{t('copy.by_hand')}</label>
      <textarea id={id} ref={ref} readOnly dir="ltr" rows={rows} value={text} onFocus={(event) => event.currentTarget.select()} />
    </div>
  );
}
