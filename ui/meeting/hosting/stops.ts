import type { Deed } from '../session/may';
import type { Person } from '../store/state';

/** What guests do now that ends when they may not any more: how many of them. */
export function stops(deed: Deed, people: readonly Person[]): number {
  const guests = people.filter(({ role }) => role === 'guest');
  switch (deed) {
    case 'microphone':
      return guests.filter(({ muted }) => !muted).length;
    case 'camera':
      return guests.filter(({ camera, coming, paused }) => camera !== null || coming || paused).length;
    case 'share':
      return guests.filter(({ share }) => share !== null).length;
    case 'chat':
    case 'reactions':
      return 0;
  }
}
