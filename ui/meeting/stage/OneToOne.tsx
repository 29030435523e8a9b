import type { Person } from '../store/state';
import { Floating } from './Floating';
import type { Stage } from './grid';
import { PersonTile } from './PersonTile';

/** The other one fills the stage, we float in a corner. */
export function OneToOne({ people, stage }: { people: readonly Person[]; stage: Stage }) {
  const other = people.find((person) => !person.me);
  const me = people.find((person) => person.me);
  const phone = stage.width < 600 || stage.height < 500;
  const own = phone ? (stage.width > stage.height ? { w: 132, h: 88 } : { w: 88, h: 132 }) : { w: 240, h: 135 };
  const large = largest(stage);
  return (
    <ul className="pair">
      {other && (
        <li className="large" style={{ width: large.w, height: large.h }}>
          <PersonTile person={other} size={large} stage={stage} />
        </li>
      )}
      {me && (
        <Floating size={own}>
          <PersonTile person={me} size={own} stage={stage} filled />
        </Floating>
      )}
    </ul>
  );
}

/** The whole stage, but never wider than 16:9 nor so tall that most of the picture is cut away. */
function largest({ width, height }: Stage): { w: number; h: number } {
  return width / height > 16 / 9 ? { w: height * (16 / 9), h: height } : { w: width, h: height };
}
