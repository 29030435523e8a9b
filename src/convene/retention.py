"""Deletion that really deletes: what is over and older than an application keeps it, or what its owner deletes at once.

Everything goes in small bites, each a transaction of its own, so that nobody waits long for the database. A recording's file goes
first, by the recorder, and its row only then; so whatever dies in between, no file is left that nobody knows of.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import sqlalchemy as sa

from convene import access, meetings, outbox, recordings, rooms, tables, users
from convene.config import Settings
from convene.db import Tx
from convene.errors import Conflict, NotFound
from convene.lifecycle import RECORDING_OVER, WINDOW, SessionState

BITE = 200  # rows of a kind that one transaction deletes
ROOMS = 20  # that it deletes
UNUSED = timedelta(days=1)  # how long a session that nobody entered is kept

_application, _room, _session = tables.application.c, tables.room.c, tables.session.c
_participant, _admission, _knock = tables.participant.c, tables.admission.c, tables.knock.c
_consent = tables.consent.c
_message, _dialog = tables.chat_message.c, tables.dialog.c
_recording, _event, _delivery, _attempt = tables.recording.c, tables.event.c, tables.delivery.c, tables.attempt.c


Step = Callable[[Tx], int]  # does one bite; how much it found to do


@dataclass(frozen=True, slots=True)
class Days:
    """For how many days what is over is kept; 0: for ever."""

    rooms: int
    recordings: int
    chat: int
    events: int


@dataclass(frozen=True, slots=True)
class Plan:
    """What may go of one application: all that was over before these moments; None: nothing. `is_deleted`: its users, too."""

    application_id: str
    is_deleted: bool
    rooms: datetime | None
    recordings: datetime | None
    chat: datetime | None
    events: datetime | None


_IDS: sa.BindParameter[Sequence[str]] = sa.bindparam("ids", expanding=True)
_OWN: sa.BindParameter[str] = sa.bindparam("application_id", type_=sa.Text)
_BEFORE: sa.BindParameter[datetime] = sa.bindparam("before", type_=tables.Moment)
_LIMIT: sa.BindParameter[int] = sa.bindparam("bite", BITE)
_KEPT = sa.select(
    _application.id,
    _application.deleted_at,
    *(sa.func.coalesce(_application[f"keep_{f.name}_days"], sa.bindparam(f.name)).label(f.name) for f in fields(Days)),
)


def days(settings: Settings) -> Days:
    """What this installation keeps where an application says nothing."""
    return Days(
        settings.keep_rooms_days, settings.keep_recordings_days, settings.keep_chat_days, settings.keep_events_days
    )


def keep(tx: Tx, application_id: str, changes: Mapping[str, int | None]) -> None:
    """Sets an application's own days: `keep_rooms_days` and so on; None: as the installation does."""
    tx.execute(sa.update(tables.application).where(_application.id == application_id).values(changes))
    tx.wake(access.CHANGED)


def plans(tx: Tx, default: Days) -> list[Plan]:
    """Of every application; `default`: where it says nothing itself. Of a deleted one nothing is kept."""

    def before(row: sa.Row[Any], days: int) -> datetime | None:
        if row.deleted_at is not None:
            return tx.now
        return tx.now - timedelta(days=days) if days else None

    rows = tx.all(_KEPT, asdict(default))
    return [
        Plan(row.id, row.deleted_at is not None, *(before(row, getattr(row, f.name)) for f in fields(Days)))
        for row in rows
    ]


def steps(of: Sequence[Plan]) -> list[Step]:
    """What is to be done for these plans, in this order; each step again and again until it finds nothing."""
    made: list[Step] = [forget_erased]
    for plan in of:
        mine: dict[str, Any] = {"application_id": plan.application_id}
        made.append(partial(forget_unused, **mine))
        if plan.is_deleted:
            made += [partial(users.forget_all, **mine), partial(outbox.forget_templates, **mine)]
        if plan.recordings:
            made.append(partial(delete_recordings, **mine, before=plan.recordings))
        if plan.chat:
            made.append(partial(forget_chat, **mine, before=plan.chat))
        if plan.events:
            made.append(partial(forget_events, **mine, before=plan.events))
            made.append(partial(outbox.forget, **mine, before=plan.events, limit=BITE))
        if plan.rooms:
            made += [partial(step, **mine, before=plan.rooms) for step in (delete_rooms_recordings, forget_rooms)]
    return made


# --- Recordings -----------------------------------------------------------------------------------------------------

_OVER = sa.and_(_recording.state.in_(RECORDING_OVER), _recording.deleted_at.is_(None))
_OLD_RECORDINGS = (
    sa.select(_recording.id)
    .where(_recording.application_id == _OWN, _OVER, _recording.ended_at <= _BEFORE)
    .order_by(_recording.ended_at)
    .limit(_LIMIT)
)
# Erased: the file is gone, and the pages that showed the recording have been told.
_ERASED = sa.and_(
    _recording.deleted_at.is_not(None), _recording.due_at.is_(None), _recording.stored_at.is_(None), ~_recording.showing
)
_FORGET_ERASED = sa.delete(tables.recording).where(
    _recording.id.in_(sa.select(_recording.id).where(_ERASED).limit(_LIMIT))
)


def delete_recordings(tx: Tx, application_id: str, before: datetime) -> int:
    """Marks recordings that ended before as deleted: nobody sees them any more, and the recorder erases their files."""
    found = [row.id for row in tx.all(_OLD_RECORDINGS, {"application_id": application_id, "before": before})]
    return recordings.mark_deleted(tx, found)


def forget_erased(tx: Tx) -> int:
    """Deletes the rows of recordings whose files are gone."""
    return tx.changed(_FORGET_ERASED)


# --- Chat -----------------------------------------------------------------------------------------------------------

_OLD_CHAT = sa.select(_message.id).where(_message.application_id == _OWN, _message.created_at <= _BEFORE).limit(_LIMIT)
_FORGET_CHAT = sa.delete(tables.chat_message).where(_message.id.in_(_OLD_CHAT))
_CHAT_OF_ROOMS = sa.delete(tables.chat_message).where(
    _message.id.in_(sa.select(_message.id).where(_message.room_id.in_(_IDS)).limit(_LIMIT))
)
_CHAT_OF_SESSIONS = sa.delete(tables.chat_message).where(
    _message.id.in_(sa.select(_message.id).where(_message.session_id.in_(_IDS)).limit(_LIMIT))
)
_DIALOGS_OF_ROOMS = sa.select(_dialog.id).where(_dialog.room_id.in_(_IDS))
_FORGET_OCCUPANTS = sa.delete(tables.dialog_occupant).where(tables.dialog_occupant.c.dialog_id.in_(_DIALOGS_OF_ROOMS))
_FORGET_DIALOGS = sa.delete(tables.dialog).where(_dialog.room_id.in_(_IDS))


def forget_chat(tx: Tx, application_id: str, before: datetime) -> int:
    """Deletes what was written before, whether its meeting still goes on or not."""
    return tx.changed(_FORGET_CHAT, {"application_id": application_id, "before": before})


# --- Events ---------------------------------------------------------------------------------------------------------

# Kept as long as a delivery is tried; and, so that a replay can be looked at, until the window of its newest delivery is over.
_HELD = sa.exists().where(
    _delivery.event_id == _event.id, sa.or_(_delivery.state == "pending", _delivery.created_at > sa.bindparam("window"))
)
_at = sa.tuple_(_event.application_id, _event.id)  # as in `events`: PostgreSQL is to use the tenant's index
_OLD_EVENTS = (  # two workers: each takes others
    sa.select(_event.id)
    .where(_at > sa.tuple_(_OWN, ""), _at < sa.tuple_(_OWN, sa.bindparam("first_kept", type_=sa.Text)), ~_HELD)
    .order_by(_event.application_id, _event.id)
    .limit(_LIMIT)
    .with_for_update(skip_locked=True)
)
_SERIALS = sa.select(_delivery.serial).where(_delivery.event_id.in_(_IDS))
_FORGET_ATTEMPTS = sa.delete(tables.attempt).where(_attempt.delivery_serial.in_(_SERIALS))
_FORGET_DELIVERIES = sa.delete(tables.delivery).where(_delivery.event_id.in_(_IDS))
_FORGET_EVENTS = sa.delete(tables.event).where(_event.id.in_(_IDS))


def forget_events(tx: Tx, application_id: str, before: datetime) -> int:
    """Deletes events from before, with their deliveries and attempts; none that is still to be delivered."""
    given = {"application_id": application_id, "first_kept": tables.first_event_id(before), "window": tx.now - WINDOW}
    return _drop_events(tx, [row.id for row in tx.all(_OLD_EVENTS, given)])


def _drop_events(tx: Tx, ids: Sequence[str]) -> int:
    if ids:
        for statement in (_FORGET_ATTEMPTS, _FORGET_DELIVERIES, _FORGET_EVENTS):
            tx.execute(statement, {"ids": ids})
    return len(ids)


# --- Rooms ----------------------------------------------------------------------------------------------------------

_in_use = sa.exists().where(
    _session.room_id == _room.id, sa.or_(_session.state != SessionState.ENDED, _session.clearing)
)
_recorded = sa.exists().where(_session.room_id == _room.id, _recording.session_id == _session.id)
_told = sa.exists().where(_event.room_id == _room.id, _HELD)
_old = sa.and_(_room.application_id == _OWN, _room.expired_at <= _BEFORE)
_OLD_ROOMS_RECORDINGS = (
    sa.select(_recording.id)
    .join_from(tables.room, tables.session, _session.room_id == _room.id)
    .join(tables.recording, _recording.session_id == _session.id)
    .where(_old, _OVER)
    .limit(_LIMIT)
)
# Two workers: each takes other rooms.
_OLD_ROOMS = (
    sa.select(_room.id)
    .where(_old, ~_in_use, ~_recorded, ~_told)
    .order_by(_room.expired_at)
    .limit(ROOMS)
    .with_for_update(skip_locked=True)
)
_EVENTS_OF_ROOMS = sa.select(_event.id).where(_event.room_id.in_(_IDS)).limit(_LIMIT)
_SESSIONS_OF_ROOMS = sa.select(_session.id).where(_session.room_id.in_(_IDS)).limit(_LIMIT)
_FORGET_KNOCKS = sa.delete(tables.knock).where(
    _knock.id.in_(sa.select(_knock.id).where(_knock.room_id.in_(_IDS)).limit(_LIMIT))
)
_FORGET_ROOMS = sa.delete(tables.room).where(_room.id.in_(_IDS))


def delete_rooms_recordings(tx: Tx, application_id: str, before: datetime) -> int:
    """Marks the recordings of rooms that expired before as deleted; such a room can go when their rows are gone."""
    found = [row.id for row in tx.all(_OLD_ROOMS_RECORDINGS, {"application_id": application_id, "before": before})]
    return recordings.mark_deleted(tx, found)


def forget_rooms(tx: Tx, application_id: str, before: datetime) -> int:
    """Deletes some rooms that expired before, or a bite of what belongs to them: events, people, chat, meetings, who knocked."""
    given = {"application_id": application_id, "before": before, "window": tx.now - WINDOW}
    old = {"ids": [row.id for row in tx.all(_OLD_ROOMS, given)]}
    if not old["ids"]:
        return 0
    used = [row.id for row in tx.all(_SESSIONS_OF_ROOMS, old)]
    went = _drop_events(tx, [row.id for row in tx.all(_EVENTS_OF_ROOMS, old)])
    went += _drop_people(tx, used) + tx.changed(_FORGET_KNOCKS, old) + tx.changed(_CHAT_OF_ROOMS, old)
    went += meetings.forget(tx, old["ids"])
    went = went or _drop_sessions(tx, used)
    if not went:  # nothing hangs on them any more
        for statement in (_FORGET_OCCUPANTS, _FORGET_DIALOGS):
            tx.execute(statement, old)
        rooms.count(tx, application_id, -tx.changed(_FORGET_ROOMS, old))
    return len(old["ids"])


# --- Sessions -------------------------------------------------------------------------------------------------------

_FORGET_STAYS = sa.delete(tables.participant).where(
    _participant.sid.in_(sa.select(_participant.sid).where(_participant.session_id.in_(_IDS)).limit(_LIMIT))
)
_FORGET_ADMISSIONS = sa.delete(tables.admission).where(
    _admission.id.in_(sa.select(_admission.id).where(_admission.session_id.in_(_IDS)).limit(_LIMIT))
)
_FORGET_CONSENTS = sa.delete(tables.consent).where(
    _consent.serial.in_(sa.select(_consent.serial).where(_consent.session_id.in_(_IDS)).limit(_LIMIT))
)
_FORGET_REPORTS = sa.delete(tables.meeting_report).where(tables.meeting_report.c.session_id.in_(_IDS))
_FORGET_SESSIONS = sa.delete(tables.session).where(_session.id.in_(_IDS))
_UNUSED = (
    sa.select(_session.id)
    .where(
        _session.application_id == _OWN,
        _session.started_at.is_(None),
        _session.state == SessionState.ENDED,
        _session.opened_at <= _BEFORE,
        ~_session.clearing,
        ~sa.exists().where(_recording.session_id == _session.id),
    )
    .limit(_LIMIT)
    .with_for_update(skip_locked=True)
)
_LOCK_SESSION = (
    sa.select(_session.id, _session.room_id, _session.state)
    .where(_session.id == sa.bindparam("id"), _session.application_id == _OWN, _session.started_at.is_not(None))
    .with_for_update()
)
_EVENTS_OF_SESSION = (
    sa.select(_event.id)
    .where(_event.room_id == sa.bindparam("room_id"), _event.session_id == sa.bindparam("id"))
    .limit(_LIMIT)
)
_KNOCKS_OF_SESSION = sa.delete(tables.knock).where(
    _knock.room_id == sa.bindparam("room_id"), _knock.session_id == sa.bindparam("id")
)
_RECORDINGS_OF_SESSION = sa.select(_recording.id, _recording.state).where(_recording.session_id == sa.bindparam("id"))
# What was never started is nowhere shown; `forget_unused` deletes the row when nothing hangs on it any more.
_HIDE = sa.update(tables.session).where(_session.id == sa.bindparam("key")).values(started_at=None)


def forget_unused(tx: Tx, application_id: str) -> int:
    """Deletes sessions that nobody entered, with those who wanted to, and the last row of deleted ones."""
    given = {"application_id": application_id, "before": tx.now - UNUSED}
    found = [row.id for row in tx.all(_UNUSED, given)]
    if _drop_people(tx, found) == 0:
        _drop_sessions(tx, found)
    return len(found)


def forget_session(tx: Tx, application_id: str, session_id: str) -> None:
    """Deletes a past session on its owner's word, at once: people, what they wrote, events (also undelivered ones), recordings.

    Raises NotFound, Conflict `session_running` or `recording_running` (its file is still being made or stored).
    """
    given = {"id": session_id, "application_id": application_id}
    row = tx.one(_LOCK_SESSION, given)
    if row is None:
        raise NotFound("session_unknown", f"Failed to fetch resource with id {session_id}")
    if row.state != SessionState.ENDED:
        raise Conflict("session_running", "The session goes on: end it first.")
    files = tx.all(_RECORDINGS_OF_SESSION, given)
    if any(file.state not in RECORDING_OVER for file in files):
        raise Conflict("recording_running", "A recording of the session is not stored yet.")
    recordings.mark_deleted(tx, [file.id for file in files])
    own = {"id": session_id, "room_id": row.room_id}
    while _drop_events(tx, [event.id for event in tx.all(_EVENTS_OF_SESSION, own)]):
        pass
    tx.execute(_KNOCKS_OF_SESSION, own)
    while _drop_people(tx, [session_id]):
        pass
    tx.execute(_HIDE, {"key": session_id})


def _drop_people(tx: Tx, session_ids: Sequence[str]) -> int:
    """Some of the people, what they agreed to, and what they wrote; how many rows went. 0: nothing is left."""
    if not session_ids:
        return 0
    gone = (_FORGET_STAYS, _FORGET_CONSENTS, _FORGET_ADMISSIONS, _CHAT_OF_SESSIONS)
    return sum(tx.changed(statement, {"ids": session_ids}) for statement in gone)


def _drop_sessions(tx: Tx, ids: Sequence[str]) -> int:
    if not ids:
        return 0
    tx.execute(_FORGET_REPORTS, {"ids": ids})
    return tx.changed(_FORGET_SESSIONS, {"ids": ids})
