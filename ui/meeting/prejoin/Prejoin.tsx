import { useEffect } from 'react';
import { BrandMark } from '../brand/BrandMark';
import { prefetchEngine } from '../session/join';
import { LanguageSelect } from '../text/LanguageSelect';
import { JoinForm } from './JoinForm';
import { Mirror } from './Mirror';
import './prejoin.css';

/** The way in: look into the mirror, choose devices, say a name, join. */
export function Prejoin() {
  useEffect(prefetchEngine, []);
  return (
    <div className="prejoin">
      <header>
        <BrandMark />
        <LanguageSelect />
      </header>
      <main>
        <Mirror />
        <JoinForm />
      </main>
    </div>
  );
}
