const AGAIN_MS = 60_000;

/** Knocks for somebody new, and again every minute as long as anybody waits; gets how many wait, and whether one is new. */
export function knocking(knock: (isNew: boolean) => void, every: number = AGAIN_MS): (waiting: number, isNew: boolean) => void {
  let timer: ReturnType<typeof setInterval> | undefined;
  return (waiting, isNew) => {
    if (waiting > 0 && !isNew) return;
    clearInterval(timer);
    if (waiting === 0) return;
    knock(true);
    timer = setInterval(() => knock(false), every);
  };
}
