"""A scheduled meeting as it is stored: one row, its attendees in the order of the caller's list, and who finds it in his lists."""

import re
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from convene import recurrence, tables
from convene.db import Tx
from convene.errors import NotFound
from convene.lifecycle import date_of
from convene.users import User

EVERYBODY = "*"  # as a member: the administrator finds all meetings
_m, _a = tables.meeting.c, tables.meeting_attendee.c
_ID = re.compile(r"[0-9a-f]{24}", re.ASCII)
_BEFORE = {unit: timedelta(**{unit: 1}) for unit in ("minutes", "hours", "days", "weeks")}


@dataclass(frozen=True, slots=True)
class Attendee:
    """Who is invited: a user by number, somebody by an e-mail address, or both of one person."""

    user_number: int | None = None
    email: str | None = None


@dataclass(frozen=True, slots=True)
class Meeting:
    """One scheduled meeting.

    start_date, end_date: as the caller wrote them; `starts` reads them. notify_before: `{metric, value}`; timezone: `{offset,
    name}`; rrule: it repeats; sequence: of its entry in calendars; remind_at: when the next reminder goes out.
    """

    id: str
    application_id: str
    room_id: str
    host_number: int
    name: str
    start_date: int
    end_date: int
    attendees: tuple[Attendee, ...]
    public: bool
    scheduled: bool
    record: bool
    notify: bool
    notify_before: Mapping[str, Any] | None
    timezone: Mapping[str, Any] | None
    rrule: str | None
    dialog_id: str | None
    sequence: int
    remind_at: datetime | None
    created_at: datetime
    updated_at: datetime
    deleted_at: datetime | None

    @property
    def starts(self) -> datetime | None:
        """The start of the first time, in UTC. None: the number is no date of the calendar."""
        return date_of(self.start_date)

    @property
    def ends(self) -> datetime | None:
        """The end of the first time, in UTC."""
        return date_of(self.end_date)


COLUMNS = tuple(_m[name] for name in Meeting.__slots__ if name != "attendees")
_BY_ID = sa.select(*COLUMNS).where(_m.id == sa.bindparam("id"))
_OF_ROOM = sa.select(*COLUMNS).where(_m.room_id == sa.bindparam("room_id"))
_SOME = sa.select(*COLUMNS).where(_m.id.in_(sa.bindparam("ids", expanding=True)))
# Not `for update`: a session that ends meanwhile may still write a report that refers to this row.
_LOCK = _BY_ID.where(_m.deleted_at.is_(None)).with_for_update(key_share=True)
_ATTENDEES = (
    sa.select(_a.meeting_id, _a.user_number, _a.email)
    .where(_a.meeting_id.in_(sa.bindparam("ids", expanding=True)))
    .order_by(_a.meeting_id, _a.place)
)


def get(tx: Tx, application_id: str, id: str, *, even_deleted: bool = False) -> Meeting:
    """One meeting. Raises NotFound, also for another application's, and for a deleted one unless that is asked for."""
    found = _loaded(tx, _BY_ID, {"id": id}) if _ID.fullmatch(id) else None
    if found is None or found.application_id != application_id or (found.deleted_at and not even_deleted):
        raise unknown()
    return found


def of_room(tx: Tx, room_id: str) -> Meeting | None:
    """The meeting that owns the room, also when it has been deleted."""
    return _loaded(tx, _OF_ROOM, {"room_id": room_id})


def held(tx: Tx, application_id: str, id: str) -> Meeting:
    """The meeting, locked against changes until the commit: first of all, before its session and its room. Raises NotFound."""
    found = _loaded(tx, _LOCK, {"id": id}) if _ID.fullmatch(id) else None
    if found is None or found.application_id != application_id:
        raise unknown()
    return found


def some(tx: Tx, ids: Sequence[str]) -> list[Meeting]:
    """Those of these meetings that exist, in this order."""
    if not ids:
        return []
    invited = _attendees(tx, ids)
    found = {row.id: _meeting(row, invited.get(row.id, ())) for row in tx.all(_SOME, {"ids": ids})}
    return [found[id] for id in ids if id in found]


def is_member(meeting: Meeting, user: User) -> bool:
    """Whether he is the host or an attendee: by number, or by an address that is known to be his."""
    return not keys_of(user).isdisjoint(members(meeting))


def keys_of(user: User) -> set[str]:
    """As whom a user finds meetings."""
    mine = {str(user.number)}
    if user.email and user.email_verified:
        mine.add(user.email.casefold())
    return mine


def members(meeting: Meeting) -> set[str]:
    """Who finds it in his list. An attendee with a number is known by that alone."""
    return {EVERYBODY, str(meeting.host_number)} | {
        str(one.user_number) if one.user_number is not None else (one.email or "").casefold()
        for one in meeting.attendees
    }


def occupants(meeting: Meeting) -> list[int]:
    """The users who take part: the host, then the attendees who are known by number, each once."""
    numbers = [one.user_number for one in meeting.attendees if one.user_number is not None]
    return list(dict.fromkeys([meeting.host_number, *numbers]))


def reminder(meeting: Meeting, now: datetime) -> datetime | None:
    """When people are next reminded, after `now`: `notify_before` ahead of the next time that it takes place."""
    if not (meeting.notify and meeting.notify_before and meeting.starts):
        return None
    before = _BEFORE[meeting.notify_before["metric"]] * meeting.notify_before["value"]
    where = recurrence.zone(meeting.timezone)
    following = recurrence.next_after(meeting.rrule, meeting.starts, where, now + before)
    return None if following is None else following - before


def unknown() -> NotFound:
    """There is no such meeting for this caller."""
    return NotFound("meeting_unknown", "Meeting not found")


def _loaded(tx: Tx, statement: sa.Executable, given: Mapping[str, Any]) -> Meeting | None:
    row = tx.one(statement, given)
    return None if row is None else _meeting(row, _attendees(tx, [row.id]).get(row.id, ()))


def _attendees(tx: Tx, ids: Collection[str]) -> Mapping[str, list[Attendee]]:
    found: defaultdict[str, list[Attendee]] = defaultdict(list)
    for row in tx.all(_ATTENDEES, {"ids": ids}):
        found[row.meeting_id].append(Attendee(row.user_number, row.email))
    return found


def _meeting(row: sa.Row[Any], attendees: Collection[Attendee]) -> Meeting:
    return Meeting(**row._asdict(), attendees=tuple(attendees))
