"""Rooms: named places with a meeting code and a time at which they close (contract §2).

`expires_at` is what the contract shows; `closes_at` is when the room really closes, None while a session keeps it open;
`expired_at` is set once it was announced. What is due is unavailable at once: the sweep only announces it.
"""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from types import MappingProxyType
from typing import Any

import sqlalchemy as sa

from convene import events, lifecycle, tables, themes
from convene.access import Application
from convene.db import Tx
from convene.errors import Conflict, Forbidden, Invalid, NotFound
from convene.events import Announcement, EventType
from convene.lifecycle import RoomType
from convene.tables import new_id

TOPIC = "rooms"
FEATURES: Mapping[str, bool] = MappingProxyType(
    {
        "is_recording_available": True,
        "is_chat_available": True,
        "is_whiteboard_available": True,
        "is_locale_switcher_available": False,
        "is_captions_available": False,
    }
)
IN_FLIGHT = 200  # creations, over all processes, that may count the rooms before each other's commit
LAST = 2**63 - 1
SLOTS = 16  # of an application's tally: creations at the same time seldom wait for the same row

_r, _s, _t = tables.room.c, tables.session.c, tables.tally.c


@dataclass(frozen=True, slots=True)
class Room:
    """One room, as stored."""

    id: str
    application_id: str
    display_name: str
    metadata: str | None
    type: RoomType
    expires_at: datetime
    closes_at: datetime | None
    expired_at: datetime | None
    meeting_code: str
    host_id: str
    expire_after_use: bool
    auto_record: bool
    record_only_owner: bool
    theme_id: str | None
    join_approval_level: str
    microphone_state: str
    language: str
    features: Mapping[str, bool]
    rooms_url: str | None
    sessions_url: str | None
    recordings_url: str | None
    locked: bool
    imported: bool
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Spec:
    """What a caller says of a new room; defaults as in the live API (contract §2.3). `features`: those that differ."""

    display_name: str
    metadata: str | None = None
    type: RoomType = RoomType.INSTANT
    expires_at: datetime | None = None
    expire_after_use: bool = False
    auto_record: bool = False
    record_only_owner: bool = False
    theme_id: str | None = None
    join_approval_level: str = "none"
    microphone_state: str = "default"
    language: str = "default"
    features: Mapping[str, bool] = field(default_factory=dict)
    rooms_url: str | None = None
    sessions_url: str | None = None
    recordings_url: str | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """A stretch of an application's rooms in the order of their serials.

    next_id: where the following page starts, if there is one; previous: where the one before starts, and its size.
    """

    rooms: Sequence[Room]
    total: int
    next_id: int | None
    previous: tuple[int, int] | None


_FIELDS = tuple(_r[name] for name in Room.__slots__)
_OWN = _r.application_id == sa.bindparam("application_id")
_OPEN = sa.and_(_r.expired_at.is_(None), sa.or_(_r.closes_at.is_(None), _r.closes_at > sa.bindparam("now")))
_BY_ID = sa.select(*_FIELDS).where(_r.id == sa.bindparam("id"))
_BY_CODE = (
    sa.select(*_FIELDS)
    .join_from(tables.room, tables.application)
    .where(_r.meeting_code == sa.bindparam("code"), tables.application.c.deleted_at.is_(None))
)
_GET = _BY_ID.where(_OWN)
_LOCK = _BY_ID.with_for_update()
_LOCK_OWN = _GET.with_for_update()

_COUNT_OPEN = sa.select(sa.func.count()).select_from(tables.room).where(_OWN, _OPEN, ~_r.is_meetings)
_LOCK_APPLICATION = (
    sa.select(tables.application.c.id).where(tables.application.c.id == sa.bindparam("id")).with_for_update()
)


@dataclass(frozen=True, slots=True)
class _Listing:
    """The statements that page through rooms on which a condition holds."""

    page: sa.Executable
    previous: sa.Executable


@cache
def _listing(dialect: str, *owned: str) -> _Listing:
    """Rooms that agree in these columns, the first columns of an index that ends with the serial.

    PostgreSQL compares and orders them as rows: with `application_id = … order by serial` it may walk through all tenants' rooms by
    the primary key, in the hope of soon finding enough of this one's. SQLite never does, and cannot use the index for rows.
    """
    columns = [*(_r[name] for name in owned), _r.serial]
    same = [sa.bindparam(name, type_=sa.Text) for name in owned]

    def between(low: str, high: str) -> list[sa.ColumnElement[bool]]:
        ends = [sa.bindparam(name, type_=sa.BigInteger) for name in (low, high)]
        if dialect == "postgresql":
            at = sa.tuple_(*columns)
            return [at >= sa.tuple_(*same, ends[0]), at < sa.tuple_(*same, ends[1]), columns[-2].is_not(None)]
        return [_r.serial >= ends[0], _r.serial < ends[1], *(_r[bind.key] == bind for bind in same)]

    limit: sa.BindParameter[int] = sa.bindparam("limit")
    page = sa.select(_r.serial, *_FIELDS).where(*between("start", "end")).order_by(*columns).limit(limit)
    before = sa.select(_r.serial).where(*between("least", "first")).order_by(*(c.desc() for c in columns)).limit(limit)
    found = before.subquery()
    return _Listing(page, sa.select(sa.func.min(found.c.serial).label("start"), sa.func.count().label("size")))


_OF_THEME = _r.theme_id == sa.bindparam("theme_id")
_TOTAL_THEMED = sa.select(sa.func.count()).select_from(tables.room).where(_OWN, _OF_THEME)
# Counting a million rooms for each page of a list would take longer than the page.
_TOTAL = sa.select(sa.func.sum(_t.rooms)).where(_t.application_id == sa.bindparam("application_id"))
_COUNT = sa.text(
    "insert into tally (application_id, slot, rooms) values (:application_id, :slot, :by)"
    " on conflict (application_id, slot) do update set rooms = tally.rooms + :by"
)

_CLOSES = sa.update(tables.room).where(_r.id == sa.bindparam("room_id"), _r.expired_at.is_(None))
_LOCKED = sa.update(tables.room).where(_r.id == sa.bindparam("room_id")).values(locked=sa.bindparam("to_locked"))
_EXPIRE = sa.update(tables.room).where(_r.expired_at.is_(None)).values(expired_at=sa.bindparam("now"))
_DELETE = _EXPIRE.where(_r.id == sa.bindparam("room_id"), _r.application_id == sa.bindparam("owner_id"))
_DUE = (
    sa.select(_r.serial)
    .where(_r.expired_at.is_(None), _r.closes_at <= sa.bindparam("due"))
    .order_by(_r.closes_at)
    .limit(sa.bindparam("limit"))
    .with_for_update(skip_locked=True)
)
# Not `in (select … for update)` in one statement: PostgreSQL may plan to repeat that select for every room.
_SWEEP = _EXPIRE.where(_r.serial.in_(sa.bindparam("serials", expanding=True))).returning(
    _r.id, _r.type, _r.expires_at, _r.created_at
)
_EXPIRE_ALL = _EXPIRE.where(_r.application_id == sa.bindparam("owner_id")).returning(
    _r.id, _r.type, _r.expires_at, _r.created_at
)
_IN_USE = sa.select(_s.id).where(_s.room_id == sa.bindparam("room_id"), _s.state != lifecycle.SessionState.ENDED)
_LAST_USE = sa.select(sa.func.max(_s.ended_at)).where(_s.room_id == sa.bindparam("room_id"), _s.started_at.is_not(None))


# --- Making and reading ---------------------------------------------------------------------------------------------


def create(tx: Tx, application: Application, spec: Spec, *, limit: int, digits: int) -> Room:
    """A new room with a meeting code of `digits` digits.

    Raises Invalid (`expires_at`, `theme_id`), Forbidden `rooms_limit` when the application has `limit` available rooms.
    """
    expires_at = lifecycle.room_expiry(spec.type, spec.expires_at, tx.now)
    _hold_theme(tx, application.id, spec.theme_id, "create")
    _refuse_over(tx, application.id, limit)
    return _create(tx, application.id, spec, expires_at, digits=digits, is_meetings=False)


def create_for_meeting(tx: Tx, application_id: str, spec: Spec, expires_at: datetime, *, digits: int) -> Room:
    """The room of a scheduled meeting: it lives as long as that, and counts for no limit of rooms."""
    return _create(tx, application_id, spec, expires_at, digits=digits, is_meetings=True)


def _create(tx: Tx, application_id: str, spec: Spec, expires_at: datetime, *, digits: int, is_meetings: bool) -> Room:
    row = {name: getattr(spec, name) for name in Spec.__slots__}
    row |= {"id": new_id(), "application_id": application_id, "host_id": new_id(), "created_at": tx.now}
    row |= {"expires_at": expires_at, "closes_at": expires_at, "expired_at": None, "locked": False, "imported": False}
    row |= {"features": {**FEATURES, **spec.features}, "meeting_code": _new_code(digits)}
    # The code may be taken, or was by a room of any age: none comes back.
    while not tx.add_new(tables.room, row | {"is_meetings": is_meetings}):
        row["meeting_code"] = _new_code(digits)
    count(tx, application_id, 1)
    return Room(**row)


def count(tx: Tx, application_id: str, by: int) -> None:
    """So many rooms came, or went. Whoever adds or drops rooms says so here, once in a transaction for each application.

    Race: two transactions that counted in two slots each could wait for each other; one slot each cannot.
    """
    tx.execute(_COUNT, {"application_id": application_id, "slot": secrets.randbelow(SLOTS), "by": by})


def _new_code(digits: int) -> str:
    """Digits only, the first not 0: people read it aloud and type it into telephones."""
    least = 10 ** (digits - 1)
    return str(least + secrets.randbelow(9 * least))


def _refuse_over(tx: Tx, application_id: str, limit: int) -> None:
    """Near the limit, creations queue for the application's row, so that no two of them count the same last place."""
    given = {"application_id": application_id, "now": tx.now}
    count = tx.connection.scalar(_COUNT_OPEN, given) or 0
    if count + IN_FLIGHT >= limit:
        tx.execute(_LOCK_APPLICATION, {"id": application_id})
        count = tx.connection.scalar(_COUNT_OPEN, given) or 0
    if count >= limit:
        raise Forbidden("rooms_limit", f"The application has {limit} available rooms, which is its limit")


def _hold_theme(tx: Tx, application_id: str, theme_id: str | None, verb: str) -> None:
    if theme_id is not None and not themes.hold(tx, application_id, theme_id):
        told = f"Failed to {verb} room because theme id {theme_id} not found"
        raise Invalid("theme_not_found", told, field="theme_id")


def get(tx: Tx, application_id: str, room_id: str) -> Room:
    """One room of the application. Raises NotFound, also for another application's."""
    return _found(tx.one(_GET, {"application_id": application_id, "id": room_id}), room_id)


def by_code(tx: Tx, code: str) -> Room | None:
    """The room of a meeting code, open or not, of whatever application that was not deleted."""
    row = tx.one(_BY_CODE, {"code": code})
    return None if row is None else _room(row)


def page(
    tx: Tx,
    application_id: str,
    *,
    start_id: int | None,
    end_id: int | None,
    page_size: int,
    theme_id: str | None = None,
) -> Page:
    """Rooms with a serial from `start_id` on and below `end_id`; of one theme, if named.

    Nobody can slip in before what a page has shown.
    """
    start, end = start_id or 0, LAST if end_id is None else end_id
    own = {"application_id": application_id} | ({"theme_id": theme_id} if theme_id is not None else {})
    listing = _listing(tx.connection.dialect.name, *own)
    rows = tx.all(listing.page, own | {"start": start, "end": end, "limit": page_size + 1})
    shown = rows[:page_size]
    previous = None
    if start_id is not None:
        first = shown[0].serial if shown else min(start, end)
        before = tx.one(listing.previous, own | {"first": first, "least": 0, "limit": page_size})
        previous = (before.start, before.size) if before and before.size else None
    total = int(tx.connection.scalar(_TOTAL if theme_id is None else _TOTAL_THEMED, own) or 0)
    next_id = shown[-1].serial + 1 if len(rows) > page_size else None
    return Page([_room(row[1:]) for row in shown], total, next_id, previous)


def door(room_id: str) -> str:
    """The topic that wakes those who wait at this room's door, and the hosts who see them."""
    return f"door {room_id}"


def held(tx: Tx, room_id: str) -> Room:
    """The room as it is now, locked against changes until the commit; whoever needs its live session locks that first."""
    return _found(tx.one(_LOCK, {"id": room_id}), room_id)


def is_available(room: Room, now: datetime) -> bool:
    """Whether the room may be entered and changed."""
    return lifecycle.room_available(room.closes_at, room.expired_at, now)


def _found(row: sa.Row[Any] | None, room_id: str) -> Room:
    if row is None:
        raise NotFound("room_unknown", f"Failed to fetch resource with id {room_id}")
    return _room(row)


def _room(row: Sequence[Any]) -> Room:
    id, application_id, display_name, metadata, type, *others = row
    return Room(id, application_id, display_name, metadata, RoomType(type), *others)


# --- Changing -------------------------------------------------------------------------------------------------------


def update(tx: Tx, application_id: str, room_id: str, changes: Mapping[str, Any]) -> Room:
    """Changes a long-term room. `changes`: fields of Spec but `type`; `features` holds only those to change.

    Raises NotFound (also when it has expired), Conflict `room_instant`, Invalid (`expires_at`, `theme_id`).
    """
    get(tx, application_id, room_id)  # whose room is none is told nothing of themes
    _hold_theme(tx, application_id, changes.get("theme_id"), "update")
    # The row is locked: two changes of one room follow each other, and none slips in after its expiry.
    room = _found(tx.one(_LOCK_OWN, {"application_id": application_id, "id": room_id}), room_id)
    if not is_available(room, tx.now):
        raise NotFound("room_expired", f"Failed to fetch resource with id {room_id}")
    if room.type is RoomType.INSTANT:
        told = f"The room with id: {room_id} could not be updated because of its type: temporary"
        raise Conflict("room_instant", told)
    values = dict(changes)
    if "features" in values:
        values["features"] = {**room.features, **values["features"]}
    if "expires_at" in values:
        lifecycle.later_expiry(values["expires_at"], tx.now)
    if values.keys() & {"expires_at", "expire_after_use"}:
        expires_at = values.get("expires_at", room.expires_at)
        after_use = values.get("expire_after_use", room.expire_after_use)
        values["closes_at"] = _closes_after_change(tx, room, expires_at, after_use)
    if values:
        tx.execute(sa.update(tables.room).where(_r.id == room.id).values(values))
        tx.wake(door(room.id))
    return get(tx, application_id, room_id)


def _closes_after_change(tx: Tx, room: Room, expires_at: datetime, after_use: bool) -> datetime:
    """The ten minutes after the last use go on running, unless the room is in use, or closes after uses only from now on."""
    counts = after_use and room.expire_after_use and tx.one(_IN_USE, {"room_id": room.id}) is None
    last = tx.connection.execute(_LAST_USE, {"room_id": room.id}).scalar() if counts else None
    return lifecycle.closes_unused(room.type, expires_at, after_use, last)


def adapt(tx: Tx, room_id: str, changes: Mapping[str, Any]) -> None:
    """The room of a scheduled meeting becomes as that says. `changes`: columns; a new `expires_at` opens it again if it had expired.

    Whoever needs the room's live session locks that first. Raises NotFound: it was forgotten meanwhile.
    """
    values = dict(changes)
    if "expires_at" in values:
        values |= {"closes_at": values["expires_at"], "expired_at": None}
        tx.wake(TOPIC)
    if not tx.changed(sa.update(tables.room).where(_r.id == room_id).values(values)):
        raise NotFound("room_unknown", f"Failed to fetch resource with id {room_id}")
    tx.wake(door(room_id))


def delete(tx: Tx, application_id: str, room_id: str) -> Room:
    """Expires the room now, once: a room that has expired already stays as it is. Raises NotFound."""
    expired = tx.changed(_DELETE, {"room_id": room_id, "owner_id": application_id, "now": tx.now})
    room = get(tx, application_id, room_id)
    if expired:
        tx.wake(door(room.id))
        events.emit(tx, _expired(room))
    return room


def offers(features: Mapping[str, bool]) -> dict[str, bool]:
    """`available_features` as the meeting's page has them: `chat`, `recording`, …"""
    return {name.removeprefix("is_").removesuffix("_available"): on for name, on in features.items()}


def lock(tx: Tx, room_id: str, *, locked: bool) -> None:
    """While locked, nobody new gets in but hosts. It lasts as long as the session that goes on."""
    tx.execute(_LOCKED, {"room_id": room_id, "to_locked": locked})
    tx.wake(door(room_id))


# --- Time and use ---------------------------------------------------------------------------------------------------


def expire_due(tx: Tx, limit: int = 500) -> int:
    """Expires and announces rooms whose time has come; how many. Two sweeps at once take different rooms."""
    due = [row.serial for row in tx.all(_DUE, {"due": tx.now, "limit": limit})]
    rows = tx.all(_SWEEP, {"now": tx.now, "serials": due}) if due else []
    events.emit(tx, *(_expired(row) for row in rows))
    return len(rows)


def expire_all(tx: Tx, application_id: str) -> None:
    """Expires and announces every room of the application."""
    rows = tx.all(_EXPIRE_ALL, {"now": tx.now, "owner_id": application_id})
    events.emit(tx, *(_expired(row) for row in rows))


def entered(tx: Tx, room_id: str) -> bool:
    """A session begins: an instant room stays open as long as it lasts. False when the room has just closed."""
    room = held(tx, room_id)
    if not is_available(room, tx.now):
        return False
    return _close_at(tx, room, lifecycle.closes_during_use(room.type, room.expires_at))


def emptied(tx: Tx, room_id: str, ended_at: datetime) -> None:
    """A session has ended: from now on the room's time runs again."""
    room = held(tx, room_id)
    _unlock(tx, room)
    closes_at = lifecycle.closes_after_use(room.type, room.expires_at, room.expire_after_use, ended_at)
    _close_at(tx, room, closes_at)


def released(tx: Tx, room_id: str) -> None:
    """A session that nobody entered was given up: the room's time runs as if it had never been opened."""
    room = held(tx, room_id)
    _unlock(tx, room)
    last = tx.connection.execute(_LAST_USE, {"room_id": room_id}).scalar()
    _close_at(tx, room, lifecycle.closes_unused(room.type, room.expires_at, room.expire_after_use, last))


def _unlock(tx: Tx, room: Room) -> None:
    """Whoever comes to the next meeting finds it open."""
    if room.locked:
        lock(tx, room.id, locked=False)


def _close_at(tx: Tx, room: Room, closes_at: datetime | None) -> bool:
    shown = {"expires_at": closes_at} if room.type is RoomType.INSTANT and closes_at is not None else {}
    tx.wake(TOPIC)
    return tx.changed(_CLOSES.values(closes_at=closes_at, **shown), {"room_id": room.id}) > 0


def _expired(room: Room | sa.Row[Any]) -> Announcement:
    times = {"expires_at": room.expires_at, "created_at": room.created_at}
    fields = {"room_id": room.id, "room_type": str(room.type), **times}
    return Announcement(EventType.ROOM_EXPIRED, room.id, None, fields)
