import { useEffect } from 'react';
import { BrandMark } from '../brand/BrandMark';
import { prefetchEngine } from '../session/join';
import { lookAgain } from '../session/open';
import { LanguageSelect } from '../text/LanguageSelect';
import { JoinForm } from './JoinForm';
import { Mirror } from './Mirror';
import './prejoin.css';

const LOOK_MS = 10_000;

/** The way in: look into the mirror, choose devices, say a name, join. */
export function Prejoin() {
  useEffect(prefetchEngine, []);
  useEffect(() => {
    const timer = setInterval(() => {
      if (!document.hidden) void lookAgain();
    }, LOOK_MS);
    return () => clearInterval(timer);
  }, []);
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
