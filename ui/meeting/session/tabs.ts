import type { Admission } from '../api/types';
import { get } from '../store/store';
import { kept } from './keep';

type Message = { is: 'who' } | { is: 'here'; admission: Admission };

const ANSWER_MS = 200;

let channel: BroadcastChannel | null = null;
let other: Admission | null = null;

const nameOf = (code: string) => `convene.${code}`;

/** Whether another tab of this browser is in the meeting already. */
export async function askOtherTabs(code: string): Promise<boolean> {
  if (!('BroadcastChannel' in window)) return false;
  answerOtherTabs(code);
  other = null;
  channel?.postMessage({ is: 'who' } satisfies Message);
  await new Promise((resolve) => setTimeout(resolve, ANSWER_MS));
  return otherAdmission() !== null;
}

/** The admission of the other tab: joining with it moves the person here, and the other tab steps back. */
export const otherAdmission = (): Admission | null => other;

function answerOtherTabs(code: string): void {
  channel?.close();
  channel = new BroadcastChannel(nameOf(code));
  channel.onmessage = ({ data }: MessageEvent<Message>) => {
    const { admission } = kept(code);
    if (data.is === 'here') other = data.admission;
    else if (get().page.is === 'call' && admission) channel?.postMessage({ is: 'here', admission } satisfies Message);
  };
}
