import { Activity, useEffect } from 'react';
import { LiveRegions } from './announce/LiveRegions';
import { Call } from './call/Call';
import { Dialogs } from './dialogs/Dialogs';
import { Elsewhere, Ended, Failed, Left, Lost, Removed } from './pages/After';
import { Insecure, Loading, Start, Unsupported } from './pages/Before';
import { Refused } from './pages/Refused';
import { Prejoin } from './prejoin/Prejoin';
import type { Page } from './store/state';
import { useStore } from './store/store';
import { t } from './text/t';

/** Draws the one state of the page. */
export function App() {
  const page = useStore((state) => state.page);
  const room = useStore((state) => state.room?.display_name) ?? '';
  // Joining is drawn by the page one comes from: no new heading, no jump.
  const view = page.is === 'joining' ? 'prejoin' : page.is;
  useEffect(() => {
    document.querySelector('h1')?.focus();
  }, [view]);
  useEffect(() => {
    document.title = room ? t('title', { room }) : t('app.name');
  }, [room]);
  return (
    <>
      {draw(page)}
      <CallView page={page.is} />
      <Dialogs />
      <LiveRegions />
    </>
  );
}

/** Made ready out of sight while the server and the engine are being asked, so that people see each other sooner. */
const CallView = ({ page }: { page: Page['is'] }) =>
  page === 'joining' || page === 'call' ? (
    <Activity mode={page === 'call' ? 'visible' : 'hidden'}>
      <Call />
    </Activity>
  ) : null;

function draw(page: Page) {
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
      return <Prejoin busy={page.is === 'joining'} />;
    case 'failed':
      return <Failed why={page.why} />;
    case 'call':
      return null;
    case 'lost':
      return <Lost />;
    case 'elsewhere':
      return <Elsewhere />;
    case 'removed':
      return <Removed />;
    case 'ended':
      return <Ended byHost={page.byHost} />;
    case 'left':
      return <Left lasted={page.lasted} />;
  }
}
