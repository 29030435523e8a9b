import type {
  Admission,
  AskRequest,
  AskSource,
  CheckAccess,
  ChatDraft,
  ChatHistory,
  ChatMessage,
  ConsentGiven,
  Joined,
  LockRequest,
  JoinRequest,
  Look,
  LookRequest,
  MuteRequest,
  MuteSource,
  PermissionRequest,
  Permissions,
  Recording,
  RefusalBody,
  RemovedList,
  Role,
  RoleRequest,
  SessionState,
  SpotlightRequest,
  Waits,
} from './types';

/** An answer that is not 2xx; `status` 0 means that the server could not be reached. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    readonly extra: Readonly<Record<string, unknown>>,
  ) {
    super(message);
    this.name = 'ApiError';
  }

  /** Seconds the server asks us to wait, if it does. */
  get retryAfter(): number | null {
    return typeof this.extra['retry_after'] === 'number' ? this.extra['retry_after'] : null;
  }
}

const TIMEOUT_MS = 10_000;

interface Call {
  method: string;
  path: string;
  body?: LookRequest | JoinRequest | MuteRequest | LockRequest | ChatDraft | AskRequest | RoleRequest | SpotlightRequest | PermissionRequest | ConsentGiven;
  admission?: Admission;
  /** Ends the wait earlier than usual. */
  signal?: AbortSignal;
}

export const look = (code: string, participantToken: string | null): Promise<Look> =>
  ask<Look>({ method: 'POST', path: 'look', body: { code, participant_token: participantToken } });

export const join = (request: JoinRequest): Promise<Joined | Waits> =>
  ask<Joined | Waits>({ method: 'POST', path: 'join', body: request });

export const beginCheck = (request: LookRequest, signal: AbortSignal): Promise<CheckAccess> =>
  ask<CheckAccess>({ method: 'POST', path: 'check', body: request, signal });

export const session = (admission: Admission): Promise<SessionState> =>
  ask<SessionState>({ method: 'GET', path: 'session', admission });

export const endForAll = (admission: Admission): Promise<void> =>
  ask<undefined>({ method: 'POST', path: 'end', admission });

export const lockMeeting = (admission: Admission, locked: boolean): Promise<void> =>
  ask<undefined>({ method: 'POST', path: 'lock', body: { locked }, admission });

export const startRecording = (admission: Admission): Promise<Recording> =>
  ask<Recording>({ method: 'POST', path: 'recording', admission });

export const stopRecording = (admission: Admission): Promise<Recording> =>
  ask<Recording>({ method: 'DELETE', path: 'recording', admission });

export const mutePerson = (admission: Admission, person: string, source: MuteSource): Promise<void> =>
  ask<undefined>({
    method: 'POST',
    path: `people/${encodeURIComponent(person)}/mute`,
    body: { source },
    admission,
  });

/** Mutes everybody but the hosts and ourselves. */
export const muteAll = (admission: Admission, source: MuteSource): Promise<void> =>
  ask<undefined>({ method: 'POST', path: 'mute', body: { source }, admission });

/** That person's page asks him to switch it on himself. */
export const askPerson = (admission: Admission, person: string, source: AskSource): Promise<void> =>
  ask<undefined>({ method: 'POST', path: `people/${encodeURIComponent(person)}/ask`, body: { source }, admission });

export const giveRole = (admission: Admission, person: string, role: Role): Promise<void> =>
  ask<undefined>({ method: 'PUT', path: `people/${encodeURIComponent(person)}/role`, body: { role }, admission });

/** Shows one person large to everybody; null for nobody. */
export const putSpotlight = (admission: Admission, person: string | null): Promise<void> =>
  ask<undefined>({ method: 'PUT', path: 'spotlight', body: { person_id: person }, admission });

export const patchPermissions = (admission: Admission, change: PermissionRequest): Promise<Permissions> =>
  ask<Permissions>({ method: 'PATCH', path: 'permissions', body: change, admission });

export const lowerPerson = (admission: Admission, person: string): Promise<void> =>
  ask<undefined>({ method: 'POST', path: `people/${encodeURIComponent(person)}/lower-hand`, admission });

export const lowerAll = (admission: Admission): Promise<void> => ask<undefined>({ method: 'POST', path: 'lower-hands', admission });

export const removePerson = (admission: Admission, person: string, keepOut: boolean): Promise<void> =>
  ask<undefined>({ method: 'DELETE', path: `people/${encodeURIComponent(person)}?keep_out=${String(keepOut)}`, admission });

/** Who was removed and is kept out. */
export const removedPeople = (admission: Admission): Promise<RemovedList> =>
  ask<RemovedList>({ method: 'GET', path: 'removed', admission });

export const letBackIn = (admission: Admission, person: string): Promise<void> =>
  ask<undefined>({ method: 'DELETE', path: `removed/${encodeURIComponent(person)}`, admission });

/** Somebody who waits gives it up. */
export const withdraw = (proof: Admission): Promise<void> => ask<undefined>({ method: 'DELETE', path: 'waiting', admission: proof });

export const admitPerson = (admission: Admission, person: string): Promise<void> =>
  ask<undefined>({ method: 'POST', path: `waiting/${encodeURIComponent(person)}/admit`, admission });

export const denyPerson = (admission: Admission, person: string): Promise<void> =>
  ask<undefined>({ method: 'POST', path: `waiting/${encodeURIComponent(person)}/deny`, admission });

export const admitAll = (admission: Admission): Promise<void> =>
  ask<undefined>({ method: 'POST', path: 'waiting/admit_all', admission });

/** The newest messages; those before one, or those after one. */
export const chatHistory = (admission: Admission, around: { before?: string; after?: string }): Promise<ChatHistory> =>
  ask<ChatHistory>({ method: 'GET', path: `chat?${new URLSearchParams(around).toString()}`, admission });

export const writeMessage = (admission: Admission, draft: ChatDraft): Promise<ChatMessage> =>
  ask<ChatMessage>({ method: 'POST', path: 'chat', body: draft, admission });

export const deleteMessage = (admission: Admission, message: string): Promise<void> =>
  ask<undefined>({ method: 'DELETE', path: `chat/${encodeURIComponent(message)}`, admission });

/** The whole chat as a file (host). */
export async function exportChat(admission: Admission, as: 'text' | 'json'): Promise<Blob> {
  const response = await answered({ method: 'GET', path: `chat/export?as=${as}`, admission });
  return response.blob();
}

/** Whether we may be in recordings of this meeting, from now on. */
export const giveConsent = (admission: Admission, given: ConsentGiven): Promise<void> =>
  ask<undefined>({ method: 'POST', path: 'consent', body: given, admission });

/** Who agreed to being recorded, as a table (host). */
export async function exportConsents(admission: Admission): Promise<Blob> {
  const response = await answered({ method: 'GET', path: 'consents?as=csv', admission });
  return response.blob();
}

/** A stream of server-sent events; read with `fetch`, since an EventSource can show no proof but in its address. */
export const openStream = (path: 'waiting' | 'host', proof: Admission, signal: AbortSignal): Promise<ReadableStream<Uint8Array>> =>
  stream(path, bearer(proof), signal);

/** The short stream of a connection check. */
export const checkStream = (token: string, signal: AbortSignal): Promise<ReadableStream<Uint8Array>> => stream('check', `Bearer ${token}`, signal);

async function stream(path: string, authorization: string, signal: AbortSignal): Promise<ReadableStream<Uint8Array>> {
  let response: Response;
  try {
    response = await fetch(`/api/meeting/${path}`, { headers: { Authorization: authorization }, signal });
  } catch (error) {
    throw new ApiError(0, 'unreachable', String(error), {});
  }
  if (!response.ok || !response.body) throw await refusal(response);
  return response.body;
}

const bearer = ({ id, key }: Admission): string => `Bearer ${id}.${key}`;

async function ask<Answer>(call: Call): Promise<Answer> {
  const response = await answered(call);
  return (response.status === 204 ? undefined : await response.json()) as Answer;
}

/** The answer, if it is 2xx. */
async function answered({ method, path, body, admission, signal }: Call): Promise<Response> {
  const headers: Record<string, string> = {};
  if (body !== undefined) headers['Content-Type'] = 'application/json';
  if (admission) headers['Authorization'] = bearer(admission);
  let response: Response;
  try {
    response = await fetch(`/api/meeting/${path}`, {
      method,
      headers,
      signal: signal ?? AbortSignal.timeout(TIMEOUT_MS),
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
  } catch (error) {
    throw new ApiError(0, 'unreachable', String(error), {});
  }
  if (!response.ok) throw await refusal(response);
  return response;
}

async function refusal(response: Response): Promise<ApiError> {
  const retryAfter = Number(response.headers.get('Retry-After'));
  const waited = retryAfter > 0 ? { retry_after: retryAfter } : {};
  try {
    const { error } = (await response.json()) as RefusalBody;
    return new ApiError(response.status, error.code, error.message, { ...waited, ...error });
  } catch {
    return new ApiError(response.status, 'unknown', response.statusText, waited);
  }
}
