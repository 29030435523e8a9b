import { Lock, type LucideIcon } from 'lucide-react';
import type { ReactNode, Ref } from 'react';

interface Props {
  icon: LucideIcon;
  label: string;
  /** Shown in the tooltip after the label. */
  shortcut?: string;
  /** What the button is about is off: danger tint, crossed icon. */
  off?: boolean;
  problem?: boolean;
  /** Why it may not be pressed, and who can change that; it stays within reach of the keyboard. */
  locked?: string | false;
  active?: boolean;
  text?: string;
  tone?: 'leave';
  expanded?: boolean;
  popup?: 'menu';
  onPress: () => void;
  ref?: Ref<HTMLButtonElement>;
  children?: ReactNode;
}

/** A round button of the bar; its tooltip says its name and shortcut. */
export function BarButton({ icon: Icon, label, shortcut, text, tone, expanded, popup, onPress, ref, children, locked, ...is }: Props) {
  const classes = ['bar-button', is.off && 'off', is.active && 'active', locked && 'locked', text && 'wide', tone].filter(Boolean).join(' ');
  return (
    <button
      ref={ref}
      className={classes}
      aria-label={label}
      aria-expanded={expanded}
      aria-haspopup={popup}
      {...(locked && { 'aria-disabled': true, 'aria-description': locked })}
      onClick={onPress}
    >
      <Icon className="icon" />
      {text && <span>{text}</span>}
      {is.problem && (
        <span className="problem" aria-hidden>
          {'!'}
        </span>
      )}
      {locked && (
        <span className="padlock" aria-hidden>
          <Lock className="icon" />
        </span>
      )}
      {children}
      <Tip text={locked ? `${label} · ${locked}` : shortcut ? `${label} (${shortcut})` : label} />
    </button>
  );
}

/** Shown after a rest of the pointer, at once with the keyboard; Esc hides it (see listenForEscape). */
export const Tip = ({ text }: { text: string }) => (
  <span className="tip" aria-hidden>
    {text}
  </span>
);

/** Esc hides tooltips until the pointer or the focus moves on. */
export function listenForEscape(): () => void {
  const root = document.documentElement;
  const hide = (event: KeyboardEvent) => {
    if (event.key === 'Escape') root.dataset['tips'] = 'hidden';
  };
  const show = () => delete root.dataset['tips'];
  addEventListener('keydown', hide);
  addEventListener('pointermove', show);
  addEventListener('focusin', show);
  return () => {
    removeEventListener('keydown', hide);
    removeEventListener('pointermove', show);
    removeEventListener('focusin', show);
  };
}
