/** What the address bar says: the link shapes of rooms and of scheduled meetings, and the bare page. */
export interface Address {
  /** A room's code, or the id of a scheduled meeting. */
  code: string;
  /** A theme's own address, `/acme`, if the link has one before the rest. */
  home: string;
  /** Of a personal link: it makes a host, or brings an attendee in without leave. */
  token: string | null;
}

const MEETING = /^[\da-f]{24}$/;

/**
 * `/604118237` and `/?room_token=604118237&participant_token=…`; with a theme's address before them, `/acme/604118237` and
 * `/acme/?room_token=…`. A scheduled meeting: `/{24 hex digits}`, maybe with `?participant_token=…`. Anything else has the code ''.
 */
export function readAddress({ pathname, search }: Pick<Location, 'pathname' | 'search'>): Address {
  const query = new URLSearchParams(search);
  const home = /^\/(?=[^/]*[^/\d])(?![\da-f]{24}\/)[\w~-]+(?=\/)/i.exec(pathname)?.[0] ?? '';
  const room = query.get('room_token');
  if (room) return { code: readCode(room), home, token: query.get('participant_token') };
  const last = pathname.slice(home.length).split('/').filter(Boolean).at(-1) ?? '';
  const code = readCode(last);
  return { code, home, token: MEETING.test(code) ? query.get('participant_token') : null };
}

/** The link that says this: what `readAddress` reads, without the origin. */
export function linkOf({ code, home, token }: Address): string {
  const proof = token === null ? '' : `participant_token=${encodeURIComponent(token)}`;
  if (MEETING.test(code) || !proof) return `${home}/${code}${proof && `?${proof}`}`;
  return `${home}/?room_token=${code}&${proof}`;
}

/** The code as people type it, or a meeting's id: blanks and dashes do not count; '' when it can be neither. */
export function readCode(typed: string): string {
  const code = typed.replace(/[\s-]/g, '').toLowerCase();
  return /^\d+$/.test(code) || MEETING.test(code) ? code : '';
}

/** "604 118 237": how a code is shown; a meeting's id stays as it is. */
export const spaced = (code: string): string => (MEETING.test(code) ? code : code.replace(/(\d{3})(?=\d)/g, '$1 '));
