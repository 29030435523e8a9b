import { ApiError } from '../api/client';
import type { Page, RefusedBy } from '../store/state';

const byStatus: Readonly<Record<number, RefusedBy>> = {
  403: 'removed',
  404: 'not_found',
  409: 'full',
  410: 'expired',
  423: 'locked',
  429: 'slow_down',
};

const AGAIN_S: Partial<Record<RefusedBy, number>> = { full: 10, slow_down: 10, unreachable: 5 };

/** The page for an answer that lets nobody in; a silent or failing server is asked again. */
export function refusedPage(error: unknown, now: number = Date.now()): Page {
  const api = error instanceof ApiError ? error : null;
  const why = (api && byStatus[api.status]) ?? 'unreachable';
  const endedAt = api?.extra['ended_at'];
  const seconds = api?.retryAfter ?? AGAIN_S[why];
  return {
    is: 'refused',
    why,
    endedAt: typeof endedAt === 'string' ? endedAt : null,
    retryAt: seconds === undefined ? null : now + seconds * 1000,
  };
}

/** Whether trying again by itself may succeed: the server or the engine is away for the moment. */
export const passing = (error: unknown): boolean =>
  !(error instanceof ApiError) || error.status === 0 || error.status === 429 || error.status >= 500;
