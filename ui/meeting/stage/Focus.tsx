import { MonitorUp, Spotlight } from 'lucide-react';
import { lazy, Suspense, useEffect, useState } from 'react';
import { stopShare } from '../devices/share';
import type { Person, State } from '../store/state';
import { set, useStore } from '../store/store';
import { t } from '../text/t';
import { anyGrid, gapOf, MOST, place, type Stage } from './grid';
import { PersonTile } from './PersonTile';
import { keepSeats } from './seats';
import { SharedScreen } from './SharedScreen';
import { Tiles } from './Tiles';
import { divide } from './view';
import './focus.css';

/** What can be large: a shared screen by its sharer, whom the host shows, who is pinned, or who speaks. */
type Large = { is: 'share' | 'spotlight' | 'speaker'; person: Person } | { is: 'pins'; people: readonly Person[] };

interface Props {
  people: readonly Person[];
  stage: Stage;
  how: 'focus' | 'beside';
}

const OwnShare = lazy(() => import('./OwnShare'));

const TABS = 44;

/** Something large, with the tiles of the others in a strip or in a grid beside it. */
export default function Focus({ people, stage, how }: Props) {
  const { offers, shown, choose } = useLarge(people);
  useTold(shown?.is === 'share' ? shown.person.id : null);
  if (!shown) return <Tiles people={people} area={stage} />;
  const large = shown.is === 'pins' ? shown.people : shown.is === 'share' ? [] : [shown.person];
  const lit = shown.is === 'pins' ? offers.find((one) => one.is === 'spotlight') : undefined;
  const rest = people.filter((person) => !large.includes(person));
  const gap = gapOf(innerWidth);
  const parts = divide(how, stage, gap, rest.length);
  const tabs = offers.filter((one) => one !== lit);
  const area = tabs.length > 1 ? { ...parts.large, height: parts.large.height - TABS } : parts.large;
  return (
    <div className={`focus ${parts.side ? 'at-side' : 'below'}`} style={{ gap }}>
      <div className="large" style={{ width: parts.large.width, height: parts.large.height }}>
        {tabs.length > 1 && <Tabs offers={tabs} shown={shown} choose={choose} />}
        {shown.is === 'share' ? <Screen person={shown.person} /> : <LargeTiles people={large} area={area} gap={gap} />}
        {lit && <SpotlightSign large={lit} choose={choose} />}
        <OwnShareSign seen={shown.is === 'share' && shown.person.me} />
      </div>
      {rest.length > 0 && <Tiles people={rest} area={parts.rest} most={MOST - Math.max(1, large.length)} />}
    </div>
  );
}

const keyOf = (large: Large): string => (large.is === 'share' ? `share.${large.person.id}` : large.is);

/** Everything that could be large now, and which of it is: our choice, else who is pinned, else whom the host shows, else the newest share. */
function useLarge(people: readonly Person[]) {
  const ownShare = useStore((state) => state.share.is === 'live');
  const pins = useStore((state) => state.pins);
  const front = useStore((state) => state.speakers.front);
  const everybody = useStore((state) => state.call?.people) ?? people;
  const spotlight = useStore((state) => state.told.spotlight);
  const [chosen, setChosen] = useState<Chosen | null>(null);
  const sharers = everybody.filter((person) => person.share !== null || (person.me && ownShare));
  const shares = useNewest(sharers).map((person): Large => ({ is: 'share', person }));
  const pinned = everybody.filter((person) => pins.includes(person.id));
  const lit = everybody.find((person) => person.id === spotlight && !person.me);
  const offers: Large[] = [...shares];
  if (lit) offers.push({ is: 'spotlight', person: lit });
  if (pinned.length > 0) offers.push({ is: 'pins', people: pinned });
  const speaker = speakerOf(everybody, front);
  if (offers.length === 0 && speaker) offers.push({ is: 'speaker', person: speaker });
  // A pin that comes later is a newer choice, and so is the host's.
  const wanted = chosen?.pins === pins && chosen.spotlight === spotlight ? offers.find((one) => keyOf(one) === chosen.key) : undefined;
  const usual = offers.findLast((one) => one.is !== 'share' || !one.person.me) ?? offers[0];
  return { offers, shown: wanted ?? usual, choose: (large: Large) => setChosen({ key: keyOf(large), pins, spotlight }) };
}

/** Other places show the same screen. */
function useTold(largeShare: string | null): void {
  useEffect(() => {
    set({ largeShare });
    return () => set({ largeShare: null });
  }, [largeShare]);
}

/** What we chose to see, and among what. */
interface Chosen extends Pick<State, 'pins'> {
  key: string;
  spotlight: string | null;
}

/** Who shares, the newest last. */
function useNewest(sharers: readonly Person[]): Person[] {
  const ids = sharers.map(({ id }) => id);
  const [order, setOrder] = useState<readonly string[]>(ids);
  const now = keepSeats(order, ids);
  if (now !== order) setOrder(now);
  return now.flatMap((id) => sharers.find((person) => person.id === id) ?? []);
}

/** Who spoke last; before anybody has, the first one with a picture. */
function speakerOf(people: readonly Person[], front: string | null): Person | undefined {
  const others = people.filter((person) => !person.me);
  return others.find(({ id }) => id === front) ?? others.find(({ camera }) => camera !== null) ?? others[0];
}

function Tabs({ offers, shown, choose }: { offers: readonly Large[]; shown: Large; choose: (large: Large) => void }) {
  const name = (large: Large) => {
    if (large.is === 'spotlight') return t('spotlight.shows', { name: large.person.name || t('tile.no_name') });
    if (large.is !== 'share') return t('view.pinned');
    return large.person.me ? t('share.your_screen') : t('share.of', { name: large.person.name || t('tile.no_name') });
  };
  return (
    <div className="large-tabs" role="group" aria-label={t('share.which')}>
      {offers.map((large) => (
        <button key={keyOf(large)} className="button small" aria-pressed={keyOf(large) === keyOf(shown)} onClick={() => choose(large)}>
          {large.is === 'share' && <MonitorUp className="icon" />}
          {large.is === 'spotlight' && <Spotlight className="icon" />}
          <bdi dir="auto">{name(large)}</bdi>
        </button>
      ))}
    </div>
  );
}

const Screen = ({ person }: { person: Person }) =>
  person.me ? (
    <Suspense fallback={<div className="tile shared own" />}>
      <OwnShare />
    </Suspense>
  ) : (
    <SharedScreen key={person.id} person={person} />
  );

function LargeTiles({ people, area, gap }: { people: readonly Person[]; area: Stage; gap: number }) {
  const shape = anyGrid(people.length, area, gap);
  // One alone has the whole place, the shape of the stage permitting.
  const size = people.length === 1 ? { ...shape, w: Math.min(area.width, area.height * (16 / 9)), h: area.height } : shape;
  return (
    <ul className="large-tiles" style={{ width: area.width, height: area.height }}>
      {people.map((person, i) => {
        const { x, y } = place(i, people.length, size, area, gap);
        return (
          <li key={person.id} style={{ transform: `translate(calc(${x}px * var(--along)), ${y}px)`, width: size.w, height: size.h }}>
            <PersonTile person={person} size={size} stage={area} />
          </li>
        );
      })}
    </ul>
  );
}

/** Who has pinned somebody sees whom he has pinned, and that the host shows another. */
const SpotlightSign = ({ large, choose }: { large: Large; choose: (large: Large) => void }) =>
  large.is === 'spotlight' && (
    <div className="share-sign">
      <Spotlight className="icon" aria-hidden />
      <span>{t('spotlight.shows', { name: large.person.name || t('tile.no_name') })}</span>
      <button className="button small" onClick={() => choose(large)}>
        {t('spotlight.show')}
      </button>
    </div>
  );

/** Who shares while he looks at something else must not forget it. */
function OwnShareSign({ seen }: { seen: boolean }) {
  const live = useStore((state) => state.share.is === 'live');
  if (!live || seen) return null;
  return (
    <div className="share-sign">
      <MonitorUp className="icon" aria-hidden />
      <span>{t('share.yours')}</span>
      <button className="button danger small" onClick={stopShare}>
        {t('share.stop')}
      </button>
    </div>
  );
}
