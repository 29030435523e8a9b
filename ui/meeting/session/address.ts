/** What the address bar says: the vendor's two link shapes, and the bare page. */
export interface Address {
  code: string;
  /** A theme's own address, `/acme`, if the link has one before the rest. */
  home: string;
  /** The host's token, only in the host's link. */
  hostToken: string | null;
}

/**
 * `/604118237` and `/?room_token=604118237&participant_token=…`; with a theme's address before them, `/acme/604118237` and
 * `/acme/?room_token=…`. Anything else has the code ''.
 */
export function readAddress({ pathname, search }: Pick<Location, 'pathname' | 'search'>): Address {
  const query = new URLSearchParams(search);
  const home = /^\/(?=[^/]*[^/\d])[\w~-]+(?=\/)/.exec(pathname)?.[0] ?? '';
  const room = query.get('room_token');
  if (room) return { code: digits(room), home, hostToken: query.get('participant_token') };
  const last = pathname.slice(home.length).split('/').filter(Boolean).at(-1) ?? '';
  return { code: digits(last), home, hostToken: null };
}

/** The code as people type it: blanks and dashes do not count; '' when it cannot be a code. */
export function digits(typed: string): string {
  const code = typed.replace(/[\s-]/g, '');
  return /^\d+$/.test(code) ? code : '';
}

/** "604 118 237": how a code is shown. */
export const spaced = (code: string): string => code.replace(/(\d{3})(?=\d)/g, '$1 ');
