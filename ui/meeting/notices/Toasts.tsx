import { CircleDot, Info, MessageSquare, TriangleAlert, X } from 'lucide-react';
import { useEffect, useLayoutEffect, useRef, useState } from 'react';
import type { Toast } from '../store/state';
import { get, useStore } from '../store/store';
import { t } from '../text/t';
import { closeToast, SHOWN_MS } from './toasts';
import './notices.css';

/** Notices above the bar, the newest below; they were spoken when they came. */
export function Toasts() {
  const toasts = useStore((state) => state.toasts);
  const ref = useRef<HTMLElement>(null);
  useEffect(() => {
    const all = ref.current;
    // Where they do not fit, the newest is seen, unless somebody is at an older one.
    if (all && toasts.length > 0 && !all.contains(document.activeElement)) all.scrollTop = all.scrollHeight;
  }, [toasts]);
  useEffect(() => {
    addEventListener('keydown', closeNewest);
    return () => removeEventListener('keydown', closeNewest);
  }, []);
  return (
    <section ref={ref} className="toasts" aria-label={t('notices')}>
      {toasts.map((toast) => (
        <Notice key={toast.id} toast={toast} />
      ))}
    </section>
  );
}

/** What Esc closes by itself, where the focus is. */
const OWN_ESCAPE = '.panel, .reaction-row, select, [role="menu"], [role="listbox"], [role="dialog"], [role="alertdialog"]';

function closeNewest(event: KeyboardEvent): void {
  const newest = get().toasts.at(-1);
  if (event.key !== 'Escape' || event.defaultPrevented || !newest || get().dialog) return;
  if (event.target instanceof Element && event.target.closest(OWN_ESCAPE)) return;
  closeToast(newest.id);
}

const icons = { plain: Info, warning: TriangleAlert, record: CircleDot, chat: MessageSquare } as const;

function Notice({ toast }: { toast: Toast }) {
  const { id, text, tone, sticky, actions } = toast;
  const [held, setHeld] = useState(false);
  useEffect(() => {
    if (sticky || held) return;
    const timer = setTimeout(() => closeToast(id), SHOWN_MS);
    return () => clearTimeout(timer);
    // A newer one in its place is shown for as long.
  }, [toast, id, sticky, held]);
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
            {actions.map(({ label, act, id: same = label }) => (
              <button key={same} className="button small" onClick={act}>
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
