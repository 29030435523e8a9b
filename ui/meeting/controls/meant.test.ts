import { describe, expect, test } from 'vitest';
import { meant, type Keys, type Pressed } from './meant';

const chat: Keys = { key: 'c', alt: true, single: 'c' };
const microphone: Keys = { key: 'd', single: 'm' };
const sheet: Keys = { key: '/', single: '?' };

interface Held extends Partial<Omit<Pressed, 'getModifierState'>> {
  altGraph?: boolean;
}

const press = ({ altGraph = false, ...held }: Held): Pressed => ({
  key: '',
  code: '',
  ctrlKey: false,
  altKey: false,
  metaKey: false,
  shiftKey: false,
  getModifierState: (name) => name === 'AltGraph' && altGraph,
  ...held,
});

const here = { mac: false, singleKeys: 'all', typing: false } as const;

describe('which keys mean a shortcut', () => {
  test.each<[string, Keys, Held, boolean]>([
    ['Ctrl+Alt+C', chat, { key: 'c', code: 'KeyC', ctrlKey: true, altKey: true }, true],
    ['Ctrl+Alt+C with caps lock', chat, { key: 'C', code: 'KeyC', ctrlKey: true, altKey: true }, true],
    ['the same key on a Cyrillic layout', chat, { key: 'с', code: 'KeyC', ctrlKey: true, altKey: true }, true],
    ['Ctrl+C, which copies', chat, { key: 'c', code: 'KeyC', ctrlKey: true }, false],
    ['Ctrl+Alt+Shift+C', chat, { key: 'C', code: 'KeyC', ctrlKey: true, altKey: true, shiftKey: true }, false],
    ['Ctrl+D', microphone, { key: 'd', code: 'KeyD', ctrlKey: true }, true],
    ['the key in the place of D on Dvorak', microphone, { key: 'e', code: 'KeyD', ctrlKey: true }, false],
    // On Windows AltGr comes as Ctrl+Alt; it types a sign, which must not open the chat as well.
    ['a Polish ć', chat, { key: 'ć', code: 'KeyC', ctrlKey: true, altKey: true, altGraph: true }, false],
    ['a Polish ć where AltGr is a key of its own', chat, { key: 'ć', code: 'KeyC', altGraph: true }, false],
    ['AltGr with a letter that has no sign of its own', chat, { key: 'c', code: 'KeyC', ctrlKey: true, altKey: true, altGraph: true }, true],
    ['Ctrl+/', sheet, { key: '/', code: 'Slash', ctrlKey: true }, true],
    ['Ctrl+/ on a German layout', sheet, { key: '/', code: 'Digit7', ctrlKey: true, shiftKey: true }, true],
    ['a question mark', sheet, { key: '?', code: 'Slash', shiftKey: true }, true],
    ['a letter alone', microphone, { key: 'm', code: 'KeyM' }, true],
    ['a letter with Alt', microphone, { key: 'm', code: 'KeyM', altKey: true }, false],
  ])('%s', (_, keys, held, does) => {
    expect(meant(keys, press(held), here)).toBe(does);
  });

  test('on a Mac ⌘ stands for Ctrl', () => {
    const mac = { ...here, mac: true };
    expect(meant(microphone, press({ key: 'd', metaKey: true }), mac)).toBe(true);
    expect(meant(microphone, press({ key: 'd', ctrlKey: true }), mac)).toBe(false);
    expect(meant(chat, press({ key: 'c', metaKey: true, ctrlKey: true }), mac)).toBe(true);
  });

  test('single keys are silent in a field and for who does not want them', () => {
    const m = press({ key: 'm', code: 'KeyM' });
    expect(meant(microphone, m, { ...here, typing: true })).toBe(false);
    expect(meant(microphone, m, { ...here, singleKeys: 'help' })).toBe(false);
    expect(meant(sheet, press({ key: '?', shiftKey: true }), { ...here, singleKeys: 'help' })).toBe(true);
    expect(meant(sheet, press({ key: '?', shiftKey: true }), { ...here, singleKeys: 'none' })).toBe(false);
  });
});
