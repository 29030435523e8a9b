import type { ReactNode } from 'react';
import { BrandMark } from '../brand/BrandMark';
import './pages.css';

interface Props {
  title: string;
  children?: ReactNode;
}

/** A page of few words: logo, one heading, one thing to do. */
export const Sheet = ({ title, children }: Props) => (
  <div className="sheet">
    <header>
      <BrandMark />
    </header>
    <main>
      <h1 tabIndex={-1}>{title}</h1>
      {children}
    </main>
  </div>
);
