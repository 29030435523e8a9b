import type { Person } from '../store/state';
import type { Stage } from './grid';
import { Invite } from './Invite';
import { PersonTile } from './PersonTile';

/** Nobody else is here: ourselves large, and how to call the others. */
export function Alone({ people, stage }: { people: readonly Person[]; stage: Stage }) {
  const me = people.find((person) => person.me);
  return (
    <>
      {me && <PersonTile person={me} size={{ w: stage.width, h: stage.height }} stage={stage} />}
      <Invite />
    </>
  );
}
