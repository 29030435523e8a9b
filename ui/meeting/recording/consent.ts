import { CircleDot, CircleSlash } from 'lucide-react';
import { exportConsents, giveConsent } from '../api/client';
import type { MenuItem } from '../controls/MenuButton';
import { toast } from '../notices/toasts';
import { admission } from '../session/join';
import type { Person } from '../store/state';
import { get, set, useStore } from '../store/store';
import { t } from '../text/t';
import { goesOn } from './asked';
import { running } from './recording';
import { words } from './words';

/** Nothing of this person is in the recording that is being made. */
export const useUnrecorded = ({ id, me }: Person): boolean =>
  useStore(({ recording, consent, unrecorded }) => running(recording) && (me ? consent !== 'agreed' : unrecorded.includes(id)));

/** Tells the server; the recorder hears of it from there. */
export async function decide(answer: 'agreed' | 'declined'): Promise<void> {
  await giveConsent(admission(), { answer, ...words() });
  set({ consent: answer });
}

/** By a button: says what is now the case. */
export async function decideAloud(answer: 'agreed' | 'declined'): Promise<void> {
  try {
    await decide(answer);
    toast(t(answer === 'agreed' ? 'consent.agreed' : 'consent.declined'), { tone: 'record', key: 'consent' });
  } catch {
    toast(t('host.failed'), { tone: 'warning' });
  }
}

/** An answer can be changed as long as a recording is made. */
export function consentItems(): MenuItem[] {
  const { recording, consent } = get();
  if (!goesOn(recording)) return [];
  const agreed = consent === 'agreed';
  const act = () => void decideAloud(agreed ? 'declined' : 'agreed');
  return [{ id: 'consent', label: t(agreed ? 'consent.withdraw' : 'consent.give'), icon: agreed ? CircleSlash : CircleDot, act }];
}

/** For a host: all answers as a table. */
export async function downloadConsents(): Promise<void> {
  try {
    const link = document.createElement('a');
    link.href = URL.createObjectURL(await exportConsents(admission()));
    link.download = 'consents.csv';
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
  } catch {
    toast(t('host.failed'), { tone: 'warning' });
  }
}
