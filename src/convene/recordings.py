"""Recordings: one row each, with a lease, from the request to the file in the storage.

The state says how far it came; `reason` says what went wrong. A recording without a reason ends as `uploaded`; one
with a reason ends as `failed`, and a playable file is stored and announced all the same (`stored_at` is set then).

Two kinds of verbs: those of the product (`request`, `stop`, `get`, …) and those of the recorder's door, which name the
recording and the attempt that the door has claimed. The latter return None or False when the claim is no longer theirs.
"""

import json
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from convene import events, lifecycle, tables
from convene.db import Tx
from convene.errors import Conflict, Forbidden, NotFound
from convene.events import Announcement, EventType, wire_time
from convene.lifecycle import RECORDING_LIVE, RECORDING_OVER, RecordingNext, RecordingState, SessionState
from convene.sessions import Change
from convene.tables import Moment

TOPIC = "recordings"
STOPPED_EARLY = "The recording was stopped before it began."
ENDED_EARLY = "The meeting ended before the recording began."

_r, _s, _room = tables.recording.c, tables.session.c, tables.room.c


@dataclass(frozen=True, slots=True)
class Recording:
    """One recording. `seconds` is the length of its file; `stored_at` is set when the file can be fetched."""

    id: str
    session_id: str
    room_id: str
    application_id: str
    state: RecordingState
    automatic: bool
    requested_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    alive_at: datetime | None
    seconds: int | None
    bytes: int | None
    reason: str | None
    stored_at: datetime | None
    display_name: str

    @property
    def key(self) -> str:
        """The file's name in the storage: made of ids alone, never of anything that a person typed."""
        return f"{self.application_id}/{self.id}.mp4"

    @property
    def filename(self) -> str:
        """What the downloaded file is called: display name and start, as the contract does (§3.1), kept harmless."""
        start = f" {self.started_at:%Y-%m-%dT%H-%M-%SZ}" if self.started_at else ""
        return f"{_plain(self.display_name)}{start}.mp4"

    @property
    def duration(self) -> int:
        """Whole seconds: of the file, or without one between start and end (contract §4)."""
        if self.seconds is not None:
            return self.seconds
        return round((self.ended_at - self.started_at).total_seconds()) if self.started_at and self.ended_at else 0


@dataclass(frozen=True, slots=True)
class Claim:
    """What the recorder's door holds for one lease: the recording, as it was at `at`, and what is needed to make it."""

    recording: Recording
    attempt: int
    at: datetime
    engine_room: str
    only_owner: bool


@dataclass(frozen=True, slots=True)
class Capture:
    """A playable file. The times are known unless its compositor died; `fault`: the public reason of a bad end."""

    seconds: float
    started_at: datetime | None = None
    ended_at: datetime | None = None
    fault: str | None = None


def _plain(name: str) -> str:
    """A display name as part of a file name: no separators, control or direction characters; at most 80 characters."""
    kept = "".join(
        "-" if c in '/\\:*?"<>|' else c for c in unicodedata.normalize("NFC", name) if unicodedata.category(c)[0] != "C"
    )
    return " ".join(kept.split())[:80].strip(" .") or "Recording"


# --- Statements -----------------------------------------------------------------------------------------------------

_FIELDS = (
    *(
        _r[name]
        for name in (
            "id",
            "session_id",
            "room_id",
            "application_id",
            "state",
            "automatic",
            "requested_at",
            "started_at",
        )
    ),
    *(_r[name] for name in ("ended_at", "alive_at", "seconds", "bytes", "reason", "stored_at")),
    _room.display_name,
)
_ALL = sa.select(*_FIELDS).select_from(tables.recording.join(tables.room, _room.id == _r.room_id))
_BY_ID = _ALL.where(_r.id == sa.bindparam("id"))
_OF_TENANT = _BY_ID.where(_r.application_id == sa.bindparam("application_id"), _r.deleted_at.is_(None))
_STORED = _BY_ID.where(_r.stored_at.is_not(None), _r.deleted_at.is_(None))
_THERE = _ALL.where(_r.session_id == sa.bindparam("session_id"), _r.deleted_at.is_(None))
_OF_SESSION = _THERE.order_by(_r.requested_at, _r.id)
_LIVE = _ALL.where(_r.session_id == sa.bindparam("session_id"), _r.state.in_(RECORDING_LIVE))
_LATEST = _THERE.order_by(_r.state.in_(RECORDING_LIVE).desc(), _r.requested_at.desc(), _r.id).limit(1)
_SESSION_OF_TENANT = sa.select(_s.id).where(
    _s.id == sa.bindparam("id"), _s.application_id == sa.bindparam("application_id")
)

# The lock makes two requests for one session come one after the other, so the second sees the first's row.
_SESSION = (
    sa.select(_s.id, _s.room_id, _s.application_id, _s.state, _room.auto_record, _room.features)
    .select_from(tables.session.join(tables.room, _room.id == _s.room_id))
    .where(_s.id == sa.bindparam("id"))
    .with_for_update(of=tables.session)
)
_INSERT = sa.insert(tables.recording)

_CLAIMED = (
    sa.select(*_FIELDS, _r.attempt, _s.engine_room, _room.record_only_owner)
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


def _moment(name: str) -> sa.BindParameter[datetime]:
    return sa.bindparam(name, type_=Moment)


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
            due_at=_moment("lease_end"),
            machine=sa.bindparam("me"),
            alive_at=sa.case((fresh, _moment("now")), else_=_r.alive_at),
            state=sa.case((requested, RecordingState.STARTING), else_=_r.state),
            showing=sa.or_(_r.showing, requested),
        )
        .returning(_r.id)
    )


_CLAIM_CAPTURE = _claim_statement(_r.state.in_(RECORDING_LIVE))
_CLAIM_UPLOAD = _claim_statement(_r.state == RecordingState.UPLOADING)
_CLAIM_ERASE = _claim_statement(_r.deleted_at.is_not(None))

_ONE = sa.update(tables.recording).where(_r.id == sa.bindparam("b_id"))
_MINE = _ONE.where(_r.attempt == sa.bindparam("b_attempt"))
_RENEW = _MINE.values(
    due_at=_moment("b_due_at"), alive_at=sa.func.coalesce(_moment("b_alive_at"), _r.alive_at)
).returning(_r.state)
# The attempt is counted on, so that a renewal which comes a moment later cannot take the claim back.
_RELEASE = _MINE.where(_r.due_at.is_not(None)).values(due_at=_moment("b_due_at"), attempt=_r.attempt + 1)
_RECLAIM = (
    sa.update(tables.recording)
    .where(_r.machine == sa.bindparam("me"), _r.state.in_((*RECORDING_LIVE, RecordingState.UPLOADING)))
    .values(due_at=_moment("b_due_at"))
)
_KEPT = sa.select(_r.id).where(
    _r.machine == sa.bindparam("me"), _r.state.in_((*RECORDING_LIVE, RecordingState.UPLOADING))
)
_ERASED = _MINE.where(_r.deleted_at.is_not(None)).values(due_at=sa.null(), stored_at=sa.null())
_BEGIN = _ONE.where(_r.started_at.is_(None)).values(started_at=_moment("b_started_at"))
_DELETE = _ONE.where(_r.state.in_(RECORDING_OVER), _r.deleted_at.is_(None)).values(
    deleted_at=_moment("b_deleted_at"), due_at=_moment("b_deleted_at"), showing=sa.true()
)


def _to(state: RecordingState) -> sa.Update:
    """The one form of a state change: only from the states that may come before, so that the second of two loses."""
    return _ONE.where(_r.state.in_(lifecycle.recording_before(state))).values(state=state, showing=sa.true())


_ACTIVATE = _to(RecordingState.ACTIVE)
_STOP = _to(RecordingState.STOPPING)
_UPLOAD = _to(RecordingState.UPLOADING).values(
    ended_at=_moment("b_ended_at"),
    seconds=sa.bindparam("b_seconds"),
    reason=sa.bindparam("b_reason"),
    due_at=_moment("b_due_at"),
    attempt=_r.attempt + 1,  # the claim ends here: whoever held it can change nothing more
)
_FAIL = _to(RecordingState.FAILED).values(
    ended_at=sa.func.coalesce(_r.ended_at, _moment("b_ended_at")),
    reason=sa.func.coalesce(_r.reason, sa.bindparam("b_reason")),
    due_at=sa.null(),
)
_FAIL_REQUESTED = _FAIL.where(_r.state == RecordingState.REQUESTED)
_STORE = {"bytes": sa.bindparam("b_bytes"), "stored_at": _moment("b_stored_at"), "due_at": sa.null()}
_STORE_WELL = _to(RecordingState.UPLOADED).where(_r.reason.is_(None)).values(_STORE)
_STORE_FLAWED = _to(RecordingState.FAILED).where(_r.reason.is_not(None)).values(_STORE)

_TO_SHOW = (
    sa.select(_s.id, _s.engine_room, _s.state)
    .where(sa.exists().where(_r.session_id == _s.id, _r.showing))
    .order_by(_s.id)
    .limit(100)
)
_FLAGGED = sa.select(_r.id, _r.state).where(_r.session_id == sa.bindparam("session_id"), _r.showing)
_TOLD = _ONE.where(_r.state == sa.bindparam("b_state"), _r.showing).values(showing=sa.false())


def _recording(row: sa.Row[Any]) -> Recording:
    values = row._mapping
    fields = {column.name: values[column.name] for column in _FIELDS}
    return Recording(**{**fields, "state": RecordingState(fields["state"])})


def _load(tx: Tx, recording_id: str) -> Recording:
    row = tx.one(_BY_ID, {"id": recording_id})
    if row is None:
        raise NotFound("not_found", "There is no such recording.")
    return _recording(row)


# --- The product ----------------------------------------------------------------------------------------------------


def request(tx: Tx, session_id: str, *, automatic: bool = False) -> Recording:
    """Asks for a recording of a running session. `automatic`: by the room's own rule, not by a person.

    Raises NotFound (no such session), Conflict `not_started` or `recording_running`, Forbidden `recording_unavailable`.
    """
    session = tx.one(_SESSION, {"id": session_id})
    if session is None:
        raise NotFound("not_found", "There is no such session.")
    if session.state != SessionState.RUNNING:
        raise Conflict("not_started", "The meeting has not started yet, or is over.")
    if not automatic and not session.features.get("is_recording_available", True):
        raise Forbidden("recording_unavailable", "This room does not offer recording.")
    if live(tx, session_id) is not None:
        raise Conflict("recording_running", "This meeting is being recorded already.")
    row = {
        "id": tables.new_id(),
        "session_id": session_id,
        "room_id": session.room_id,
        "application_id": session.application_id,
        "state": RecordingState.REQUESTED,
        "automatic": automatic,
        "requested_at": tx.now,
        "attempt": 0,
        "due_at": tx.now,
        "showing": True,
    }
    tx.execute(_INSERT, row)
    tx.wake(TOPIC)
    return _load(tx, row["id"])


def stop(tx: Tx, session_id: str) -> Recording:
    """Ends the session's recording on the host's word; asked twice it is the same.

    Raises NotFound `no_recording`, Conflict `recording_automatic` when the room records by its own rule.
    """
    recording = live(tx, session_id)
    if recording is None:
        raise NotFound("no_recording", "This meeting is not being recorded.")
    if recording.automatic:
        raise Conflict("recording_automatic", "This room records every meeting; that cannot be stopped.")
    return _end(tx, recording, STOPPED_EARLY)


def follow(tx: Tx, changes: Iterable[Change]) -> None:
    """What follows when sessions start (the room may record by itself) and end (the recording ends as well)."""
    for change in changes:
        if change.kind == "started":
            session = tx.one(_SESSION, {"id": change.session_id})
            if session is not None and session.auto_record and live(tx, change.session_id) is None:
                request(tx, change.session_id, automatic=True)
        elif (recording := live(tx, change.session_id)) is not None:
            _end(tx, recording, ENDED_EARLY)


def _end(tx: Tx, recording: Recording, reason_if_unstarted: str) -> Recording:
    """Stops it. One that nobody has claimed is over at once; a claim may come between, hence both, in this order."""
    if recording.state is RecordingState.REQUESTED:
        fields = {"b_id": recording.id, "b_ended_at": tx.now, "b_reason": reason_if_unstarted}
        if tx.changed(_FAIL_REQUESTED, fields):
            return _load(tx, recording.id)
    tx.changed(_STOP, {"b_id": recording.id})
    tx.wake(TOPIC)
    return _load(tx, recording.id)


def live(tx: Tx, session_id: str) -> Recording | None:
    """The session's recording that is not over yet: at most one."""
    row = tx.one(_LIVE, {"session_id": session_id})
    return None if row is None else _recording(row)


def latest(tx: Tx, session_id: str) -> Recording | None:
    """The recording that the meeting's page shows: the live one, else the last one that is not deleted."""
    row = tx.one(_LATEST, {"session_id": session_id})
    return None if row is None else _recording(row)


def get(tx: Tx, application_id: str, recording_id: str) -> Recording:
    """One recording of the application. Raises NotFound."""
    row = tx.one(_OF_TENANT, {"id": recording_id, "application_id": application_id})
    if row is None:
        raise NotFound("not_found", "There is no such recording.")
    return _recording(row)


def of_session(tx: Tx, application_id: str, session_id: str) -> list[Recording]:
    """All recordings of the application's session, oldest first. Raises NotFound for a session that is not its own."""
    if tx.one(_SESSION_OF_TENANT, {"id": session_id, "application_id": application_id}) is None:
        raise NotFound("not_found", "There is no such session.")
    return [_recording(row) for row in tx.all(_OF_SESSION, {"session_id": session_id})]


def stored(tx: Tx, recording_id: str) -> Recording:
    """The recording behind a signed link, whose signature names this one. Raises NotFound: not stored, or deleted."""
    row = tx.one(_STORED, {"id": recording_id})
    if row is None:
        raise NotFound("not_found", "There is no such recording.")
    return _recording(row)


def delete(tx: Tx, application_id: str, recording_id: str) -> None:
    """Deletes one that is over; its file goes right after. Raises NotFound, Conflict `not_uploaded` (contract §3.1)."""
    get(tx, application_id, recording_id)
    if tx.changed(_DELETE, {"b_id": recording_id, "b_deleted_at": tx.now}) == 0:
        get(tx, application_id, recording_id)  # deleted by somebody else in between: NotFound, as for the second of two
        raise Conflict("not_uploaded", "The recording is not uploaded yet.")
    tx.wake(TOPIC)


def view(recording: Recording | None) -> dict[str, Any] | None:
    """The recording as the meeting's page is told of it: `id`, `state`, `started_at`, `reason`, `automatic`."""
    if recording is None:
        return None
    return {
        "id": recording.id,
        "state": recording.state.value,
        "started_at": recording.started_at and wire_time(recording.started_at),
        "reason": recording.reason,
        "automatic": recording.automatic,
    }


def engine_metadata(tx: Tx, session_id: str) -> str:
    """What the engine shows to everybody in the room: JSON `{"recording": …}`."""
    return json.dumps({"recording": view(latest(tx, session_id))})


# --- The recorder's door --------------------------------------------------------------------------------------------


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
    return Claim(_recording(row), row.attempt, tx.now, row.engine_room, row.record_only_owner)


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
    recording = _load(tx, recording_id)
    following = lifecycle.recording_next(recording.state, recording.alive_at or tx.now, tx.now)
    if following is RecordingNext.GO_ON:
        release(tx, recording_id, attempt, timedelta(0) if had_media else lifecycle.RECORDING_PAUSE)
    return following


def try_later(tx: Tx, recording_id: str, attempt: int) -> bool:
    """The file cannot be completed just now. False: it never will, RECORDING_PATIENCE is over, or the claim is lost."""
    recording = _load(tx, recording_id)
    following = lifecycle.recording_next(RecordingState.ACTIVE, recording.alive_at or tx.now, tx.now)
    return following is RecordingNext.GO_ON and release(tx, recording_id, attempt, lifecycle.RECORDING_PAUSE)


def release(tx: Tx, recording_id: str, attempt: int, wait: timedelta) -> bool:
    """Gives the claim back: due again after `wait`. False: claim lost."""
    tx.wake(TOPIC)
    return tx.changed(_RELEASE, {"b_id": recording_id, "b_attempt": attempt, "b_due_at": tx.now + wait}) == 1


def not_stored(tx: Tx, recording_id: str, attempt: int) -> bool:
    """The storage is away: the upload is due again later, for as long as it takes. False: claim lost."""
    ended_at = _load(tx, recording_id).ended_at or tx.now
    return release(tx, recording_id, attempt, lifecycle.upload_wait(ended_at, tx.now))


def finished(tx: Tx, recording_id: str, attempt: int, capture: Capture) -> bool:
    """A playable file is complete here and is stored next. Announces `recording:ended`. False: claim lost."""
    if not _hold(tx, recording_id, attempt):
        return False
    before = _load(tx, recording_id)
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
    recording = _load(tx, recording_id)
    _announce(tx, EventType.RECORDING_ENDED, recording, _span(recording))
    tx.wake(TOPIC)
    return True


def fail(tx: Tx, recording_id: str, attempt: int, reason: str) -> bool:
    """It ends without a file, for a public reason. Announces `recording:ended` if it had started. False: claim lost."""
    if not _hold(tx, recording_id, attempt):
        return False
    before = _load(tx, recording_id)
    ended_at = before.alive_at if before.started_at else tx.now
    if tx.changed(_FAIL, {"b_id": recording_id, "b_ended_at": ended_at, "b_reason": reason}) == 0:
        return False
    if before.started_at and before.ended_at is None:
        recording = _load(tx, recording_id)
        _announce(tx, EventType.RECORDING_ENDED, recording, _span(recording))
    tx.wake(TOPIC)
    return True


def uploaded(tx: Tx, recording_id: str, attempt: int, *, size: int, url: str) -> bool:
    """The file (`size` bytes) is in the storage. Announces `recording:uploaded` with its link. False: claim lost."""
    if not _hold(tx, recording_id, attempt):
        return False
    fields = {"b_id": recording_id, "b_bytes": size, "b_stored_at": tx.now}
    if tx.changed(_STORE_WELL, fields) + tx.changed(_STORE_FLAWED, fields) == 0:
        return False
    recording = _load(tx, recording_id)
    told = {**_span(recording), "room_id": recording.room_id, "url": url}
    _announce(tx, EventType.RECORDING_UPLOADED, recording, told)
    tx.wake(TOPIC)
    return True


def erased(tx: Tx, recording_id: str, attempt: int) -> bool:
    """The deleted recording's file is gone from the storage. False: claim lost."""
    return tx.changed(_ERASED, {"b_id": recording_id, "b_attempt": attempt}) == 1


def _hold(tx: Tx, recording_id: str, attempt: int) -> bool:
    """Locks session and recording for the rest of the transaction; False when somebody else has claimed it since."""
    tx.execute(_LOCK_SESSION, {"id": recording_id})
    return tx.one(_LOCK_MINE, {"id": recording_id, "attempt": attempt}) is not None


def _begin(tx: Tx, recording_id: str, at: datetime) -> None:
    if tx.changed(_BEGIN, {"b_id": recording_id, "b_started_at": at}):
        recording = _load(tx, recording_id)
        told = {"recording_id": recording.id, "session_id": recording.session_id}
        _announce(tx, EventType.RECORDING_STARTED, recording, told)


def _span(recording: Recording) -> dict[str, Any]:
    return {
        "recording_id": recording.id,
        "session_id": recording.session_id,
        "started_at": recording.started_at,
        "ended_at": recording.ended_at,
        "duration": recording.duration,
    }


def _announce(tx: Tx, kind: EventType, recording: Recording, fields: Mapping[str, Any]) -> None:
    events.emit(tx, Announcement(kind, recording.room_id, recording.session_id, fields))


# --- What the meeting's page is told --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Notice:
    """What the pages of one meeting are to see; `changes` are the (recording id, state) that it covers."""

    session_id: str
    engine_room: str
    session_ended: bool
    metadata: str
    changes: tuple[tuple[str, str], ...]


def notices(tx: Tx) -> list[Notice]:
    """The meetings whose pages are still to be told of a change, up to 100."""
    return [_notice(tx, row) for row in tx.all(_TO_SHOW)]


def _notice(tx: Tx, session: sa.Row[Any]) -> Notice:
    changes = tuple((row.id, row.state) for row in tx.all(_FLAGGED, {"session_id": session.id}))
    ended = session.state == SessionState.ENDED
    return Notice(session.id, session.engine_room, ended, engine_metadata(tx, session.id), changes)


def shown(tx: Tx, notice: Notice) -> None:
    """The pages have been told. If the truth has moved on since, the flags stay, and the next round tells the newer."""
    if engine_metadata(tx, notice.session_id) == notice.metadata:
        for recording_id, state in notice.changes:
            tx.execute(_TOLD, {"b_id": recording_id, "b_state": state})
