"""Scheduled meetings are made, changed and deleted, and their rooms, dialogs and letters with them.

Everybody locks the meeting first, then its session, then its room.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from convene import chat, recordings, recurrence, rooms, sessions, tables
from convene.access import Application
from convene.db import Tx
from convene.lifecycle import FURTHEST, Approval, RoomType, meeting_closes
from convene.meetings import notices, recorded
from convene.meetings.row import COLUMNS, Attendee, Meeting, held, members, occupants, reminder
from convene.tables import new_object_id
from convene.users import User

_m, _p = tables.meeting.c, tables.meeting_member.c
_DATED = frozenset({"start_date", "end_date", "rrule", "timezone"})
_CALENDAR = _DATED | {"name", "attendees"}  # a change of these is one that calendars must know
_REMINDING = _DATED | {"notify", "notify_before"}
_LISTED = ("start_date", "end_date", "created_at", "updated_at", "scheduled")

_CHANGE = sa.update(tables.meeting).where(_m.id == sa.bindparam("key"))
_RELIST = sa.update(tables.meeting_member).where(_p.meeting_id == sa.bindparam("key"))
_IDS: sa.BindParameter[Sequence[str]] = sa.bindparam("ids", expanding=True)
_OF_ROOMS = sa.select(_m.id).where(_m.room_id.in_(sa.bindparam("room_ids", expanding=True)))
_FREE_OF_ROOMS = _OF_ROOMS.with_for_update(skip_locked=True)
_UNINVITE = sa.delete(tables.meeting_attendee).where(tables.meeting_attendee.c.meeting_id.in_(_IDS))
_UNLIST = sa.delete(tables.meeting_member).where(_p.meeting_id.in_(_IDS))
_UNREPORT = sa.delete(tables.meeting_report).where(tables.meeting_report.c.meeting_id.in_(_IDS))
_FORGET = sa.delete(tables.meeting).where(_m.id.in_(_IDS))


@dataclass(frozen=True, slots=True)
class Spec:
    """What a caller says of a new meeting. `rrule`: as `recurrence.rule` keeps it; `chat`: it gets a dialog."""

    name: str
    start_date: int
    end_date: int
    attendees: tuple[Attendee, ...] = ()
    public: bool = False
    scheduled: bool = False
    record: bool = False
    notify: bool = False
    notify_before: Mapping[str, Any] | None = None
    timezone: Mapping[str, Any] | None = None
    rrule: str | None = None
    chat: bool = False


def create(tx: Tx, application: Application, host: User, spec: Spec, *, digits: int, open_for: timedelta) -> Meeting:
    """A new meeting with its room, whose code has `digits` digits and which closes `open_for` after the meeting's end."""
    said = {name: getattr(spec, name) for name in Spec.__slots__ if name != "chat"}
    # In whole seconds, as they are shown: who asks for what came after the last one that he saw does not get it again.
    moment = tx.now.replace(microsecond=0)
    meeting = Meeting(
        **said,
        id="",
        application_id=application.id,
        room_id="",
        host_number=host.number,
        dialog_id=None,
        sequence=0,
        remind_at=None,
        created_at=moment,
        updated_at=moment,
        deleted_at=None,
    )
    room = rooms.create_for_meeting(tx, application.id, _room(meeting), _closes(tx, meeting, open_for), digits=digits)
    dialog_id = None
    if spec.chat:
        dialog_id = chat.open_dialog(tx, application.id, room.id, host.number, spec.name, occupants(meeting))
    id, remind_at = new_object_id(tx.now), reminder(meeting, tx.now)  # the dialog's id comes before it (contract §2.1)
    meeting = replace(meeting, id=id, room_id=room.id, dialog_id=dialog_id, remind_at=remind_at)
    tx.execute(sa.insert(tables.meeting), _row(meeting))
    _invite(tx, meeting)
    _list(tx, meeting, members(meeting))
    notices.created(tx, meeting)
    return meeting


def update(tx: Tx, application_id: str, id: str, changes: Mapping[str, Any], *, open_for: timedelta) -> Meeting:
    """Changes fields of Spec but `chat`; moved dates move the room's end, and open it again if it had expired.

    Raises NotFound.
    """
    before = held(tx, application_id, id)
    given = {name: value for name, value in changes.items() if value != getattr(before, name)}
    if not given:
        return before
    raised = before.sequence + (not _CALENDAR.isdisjoint(given))
    after = replace(before, **given, sequence=raised, updated_at=tx.now.replace(microsecond=0))
    if not _REMINDING.isdisjoint(given):  # else it stays: one that is due now is still to go out
        after = replace(after, remind_at=reminder(after, tx.now))
    tx.execute(_CHANGE.values(_row(after)), {"key": id})
    _relist(tx, before, after)
    if "record" in given:
        recorded.switch(tx, after, after.record)
    room = _room_changes(tx, after, given, open_for)
    if room:
        rooms.adapt(tx, after.room_id, room)
    if after.dialog_id and not {"name", "attendees"}.isdisjoint(given):
        chat.follow(tx, after.dialog_id, after.name, occupants(after))
    notices.changed(tx, before, after)
    return after


def delete(tx: Tx, application_id: str, id: str) -> None:
    """Cancels it: its room closes, also for those who are in, and its dialog goes; its recordings stay. Raises NotFound."""
    before = held(tx, application_id, id)
    after = replace(before, sequence=before.sequence + 1, remind_at=None, deleted_at=tx.now)
    tx.execute(_CHANGE.values(_row(after)), {"key": id})
    tx.execute(_UNLIST, {"ids": [id]})
    recordings.follow(
        tx, sessions.close(tx, before.room_id)
    )  # first: who joins or leaves locks the session, then the room
    rooms.delete(tx, application_id, before.room_id)
    recordings.follow(tx, sessions.close(tx, before.room_id))  # a session that was opened between the two
    if before.dialog_id:
        chat.drop_dialog(tx, before.dialog_id)
    notices.deleted(tx, after)


def forget(tx: Tx, room_ids: Sequence[str]) -> int:
    """Drops all that is kept of the meetings of these rooms, before the rooms go; how many meetings there were.

    Race: one that is just being changed stays for the next time, because its change waits for the room that the caller holds.
    """
    found = len(tx.all(_OF_ROOMS, {"room_ids": room_ids})) if room_ids else 0
    free = [row.id for row in tx.all(_FREE_OF_ROOMS, {"room_ids": room_ids})] if found else []
    if free:
        for statement in (_UNREPORT, _UNINVITE, _UNLIST, _FORGET):
            tx.execute(statement, {"ids": free})
    return found


# --- Parts of it ----------------------------------------------------------------------------------------------------


def _row(meeting: Meeting) -> dict[str, Any]:
    return {column.name: getattr(meeting, column.name) for column in COLUMNS}


def _level(meeting: Meeting) -> Approval:
    """To a private meeting the host and the attendees come without leave, by their links; others knock."""
    return Approval.NONE if meeting.public else Approval.EXPLICIT_APPROVAL


def _room(meeting: Meeting) -> rooms.Spec:
    level = _level(meeting)
    return rooms.Spec(meeting.name, type=RoomType.LONG_TERM, join_approval_level=level, auto_record=meeting.record)


def _room_changes(tx: Tx, after: Meeting, given: Mapping[str, Any], open_for: timedelta) -> dict[str, Any]:
    changes: dict[str, Any] = {}
    if "name" in given:
        changes["display_name"] = after.name
    if "public" in given:
        changes["join_approval_level"] = _level(after)
    if not _DATED.isdisjoint(given):
        changes["expires_at"] = _closes(tx, after, open_for)
    return changes


def _closes(tx: Tx, meeting: Meeting, open_for: timedelta) -> Any:
    starts, ends, furthest = meeting.starts, meeting.ends, tx.now + FURTHEST
    if meeting.rrule and starts:
        last = recurrence.last(meeting.rrule, starts, recurrence.zone(meeting.timezone), furthest)
        length = min(max((ends or starts) - starts, timedelta(0)), FURTHEST)
        return meeting_closes([min(last + length, furthest)], tx.now, open_for)
    return meeting_closes([starts, ends], tx.now, open_for)


def _invite(tx: Tx, meeting: Meeting) -> None:
    if meeting.attendees:
        rows = [
            {"meeting_id": meeting.id, "place": place, "user_number": one.user_number, "email": one.email}
            for place, one in enumerate(meeting.attendees)
        ]
        tx.execute(sa.insert(tables.meeting_attendee), rows)


def _list(tx: Tx, meeting: Meeting, who: set[str]) -> None:
    shown = {name: getattr(meeting, name) for name in _LISTED}
    row = {"application_id": meeting.application_id, "meeting_id": meeting.id, **shown}
    tx.execute(sa.insert(tables.meeting_member), [{**row, "who": one} for one in sorted(who)])


def _relist(tx: Tx, before: Meeting, after: Meeting) -> None:
    if after.attendees != before.attendees:
        tx.execute(_UNINVITE, {"ids": [after.id]})
        _invite(tx, after)
    was, is_now = members(before), members(after)
    if gone := was - is_now:
        tx.execute(_UNLIST.where(_p.who.in_(sorted(gone))), {"ids": [after.id]})
    tx.execute(_RELIST.values({name: getattr(after, name) for name in _LISTED}), {"key": after.id})
    if is_now - was:
        _list(tx, after, is_now - was)
