import { ApiError } from '../api/client';
import type { Waits } from '../api/types';
import type { Page, RefusedBy } from '../store/state';

/** The server takes the person in as soon as somebody lets him. */
export class MustWait extends ApiError {
  constructor(readonly told: Waits) {
    super(202, 'must_wait', '', {});
  }
}

const byStatus: Readonly<Record<number, RefusedBy>> = {
  403: 'removed',
  404: 'not_found',
  409: 'full',
  410: 'expired',
  423: 'locked',
  429: 'slow_down',
};

const AGAIN_S: Partial<Record<RefusedBy, number>> = { full: 10, crowded: 20, slow_down: 10, unreachable: 5 };

/** The page for an answer that lets nobody in; a silent or failing server is asked again. */
export function refusedPage(error: unknown, now: number = Date.now()): Page {
  const api = error instanceof ApiError ? error : null;
  if (api?.code === 'must_wait') return { is: 'waiting' };
  if (api?.code === 'denied') return { is: 'denied', againAt: api.retryAfter === null ? null : now + api.retryAfter * 1000 };
  const why = api?.code === 'waiting_full' ? 'crowded' : ((api && byStatus[api.status]) ?? 'unreachable');
  const endedAt = api?.extra['ended_at'];
  const seconds = api?.retryAfter ?? AGAIN_S[why];
  return {
    is: 'refused',
    why,
    endedAt: typeof endedAt === 'string' ? endedAt : null,
    retryAt: seconds === undefined ? null : now + seconds * 1000,
  };
}

/** Whether trying again by itself may succeed: the server or the engine is away for the moment, or a meeting was just ending. */
export const passing = (error: unknown): boolean =>
  !(error instanceof ApiError) || error.status === 0 || error.status === 429 || error.status >= 500 || error.code === 'try_again';
