import { hue, initials } from './initials';

interface Props {
  name: string;
  identity: string;
  note?: string | null;
}

export const Avatar = ({ name, identity, note = null }: Props) => (
  <div className="avatar" aria-hidden>
    <span className="initials" style={{ backgroundColor: `oklch(0.48 0.09 ${hue(identity)})` }}>
      {initials(name)}
    </span>
    {note && <span className="avatar-note">{note}</span>}
  </div>
);
