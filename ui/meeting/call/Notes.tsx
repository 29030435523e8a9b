import { AudioLines, PhoneCall, VolumeX, type LucideIcon } from 'lucide-react';
import { takeBack } from '../devices/interrupted';
import { set, useStore } from '../store/store';
import { t } from '../text/t';

/** How the call stands otherwise than wished, each with the way back. */
export default function Notes() {
  const interrupted = useStore((state) => state.interrupted);
  const soundOnly = useStore((state) => state.soundOnly);
  const silenced = useStore((state) => state.silenced);
  const taken = t(interrupted.includes('microphone') ? 'interrupted.microphone' : 'interrupted.camera');
  return (
    <>
      {interrupted.length > 0 && <Note icon={PhoneCall} text={taken} label={t('interrupted.again')} act={() => void takeBack()} />}
      {soundOnly && <Note icon={AudioLines} text={t('line.sound_only')} label={t('line.back_to_picture')} act={() => set({ soundOnly: false })} />}
      {silenced && <Note icon={VolumeX} text={t('second.silent')} label={t('call.turn_sound_on')} act={() => set({ silenced: false })} />}
    </>
  );
}

const Note = ({ icon: Icon, text, label, act }: { icon: LucideIcon; text: string; label: string; act: () => void }) => (
  <div className="banner">
    <Icon className="icon" aria-hidden />
    <span>{text}</span>
    <button className="button small" onClick={act}>
      {label}
    </button>
  </div>
);
