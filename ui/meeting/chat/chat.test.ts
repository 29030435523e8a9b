import { describe, expect, test } from 'vitest';
import type { ChatMessage } from '../api/types';
import { clipped, grouped, merged, newestBefore, unreadOf } from './messages';
import { isEmojiOnly, partsOf } from './parts';

const at = (second: number): string => new Date(Date.UTC(2026, 2, 1, 8, 0, second)).toISOString();

const message = (id: string, more: Partial<ChatMessage> = {}): ChatMessage => ({
  id,
  person_id: 'ann',
  name: 'Ann',
  text: `text ${id}`,
  reply_to: null,
  key: null,
  sent_at: at(0),
  deleted_by: null,
  ...more,
});
const gone = (id: string): ChatMessage => message(id, { text: '', deleted_by: 'host' });
const ids = (messages: readonly ChatMessage[]): string => messages.map((one) => one.id).join('');

describe('what is known of messages', () => {
  test('is in the server’s order, each once, in whatever order it comes', () => {
    expect(ids(merged([message('b'), message('d')], [message('c'), message('d'), message('a')]))).toBe('abcd');
  });

  test('keeps nothing of a deleted one: neither its text, nor what quotes it', () => {
    const known = [message('a'), message('b', { reply_to: { id: 'a', name: 'Ann', text: 'text a' } })];
    const now = merged(known, [gone('a')]);
    expect(JSON.stringify(now)).not.toContain('text a');
    expect(merged(now, [message('a')])).toEqual(now);
  });

  test('counts what others wrote after the last that was seen', () => {
    const all = [message('a'), message('b', { person_id: 'me' }), message('c'), gone('d'), message('e', { person_id: null })];
    expect(unreadOf(all, 'a', 'me')).toBe(2);
    expect(unreadOf(all, '', 'me')).toBe(3);
  });
});

describe('what was there when we came', () => {
  const page = [message('a'), message('b'), message('c'), message('d')];
  test('is all of the first page', () => expect(newestBefore(page, [])).toBe('d'));
  test('is not what was heard while the page was asked for, nor what came after it', () => {
    expect(newestBefore(page, [message('c')])).toBe('b');
    expect(newestBefore([message('c')], [message('c')])).toBe('');
  });
  test('is not cut short by a word about one that was deleted', () => expect(newestBefore(page, [gone('b')])).toBe('d'));
});

describe('groups', () => {
  const groups = (all: readonly ChatMessage[], ends = '') => grouped(all, ends).map((group) => ids(group.messages));

  test('hold what one person wrote within two minutes each', () => {
    const all = [
      message('a'),
      message('b', { sent_at: at(100) }),
      message('c', { sent_at: at(210) }),
      message('d', { sent_at: at(330) }),
      message('e', { sent_at: at(331), person_id: 'ben', name: 'Ben' }),
      message('f', { sent_at: at(332) }),
    ];
    expect(groups(all)).toEqual(['abc', 'd', 'e', 'f']);
  });

  test('end where we came in', () => {
    expect(groups([message('a'), message('b'), message('c')], 'b')).toEqual(['ab', 'c']);
  });
});

test('a quote is one short line', () => {
  expect(clipped(' one\n two ')).toBe('one two');
  expect(clipped('🎉'.repeat(200))).toBe(`${'🎉'.repeat(119)}…`);
});

describe('links', () => {
  const hrefs = (text: string) => partsOf(text).flatMap((part) => (part.is === 'link' ? [part.href] : []));
  const seen = (text: string) => partsOf(text).map((part) => (part.is === 'link' ? `[${part.before}|${part.host}|${part.after}]` : part.text)).join('');

  test('are addresses of http, https and mailto', () => {
    expect(hrefs('see https://example.org/a?b=c#d and http://example.org, or mailto:ann@example.org')).toEqual([
      'https://example.org/a?b=c#d',
      'http://example.org/',
      'mailto:ann@example.org',
    ]);
  });

  test('are nothing else', () => {
    for (const text of ['javascript:alert(1)', 'data:text/html,<b>', 'example.org', 'ftp://example.org', 'https://', 'http://[', 'xjavascript:https', '<a href=x>'])
      expect(hrefs(text)).toEqual([]);
  });

  test('end before the sentence does', () => {
    expect(seen('(see https://example.org/a_(b)). https://example.org!')).toBe('(see [https://|example.org|/a_(b)]). [https://|example.org|]!');
    expect(seen('https://example.org/<script>')).toBe('[https://|example.org|/]<script>');
  });

  test('show where they really lead', () => {
    expect(seen('https://bank.example@evil.example/x')).toBe('[https://bank.example@|evil.example|/x]');
    expect(seen('https://exаmple.org/')).toBe('[https://|xn--exmple-4nf.org|/]');
    expect(seen('HTTPS://Example.ORG/Path')).toBe('[HTTPS://|Example.ORG|/Path]');
  });

  test('lose nothing of the text', () => {
    const text = 'a https://example.org/b c\nhttps://example.org:8080/?q=1, d';
    expect(seen(text).replace(/[[\]|]/g, '')).toBe(text);
  });
});

test('up to three emoji alone are shown large', () => {
  for (const text of ['👍', '🎉🎉 🎉', '👩‍👩‍👧', '🇫🇷', '👍🏽', '❤️']) expect(isEmojiOnly(text)).toBe(true);
  for (const text of ['', 'ok 👍', '🎉🎉🎉🎉', '123', '#', 'a']) expect(isEmojiOnly(text)).toBe(false);
});
