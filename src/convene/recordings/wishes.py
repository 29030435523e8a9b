"""What people and rooms want of recordings: that one begins, ends, or goes away."""

from collections.abc import Iterable, Sequence

import sqlalchemy as sa

from convene import tables
from convene.db import Tx
from convene.errors import Conflict, Forbidden, NotFound
from convene.events import EventType
from convene.lifecycle import RECORDING_OVER, RecordingState, SessionState
from convene.recordings.reading import get, live
from convene.recordings.row import FAIL, ONE, Recording, announce, load, moment, span, to
from convene.roles import TOPIC
from convene.sessions import Change

_r, _s, _room, _m = tables.recording.c, tables.session.c, tables.room.c, tables.meeting.c

STOPPED_EARLY = "The recording was stopped before it began."
ENDED_EARLY = "The meeting ended before the recording began."
# The lock makes two requests for one session come one after the other, so the second sees the first's row.
_SESSION = (
    sa.select(_s.id, _s.room_id, _s.application_id, _s.state, _room.auto_record, _room.features)
    .select_from(tables.session.join(tables.room, _room.id == _s.room_id))
    .where(_s.id == sa.bindparam("id"))
    .with_for_update(of=tables.session)
)
_LIVE_SESSION = (
    sa.select(_s.id).where(_s.room_id == sa.bindparam("room_id"), _s.state != SessionState.ENDED).with_for_update()
)
_LOCK = sa.select(_s.id).where(_s.id == sa.bindparam("id")).with_for_update()
_RULE = sa.update(tables.room).where(_room.id == sa.bindparam("its")).values(auto_record=sa.bindparam("to_be"))
_INSERT = sa.insert(tables.recording)
_MEETING = sa.select(_m.id).where(_m.room_id == sa.bindparam("room_id"))
_STOP = to(RecordingState.STOPPING)
_FAIL_REQUESTED = FAIL.where(_r.state == RecordingState.REQUESTED)
_DELETE = ONE.where(_r.state.in_(RECORDING_OVER), _r.deleted_at.is_(None)).values(
    deleted_at=moment("b_deleted_at"), due_at=moment("b_deleted_at"), showing=sa.true()
)


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
    _owe_report(tx, session_id, session.room_id)
    tx.wake(TOPIC)
    return load(tx, row["id"])


def _owe_report(tx: Tx, session_id: str, room_id: str) -> None:
    """A scheduled meeting is told of its files when the session is over: the debt is a row from the first request on."""
    meeting = tx.one(_MEETING, {"room_id": room_id})
    if meeting is not None:
        row = {"session_id": session_id, "meeting_id": meeting.id, "due_at": tx.now, "attempt": 0}
        tx.add_new(tables.meeting_report, row)


def rule(tx: Tx, room_id: str, *, on: bool) -> None:
    """From now on the room records every meeting by itself, or none; one that goes on is recorded at once, or no longer.

    Whoever changes the room besides does so later in the transaction: everybody locks the session first.
    """
    session = tx.one(_LIVE_SESSION, {"room_id": room_id})
    tx.execute(_RULE, {"its": room_id, "to_be": on})
    if session is None:
        return
    recording = live(tx, session.id)
    if on:
        resume(tx, session.id)
    elif recording is not None:
        _end(tx, recording, STOPPED_EARLY)


def resume(tx: Tx, session_id: str) -> None:
    """Records the session if the room's rule wants it and nothing does: the rule was just set, or was set again while a
    stopped recording came to its end."""
    session = tx.one(_SESSION, {"id": session_id})
    if session is None or session.state != SessionState.RUNNING or not session.auto_record:
        return
    if live(tx, session_id) is None:
        request(tx, session_id, automatic=True)


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
            resume(tx, change.session_id)
        elif (recording := live(tx, change.session_id)) is not None:
            _end(tx, recording, ENDED_EARLY)


def _end(tx: Tx, recording: Recording, reason_if_unstarted: str) -> Recording:
    """Stops it. One that nobody has claimed is over at once; a claim may come between, hence both, in this order."""
    if recording.state is RecordingState.REQUESTED:
        tx.execute(
            _LOCK, {"id": recording.session_id}
        )  # before the recording, as everybody does: announcing needs both
        fields = {"b_id": recording.id, "b_ended_at": tx.now, "b_reason": reason_if_unstarted}
        if tx.changed(_FAIL_REQUESTED, fields):
            over = load(tx, recording.id)
            announce(tx, EventType.RECORDING_ENDED, over, span(over))
            return over
    tx.changed(_STOP, {"b_id": recording.id})
    tx.wake(TOPIC)
    return load(tx, recording.id)


def delete(tx: Tx, application_id: str, recording_id: str) -> None:
    """Deletes one that is over; its file goes right after. Raises NotFound, Conflict `not_uploaded` (contract §3.1)."""
    get(tx, application_id, recording_id)
    if tx.changed(_DELETE, {"b_id": recording_id, "b_deleted_at": tx.now}) == 0:
        get(tx, application_id, recording_id)  # deleted by somebody else in between: NotFound, as for the second of two
        raise Conflict("not_uploaded", "The recording is not uploaded yet.")
    tx.wake(TOPIC)


def mark_deleted(tx: Tx, ids: Sequence[str]) -> int:
    """Deletes those of them that are over, on the word of whoever may; how many. Their files go right after."""
    count = sum(tx.changed(_DELETE, {"b_id": id, "b_deleted_at": tx.now}) for id in ids)
    if count:
        tx.wake(TOPIC)
    return count
