import { SwitchButton, SwitchField, Text } from 'react-aria-components';
import './switch.css';

interface Props {
  on: boolean;
  name: string;
  /** What is the case, or what would follow. */
  note?: string;
  change: (on: boolean) => void;
}

export const Switch = ({ on, name, note, change }: Props) => (
  <SwitchField className="switch-field" isSelected={on} onChange={change}>
    <SwitchButton className="switch">
      {name}
      <span className="switch-track" aria-hidden />
    </SwitchButton>
    {note && (
      <Text slot="description" className="switch-note">
        {note}
      </Text>
    )}
  </SwitchField>
);
