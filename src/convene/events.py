"""Announcing is part of the change: `emit` writes events and their deliveries in the transaction of what they tell."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Any, TypeVar

import sqlalchemy as sa

from convene import tables
from convene.db import Tx
from convene.errors import NotFound

CHUNK = 1000  # values that one IN list carries

T = TypeVar("T")


class EventType(StrEnum):
    """The eight events of contract §4, and a ninth. The word before the first colon says to which of the four URLs they go."""

    ROOM_EXPIRED = "room:expired"
    SESSION_STARTED = "session:started"
    SESSION_ENDED = "session:ended"
    PARTICIPANT_JOINED = "session:participant:joined"
    PARTICIPANT_LEFT = "session:participant:left"
    RECORDING_STARTED = "recording:started"
    RECORDING_ENDED = "recording:ended"
    RECORDING_UPLOADED = "recording:uploaded"
    MEETING_RECORDED = "meeting:recorded"  # a scheduled meeting is over, and its files are there


_PERSON = ("participant_id", "session_id", "room_id", "name", "type", "is_host")
FIELDS: Mapping[EventType, tuple[str, ...]] = MappingProxyType(
    {
        EventType.ROOM_EXPIRED: ("room_id", "room_type", "expires_at", "created_at"),
        EventType.SESSION_STARTED: ("session_id", "room_id", "started_at"),
        EventType.SESSION_ENDED: ("session_id", "room_id", "started_at", "ended_at"),
        EventType.PARTICIPANT_JOINED: _PERSON,
        EventType.PARTICIPANT_LEFT: _PERSON,
        EventType.RECORDING_STARTED: ("recording_id", "session_id"),
        EventType.RECORDING_ENDED: ("recording_id", "session_id", "started_at", "ended_at", "duration"),
        EventType.RECORDING_UPLOADED: (
            "recording_id",
            "session_id",
            "room_id",
            "started_at",
            "ended_at",
            "duration",
            "url",
        ),
        EventType.MEETING_RECORDED: ("meeting", "hostUser", "callRecords"),
    }
)
# What only some have: the sentence that says why there is no file, or not the whole of it. Parsers of the contract pass over it.
SOMETIMES: Mapping[EventType, tuple[str, ...]] = MappingProxyType(
    dict.fromkeys((EventType.RECORDING_ENDED, EventType.RECORDING_UPLOADED), ("failure_reason",))
)
GUEST = "Guest"  # `type` of every person, hosts too: the only value that the contract knows; `is_host` tells them apart


@dataclass(frozen=True, slots=True)
class Announcement:
    """What is to be told. `fields`: the payload of FIELDS[type], and of SOMETIMES[type] what there is, in any order; `duration` is
    whole seconds."""

    type: str
    room_id: str
    session_id: str | None
    fields: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Event:
    """A stored event.

    `body` is what every attempt sends; `state` is its newest delivery's (pending, delivered, dead), or "unaddressed"
    when no URL applied.
    """

    id: str
    application_id: str
    type: str
    room_id: str
    session_id: str | None
    sequence: int | None
    metadata: str | None
    body: str
    created_at: datetime
    state: str = "unaddressed"


# --- Emitting -------------------------------------------------------------------------------------------------------

_e, _d, _n, _r, _a = tables.event, tables.delivery, tables.endpoint, tables.room, tables.application
_c = tables.client

_ROOMS = (
    sa.select(
        _r.c.id,
        _r.c.application_id,
        _r.c.metadata,
        sa.func.coalesce(_r.c.rooms_url, _a.c.rooms_url).label("room"),
        sa.func.coalesce(_r.c.sessions_url, _a.c.sessions_url).label("session"),
        sa.func.coalesce(_r.c.recordings_url, _a.c.recordings_url).label("recording"),
        _c.c.recorded_url.label("meeting"),
    )
    .join(_a, _a.c.id == _r.c.application_id)
    .outerjoin(_c, _c.c.application_id == _a.c.id)
    .where(_r.c.id.in_(sa.bindparam("ids", expanding=True)))
)
_COUNT = (
    sa.update(tables.session)
    .where(tables.session.c.id == sa.bindparam("session"))
    .values(sequence=tables.session.c.sequence + sa.bindparam("count"))
    .returning(tables.session.c.sequence)
)
_ADD_EVENT = sa.insert(_e)
_ADD_DELIVERY = sa.insert(_d)
_ENDPOINTS = sa.select(_n.c.serial, _n.c.application_id, _n.c.url).where(
    _n.c.application_id.in_(sa.bindparam("applications", expanding=True)),
    _n.c.url.in_(sa.bindparam("urls", expanding=True)),
)
_ADD_ENDPOINT = sa.text(
    "insert into endpoint (application_id, url, failures) values (:application, :url, 0)"
    " on conflict (application_id, url) do nothing"
)


def emit(tx: Tx, *announcements: Announcement) -> list[str]:
    """Stores the events and one delivery each, to the room's URL or else the application's; the events' ids, in order.

    An event without a URL is stored all the same. Raises ValueError for a payload that is not the contract's, KeyError
    for a room or session that does not exist.
    """
    if not announcements:
        return []
    # The sessions' rows are locked before serials are drawn: so the serials of a lane rise in the order of the commits.
    numbers = _numbers(tx, announcements)
    rooms = _rooms(tx, (announcement.room_id for announcement in announcements))
    events = [_event(tx, told, rooms[told.room_id], numbers) for told in announcements]
    tx.execute(_ADD_EVENT, [_row(event) for event in events])
    _deliver(tx, events, rooms)
    return [event.id for event in events]


def emit_again(tx: Tx, events: Sequence[Event]) -> int:
    """A further delivery of stored events, to the URLs that apply now; how many had one."""
    return _deliver(tx, events, _rooms(tx, (event.room_id for event in events)))


def body(announcement: Announcement) -> str:
    """The JSON text that is sent: `event` first, then the contract's order; ASCII only, so no receiver can misread it.

    The report of a recorded meeting says nothing of its type: its receivers know three keys, and no more.
    Raises ValueError when the fields are not exactly those.
    """
    kind, given = EventType(announcement.type), announcement.fields
    names = (*FIELDS[kind], *(name for name in SOMETIMES.get(kind, ()) if name in given))
    if set(names) != set(given):
        raise ValueError(f"{kind} has the fields {names}, not {tuple(given)}")
    payload = {name: given[name] for name in names}
    if announcement.type != EventType.MEETING_RECORDED:
        payload = {"event": str(announcement.type)} | payload
    return _JSON.encode(payload)


def wire_time(moment: datetime) -> str:
    """A moment as the contract writes it (§1.3): 2026-03-01T08:10:00.000Z."""
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"


def _plain(value: object) -> str:
    if isinstance(value, datetime):
        return wire_time(value)
    raise TypeError(f"{type(value).__name__} has no place in a payload")


_JSON = json.JSONEncoder(separators=(",", ":"), default=_plain)


def _numbers(tx: Tx, announcements: Sequence[Announcement]) -> dict[str, Iterator[int]]:
    """For each session the next gap-free numbers of its events."""
    counts = Counter(told.session_id for told in announcements if told.session_id is not None)
    numbers = {}
    for session in sorted(counts):  # sorted: two transactions cannot wait for each other
        last = tx.one(_COUNT, {"session": session, "count": counts[session]})
        if last is None:
            raise KeyError(session)
        numbers[session] = iter(range(last.sequence - counts[session] + 1, last.sequence + 1))
    return numbers


def _rooms(tx: Tx, ids: Iterable[str]) -> dict[str, sa.Row[Any]]:
    return {row.id: row for chunk in _chunks(sorted(set(ids))) for row in tx.all(_ROOMS, {"ids": chunk})}


def _event(tx: Tx, told: Announcement, room: sa.Row[Any], numbers: Mapping[str, Iterator[int]]) -> Event:
    return Event(
        id=tables.new_event_id(tx.now),
        application_id=room.application_id,
        type=str(told.type),
        room_id=told.room_id,
        session_id=told.session_id,
        sequence=None if told.session_id is None else next(numbers[told.session_id]),
        metadata=room.metadata,
        body=body(told),
        created_at=tx.now,
    )


def _row(event: Event) -> dict[str, Any]:
    return {column.name: getattr(event, column.name) for column in _e.columns}


def _deliver(tx: Tx, events: Sequence[Event], rooms: Mapping[str, sa.Row[Any]]) -> int:
    targets = [(event, getattr(rooms[event.room_id], event.type.partition(":")[0])) for event in events]
    targets = [(event, url) for event, url in targets if url]
    if not targets:
        return 0
    endpoints = _endpoints(tx, {(event.application_id, url) for event, url in targets})
    tx.execute(
        _ADD_DELIVERY,
        [
            {
                "event_id": event.id,
                "endpoint_serial": endpoints[event.application_id, url],
                "application_id": event.application_id,
                "lane": event.session_id or event.room_id,
                "state": "pending",
                "attempt": 0,
                "due_at": tx.now,
                "created_at": tx.now,
            }
            for event, url in targets
        ],
    )
    tx.wake("deliveries")
    return len(targets)


def _endpoints(tx: Tx, wanted: set[tuple[str, str]]) -> dict[tuple[str, str], int]:
    """The endpoints' serials by (application, URL); new ones are made."""
    found = _known(tx, wanted)
    missing = sorted(wanted - found.keys())  # sorted: two transactions cannot wait for each other
    if missing:
        tx.execute(_ADD_ENDPOINT, [{"application": application, "url": url} for application, url in missing])
        found |= _known(tx, set(missing))
    return found


def _known(tx: Tx, wanted: set[tuple[str, str]]) -> dict[tuple[str, str], int]:
    found: dict[tuple[str, str], int] = {}
    for chunk in _chunks(sorted(wanted)):
        given = {"applications": sorted({pair[0] for pair in chunk}), "urls": sorted({pair[1] for pair in chunk})}
        found |= {(row.application_id, row.url): row.serial for row in tx.all(_ENDPOINTS, given)}
    return {pair: serial for pair, serial in found.items() if pair in wanted}


def _chunks(values: Sequence[T]) -> Iterator[Sequence[T]]:
    return (values[start : start + CHUNK] for start in range(0, len(values), CHUNK))


# --- Reading --------------------------------------------------------------------------------------------------------

_STATE = (
    sa.select(_d.c.state)
    .where(_d.c.event_id == _e.c.id)
    .order_by(_d.c.serial.desc())
    .limit(1)
    .scalar_subquery()
    .label("state")
)
_ANY = sa.select(*_e.columns, sa.func.coalesce(_STATE, "unaddressed").label("state"))
_OWN = _ANY.where(_e.c.application_id == sa.bindparam("application"))
Types = Sequence[EventType]
END = "f"  # after every event's id


def _place(name: str) -> sa.Tuple:
    return sa.tuple_(sa.bindparam("application", type_=sa.Text), sa.bindparam(name, type_=sa.Text))


# Compared as rows, and so ordered: else PostgreSQL may walk through all tenants' events by the primary key.
_at = sa.tuple_(_e.c.application_id, _e.c.id)
_BETWEEN = _ANY.where(_at > _place("from"), _at < _place("to")).limit(sa.bindparam("limit"))
_FORWARDS = _BETWEEN.order_by(_e.c.application_id, _e.c.id)
_BACKWARDS = _BETWEEN.order_by(_e.c.application_id.desc(), _e.c.id.desc())
_GET = _OWN.where(_e.c.id == sa.bindparam("id"))


def page(
    tx: Tx, application_id: str, *, after: str = "", until: datetime | None = None, limit: int = 50, types: Types = ()
) -> list[Event]:
    """The application's events in the order of their ids (so of time), those after the event `after`; of these types, if any.

    `until`: none later than that. Whoever reads on from the last event and may miss none gives `tx.settled`.
    """
    end = END if until is None else tables.first_event_id(until + tables.MILLISECOND)
    return _some(tx, _FORWARDS, types, {"application": application_id, "from": after, "to": end, "limit": limit})


def latest(
    tx: Tx, application_id: str, *, before: str | None = None, limit: int = 50, types: Types = ()
) -> list[Event]:
    """The application's newest events, or those before the event `before`, newest first; of these types, if any."""
    given = {"application": application_id, "from": "", "to": before or END, "limit": limit}
    return _some(tx, _BACKWARDS, types, given)


def _some(tx: Tx, statement: sa.Select[Any], types: Types, given: Mapping[str, Any]) -> list[Event]:
    if types:
        statement = statement.where(_e.c.type.in_([str(one) for one in types]))
    return [Event(**row._mapping) for row in tx.all(statement, given)]


def get(tx: Tx, application_id: str, event_id: str) -> Event:
    """One event. Raises NotFound, also for another application's."""
    row = tx.one(_GET, {"application": application_id, "id": event_id})
    if row is None:
        raise NotFound("event_unknown", "There is no such event.")
    return Event(**row._mapping)
