"""The verbs of the recorder's door: they name the recording and the attempt that the door has claimed.

Each locks the session before the recording, as `follow` and `events.emit` do, so that no two transactions wait for each
other; and each comes to nothing (False, None) when the claim is no longer the caller's.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from convene import lifecycle, tables
from convene.db import Tx
from convene.events import EventType
from convene.lifecycle import RECORDING_LIVE, RecordingNext, RecordingState
from convene.recordings.reading import engine_metadata
from convene.recordings.row import FAIL, FIELDS, ONE, Recording, announce, load, moment, read, span, to
from convene.recordings.wishes import resume
from convene.roles import TOPIC

_r, _s, _room = tables.recording.c, tables.session.c, tables.room.c


@dataclass(frozen=True, slots=True)
class Claim:
    """What the recorder's door holds for one lease: the recording, as it was at `at`, and what is needed to make it.

    `metadata`: what the engine's room is to show then; the room itself may still have to be told.
    """

    recording: Recording
    attempt: int
    at: datetime
    engine_room: str
    only_owner: bool
    metadata: str


@dataclass(frozen=True, slots=True)
class Capture:
    """A playable file. The times are known unless its compositor died; `fault`: the public reason of a bad end."""

    seconds: float
    started_at: datetime | None = None
    ended_at: datetime | None = None
    fault: str | None = None


_CLAIMED = (
    sa.select(*FIELDS, _r.attempt, _s.engine_room, _room.record_only_owner)
    .select_from(
        tables.recording.join(tables.room, _room.id == _r.room_id).join(tables.session, _s.id == _r.session_id)
    )
    .where(_r.id == sa.bindparam("id"))
)
# Lock order: session before recording, here as in `follow` and `emit`, so that no two transactions wait for each other.
_LOCK_SESSION = (
    sa.select(_s.id)
    .join(tables.recording, _r.session_id == _s.id)
    .where(_r.id == sa.bindparam("id"))
    .with_for_update(of=tables.session)
)
_LOCK_MINE = (
    sa.select(_r.id).where(_r.id == sa.bindparam("id"), _r.attempt == sa.bindparam("attempt")).with_for_update()
)


def _claim_statement(*conditions: sa.ColumnElement[bool]) -> sa.Executable:
    """Claiming is postponing: `due_at` moves a lease ahead. A row due before `:reserved` is free to every machine."""
    due = (
        sa.select(_r.id)
        .where(
            _r.due_at <= sa.bindparam("now"),
            sa.or_(_r.machine.is_(None), _r.machine == sa.bindparam("me"), _r.due_at <= sa.bindparam("reserved")),
            *conditions,
        )
        .order_by(_r.due_at)
        .limit(1)
        .with_for_update(skip_locked=True)
        .scalar_subquery()
    )
    fresh = sa.or_(_r.alive_at.is_(None), _r.machine.is_distinct_from(sa.bindparam("me")))
    requested = _r.state == RecordingState.REQUESTED
    return (
        sa.update(tables.recording)
        .where(_r.id == due)
        .values(
            attempt=_r.attempt + 1,
            due_at=moment("lease_end"),
            machine=sa.bindparam("me"),
            alive_at=sa.case((fresh, moment("now")), else_=_r.alive_at),
            state=sa.case((requested, RecordingState.STARTING), else_=_r.state),
            showing=sa.or_(_r.showing, requested),
        )
        .returning(_r.id)
    )


_CLAIM_CAPTURE = _claim_statement(_r.state.in_(RECORDING_LIVE))
_CLAIM_UPLOAD = _claim_statement(_r.state == RecordingState.UPLOADING)
_CLAIM_ERASE = _claim_statement(_r.deleted_at.is_not(None))
_MINE = ONE.where(_r.attempt == sa.bindparam("b_attempt"))
_RENEW = _MINE.values(
    due_at=moment("b_due_at"), alive_at=sa.func.coalesce(moment("b_alive_at"), _r.alive_at)
).returning(_r.state)
# The attempt is counted on, so that a renewal which comes a moment later cannot take the claim back.
_RELEASE = _MINE.where(_r.due_at.is_not(None)).values(due_at=moment("b_due_at"), attempt=_r.attempt + 1)
_RECLAIM = (
    sa.update(tables.recording)
    .where(_r.machine == sa.bindparam("me"), _r.state.in_((*RECORDING_LIVE, RecordingState.UPLOADING)))
    .values(due_at=moment("b_due_at"))
)
_KEPT = sa.select(_r.id).where(
    _r.machine == sa.bindparam("me"), _r.state.in_((*RECORDING_LIVE, RecordingState.UPLOADING))
)
_ERASED = _MINE.where(_r.deleted_at.is_not(None)).values(due_at=sa.null(), stored_at=sa.null())
_BEGIN = ONE.where(_r.started_at.is_(None)).values(started_at=moment("b_started_at"))
_ACTIVATE = to(RecordingState.ACTIVE)
_UPLOAD = to(RecordingState.UPLOADING).values(
    ended_at=moment("b_ended_at"),
    seconds=sa.bindparam("b_seconds"),
    reason=sa.bindparam("b_reason"),
    due_at=moment("b_due_at"),
    attempt=_r.attempt + 1,  # the claim ends here: whoever held it can change nothing more
)
_STORE = {"bytes": sa.bindparam("b_bytes"), "stored_at": moment("b_stored_at"), "due_at": sa.null()}
_STORE_WELL = to(RecordingState.UPLOADED).where(_r.reason.is_(None)).values(_STORE)
_STORE_FLAWED = to(RecordingState.FAILED).where(_r.reason.is_not(None)).values(_STORE)


def claim(tx: Tx, machine: str) -> Claim | None:
    """The next recording to make or go on with: a requested one, or one whose lease ran out.

    Its unfinished file lies on one machine; another gets it only when that one has been away for FILE_RESERVED.
    """
    return _claim(tx, machine, _CLAIM_CAPTURE, lifecycle.FILE_RESERVED)


def claim_upload(tx: Tx, machine: str) -> Claim | None:
    """The next finished file to store. Another machine's comes only after FILE_GONE: it will not come back."""
    return _claim(tx, machine, _CLAIM_UPLOAD, lifecycle.FILE_GONE)


def claim_erase(tx: Tx, machine: str) -> Claim | None:
    """The next deleted recording whose file is to go from the storage; any machine may."""
    return _claim(tx, machine, _CLAIM_ERASE, timedelta(0))


def _claim(tx: Tx, machine: str, statement: sa.Executable, reserved: timedelta) -> Claim | None:
    parameters = {
        "now": tx.now,
        "me": machine,
        "reserved": tx.now - reserved,
        "lease_end": tx.now + lifecycle.RECORDING_LEASE,
    }
    claimed = tx.one(statement, parameters)
    if claimed is None:
        return None
    row = tx.one(_CLAIMED, {"id": claimed.id})
    assert row is not None
    recording = read(row)
    metadata = engine_metadata(tx, recording.session_id)
    return Claim(recording, row.attempt, tx.now, row.engine_room, row.record_only_owner, metadata)


def reclaim(tx: Tx, machine: str) -> None:
    """Frees all claims of this machine: its door starts anew, so whoever held them is dead."""
    tx.changed(_RECLAIM, {"me": machine, "b_due_at": tx.now})
    tx.wake(TOPIC)


def kept(tx: Tx, machine: str) -> set[str]:
    """The ids of recordings whose files on this machine are still needed."""
    return {row.id for row in tx.all(_KEPT, {"me": machine})}


def started(tx: Tx, recording_id: str, attempt: int, at: datetime) -> bool:
    """Media runs since `at`. Announces `recording:started`, once in the life of the recording. False: claim lost."""
    if not _hold(tx, recording_id, attempt):
        return False
    tx.changed(_ACTIVATE, {"b_id": recording_id})  # 0: active already, or stopped meanwhile; it has begun all the same
    _begin(tx, recording_id, at)
    progress(tx, recording_id, attempt, alive=True)
    return True


def progress(tx: Tx, recording_id: str, attempt: int, *, alive: bool) -> RecordingState | None:
    """Renews the lease; `alive`: media came since the last time. The present state, or None: claim lost."""
    fields = {"b_due_at": tx.now + lifecycle.RECORDING_LEASE, "b_alive_at": tx.now if alive else None}
    row = tx.one(_RENEW, {"b_id": recording_id, "b_attempt": attempt, **fields})
    return None if row is None else RecordingState(row.state)


def lost(tx: Tx, recording_id: str, attempt: int, *, had_media: bool) -> RecordingNext | None:
    """The compositor is gone before its time; what follows. The claim is given back if it goes on; None: claim lost."""
    if not _hold(tx, recording_id, attempt):
        return None
    recording = load(tx, recording_id)
    following = lifecycle.recording_next(recording.state, recording.alive_at or tx.now, tx.now)
    if following is RecordingNext.GO_ON:
        release(tx, recording_id, attempt, timedelta(0) if had_media else lifecycle.RECORDING_PAUSE)
    return following


def try_later(tx: Tx, recording_id: str, attempt: int) -> bool:
    """The file cannot be completed just now. False: it never will, RECORDING_PATIENCE is over, or the claim is lost."""
    recording = load(tx, recording_id)
    following = lifecycle.recording_next(RecordingState.ACTIVE, recording.alive_at or tx.now, tx.now)
    return following is RecordingNext.GO_ON and release(tx, recording_id, attempt, lifecycle.RECORDING_PAUSE)


def release(tx: Tx, recording_id: str, attempt: int, wait: timedelta) -> bool:
    """Gives the claim back: due again after `wait`. False: claim lost."""
    tx.wake(TOPIC)
    return tx.changed(_RELEASE, {"b_id": recording_id, "b_attempt": attempt, "b_due_at": tx.now + wait}) == 1


def not_stored(tx: Tx, recording_id: str, attempt: int) -> bool:
    """The storage is away: the upload is due again later, for as long as it takes. False: claim lost."""
    ended_at = load(tx, recording_id).ended_at or tx.now
    return release(tx, recording_id, attempt, lifecycle.upload_wait(ended_at, tx.now))


def finished(tx: Tx, recording_id: str, attempt: int, capture: Capture) -> bool:
    """A playable file is complete here and is stored next. Announces `recording:ended`. False: claim lost."""
    if not _hold(tx, recording_id, attempt):
        return False
    before = load(tx, recording_id)
    began = before.started_at or capture.started_at or before.alive_at or before.requested_at
    _begin(tx, recording_id, began)  # nobody told of it yet if compositor and door died together
    fields = {
        "b_id": recording_id,
        "b_ended_at": max(capture.ended_at or before.alive_at or tx.now, began),
        "b_seconds": round(capture.seconds),
        "b_reason": capture.fault,
        "b_due_at": tx.now,
    }
    if tx.changed(_UPLOAD, fields) == 0:
        return False
    recording = load(tx, recording_id)
    announce(tx, EventType.RECORDING_ENDED, recording, span(recording))
    _follow(tx, before)
    return True


def fail(tx: Tx, recording_id: str, attempt: int, reason: str) -> bool:
    """It ends without a file, for a public reason. Announces `recording:ended` with it, a second time if a file that was complete
    is lost: else whoever waits for `recording:uploaded` would wait for ever. False: claim lost."""
    if not _hold(tx, recording_id, attempt):
        return False
    before = load(tx, recording_id)
    ended_at = before.alive_at if before.started_at else tx.now
    if tx.changed(FAIL, {"b_id": recording_id, "b_ended_at": ended_at, "b_reason": reason}) == 0:
        return False
    recording = load(tx, recording_id)
    announce(tx, EventType.RECORDING_ENDED, recording, span(recording))
    _follow(tx, before)
    return True


def uploaded(tx: Tx, recording_id: str, attempt: int, *, size: int, url: str) -> bool:
    """The file (`size` bytes) is in the storage. Announces `recording:uploaded` with its link. False: claim lost."""
    if not _hold(tx, recording_id, attempt):
        return False
    fields = {"b_id": recording_id, "b_bytes": size, "b_stored_at": tx.now}
    if tx.changed(_STORE_WELL, fields) + tx.changed(_STORE_FLAWED, fields) == 0:
        return False
    recording = load(tx, recording_id)
    told = {**span(recording), "room_id": recording.room_id, "url": url}
    announce(tx, EventType.RECORDING_UPLOADED, recording, told)
    tx.wake(TOPIC)
    return True


def erased(tx: Tx, recording_id: str, attempt: int) -> bool:
    """The deleted recording's file is gone from the storage. False: claim lost."""
    return tx.changed(_ERASED, {"b_id": recording_id, "b_attempt": attempt}) == 1


def _hold(tx: Tx, recording_id: str, attempt: int) -> bool:
    """Locks session and recording for the rest of the transaction; False when somebody else has claimed it since."""
    tx.execute(_LOCK_SESSION, {"id": recording_id})
    return tx.one(_LOCK_MINE, {"id": recording_id, "attempt": attempt}) is not None


def _follow(tx: Tx, before: Recording) -> None:
    """What was stopped is over; who wants to record again meanwhile (`wishes.rule`) need not ask twice."""
    tx.wake(TOPIC)
    if before.state is RecordingState.STOPPING:
        resume(tx, before.session_id)


def _begin(tx: Tx, recording_id: str, at: datetime) -> None:
    if tx.changed(_BEGIN, {"b_id": recording_id, "b_started_at": at}):
        recording = load(tx, recording_id)
        told = {"recording_id": recording.id, "session_id": recording.session_id}
        announce(tx, EventType.RECORDING_STARTED, recording, told)
