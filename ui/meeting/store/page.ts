/** Why somebody cannot come in; `unreachable` is the server's silence. */
export type RefusedBy =
  | 'not_found'
  | 'expired'
  | 'locked'
  | 'full'
  | 'crowded'
  | 'removed'
  | 'slow_down'
  | 'unreachable';

/** The one state of the page. */
export type Page =
  | { is: 'loading' }
  | { is: 'start' }
  | { is: 'unsupported' }
  | { is: 'insecure' }
  | { is: 'refused'; why: RefusedBy; endedAt: string | null; retryAt: number | null }
  | { is: 'prejoin' }
  | { is: 'joining' }
  | { is: 'waiting' }
  /** `againAt`: from when on one may ask again, by our own clock; null: not any more. */
  | { is: 'denied'; againAt: number | null }
  | { is: 'failed'; why: 'server' | 'media' }
  | { is: 'call' }
  | { is: 'lost' }
  | { is: 'elsewhere' }
  /** `back`: nothing keeps him from coming again. */
  | { is: 'removed'; back: boolean }
  | { is: 'ended'; byHost: boolean }
  | { is: 'left'; lasted: number; /** The device slept too long to be taken back unasked. */ asleep: boolean };
