import { X } from 'lucide-react';
import { useEffect, useRef, type ReactNode } from 'react';
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
  useEffect(() => {
    const opener = document.activeElement;
    (first.current?.() ?? heading.current)?.focus();
    return () => {
      if (get().panel === null && opener instanceof HTMLElement && opener.isConnected) opener.focus();
    };
  }, []);
  return (
    <section
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
