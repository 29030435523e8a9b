import { VolumeX } from 'lucide-react';
import { lazy, Suspense, useDeferredValue, useEffect } from 'react';
import { announce } from '../announce/queue';
import { Bar } from '../controls/Bar';
import { Status } from '../controls/Status';
import { listenForEscape } from '../controls/BarButton';
import { prefetchMenus } from '../controls/MenuButton';
import { listenForShortcuts } from '../controls/shortcuts';
import { useBand } from '../controls/useBand';
import { useSideways } from '../controls/useSideways';
import { Toasts } from '../notices/Toasts';
import { asked } from '../recording/asked';
import { tellOfRecordings } from '../recording/heard';
import { tellOfTheLock } from '../session/lock';
import { prefetchFocus, Stage } from '../stage/Stage';
import { get, useStore } from '../store/store';
import { sentences, t } from '../text/t';
import { ReconnectBanner } from './ReconnectBanner';
import './call.css';
import './sideways.css';

/** The meeting: stage, panel, bar. */
export function Call() {
  const name = useStore((state) => state.room?.display_name) ?? '';
  const panel = useStore((state) => state.panel);
  const band = useBand();
  const sideways = useSideways();
  const covered = panel !== null && band < 2;
  // The pictures come first: all the buttons take the page's only thread from them for a moment.
  const buttons = useDeferredValue(true, false);
  useEffect(enter, []);
  return (
    <div className={`call${panel ? ' with-panel' : ''}${sideways ? ' sideways' : ''}`}>
      <main inert={covered}>
        <h1 tabIndex={-1} className="unseen">
          {name || t('app.name')}
        </h1>
        {(band < 2 || sideways) && <Status withName={false} />}
        <div className="banners">
          <SoundBlocked />
          <ReconnectBanner />
          <LaterNotes />
        </div>
        <Stage />
      </main>
      <Suspense>
        {panel === 'people' && <PeoplePanel />}
        {panel === 'chat' && <ChatPanel />}
        {panel === 'hosting' && <HostPanel />}
      </Suspense>
      <Later />
      <footer inert={covered}>
        {buttons && <Bar />}
      </footer>
      <Toasts />
    </div>
  );
}

const loadPeople = () => import('../people/PeoplePanel');
const PeoplePanel = lazy(loadPeople);
const ChatPanel = lazy(() => import('../chat/ChatPanel'));
const HostPanel = lazy(() => import('../hosting/HostPanel'));
const AskConsent = lazy(() => import('../recording/AskConsent'));
const Reactions = lazy(() => import('../signals/Reactions'));
const SmallWindow = lazy(() => import('../stage/SmallWindow'));

const Notes = lazy(() => import('./Notes'));

function LaterNotes() {
  const noted = useStore((state) => state.interrupted.length > 0 || state.soundOnly || state.silenced);
  return <Suspense>{noted && <Notes />}</Suspense>;
}

/** What is fetched when it is first needed. */
function Later() {
  const reactions = useStore((state) => state.reacting || state.reactions.length > 0);
  const smallWindow = useStore((state) => state.smallWindow);
  const consent = useStore(asked);
  return (
    <Suspense>
      {reactions && <Reactions />}
      {smallWindow && <SmallWindow />}
      {consent && <AskConsent />}
    </Suspense>
  );
}

const IDLE_MS = 3000;

/** Says where one is. */
function enter(): () => void {
  const { room, call, wish, capture } = get();
  const on = wish.microphone && capture.microphone.is === 'live';
  const entered = t('call.entered', { room: room?.display_name ?? '', count: call?.people.length ?? 1 });
  const parts = [
    t(on ? 'microphone.is_on' : 'microphone.is_off'),
    t(capture.camera.is === 'live' ? 'camera.is_on' : 'camera.is_off'),
  ];
  announce(sentences([entered, ...parts]));
  const idle = setTimeout(() => {
    prefetchFocus();
    prefetchMenus();
    void loadPeople();
  }, IDLE_MS);
  const stops = [listenForShortcuts(), listenForEscape(), () => clearTimeout(idle)];
  return () => {
    for (const stop of stops) stop();
  };
}

tellOfRecordings();
tellOfTheLock();

function SoundBlocked() {
  const blocked = useStore((state) => state.call?.soundBlocked) ?? false;
  if (!blocked) return null;
  const turnOn = () => void import('../engine/connection').then(({ turnSoundOn }) => turnSoundOn());
  return (
    <div className="banner" role="alert">
      <VolumeX className="icon" aria-hidden />
      <span>{t('call.sound_blocked')}</span>
      <button className="button primary small" onClick={turnOn}>
        {t('call.turn_sound_on')}
      </button>
    </div>
  );
}
