import type { LucideIcon } from 'lucide-react';
import type { ReactNode } from 'react';
import { BrandMark } from '../brand/BrandMark';
import './pages.css';

interface Props {
  /** Says at a glance what the page is about. */
  sign: LucideIcon;
  title: string;
  children?: ReactNode;
}

/** A page of few words: logo, a sign, one heading, one thing to do. */
export const Sheet = ({ sign: Sign, title, children }: Props) => (
  <div className="sheet">
    <header>
      <BrandMark />
    </header>
    <main>
      <div className="sheet-sign" aria-hidden>
        <Sign className="icon" />
      </div>
      <h1 tabIndex={-1}>{title}</h1>
      {children}
    </main>
  </div>
);
