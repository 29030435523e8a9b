import { useRef } from 'react';
import { useStore } from '../store/store';
import type { Person } from '../store/state';
import { t } from '../text/t';
import { Alone } from './Alone';
import { Gallery } from './Gallery';
import { OneToOne } from './OneToOne';
import { ShareStage } from './ShareStage';
import { useSize } from './useSize';
import './stage.css';

/** The view chooses itself: a share first, then one-to-one, then the grid. */
export function Stage() {
  const ref = useRef<HTMLDivElement>(null);
  const size = useSize(ref);
  const people = useStore((state) => state.call?.people) ?? NOBODY;
  const line = useStore((state) => state.line);
  const ownShare = useStore((state) => state.share.is === 'live');
  const others = people.filter((person) => !person.me);
  const shared = ownShare || others.some((person) => person.share);
  const view = shared ? 'share' : others.length === 1 ? 'pair' : others.length === 0 ? 'alone' : 'grid';
  return (
    <div className={`stage ${view}${line === 'media' ? ' dimmed' : ''}`} role="region" aria-label={t('call.stage')} ref={ref}>
      {size.width > 0 && view === 'share' && <ShareStage people={people} stage={size} />}
      {size.width > 0 && view === 'pair' && <OneToOne people={people} stage={size} />}
      {size.width > 0 && view === 'grid' && <Gallery people={people} stage={size} />}
      {size.width > 0 && view === 'alone' && <Alone people={people} stage={size} />}
    </div>
  );
}

const NOBODY: readonly Person[] = [];
