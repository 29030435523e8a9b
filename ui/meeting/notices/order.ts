import type { Toast } from '../store/state';

/** So many are seen at once, if the ones that stay do not need more. */
const MOST = 3;

/**
 * The notices with this one. It takes the place and the identity of an earlier one of its key, so that a focus on it stays. When they
 * become too many the oldest goes, but none that waits for an answer, and never the newest: it would not have been seen at all.
 */
export function placed(toasts: readonly Toast[], one: Toast): readonly Toast[] {
  const at = toasts.findIndex(({ key }) => key === one.key);
  const all = at < 0 ? [...toasts, one] : toasts.map((other, i) => (i === at ? { ...one, id: other.id } : other));
  const passing = all.filter(({ sticky }) => !sticky);
  const room = Math.max(1, MOST - (all.length - passing.length));
  const gone = new Set(passing.slice(0, -room));
  return all.filter((other) => !gone.has(other));
}
