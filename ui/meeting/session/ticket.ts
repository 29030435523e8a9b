import type { State } from '../store/state';
import { leads } from './told';

/**
 * With it we go to the engine while the server is asked to let us in; 256 bits that nobody else knows, as the server wants them. Null
 * where it takes none, and where the answer may well be that we have to wait.
 */
export function ticketFor({ tickets, role, room }: Pick<State, 'tickets' | 'role' | 'room'>): string | null {
  if (!tickets || !(leads(role) || room?.join_approval_level === 'none')) return null;
  const bytes = crypto.getRandomValues(new Uint8Array(32));
  return btoa(String.fromCharCode(...bytes)).replaceAll('+', '-').replaceAll('/', '_').replace('=', '');
}
