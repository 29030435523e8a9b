import { useEffect, useRef } from 'react';
import { useToolbar } from '../controls/useToolbar';
import { set, useStore } from '../store/store';
import { t } from '../text/t';
import { react } from './act';
import { reactionNames } from './show';
import { reactions } from './wire';
import './signals.css';

/** The row of reactions, and those that rise over the stage. */
export default function Reactions() {
  const open = useStore((state) => state.reacting);
  return (
    <>
      <Rising />
      {open && <Row />}
    </>
  );
}

const close = () => set({ reacting: false });

/** Stays open until it is closed; its keys are 1 to 8. */
function Row() {
  const ref = useRef<HTMLDivElement>(null);
  const toolbar = useToolbar(ref);
  useEffect(() => {
    const opener = document.activeElement;
    ref.current?.querySelector('button')?.focus();
    const pressed = (event: KeyboardEvent) => {
      const reaction = reactions[Number(event.key) - 1];
      const typing = (event.target as Element).closest('input, textarea, select, [contenteditable], [role="dialog"], [role="alertdialog"]');
      if (!reaction || typing || event.ctrlKey || event.altKey || event.metaKey || event.repeat) return;
      react(reaction);
    };
    const row = ref.current;
    addEventListener('keydown', pressed);
    return () => {
      removeEventListener('keydown', pressed);
      const inside = document.activeElement === document.body || row?.contains(document.activeElement);
      if (inside && opener instanceof HTMLElement && opener.isConnected) opener.focus();
    };
  }, []);
  return (
    <section className="reaction-row" aria-label={t('reaction.title')}>
      <div
        ref={ref}
        role="toolbar"
        aria-label={t('reaction.title')}
        {...toolbar}
        onKeyDown={(event) => {
          if (event.key === 'Escape') close();
          else toolbar.onKeyDown(event);
        }}
      >
        {reactions.map((reaction) => (
          <button key={reaction} aria-label={t(reactionNames[reaction])} onClick={() => react(reaction)}>
            {reaction}
          </button>
        ))}
      </div>
    </section>
  );
}

/** Seen for three seconds; what came is spoken in one sentence. */
function Rising() {
  const shown = useStore((state) => state.reactions);
  return (
    <div className="rising" aria-hidden>
      {shown.map(({ key, reaction, name }) => (
        <span key={key} className={`risen lane-${key % 5}`}>
          <span className="risen-sign">{reaction}</span>
          <bdi className="risen-name" dir="auto">
            {name}
          </bdi>
        </span>
      ))}
    </div>
  );
}
