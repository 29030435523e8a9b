import { announce } from '../announce/queue';
import { get, set } from '../store/store';
import type { Toast } from '../store/state';
import { placed } from './order';

export const SHOWN_MS = 6000;

let last = 0;

interface Options {
  tone?: Toast['tone'];
  key?: string;
  /** Stays until it is closed. */
  sticky?: boolean;
  /** Was spoken of otherwise. */
  silent?: boolean;
  actions?: Toast['actions'];
}

/** Shows a notice above the bar and speaks it, all but the plain ones at once. */
export function toast(text: string, { tone = 'plain', sticky = false, silent = false, key = text, actions = [] }: Options = {}): void {
  const one: Toast = { id: ++last, text, key, tone, sticky, actions };
  set(({ toasts }) => ({ toasts: placed(toasts, one) }));
  if (!silent) announce(text, { assertive: tone !== 'plain' });
}

export function closeToast(id: number): void {
  set({ toasts: get().toasts.filter((toast) => toast.id !== id) });
}

/** Closes the notice of this key, if it is there. */
export function closeToastOf(key: string): void {
  const { toasts } = get();
  if (toasts.some((toast) => toast.key === key)) set({ toasts: toasts.filter((toast) => toast.key !== key) });
}
