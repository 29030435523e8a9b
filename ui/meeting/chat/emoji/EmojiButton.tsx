import { Smile } from 'lucide-react';
import { lazy, Suspense, useRef, useState, type RefObject } from 'react';
import { flushSync } from 'react-dom';
import { useBand } from '../../controls/useBand';
import { t } from '../../text/t';

const EmojiPicker = lazy(() => import('./EmojiPicker'));

interface Props {
  field: RefObject<HTMLTextAreaElement | null>;
  locked: boolean;
}

/** Puts an emoji where the caret is; the field has the focus afterwards. */
export function EmojiButton({ field, locked }: Props) {
  const ref = useRef<HTMLButtonElement>(null);
  const [open, setOpen] = useState(false);
  const typing = useBand() >= 2;
  const pick = (emoji: string) => {
    // Closed first: an open window would take the focus back.
    flushSync(() => setOpen(false));
    if (field.current) insert(field.current, emoji);
  };
  return (
    <>
      <button
        ref={ref}
        type="button"
        className="composer-emoji"
        aria-label={t('emoji.title')}
        aria-haspopup="dialog"
        aria-expanded={open}
        aria-disabled={locked}
        onClick={() => setOpen(!locked)}
      >
        <Smile className="icon" />
      </button>
      {open && (
        <Suspense>
          <EmojiPicker triggerRef={ref} typing={typing} pick={pick} close={() => setOpen(false)} />
        </Suspense>
      )}
    </>
  );
}

/** As if it had been typed: the caret stands after it, and the browser can undo it where it keeps a history of the field. */
function insert(field: HTMLTextAreaElement, text: string): void {
  field.focus();
  field.setRangeText(text, field.selectionStart, field.selectionEnd, 'end');
  field.dispatchEvent(new InputEvent('input', { bubbles: true }));
}
