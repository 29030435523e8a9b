import { Activity, Fragment, useEffect, useInsertionEffect } from 'react';
import { LiveRegions } from './announce/LiveRegions';
import { Call } from './call/Call';
import { unread } from './chat/chat';
import { Dialogs } from './dialogs/Dialogs';
import { Elsewhere, Ended, Failed, Left, Lost, Removed } from './pages/After';
import { Insecure, Loading, Start, Unsupported } from './pages/Before';
import { Refused } from './pages/Refused';
import { Prejoin } from './prejoin/Prejoin';
import type { Door, Page } from './store/state';
import { useStore } from './store/store';
import { t } from './text/t';
import { Denied } from './waiting/Denied';
import { Waiting } from './waiting/Waiting';

/** Draws the one state of the page. */
export function App() {
  const page = useStore((state) => state.page);
  const room = useStore((state) => state.room?.display_name) ?? '';
  const door = useStore((state) => state.door);
  const count = useStore(unread);
  const language = useStore((state) => state.language);
  // Joining is drawn by the page one comes from: no new heading, no jump.
  const view = page.is === 'joining' ? (door ? 'waiting' : 'prejoin') : page.is;
  useInsertionEffect(() => darken(page.is === 'call'), [page.is]);
  useEffect(() => {
    document.querySelector('h1')?.focus();
  }, [view, language]);
  useEffect(() => {
    document.title = (count > 0 ? `(${count}) ` : '') + titleOf(room, door);
  }, [room, door, count, language]);
  return (
    <Fragment key={language}>
      {draw(page, door)}
      <CallView page={page.is} />
      <Dialogs />
      <LiveRegions />
    </Fragment>
  );
}

/** Made ready out of sight before the click on Join: from then on every millisecond belongs to the connection. */
const CallView = ({ page }: { page: Page['is'] }) =>
  page === 'prejoin' || page === 'waiting' || page === 'joining' || page === 'call' ? (
    <Activity mode={page === 'call' ? 'visible' : 'hidden'}>
      {call}
    </Activity>
  ) : null;

/** One element each for good: what they show is in the store, so nothing of them is drawn again because the page changed. */
const call = <Call />;
const prejoin = <Prejoin />;

/** Dark as long as the call lasts; set before anything is laid out, since later every colour would change by a transition. */
function darken(dark: boolean): void {
  const root = document.documentElement;
  if (dark) root.dataset['scheme'] = 'dark';
  else delete root.dataset['scheme'];
}

/** Who looks at another tab sees that the wait is over. */
function titleOf(room: string, door: Door | null): string {
  if (!room) return t('app.name');
  if (!door) return t('title', { room });
  return t(door.admitted ? 'waiting.admitted_title' : 'waiting.title', { room });
}

function draw(page: Page, door: Door | null) {
  switch (page.is) {
    case 'loading':
      return <Loading />;
    case 'start':
      return <Start />;
    case 'unsupported':
      return <Unsupported />;
    case 'insecure':
      return <Insecure />;
    case 'refused':
      return <Refused page={page} />;
    case 'prejoin':
    case 'joining':
    case 'waiting':
      return door ? <Waiting door={door} /> : prejoin;
    case 'denied':
      return <Denied againAt={page.againAt} />;
    case 'failed':
      return <Failed why={page.why} />;
    case 'call':
      return null;
    case 'lost':
      return <Lost />;
    case 'elsewhere':
      return <Elsewhere />;
    case 'removed':
      return <Removed back={page.back} />;
    case 'ended':
      return <Ended byHost={page.byHost} />;
    case 'left':
      return <Left lasted={page.lasted} asleep={page.asleep} />;
  }
}
