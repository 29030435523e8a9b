import type { Admission } from '../api/types';

/** What one tab keeps for one meeting; a reload of the tab comes back as the same person. */
interface Kept {
  /** Of the personal link by which the person came. */
  token?: string;
  /** Of somebody inside, or of somebody at the door. */
  admission?: Admission;
  /** It is of somebody at the door. */
  waiting?: boolean;
  /** The code of the language that the person chose. */
  language?: string;
}

const memory = new Map<string, Kept>();

export function kept(code: string): Kept {
  try {
    const stored = sessionStorage.getItem(`convene.${code}`);
    if (stored) return JSON.parse(stored) as Kept;
  } catch {
    // No storage in this frame: what is in memory must do.
  }
  return memory.get(code) ?? {};
}

export function keep(code: string, change: Kept): void {
  const all = { ...kept(code), ...change };
  memory.set(code, all);
  try {
    sessionStorage.setItem(`convene.${code}`, JSON.stringify(all));
  } catch {
    // As above.
  }
}
