import { cue, type Notes } from '../devices/sound';
import { toast } from '../notices/toasts';
import { leads } from '../session/told';
import { get } from '../store/store';
import { nameList, t } from '../text/t';

export type Coming = 'came' | 'went';

const KEY = 'coming';
/** In a larger meeting nobody wants to hear of each; a host does, until it is a crowd. */
const MOST = { sound: 8, notice: 10, toHosts: 30 } as const;
const WINDOW_MS = 2000;
/** A notice of this kind takes no other one's place. */
const ROOM_FOR = 2;
const SOUNDS: Record<Coming, Notes> = {
  came: [
    [523.25, 0],
    [659.25, 0.11],
  ],
  went: [
    [523.25, 0],
    [440, 0.11],
  ],
};

/** Whether one is told of comings in a meeting of so many, and hears them. */
export const isTold = (count: number, hosts: boolean): { notice: boolean; sound: boolean } => ({
  notice: count <= (hosts ? MOST.toHosts : MOST.notice),
  sound: count <= MOST.sound,
});

interface Told {
  what: Coming;
  names: readonly string[];
  at: number;
}

/** Those of one kind that follow each other within two seconds are told of together. */
export function together(before: Told, what: Coming, names: readonly string[], now: number): Told {
  const goesOn = before.what === what && now - before.at < WINDOW_MS;
  return { what, names: goesOn ? [...before.names, ...names] : names, at: now };
}

let told: Told = { what: 'came', names: [], at: -WINDOW_MS };

/** Shows and sounds who came or went, `count` being inside now. Screen readers hear of it otherwise. */
export function noteComing(what: Coming, people: readonly { name: string }[], count: number): void {
  if (people.length === 0) return;
  const names = people.map(({ name }) => name || t('tile.no_name'));
  told = together(told, what, names, performance.now());
  const { notice, sound } = isTold(count, leads(get().role));
  if (sound && told.names.length === names.length) cue(SOUNDS[what]);
  if (!notice || get().toasts.filter(({ key }) => key !== KEY).length >= ROOM_FOR) return;
  const list = { names: nameList(told.names) };
  toast(what === 'came' ? t('people.came', list) : t('people.went', list), { key: KEY, silent: true });
}
