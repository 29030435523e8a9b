/** What the address bar says: the vendor's two link shapes, and the bare page. */
export interface Address {
  code: string;
  /** The host's token, only in the host's link. */
  hostToken: string | null;
}

/**
 * `/604118237`, `/acme/604118237` (a theme's short URL) and `/?room_token=604118237&participant_token=…`.
 * Anything else has the code ''.
 */
export function readAddress({ pathname, search }: Pick<Location, 'pathname' | 'search'>): Address {
  const query = new URLSearchParams(search);
  const room = query.get('room_token');
  if (room) return { code: digits(room), hostToken: query.get('participant_token') };
  const last = pathname.split('/').filter(Boolean).at(-1) ?? '';
  return { code: digits(last), hostToken: null };
}

/** The code as people type it: blanks and dashes do not count; '' when it cannot be a code. */
export function digits(typed: string): string {
  const code = typed.replace(/[\s-]/g, '');
  return /^\d+$/.test(code) ? code : '';
}

/** "604 118 237": how a code is shown. */
export const spaced = (code: string): string => code.replace(/(\d{3})(?=\d)/g, '$1 ');
