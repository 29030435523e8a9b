const TICK_MS = 5000;
/** Who was gone for longer does not expect to be seen and heard as soon as he opens the lid. */
const LONGEST_MS = 10 * 60_000;

/** Calls `then` when the machine or the tab wakes after a sleep of more than ten minutes: the clock has jumped. */
export function onLongSleep(then: () => void): void {
  let last = Date.now();
  setInterval(() => {
    const now = Date.now();
    if (now - last > LONGEST_MS) then();
    last = now;
  }, TICK_MS);
}
