import { languageTag, t, type TextKey } from '../text/t';
import { outcomes, steps, verdict, type Facts, type Finding, type Outcome, type Step } from './facts';

const findings: Record<Finding, { text: TextKey; advice: TextKey; it?: true }> = {
  good: { text: 'check.good.text', advice: 'check.good.advice' },
  sound: { text: 'check.sound.text', advice: 'check.sound.advice' },
  weak: { text: 'check.weak.text', advice: 'check.weak.advice' },
  udp: { text: 'check.no_udp.text', advice: 'check.no_udp.advice', it: true },
  none: { text: 'check.no_media.text', advice: 'check.no_media.advice', it: true },
  signal: { text: 'check.no_socket.text', advice: 'check.no_media.advice', it: true },
  stream: { text: 'check.no_stream.text', advice: 'check.no_udp.advice', it: true },
  silent: { text: 'check.silent.text', advice: 'check.silent.advice' },
  offline: { text: 'check.offline.text', advice: 'check.silent.advice' },
  engine: { text: 'check.engine.text', advice: 'check.later' },
  refused: { text: 'check.refused.text', advice: 'check.later' },
};

export const stepNames: Record<Step, TextKey> = {
  server: 'check.step.server',
  stream: 'check.step.stream',
  signal: 'check.step.signal',
  udp: 'check.step.udp',
  tcp: 'check.step.tcp',
  media: 'check.step.media',
};

export const outcomeNames: Record<Outcome, TextKey> = {
  waits: 'check.waits',
  runs: 'check.runs',
  good: 'check.works',
  poor: 'check.poor',
  bad: 'check.fails',
  skipped: 'check.skipped',
};

export interface Words {
  text: string;
  advice: string;
  /** For the people who run the network: what to let through. */
  it: string | null;
}

/** What to say about a connection and what to do, in words. */
export function wordsOf(facts: Facts, at: number): Words {
  const { text, advice, it } = findings[verdict(facts).finding];
  const values = { host: location.hostname, udp: facts.ports?.udp ?? '', tcp: facts.ports?.tcp ?? '' };
  return { text: t(text, values), advice: t(advice, values), it: it ? forIt(facts, at) : null };
}

function forIt({ ports }: Facts, at: number): string {
  const web = location.port || (location.protocol === 'https:' ? '443' : '80');
  const lines = [t('check.it.web', { host: location.hostname, port: web })];
  if (ports) lines.push(t('check.it.media', { ...ports }));
  return [...lines, t('check.it.time', { time: timeOf(at) })].join('\n');
}

/** With its zone: who reads it may be elsewhere, and has logs to look into. */
const timeOf = (at: number): string =>
  new Intl.DateTimeFormat(languageTag(), { dateStyle: 'medium', timeStyle: 'long' }).format(at);

export function figures({ media }: Facts): string | null {
  if (!media) return null;
  const number = (value: number, digits: number) => new Intl.NumberFormat(languageTag(), { maximumFractionDigits: digits }).format(value);
  const [up, down] = [media.up, media.down].map((rate) => number(rate / 1_000_000, 2));
  return t('check.figures', { loss: number(100 * media.loss, 1), rtt: number(media.rtt, 0), up: up ?? '', down: down ?? '' });
}

/** The whole check as text. It has the server's address, and nobody else's. */
export function report(facts: Facts, at: number): string {
  const { text, advice, it } = wordsOf(facts, at);
  const found = outcomes(facts, true);
  const lines = steps.map((step) => `${t(stepNames[step])}: ${t(outcomeNames[found[step]])}`);
  const head = [`${t('check.title')}: ${location.hostname}, ${timeOf(at)}`, text, advice];
  return [...head, '', ...lines, figures(facts), ...(it ? ['', it] : []), '', navigator.userAgent].filter((line) => line !== null).join('\n');
}
