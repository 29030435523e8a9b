"""Every decision about time and state, as pure functions: they take `now` and return what is to be. No I/O."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from types import MappingProxyType

from convene.errors import Invalid

INSTANT_LIFE = timedelta(minutes=10)
AFTER_USE = timedelta(minutes=10)
NOTICE = timedelta(minutes=10)  # expires_at must be further ahead than this (contract §2.3)
LONGEST = timedelta(days=5 * 366)  # contract §2.4: five years
OPENING = timedelta(minutes=2)  # a session that nobody entered is given up after this
HOST_AWAY = timedelta(seconds=60)  # without any host in it a session goes on for this long before a co-host stands in


class RoomType(StrEnum):
    """`type` of a room in the contract."""

    INSTANT = "instant"
    LONG_TERM = "long_term"


class SessionState(StrEnum):
    """opening: the engine's room is made, nobody is in yet. running: from the first join. ended: after the last leave."""

    OPENING = "opening"
    RUNNING = "running"
    ENDED = "ended"


class RecordingState(StrEnum):
    """The states of design §3; `failed` always has a public reason."""

    REQUESTED = "requested"
    STARTING = "starting"
    ACTIVE = "active"
    STOPPING = "stopping"
    UPLOADING = "uploading"
    UPLOADED = "uploaded"
    FAILED = "failed"


class Role(StrEnum):
    """What a person is in a session. A co-host may do what the host may, but for what is the host's alone."""

    HOST = "host"
    COHOST = "cohost"
    GUEST = "guest"

    @property
    def leads(self) -> bool:
        """Whether he has the host's powers, all or most."""
        return self is not Role.GUEST


# --- Rooms ----------------------------------------------------------------------------------------------------------


def room_expiry(kind: RoomType, asked: datetime | None, now: datetime) -> datetime:
    """When a new room expires. Raises Invalid, field `expires_at` (contract §2.3, §2.4)."""
    if kind is RoomType.INSTANT:
        if asked is not None:
            raise Invalid("not_allowed", '"expires_at" is not allowed', field="expires_at")
        return now + INSTANT_LIFE
    if asked is None:
        raise Invalid("required", '"expires_at" is required', field="expires_at")
    return later_expiry(asked, now)


def later_expiry(asked: datetime, now: datetime) -> datetime:
    """An asked expiry, checked against the limits. Raises Invalid."""
    if asked <= now + NOTICE:
        raise Invalid("too_soon", '"expires_at" must be more than 10 minutes in the future', field="expires_at")
    if asked > now + LONGEST:
        raise Invalid("too_late", '"expires_at" must be at most 5 years in the future', field="expires_at")
    return asked


FIRST = datetime(2000, 1, 1, tzinfo=UTC)  # what is said to have been before was not meant
FURTHEST = timedelta(days=3653)  # ten years
IN_MILLISECONDS = 10**11  # a larger number of seconds would be in the year 5138


def date_of(number: int) -> datetime | None:
    """What a client's date says: seconds since 1970, or milliseconds if it is so large. None: nobody meets so early or so late."""
    seconds = number // 1000 if abs(number) > IN_MILLISECONDS else number
    moment = datetime.fromtimestamp(seconds, UTC) if abs(seconds) < IN_MILLISECONDS else None
    return moment if moment and 1900 <= moment.year <= 5000 else None


def meeting_closes(dates: Iterable[datetime | None], now: datetime, open_for: timedelta) -> datetime:
    """When the room of a scheduled meeting closes: `open_for` after the latest of its dates, but not of those that nobody can mean.

    Never before now: a meeting that is made or moved now is to be held, whatever its dates say.
    """
    meant = [date for date in dates if date is not None and FIRST <= date <= now + FURTHEST]
    return max([*meant, now]) + open_for


def room_available(closes_at: datetime | None, expired_at: datetime | None, now: datetime) -> bool:
    """The truth on read: a room past its time is unavailable even if no worker ran."""
    return expired_at is None and (closes_at is None or now < closes_at)


def closes_during_use(kind: RoomType, expires_at: datetime) -> datetime | None:
    """While people are in: an instant room does not close; a long-term room still closes to newcomers at its time."""
    return None if kind is RoomType.INSTANT else expires_at


def closes_after_use(kind: RoomType, expires_at: datetime, expire_after_use: bool, ended_at: datetime) -> datetime:
    """When the room closes once its session has ended at `ended_at`."""
    if kind is RoomType.INSTANT:
        return ended_at + AFTER_USE
    return min(expires_at, ended_at + AFTER_USE) if expire_after_use else expires_at


def closes_unused(
    kind: RoomType, expires_at: datetime, expire_after_use: bool, last_ended_at: datetime | None
) -> datetime:
    """When the room closes, from its last use: after an opening that nobody used, or a change of its expiry."""
    if kind is RoomType.INSTANT or last_ended_at is None:
        return expires_at  # an instant room's `expires_at` moves with its use
    return closes_after_use(kind, expires_at, expire_after_use, last_ended_at)


# --- Sessions -------------------------------------------------------------------------------------------------------


def session_due(
    state: SessionState, opened_at: datetime, emptied_at: datetime | None, grace: timedelta
) -> datetime | None:
    """When somebody must look at the session: it ends `grace` after the last leave; an unused opening is given up."""
    if state is SessionState.OPENING:
        return opened_at + OPENING
    if state is SessionState.RUNNING and emptied_at is not None:
        return emptied_at + grace
    return None


# --- At the door ----------------------------------------------------------------------------------------------------

KNOCK_HEARD = timedelta(seconds=30)  # a waiting page that was not heard of for this long has gone
KNOCK_RETURNS = timedelta(seconds=8)  # one that was closed may be loaded anew, or have lost its line for a moment
KNOCK_KEPT = timedelta(days=1)
DENIAL_RESTS = timedelta(seconds=60)  # after that one may ask again
ASKS_AGAIN = 3


class Approval(StrEnum):
    """`join_approval_level` of a room (contract §2.3, §5): who lets a guest in."""

    NONE = "none"
    AFTER_OWNER_ONLY = "after_owner_only"
    EXPLICIT_APPROVAL = "explicit_approval"


class KnockState(StrEnum):
    """What was decided of somebody at the door."""

    WAITING = "waiting"
    ADMITTED = "admitted"
    DENIED = "denied"


class Standing(StrEnum):
    """What somebody at the door is told; all but `waiting` is the last word."""

    WAITING = "waiting"
    ADMITTED = "admitted"
    DENIED = "denied"
    LOCKED = "locked"
    ENDED = "ended"


def must_wait(level: Approval, *, host_came: bool) -> bool:
    """Whether a guest who has no leave yet waits. `host_came`: a host has been in the session that goes on."""
    if level is Approval.AFTER_OWNER_ONLY:
        return not host_came
    return level is Approval.EXPLICIT_APPROVAL


def still_denied(denied_in: str | None, live: str | None) -> bool:
    """A denial holds, like a removal, as long as the session in which it was said; outside of one, for good."""
    return denied_in is None or denied_in == live


def asks_again_at(denials: int, denied_at: datetime) -> datetime | None:
    """When somebody whose denial holds may ask again; None: not any more. `denials`: how often he was refused by now."""
    return denied_at + DENIAL_RESTS if denials <= ASKS_AGAIN else None


def standing(state: KnockState, *, available: bool, locked: bool, waits: bool) -> Standing:
    """What a person at the door is told now: computed, so that a changed level or a host who comes lets people in."""
    if state is not KnockState.WAITING:
        return Standing(state.value)
    if not available:
        return Standing.ENDED
    if locked:
        return Standing.LOCKED
    return Standing.WAITING if waits else Standing.ADMITTED


# --- Recordings -----------------------------------------------------------------------------------------------------

RECORDING_LEASE = timedelta(seconds=20)  # a claim not renewed for this long is free again
RECORDING_PATIENCE = timedelta(minutes=2)  # without a second of media for this long, a recorder gives up
RECORDING_PAUSE = timedelta(seconds=2)  # between two tries that brought nothing
FILE_RESERVED = timedelta(minutes=10)  # so long only the machine with the unfinished file may claim a running recording
FILE_GONE = timedelta(hours=24)  # so long we wait for a machine with a finished file to come back
SHORTEST_UPLOAD_WAIT = timedelta(seconds=2)
LONGEST_UPLOAD_WAIT = timedelta(minutes=5)

_S = RecordingState
RECORDING_STEPS: Mapping[RecordingState, frozenset[RecordingState]] = MappingProxyType(
    {
        _S.REQUESTED: frozenset({_S.STARTING, _S.FAILED}),
        _S.STARTING: frozenset({_S.ACTIVE, _S.STOPPING, _S.UPLOADING, _S.FAILED}),
        _S.ACTIVE: frozenset({_S.STOPPING, _S.UPLOADING, _S.FAILED}),
        _S.STOPPING: frozenset({_S.UPLOADING, _S.FAILED}),
        _S.UPLOADING: frozenset({_S.UPLOADED, _S.FAILED}),
        _S.UPLOADED: frozenset(),
        _S.FAILED: frozenset(),
    }
)
RECORDING_LIVE = frozenset({_S.REQUESTED, _S.STARTING, _S.ACTIVE, _S.STOPPING})
RECORDING_OVER = frozenset({_S.UPLOADED, _S.FAILED})


def recording_may(now_is: RecordingState, to_be: RecordingState) -> bool:
    """Whether a recording may go from one state to the other."""
    return to_be in RECORDING_STEPS[now_is]


def recording_before(to_be: RecordingState) -> list[RecordingState]:
    """The states from which a recording may come into this one: the condition of every compare-and-set."""
    return [state for state in RecordingState if recording_may(state, to_be)]


class RecordingNext(StrEnum):
    """What follows when a compositor is gone before its time."""

    GO_ON = "go_on"
    COMPLETE = "complete"  # it was to stop anyway
    GIVE_UP = "give_up"


def recording_next(state: RecordingState, alive_at: datetime, now: datetime) -> RecordingNext:
    """Whether another compositor goes on. `alive_at`: the last second of media, or the first try."""
    if state is RecordingState.STOPPING:
        return RecordingNext.COMPLETE
    return RecordingNext.GIVE_UP if now >= alive_at + RECORDING_PATIENCE else RecordingNext.GO_ON


def upload_wait(ended_at: datetime, now: datetime) -> timedelta:
    """The pause after an upload that failed: half of the time since the end of the recording, 2 s to 5 min, for ever."""
    return min(max((now - ended_at) / 2, SHORTEST_UPLOAD_WAIT), LONGEST_UPLOAD_WAIT)


# --- Callbacks ------------------------------------------------------------------------------------------------------

FIRST_WAIT = timedelta(seconds=5)
LONGEST_WAIT = timedelta(minutes=15)
HOURLY_AFTER = timedelta(hours=24)
WINDOW = timedelta(hours=72)
LONGEST_RETRY_AFTER = timedelta(hours=1)
BREAKER_FAILURES = 10
DISABLE_AFTER = timedelta(days=5)


def next_attempt(
    attempt: int, created_at: datetime, now: datetime, *, jitter: float, retry_after: timedelta | None = None
) -> datetime | None:
    """When attempt number `attempt` (from 1), just failed, is followed by the next; None when the 72 h are over.

    5 s doubling to 15 min, after a day hourly; ±20 % by `jitter` in [-1, 1]; `Retry-After` is obeyed up to an hour.
    """
    if now >= created_at + WINDOW:
        return None
    wait = min(FIRST_WAIT * 2.0 ** min(attempt - 1, 20), LONGEST_WAIT)
    if now >= created_at + HOURLY_AFTER:
        wait = timedelta(hours=1)
    wait *= 1 + 0.2 * jitter
    if retry_after is not None:
        wait = max(wait, min(retry_after, LONGEST_RETRY_AFTER))
    return min(now + wait, created_at + WINDOW)


def probe_wait(failures: int) -> timedelta | None:
    """Breaker: after 10 failures in a row one delivery probes after each such wait (5 s, doubling to 15 min).

    The rest are parked until a probe succeeds. None: the breaker is closed.
    """
    if failures < BREAKER_FAILURES:
        return None
    return min(FIRST_WAIT * 2.0 ** min(failures - BREAKER_FAILURES, 20), LONGEST_WAIT)


@dataclass(frozen=True, slots=True)
class Health:
    """What we know of an endpoint. `probe_at` is set while its breaker is open; a disabled one is called no more."""

    failures: int = 0
    failing_since: datetime | None = None
    probe_at: datetime | None = None
    disabled_at: datetime | None = None
    disabled_reason: str | None = None


class EndpointState(StrEnum):
    """How we stand with an endpoint: `open` is its breaker, which lets only probes through."""

    OK = "ok"
    FAILING = "failing"
    OPEN = "open"
    DISABLED = "disabled"


def endpoint_state(health: Health) -> EndpointState:
    """What its health comes to."""
    if health.disabled_at is not None:
        return EndpointState.DISABLED
    if health.probe_at is not None:
        return EndpointState.OPEN
    return EndpointState.FAILING if health.failures else EndpointState.OK


def failing(
    health: Health, failed: int, now: datetime, *, probed: bool, retry_after: timedelta | None = None
) -> Health:
    """After `failed` more failures. Only probes lengthen the wait, not what was on its way when the breaker opened."""
    opened = health.probe_at is not None
    failures = health.failures + failed if probed or not opened else health.failures
    failures = failures if probed else min(failures, max(health.failures, BREAKER_FAILURES))
    since = health.failing_since or now
    wait = probe_wait(failures)
    if wait is not None and now >= since + DISABLE_AFTER:
        return Health(failures, since, None, now, "failing")
    if wait is None or (opened and not probed):
        return Health(failures, since, health.probe_at)
    return Health(failures, since, now + max(wait, min(retry_after or wait, LONGEST_RETRY_AFTER)))


def gone(health: Health, now: datetime) -> Health:
    """After a 410: the receiver says that it wants no more."""
    return Health(health.failures, health.failing_since, None, now, "gone")
