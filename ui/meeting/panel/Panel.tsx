import { X } from 'lucide-react';
import { useEffect, useRef, type ReactNode, type RefObject } from 'react';
import { useBand } from '../controls/useBand';
import { get, set } from '../store/store';
import { t } from '../text/t';
import './panel.css';

interface Props {
  title: string;
  /** Beside the title. */
  aside?: ReactNode;
  /** Before the button that closes. */
  tools?: ReactNode;
  /** What takes the focus when the panel opens, where the heading does not. */
  focus?: () => HTMLElement | null;
  children: ReactNode;
}

const close = () => set({ panel: null });

/** A panel beside the stage, over it on a phone. The focus goes in when it opens, and back when it closes for no other. */
export function Panel({ title, aside, tools, focus, children }: Props) {
  const modal = useBand() < 2;
  const heading = useRef<HTMLHeadingElement>(null);
  const first = useRef(focus);
  const whole = useRef<HTMLElement>(null);
  useHeir(whole, heading);
  useEffect(() => {
    const opener = document.activeElement;
    (first.current?.() ?? heading.current)?.focus();
    return () => {
      if (get().panel === null && opener instanceof HTMLElement && opener.isConnected) opener.focus();
    };
  }, []);
  return (
    <section
      ref={whole}
      className="panel"
      aria-label={title}
      role={modal ? 'dialog' : 'complementary'}
      {...(modal && { 'aria-modal': true })}
      onKeyDown={(event) => {
        if (event.key === 'Escape' && !event.defaultPrevented) close();
      }}
    >
      <header>
        <h2 ref={heading} tabIndex={-1}>
          {title} {aside}
        </h2>
        <span className="panel-tools">
          {tools}
          <button className="panel-close" aria-label={t('close')} onClick={close}>
            <X className="icon" />
          </button>
        </span>
      </header>
      {children}
    </section>
  );
}

/** When what holds the focus goes from the panel, the heading takes it. */
function useHeir(whole: RefObject<HTMLElement | null>, heading: RefObject<HTMLElement | null>): void {
  useEffect(() => {
    const panel = whole.current;
    if (!panel) return;
    let inside = panel.contains(document.activeElement);
    const came = () => {
      inside = true;
    };
    // Race: some browsers tell of it before the element is taken out of the page, so one looks a moment later.
    const went = ({ target }: FocusEvent) =>
      queueMicrotask(() => {
        inside = panel.contains(document.activeElement) || !(target as Element).isConnected;
      });
    const observer = new MutationObserver(() => {
      if (inside && document.activeElement === document.body) heading.current?.focus();
    });
    observer.observe(panel, { childList: true, subtree: true });
    panel.addEventListener('focusin', came);
    panel.addEventListener('focusout', went);
    return () => {
      observer.disconnect();
      panel.removeEventListener('focusin', came);
      panel.removeEventListener('focusout', went);
    };
  }, [whole, heading]);
}
