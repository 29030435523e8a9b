import { useEffect, type RefObject } from 'react';

/** The menu buttons of the tiles: the stage has one tab stop among them, arrows go from tile to tile as they lie. */
const stopsOf = (stage: HTMLElement) => [...stage.querySelectorAll<HTMLElement>('[data-tile]')];

const ways: Record<string, [number, number]> = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

/** Moves the focus among tiles, and gives it an heir when its tile goes. */
export function useTileFocus(ref: RefObject<HTMLElement | null>): void {
  useEffect(() => {
    const stage = ref.current;
    if (!stage) return;
    let last: { button: HTMLElement; person: string; at: number } | null = null;
    const stop = (at: HTMLElement | undefined) => {
      for (const button of stopsOf(stage)) button.tabIndex = button === at ? 0 : -1;
    };
    const focused = ({ target }: FocusEvent) => {
      const button = (target as Element).closest('.tile-tools')?.querySelector<HTMLElement>('[data-tile]');
      if (!button) return;
      last = { button, person: button.dataset['tile'] ?? '', at: stopsOf(stage).indexOf(button) };
      stop(button);
    };
    const changed = () => {
      const stops = stopsOf(stage);
      const heir = stops.find((one) => one.dataset['tile'] === last?.person) ?? stops[Math.min(last?.at ?? 0, stops.length - 1)];
      if (!stops.some((one) => one.tabIndex === 0)) stop(heir);
      if (!last || last.button.isConnected || document.activeElement !== document.body) return;
      heir?.focus();
    };
    const pressed = (event: KeyboardEvent) => {
      const way = ways[event.key];
      const from = event.target as HTMLElement;
      if (!way || event.shiftKey || from.dataset['tile'] === undefined || from.getAttribute('aria-expanded') === 'true') return;
      event.preventDefault();
      nearest(from, stopsOf(stage), way)?.focus();
    };
    // A finger on a tile shows its buttons, as the pointer does.
    const tapped = (event: PointerEvent) => {
      const tile = event.pointerType === 'touch' ? (event.target as Element).closest('.tile') : null;
      tile?.querySelector<HTMLElement>('[data-tile]')?.focus();
    };
    changed();
    const observer = new MutationObserver(changed);
    observer.observe(stage, { childList: true, subtree: true });
    stage.addEventListener('focusin', focused);
    stage.addEventListener('keydown', pressed);
    stage.addEventListener('pointerup', tapped);
    return () => {
      observer.disconnect();
      stage.removeEventListener('focusin', focused);
      stage.removeEventListener('keydown', pressed);
      stage.removeEventListener('pointerup', tapped);
    };
  }, [ref]);
}

/** The next tile in a direction: near along it, and little to the side. */
function nearest(from: HTMLElement, all: HTMLElement[], [dx, dy]: [number, number]): HTMLElement | undefined {
  const middle = (button: HTMLElement) => {
    const { left, top, width, height } = (button.closest('.tile') ?? button).getBoundingClientRect();
    return { x: left + width / 2, y: top + height / 2 };
  };
  const start = middle(from);
  const far = (button: HTMLElement) => {
    const { x, y } = middle(button);
    const along = (x - start.x) * dx + (y - start.y) * dy;
    const aside = Math.abs((x - start.x) * dy) + Math.abs((y - start.y) * dx);
    return along > 1 ? along + 2 * aside : Number.POSITIVE_INFINITY;
  };
  return all.filter((one) => far(one) < Number.POSITIVE_INFINITY).sort((a, b) => far(a) - far(b))[0];
}
