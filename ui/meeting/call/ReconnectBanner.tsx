import { useEffect, useState } from 'react';
import { useStore } from '../store/store';
import { t } from '../text/t';

const QUIET_MS = 3000;

/** Nothing for three seconds; most lines are back by then. */
export function ReconnectBanner() {
  const lost = useStore((state) => state.line === 'media');
  return lost ? <Late /> : null;
}

function Late() {
  const [late, setLate] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setLate(true), QUIET_MS);
    return () => clearTimeout(timer);
  }, []);
  return late ? <div className="banner">{t('line.reconnecting')}</div> : null;
}
