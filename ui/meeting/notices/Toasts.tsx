import { CircleDot, Info, MessageSquare, TriangleAlert, X } from 'lucide-react';
import { useEffect, useLayoutEffect, useRef, useState } from 'react';
import type { Toast } from '../store/state';
import { useStore } from '../store/store';
import { t } from '../text/t';
import { closeToast, SHOWN_MS } from './toasts';
import './notices.css';

/** At most three notices above the bar; they were spoken when they came. */
export function Toasts() {
  const toasts = useStore((state) => state.toasts);
  return (
    <section className="toasts" aria-label={t('notices')}>
      {toasts.map((toast) => (
        <Notice key={toast.id} toast={toast} />
      ))}
    </section>
  );
}

const icons = { plain: Info, warning: TriangleAlert, record: CircleDot, chat: MessageSquare } as const;

function Notice({ toast: { id, text, tone, sticky, actions } }: { toast: Toast }) {
  const [held, setHeld] = useState(false);
  useEffect(() => {
    if (sticky || held) return;
    const timer = setTimeout(() => closeToast(id), SHOWN_MS);
    return () => clearTimeout(timer);
  }, [id, sticky, held]);
  const ref = useRef<HTMLDivElement>(null);
  // The focus does not go with a notice that closes under it.
  useLayoutEffect(() => {
    const notice = ref.current;
    return () => {
      if (notice?.contains(document.activeElement)) document.querySelector<HTMLElement>('.bar [tabindex="0"]')?.focus();
    };
  }, []);
  const Icon = icons[tone];
  return (
    <div
      ref={ref}
      className={`toast ${tone}`}
      onMouseEnter={() => setHeld(true)}
      onMouseLeave={() => setHeld(false)}
      onFocus={() => setHeld(true)}
      onBlur={() => setHeld(false)}
    >
      <Icon className="icon" aria-hidden />
      <div className="toast-body">
        <p>{text}</p>
        {actions.length > 0 && (
          <div className="row">
            {actions.map(({ label, act }) => (
              <button key={label} className="button small" onClick={act}>
                {label}
              </button>
            ))}
          </div>
        )}
      </div>
      <button className="toast-close" aria-label={t('close')} onClick={() => closeToast(id)}>
        <X className="icon" />
      </button>
    </div>
  );
}
