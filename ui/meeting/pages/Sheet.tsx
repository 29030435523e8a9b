import type { ReactNode } from 'react';
import { Logo } from '../design/Logo';
import './pages.css';

interface Props {
  title: string;
  children?: ReactNode;
}

/** A page of few words: logo, one heading, one thing to do. */
export const Sheet = ({ title, children }: Props) => (
  <div className="sheet">
    <header>
      <Logo />
    </header>
    <main>
      <h1 tabIndex={-1}>{title}</h1>
      {children}
    </main>
  </div>
);
