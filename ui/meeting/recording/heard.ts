import type { Recording } from '../api/types';
import { cue } from '../devices/sound';
import { toast } from '../notices/toasts';
import { get, watch } from '../store/store';
import { t } from '../text/t';
import { asked } from './asked';

const BEGINS = [[523.25, 0]] as const;
const ENDS = [[392, 0]] as const;
/** Long for a sound of ours: it is not to be taken for another. */
const TONE_S = 0.28;

const taken = (recording: Recording | null): boolean => recording?.state === 'active' || recording?.state === 'stopping';

/** Tells everybody when a recording starts, stops or fails; whoever is asked for his consent is told by that. It cannot be switched off. */
export function tellOfRecordings(): () => void {
  return watch(
    (state) => state.recording,
    (now, before) => {
      if (get().page.is !== 'call' && get().page.is !== 'joining') return;
      const told = taken(before) || taken(get().session?.recording ?? null);
      if (now?.state === 'failed' && before?.state !== 'failed') failed(now);
      else if (taken(now) && !taken(before) && !(told && !before)) began();
      else if (!taken(now) && taken(before)) ended();
    },
  );
}

function began(): void {
  cue(BEGINS, TONE_S);
  if (!asked(get())) toast(t('recording.began'), { tone: 'record', key: 'recording', sticky: true });
}

function ended(): void {
  cue(ENDS, TONE_S);
  toast(t('recording.ended'), { tone: 'record', key: 'recording' });
}

function failed({ reason }: Recording): void {
  toast(reason ? t('recording.failed_because', { reason }) : t('recording.failed'), { tone: 'warning', key: 'recording', sticky: true });
}
