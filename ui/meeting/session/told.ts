import type { Role } from '../api/types';
import { readRecording, readUnrecorded } from '../recording/recording';
import type { Allows, Told } from '../store/state';
import { initial } from '../store/state';
import { get, set, watch } from '../store/store';
import { hearOfTheRoom } from './facts';
import { entriesOf, readMetadata } from './metadata';

const ROLES: readonly Role[] = ['host', 'cohost', 'guest'];

export const isRole = (said: unknown): said is Role => ROLES.some((role) => role === said);

/** The host's powers, all or all but a few. */
export const leads = (role: Role): boolean => role !== 'guest';

/** What the room's metadata says of roles, of whom everybody is shown, and of what guests may do; what it leaves out is as ever. */
export function readTold(metadata: string | undefined): Told {
  const said = readMetadata(metadata);
  const { spotlight } = said;
  const roles = Object.entries(entriesOf(said['roles'])).filter((entry): entry is [string, Role] => isRole(entry[1]));
  const allows = entriesOf(said['allows']);
  return {
    roles: Object.fromEntries(roles),
    spotlight: typeof spotlight === 'string' ? spotlight : null,
    allows: Object.fromEntries(Object.keys(initial.told.allows).map((what) => [what, allows[what] !== false])) as unknown as Allows,
  };
}

/** Keeps all that the room's metadata says. */
export function hear(metadata: string | undefined): void {
  const told = readTold(metadata);
  const news = JSON.stringify(told) !== JSON.stringify(get().told);
  set({ recording: readRecording(metadata), unrecorded: readUnrecorded(metadata), ...(news && { told }) });
  hearOfTheRoom(metadata);
}

/** The role of a person now: what the room says, else what he came with. */
export const roleOf = (id: string, came: unknown): Role => get().told.roles[id] ?? (isRole(came) ? came : 'guest');

/** What was said in one meeting does not hold in the next. */
watch(
  (state) => state.page.is,
  (is) => {
    if (is === 'left' || is === 'ended' || is === 'removed' || is === 'elsewhere') set({ told: initial.told, removed: [] });
  },
);
