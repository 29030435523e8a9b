import { useState } from 'react';
import { languages } from '../text/t';
import { states } from './states';

const choices = {
  scheme: ['', 'light', 'dark'],
  language: languages,
  brand: ['', '0a7d4f', 'ffd400', '12100e', 'e5484d', '2952ff', 'ff7ac6'],
  width: ['100%', '360px', '640px', '768px', '1440px'],
} as const;

type Chosen = Record<keyof typeof choices, string>;

/** A list of all states; the chosen one beside it, as wide as wanted, and by itself with a second click. */
export function Index() {
  const [chosen, choose] = useState<Chosen>({ scheme: '', language: 'en', brand: '', width: '100%' });
  const [state, setState] = useState('call-four');
  const { width, ...rest } = chosen;
  const address = (name: string) => `?${new URLSearchParams({ state: name, ...rest }).toString()}`;
  return (
    <div className="gallery">
      <nav>
        {Object.entries(choices).map(([name, values]) => (
          <label key={name}>
            {name}
            <select value={chosen[name as keyof Chosen]} onChange={(event) => choose({ ...chosen, [name]: event.target.value })}>
              {values.map((value) => (
                <option key={value}>{value}</option>
              ))}
            </select>
          </label>
        ))}
        {Object.keys(states).map((name) => (
          <a
            key={name}
            href={address(name)}
            aria-current={name === state}
            onClick={(event) => {
              if (name === state || event.ctrlKey || event.metaKey) return;
              event.preventDefault();
              setState(name);
            }}
          >
            {name}
          </a>
        ))}
      </nav>
      <iframe key={address(state)} src={address(state)} title={state} style={{ width }} />
    </div>
  );
}
