import { sentences } from '../text/t';

/** Speech for screen readers: texts are merged, never dropped in silence, and written one after another. */

export interface Options {
  /** Spoken at once, or after the urgent text that is being said; clears what is being said politely. */
  assertive?: boolean;
  /** A waiting text of the same key is replaced by the newer one, and an urgent one that is being said is cut off. */
  key?: string;
  /** Several items of one key within the window become one text. */
  merge?: { item: string; window: number; text: (items: readonly string[]) => string };
}

type Level = 'polite' | 'assertive';

interface Waiting {
  key: string | undefined;
  text: () => string;
  items: string[];
  due: number;
  since: number;
}

const GAP_MS = 500;
/** How long an urgent text is left alone: the next one would cut it off. */
const saying = (text: string): number => Math.max(1000, text.length * 60);
const STALE_MS = 10_000;

/** The queue by itself, with its clock and its pen handed in. */
export class Queue {
  private waiting: Waiting[] = [];
  private free = 0;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private urgent: { key: string | undefined; text: string }[] = [];
  private said: { key: string | undefined; until: number } = { key: undefined, until: 0 };
  private urgentTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly write: (level: Level, text: string) => void,
    private readonly now: () => number = () => performance.now(),
  ) {}

  say(text: string, { assertive = false, key, merge }: Options = {}): void {
    if (assertive) {
      this.sayUrgently(text, key);
      return;
    }
    const now = this.now();
    const same = key === undefined ? undefined : this.waiting.find((one) => one.key === key);
    if (same && merge) {
      same.items.push(merge.item);
      same.text = () => merge.text(same.items);
    } else if (same) {
      same.text = () => text;
    } else {
      const one: Waiting = { key, text: () => text, items: merge ? [merge.item] : [], due: now + (merge?.window ?? 0), since: now };
      this.waiting.push(one);
    }
    this.schedule();
  }

  private sayUrgently(text: string, key: string | undefined): void {
    this.urgent = [...this.urgent.filter((one) => key === undefined || one.key !== key), { key, text }];
    const isCut = key !== undefined && key === this.said.key && this.urgent.length === 1;
    const wait = isCut ? 0 : this.said.until - this.now();
    clearTimeout(this.urgentTimer);
    if (wait <= 0) this.shout();
    else this.urgentTimer = setTimeout(() => this.shout(), wait);
  }

  /** What had to wait is said together. */
  private shout(): void {
    const [first, ...more] = this.urgent;
    if (!first) return;
    const text = more.length > 0 ? sentences(this.urgent.map((one) => one.text)) : first.text;
    this.urgent = [];
    this.said = { key: more.length > 0 ? undefined : first.key, until: this.now() + saying(text) };
    this.write('polite', '');
    this.write('assertive', text);
  }

  private schedule(): void {
    clearTimeout(this.timer);
    const next = Math.min(...this.waiting.map((one) => one.due));
    if (!Number.isFinite(next)) return;
    this.timer = setTimeout(() => this.speak(), Math.max(0, Math.max(next, this.free) - this.now()));
  }

  private speak(): void {
    const now = this.now();
    this.waiting = this.waiting.filter((one) => now - one.since < STALE_MS);
    const index = this.waiting.findIndex((one) => one.due <= now);
    const [one] = index < 0 ? [] : this.waiting.splice(index, 1);
    if (one) {
      this.write('polite', one.text());
      this.free = now + GAP_MS;
    }
    this.schedule();
  }
}

const regions: Record<Level, HTMLElement | null> = { polite: null, assertive: null };

/** Hands over the two live regions of the page. */
export function setRegion(level: Level, element: HTMLElement | null): void {
  regions[level] = element;
}

const queue = new Queue((level, text) => {
  const region = regions[level];
  if (!region) return;
  // The same text twice must be a change to be spoken twice.
  region.textContent = text !== '' && region.textContent === text ? `${text}\u00a0` : text;
});

export const announce = (text: string, options?: Options): void => queue.say(text, options);
