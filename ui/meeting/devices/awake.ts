/** Keeps the screen of a phone or laptop on; browsers let go of it whenever the page is hidden. Failing is silent. */
export function stayAwake(): () => void {
  let lock: WakeLockSentinel | null = null;
  let stopped = false;
  const hold = async () => {
    if (document.hidden || !('wakeLock' in navigator) || (lock && !lock.released)) return;
    const now = await navigator.wakeLock.request('screen').catch(() => null);
    // Race: the call may have ended while the browser was asked.
    if (stopped) await now?.release();
    else lock = now;
  };
  const seen = () => void hold();
  document.addEventListener('visibilitychange', seen);
  seen();
  return () => {
    stopped = true;
    document.removeEventListener('visibilitychange', seen);
    void lock?.release();
  };
}
