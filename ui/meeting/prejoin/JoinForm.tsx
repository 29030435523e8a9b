import { CircleDot, MonitorSmartphone } from 'lucide-react';
import { useId, useState, type ReactNode } from 'react';
import { EarlierRecordings } from '../pages/Recordings';
import { running } from '../recording/recording';
import { join } from '../session/join';
import { leads } from '../session/told';
import { set, useStore } from '../store/store';
import { days, nameList, t } from '../text/t';

const LONGEST = 60;

/** Name, what one should know before coming in, and the one button. */
export function JoinForm() {
  const id = useId();
  const busy = useStore((state) => state.page.is === 'joining');
  const name = useStore((state) => state.name);
  const room = useStore((state) => state.room);
  const host = useStore((state) => leads(state.role));
  const otherTab = useStore((state) => state.otherTab);
  const notice = useRecordingNotice();
  const [missing, setMissing] = useState(false);
  const submit = (how: Parameters<typeof join>[0], answer?: Parameters<typeof join>[1]) => {
    if (busy) return;
    if (name.trim() === '') {
      setMissing(true);
      document.getElementById(id)?.focus();
    } else void join(how, answer);
  };
  return (
    <form
      className="join"
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        if (otherTab) submit('take_over');
        else submit('fresh', notice ? 'agreed' : 'undecided');
      }}
    >
      <div>
        <h1 tabIndex={-1}>{room?.display_name || t('prejoin.title')}</h1>
        <p className="lead">
          <Inside />
          {host && <span className="host-chip">{t('prejoin.host')}</span>}
        </p>
      </div>
      <div className="field">
        <label htmlFor={id}>{t('prejoin.name')}</label>
        <input
          id={id}
          value={name}
          maxLength={LONGEST}
          autoComplete="name"
          dir="auto"
          aria-invalid={missing && name.trim() === ''}
          aria-describedby={missing ? `${id}-problem` : undefined}
          onChange={(event) => set({ name: event.target.value })}
        />
        {missing && name.trim() === '' && (
          <span className="problem" id={`${id}-problem`} role="alert">
            {t('prejoin.name_missing')}
          </span>
        )}
      </div>
      {notice && <Note icon={<CircleDot className="icon" aria-hidden />} text={notice} tone="record" />}
      {otherTab && <Note icon={<MonitorSmartphone className="icon" aria-hidden />} text={t('prejoin.other_tab')} />}
      <button className="button primary join-button" type="submit" aria-disabled={busy}>
        {busy ? t('joining.busy') : t(otherTab ? 'prejoin.move_here' : notice ? 'prejoin.agree' : 'prejoin.join')}
      </button>
      {notice && !otherTab && (
        <button className="button plain" type="button" onClick={() => submit('fresh', 'declined')}>
          {t('consent.join_without')}
        </button>
      )}
      {otherTab && (
        <button className="button" type="button" onClick={() => submit('second_device')}>
          {t('prejoin.second_device')}
        </button>
      )}
      <EarlierRecordings />
    </form>
  );
}

const Note = ({ icon, text, tone = '' }: { icon: ReactNode; text: string; tone?: string }) => (
  <p className={`note ${tone}`}>
    {icon}
    {text}
  </p>
);

function Inside() {
  const people = useStore((state) => state.session?.people) ?? 0;
  const names = useStore((state) => state.session?.names);
  if (people === 0) return t('prejoin.nobody');
  return names?.length ? t('prejoin.inside', { count: people, names: nameList(names, people) }) : t('prejoin.people', { count: people });
}

function useRecordingNotice(): string | null {
  const now = useStore((state) => state.session?.recording) ?? null;
  const room = useStore((state) => state.room);
  if (!running(now) && !room?.auto_record) return null;
  const notice = [t(running(now) ? 'prejoin.recorded' : 'prejoin.to_be_recorded')];
  if (room?.brand?.text) notice.push(t('consent.by', { who: room.brand.text }));
  if (room?.recordings_kept_days) notice.push(t('consent.kept', { time: days(room.recordings_kept_days) }));
  return notice.join(' ');
}
