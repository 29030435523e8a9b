import { lazy, Suspense, type ReactNode } from 'react';
import { Dialog, Heading, I18nProvider, Modal, ModalOverlay } from 'react-aria-components';
import { ShortcutSheet } from '../controls/ShortcutSheet';
import { Switch } from '../design/Switch';
import { DeviceNotes } from '../devices/DeviceNotes';
import { DeviceSelects } from '../devices/DeviceSelects';
import { LevelMeter } from '../devices/LevelMeter';
import { chooseSounds } from '../devices/sound';
import { HandOver } from '../hosting/HandOver';
import { RemovePerson } from '../hosting/RemovePerson';
import { end } from '../people/power';
import { facesUser } from '../stage/PersonTile';
import { Video } from '../stage/Video';
import type { Dialog as Which } from '../store/state';
import { useStore } from '../store/store';
import { LanguageSelect } from '../text/LanguageSelect';
import { languageTag, t } from '../text/t';
import { Close } from './Close';
import './dialogs.css';

const Check = lazy(() => import('../check/Check'));

interface Props {
  dialog: Which;
  close: () => void;
}

/** A window over the page: focus goes in, stays in, and comes back to where it was. */
export default function Window({ dialog, close }: Props) {
  return (
    <I18nProvider locale={languageTag()}>
      <ModalOverlay className="overlay" isOpen isDismissable onOpenChange={(open) => !open && close()}>
        <Modal className="window">{contentOf(dialog, close)}</Modal>
      </ModalOverlay>
    </I18nProvider>
  );
}

function contentOf(dialog: Which, close: () => void): ReactNode {
  switch (dialog.is) {
    case 'end':
      return <End close={close} />;
    case 'remove':
      return <RemovePerson person={dialog.person} close={close} />;
    case 'hand_over':
      return <HandOver close={close} />;
    case 'devices':
      return <Devices close={close} />;
    case 'check':
      return <Connection close={close} />;
    case 'language':
      return <Language close={close} />;
    case 'shortcuts':
      return <ShortcutSheet close={close} />;
  }
}

function End({ close }: { close: () => void }) {
  const count = useStore((state) => state.call?.people.length) ?? 1;
  return <Confirm title={t('host.end_title', { count })} text={t('host.end_text')} yes={t('host.end_yes')} act={end} close={close} />;
}

interface ConfirmProps {
  title: string;
  text: string;
  yes: string;
  act: () => Promise<unknown>;
  close: () => void;
}

/** For what cannot be undone: the safe button has the focus. */
function Confirm({ title, text, yes, act, close }: ConfirmProps) {
  const confirmed = () => {
    close();
    void act();
  };
  return (
    <Dialog className="dialog" role="alertdialog">
      <Heading slot="title" level={2}>
        {title}
      </Heading>
      <p className="muted">{text}</p>
      <div className="dialog-buttons">
        <button className="button" autoFocus onClick={close}>
          {t('cancel')}
        </button>
        <button className="button danger" onClick={confirmed}>
          {yes}
        </button>
      </div>
    </Dialog>
  );
}

function Devices({ close }: { close: () => void }) {
  const live = useStore((state) => state.capture.microphone.is === 'live');
  return (
    <Dialog className="dialog">
      <Heading slot="title" level={2}>
        {t('devices.title')}
      </Heading>
      <OwnPicture />
      <DeviceNotes />
      <div className="stacked">
        <DeviceSelects />
      </div>
      {live && <LevelMeter />}
      <Sounds />
      <Close close={close} />
    </Dialog>
  );
}

const Sounds = () => <Switch on={useStore((state) => state.sounds)} name={t('sounds.title')} note={t('sounds.text')} change={chooseSounds} />;

/** The camera that is chosen shows what the others see. */
function OwnPicture() {
  const camera = useStore((state) => state.capture.camera);
  const mirrored = useStore((state) => state.selfView.mirrored);
  return camera.is === 'live' ? (
    <div className="own-picture" role="img" aria-label={t('prejoin.preview')}>
      <Video picture={camera.track} mirrored={mirrored && facesUser(camera.track)} />
    </div>
  ) : null;
}

function Connection({ close }: { close: () => void }) {
  return (
    <Dialog className="dialog">
      <Heading slot="title" level={2}>
        {t('check.title')}
      </Heading>
      <Suspense>
        <Check />
      </Suspense>
      <Close close={close} />
    </Dialog>
  );
}

function Language({ close }: { close: () => void }) {
  return (
    <Dialog className="dialog">
      <Heading slot="title" level={2}>
        {t('language.choose')}
      </Heading>
      <LanguageSelect />
      <Close close={close} />
    </Dialog>
  );
}
