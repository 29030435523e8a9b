import { useEffect, type KeyboardEvent, type RefObject } from 'react';

const buttonsOf = (bar: HTMLElement) => [...bar.querySelectorAll<HTMLElement>('button')];

function makeStop(bar: HTMLElement, stop: HTMLElement | undefined): void {
  for (const button of buttonsOf(bar)) button.tabIndex = button === stop ? 0 : -1;
}

/** The toolbar pattern: one tab stop, arrows along it move inside, focus comes back to the last used. */
export function useToolbar(ref: RefObject<HTMLElement | null>, vertical = false) {
  // After each drawing, since buttons come and go.
  useEffect(() => {
    const bar = ref.current;
    if (!bar) return;
    const stops = buttonsOf(bar).filter((button) => button.tabIndex === 0);
    makeStop(bar, stops.length === 1 ? stops[0] : (stops.find((one) => one === document.activeElement) ?? buttonsOf(bar)[0]));
  });
  const onKeyDown = (event: KeyboardEvent) => {
    const bar = ref.current;
    if (!bar || event.ctrlKey || event.altKey || event.metaKey) return;
    const all = buttonsOf(bar);
    const at = all.indexOf(document.activeElement as HTMLElement);
    const [back, forward] = vertical
      ? ['ArrowUp', 'ArrowDown']
      : getComputedStyle(bar).direction === 'rtl'
        ? ['ArrowRight', 'ArrowLeft']
        : ['ArrowLeft', 'ArrowRight'];
    const to = { [forward]: at + 1, [back]: at - 1, Home: 0, End: all.length - 1 }[event.key];
    if (at < 0 || to === undefined) return;
    event.preventDefault();
    const next = all[(to + all.length) % all.length];
    makeStop(bar, next);
    next?.focus();
  };
  const onFocus = () => {
    if (ref.current) makeStop(ref.current, document.activeElement as HTMLElement);
  };
  return { onKeyDown, onFocus, 'aria-orientation': vertical ? ('vertical' as const) : ('horizontal' as const) };
}
