import { lazy, Suspense, useRef, type TransitionEvent } from 'react';
import { useStore } from '../store/store';
import type { Person } from '../store/state';
import { t } from '../text/t';
import { Alone } from './Alone';
import { OneToOne } from './OneToOne';
import { Tiles } from './Tiles';
import { useSize } from './useSize';
import { useTileFocus } from './useTileFocus';
import { drawn } from './view';
import './stage.css';
import './tools.css';

const load = () => import('./Focus');
const Focus = lazy(load);
/** What is needed when the first screen is shared or the first person pinned. */
export const prefetchFocus = (): void => void load();

/** A share or a pinned person is large in every view; else the chosen view, or the one that fits the number of people. */
export function Stage() {
  const ref = useRef<HTMLDivElement>(null);
  const size = useSize(ref);
  const everybody = useStore((state) => state.call?.people) ?? NOBODY;
  const line = useStore((state) => state.line);
  const view = useStore((state) => state.view);
  const pinned = useStore((state) => state.pins.length > 0);
  const spotlight = useStore((state) => state.told.spotlight);
  const hidden = useStore((state) => state.selfView.hidden);
  const ownShare = useStore((state) => state.share.is === 'live');
  useTileFocus(ref);
  const others = everybody.filter((person) => !person.me);
  const large = pinned || ownShare || others.some((person) => person.share !== null || person.id === spotlight);
  const how = drawn({ view, others: others.length, large, width: size.width });
  const people = hidden && others.length > 0 ? others : everybody;
  return (
    <div
      className={`stage ${how}${line === 'media' ? ' dimmed' : ''}`}
      role="region"
      aria-label={t('call.stage')}
      ref={ref}
      onTransitionRun={keepWithin}
    >
      {size.width > 0 && how === 'alone' && <Alone people={people} stage={size} />}
      {size.width > 0 && how === 'pair' && <OneToOne people={people} stage={size} />}
      {size.width > 0 && how === 'grid' && <Tiles people={people} area={size} />}
      {size.width > 0 && (how === 'focus' || how === 'beside') && (
        <Suspense fallback={<Tiles people={people} area={size} />}>
          <Focus people={people} stage={size} how={how} />
        </Suspense>
      )}
    </div>
  );
}

/**
 * react-aria keeps every element of the document that is moving until it has moved. A tile that goes while it moves never has:
 * it would be kept, with all that is in it, until the next menu closes.
 */
const keepWithin = (event: TransitionEvent): void => event.stopPropagation();

const NOBODY: readonly Person[] = [];
