/** A stretch of a message: text, or a link whose host is shown bold. */
export type Part = { is: 'text'; text: string } | { is: 'link'; href: string; before: string; host: string; after: string };

const LINK = /(?:https?:\/\/|mailto:)[^\s<>"'`]+/giu;
const CLOSED = /[.,;:!?…)\]}'»”’]$/u;

/** Finds addresses of http(s) and mailto; nothing else in a message is more than text. */
export function partsOf(text: string): readonly Part[] {
  const parts: Part[] = [];
  let from = 0;
  for (const { 0: found, index } of text.matchAll(LINK)) {
    const typed = withoutEnd(found);
    const link = linkOf(typed);
    if (!link) continue;
    if (index > from) parts.push({ is: 'text', text: text.slice(from, index) });
    parts.push(link);
    from = index + typed.length;
  }
  if (from < text.length) parts.push({ is: 'text', text: text.slice(from) });
  return parts;
}

/** The sentence's own signs are not the address's; a bracket is, if it was opened there. */
function withoutEnd(typed: string): string {
  let end = typed;
  while (CLOSED.test(end) && !(end.endsWith(')') && end.split('(').length >= end.split(')').length)) end = end.slice(0, -1);
  return end;
}

/** The real address is what is seen: a host that is spelled otherwise than it is asked for is shown as it is asked for. */
function linkOf(typed: string): Part | null {
  let url: URL;
  try {
    url = new URL(typed);
  } catch {
    return null;
  }
  if (url.protocol === 'mailto:') return { is: 'link', href: url.href, before: 'mailto:', host: typed.slice('mailto:'.length), after: '' };
  if ((url.protocol !== 'http:' && url.protocol !== 'https:') || !url.host) return null;
  const start = typed.toLowerCase().indexOf(`//${url.host}`);
  const plain = url.username === '' && url.password === '' && start === url.protocol.length;
  const shown = plain ? typed : url.href;
  const at = plain ? start + 2 : shown.indexOf(url.host, shown.indexOf('@') + 1);
  return { is: 'link', href: url.href, before: shown.slice(0, at), host: shown.slice(at, at + url.host.length), after: shown.slice(at + url.host.length) };
}

const MOST_EMOJI = 3;
const EMOJI = /^(?:\p{Extended_Pictographic}|\p{Regional_Indicator}{2})/u;

/** Whether a message is one to three emoji and nothing else. */
export function isEmojiOnly(text: string): boolean {
  if (text.length > 40) return false;
  const signs = [...new Intl.Segmenter().segment(text.replace(/\s/gu, ''))];
  return signs.length > 0 && signs.length <= MOST_EMOJI && signs.every(({ segment }) => EMOJI.test(segment));
}
