import type { Room } from 'livekit-client';
import { wishFor } from '../devices/devices';
import { closeToastOf, toast } from '../notices/toasts';
import { initial } from '../store/state';
import { get, set, watch } from '../store/store';
import { t } from '../text/t';
import { lossBetween, streams, type Streams } from './incoming';
import { intakeOf, lineOf, measure } from './measure';
import { MOST_WHEN_SPARED } from './most';
import { choosy, lowered, spared } from './strain';
import { intakeRules, lineRules, machineRules, next, start, type Steps } from './steps';

const EVERY_MS = 2000;
const SAY_AGAIN_MS = 5 * 60_000;
const LONG_TASK_MS = 200;
const LONG_TASKS = 3;
const LONG_TASKS_WITHIN_MS = 10_000;
/** While a call begins every machine is busy. */
const BEGINNING_MS = 10_000;

/** Keeps `store.strain`, and sends, takes and draws less while the line is weak or the machine busy. Returns how to stop. */
export function sparing(room: Room): () => void {
  let line: Steps = start;
  let intake: Steps = start;
  let machine: Steps = start;
  let came: Streams = new Map();
  const tasks = longTasks();
  const look = async () => {
    const [measured, comes] = await Promise.all([measure(room), streams(room)]);
    const now = performance.now();
    line = next(line, { now, ...lineOf(measured) }, lineRules);
    intake = next(intake, { now, ...intakeOf(measured.poor, lossBetween(came, comes)) }, intakeRules);
    came = comes;
    machine = next(machine, { now, bad: measured.limited === 'cpu', severe: tasks.many(now) }, machineRules);
    const { strain } = get();
    if (line.step === strain.line && intake.step === strain.intake && machine.step === strain.machine) return;
    set({
      strain: {
        line: line.step,
        intake: intake.step,
        machine: machine.step,
        anyway: strain.anyway && line.step >= 2,
        takeAll: strain.takeAll && intake.step >= 2,
        showAll: strain.showAll && machine.step >= 2,
      },
    });
  };
  const timer = setInterval(() => void look().catch(() => undefined), EVERY_MS);
  const stops = [
    watch((s) => s.strain.line, tellOfTheLine),
    watch((s) => s.strain.intake, tellOfTheIntake),
    watch((s) => s.strain.machine, tellOfTheMachine),
    watch((s) => lowered(s), (low) => void take(low)),
    watch((s) => s.capture.camera, () => void take(lowered(get()))),
    watch((s) => spared(s), (now) => document.documentElement.toggleAttribute('data-still', now)),
    tasks.stop,
  ];
  return () => {
    clearInterval(timer);
    // What was said of it is closed, too.
    set({ strain: initial.strain });
    for (const stop of stops) stop();
    document.documentElement.removeAttribute('data-still');
    void take(false);
  };
}

let saidWeak = Number.NEGATIVE_INFINITY;

function tellOfTheLine(step: number, before: number): void {
  if (step < 2) closeToastOf('line.paused');
  if (step < 3) closeToastOf('line.offer');
  if (step <= before) return;
  const { wish, capture } = get();
  const seen = wish.camera && capture.camera.is === 'live';
  if (step === 3) offerSoundOnly();
  else if (step === 2 && seen) {
    closeToastOf('line.weak');
    const act = () => {
      set(({ strain }) => ({ strain: { ...strain, anyway: true } }));
      closeToastOf('line.paused');
    };
    toast(t('line.paused'), { key: 'line.paused', sticky: true, actions: [{ label: t('line.anyway'), act }] });
  } else if (step === 1 && performance.now() - saidWeak > SAY_AGAIN_MS) {
    saidWeak = performance.now();
    toast(t('line.weak'), { key: 'line.weak' });
  }
}

function offerSoundOnly(): void {
  if (get().soundOnly) return;
  closeToastOf('line.paused');
  const act = () => {
    set({ soundOnly: true });
    closeToastOf('line.offer');
    closeToastOf('line.fewer');
  };
  toast(t('line.offer'), { key: 'line.offer', sticky: true, actions: [{ label: t('line.sound_only'), act }] });
}

let saidFewer = false;

/** Once until all pictures have come back for good, however often they are tried meanwhile. */
function tellOfTheIntake(step: number): void {
  if (step === 0) allAgain();
  if (step < 2 || saidFewer || !choosy(get())) return;
  saidFewer = true;
  const act = () => {
    set(({ strain }) => ({ strain: { ...strain, takeAll: true } }));
    allAgain();
  };
  toast(t('line.fewer'), { key: 'line.fewer', sticky: true, actions: [{ label: t('machine.show_all'), act }] });
}

function allAgain(): void {
  saidFewer = false;
  closeToastOf('line.fewer');
}

function tellOfTheMachine(step: number, before: number): void {
  if (step < 2) closeToastOf('machine');
  if (step <= before) return;
  const { call, wish } = get();
  if (step === 2 && call && call.people.length > MOST_WHEN_SPARED) {
    const act = () => {
      set(({ strain }) => ({ strain: { ...strain, showAll: true } }));
      closeToastOf('machine');
    };
    toast(t('machine.fewer'), { key: 'machine', actions: [{ label: t('machine.show_all'), act }] });
  } else if (step === 3 && wish.camera) {
    const act = () => {
      wishFor('camera', false);
      closeToastOf('machine');
    };
    toast(t('machine.camera'), { key: 'machine', actions: [{ label: t('camera.turn_off'), act }] });
  }
}

const LOW = { width: { ideal: 640 }, height: { ideal: 360 }, frameRate: { ideal: 20, max: 20 } };
/** How the present camera was opened, while a smaller picture is taken of it. */
let opened: { track: MediaStreamTrack; as: MediaTrackConstraints } | null = null;

/** Takes a smaller picture with the camera that is open, or again what it was opened for. */
async function take(low: boolean): Promise<void> {
  const { camera } = get().capture;
  const track = camera.is === 'live' ? camera.track : null;
  if (!track || (opened?.track === track) === low) return;
  const as = opened?.track === track ? opened.as : track.getConstraints();
  opened = low ? { track, as } : null;
  // What a camera cannot do it leaves.
  await track.applyConstraints(low ? { ...as, ...LOW } : as).catch(() => undefined);
}

/** Counts tasks that kept the page from answering, where the browser tells of them. */
function longTasks(): { many: (now: number) => boolean; stop: () => void } {
  const began = performance.now();
  let ends: number[] = [];
  const observer = new PerformanceObserver((list) => {
    for (const { startTime, duration } of list.getEntries())
      if (duration > LONG_TASK_MS && startTime > began + BEGINNING_MS) ends.push(startTime + duration);
  });
  if (PerformanceObserver.supportedEntryTypes.includes('longtask')) observer.observe({ type: 'longtask' });
  return {
    many: (now) => {
      ends = ends.filter((end) => now - end < LONG_TASKS_WITHIN_MS);
      return ends.length >= LONG_TASKS;
    },
    stop: () => observer.disconnect(),
  };
}
