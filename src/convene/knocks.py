"""Those who wait at a room's door: a knock is a request to come in, before there is any admission or token of the engine.

Leave is an admission to one session (`sessions.admit`), under the knock's own id and key. It is given by a host or by API, or
follows from the room's level once a host has come; that second way is no change of a row but computed at each look, so that
whatever changes (a host comes, the level is set to `none`) holds at once for all who wait. Everything here locks in the order
session, room, knock.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from convene import rooms, sessions
from convene.db import Tx
from convene.errors import Conflict, Forbidden, NotFound, Unauthenticated
from convene.lifecycle import (
    KNOCK_HEARD,
    KNOCK_KEPT,
    KNOCK_RETURNS,
    KnockState,
    Standing,
    asks_again_at,
    standing,
    still_denied,
)
from convene.tables import knock, new_id, new_secret


@dataclass(frozen=True, slots=True)
class Knock:
    """One person's request to come in. `denials`: how often it was refused in `session_id`."""

    id: str
    room_id: str
    application_id: str
    name: str
    state: KnockState
    asked_at: datetime
    decided_at: datetime | None
    session_id: str | None
    denials: int


@dataclass(frozen=True, slots=True)
class Entry:
    """Somebody who may come in. `key` is None when he holds it already."""

    session: sessions.Session
    person: sessions.Admission
    key: str | None


@dataclass(frozen=True, slots=True)
class Waiting:
    """Somebody who has to wait. `key` is None when he holds it already."""

    id: str
    key: str | None
    level: str


@dataclass(frozen=True, slots=True)
class View:
    """What a person at the door sees. `position` counts from 1; `closes_in`: seconds until the room closes by itself.

    `asks_again_in`: seconds until he may ask again who was refused; None: not in this session, or he was not.
    """

    standing: Standing
    room_id: str
    level: str
    host_here: bool
    position: int | None
    closes_in: float | None
    asks_again_in: int | None


_COLUMNS = tuple(knock.c[name] for name in Knock.__slots__)
_ONE = sa.select(*_COLUMNS, knock.c.key_hash, knock.c.seen_at).where(knock.c.id == sa.bindparam("id"))
_OF_ROOM = _ONE.where(knock.c.room_id == sa.bindparam("room_id"))
_HERE = sa.and_(
    knock.c.room_id == sa.bindparam("room_id"),
    knock.c.state == sa.literal_column("'waiting'"),
    knock.c.seen_at > sa.bindparam("heard"),
)
_LIST = sa.select(*_COLUMNS, knock.c.key_hash).where(_HERE).order_by(knock.c.asked_at, knock.c.id)
_COUNT = sa.select(sa.func.count()).select_from(knock).where(_HERE)
_BEFORE = _COUNT.where(
    sa.or_(
        knock.c.asked_at < sa.bindparam("asked"),
        sa.and_(knock.c.asked_at == sa.bindparam("asked"), knock.c.id < sa.bindparam("id")),
    )
)
_SET = sa.update(knock).where(knock.c.id == sa.bindparam("key"), knock.c.state == sa.bindparam("was"))
_DECIDE = _SET.values(state=sa.bindparam("to_be"), decided_at=sa.bindparam("at"), session_id=sa.bindparam("in_session"))
_REFUSE = _DECIDE.values(denials=knock.c.denials + 1)
_SEEN = _SET.values(seen_at=sa.bindparam("at"))
_CLOSED = _SEEN.where(knock.c.seen_at > sa.bindparam("at"))
_ASK_AGAIN = _SET.values(name=sa.bindparam("called"), seen_at=sa.bindparam("at"))
_START_OVER = _SET.values(
    name=sa.bindparam("called"),
    seen_at=sa.bindparam("at"),
    asked_at=sa.bindparam("at"),
    state=KnockState.WAITING,
    decided_at=None,
    session_id=None,
    denials=sa.bindparam("refused"),
)
_WITHDRAW = sa.delete(knock).where(knock.c.id == sa.bindparam("key"), knock.c.state == KnockState.WAITING)
_FORGET = sa.delete(knock).where(knock.c.seen_at < sa.bindparam("before"))


def _of(row: sa.Row[Any]) -> Knock:
    state = KnockState(row.state)
    who = (row.id, row.room_id, row.application_id, row.name)
    return Knock(*who, state, row.asked_at, row.decided_at, row.session_id, row.denials)


# --- Coming to the door ---------------------------------------------------------------------------------------------


def come_in(
    tx: Tx, room: rooms.Room, name: str, right: sessions.Right, proof: tuple[str, str] | None, limit: int
) -> Entry | Waiting:
    """Lets a person in, or has him wait. `proof`: id and key of an earlier admission or knock of his, right or not.

    Raises what `sessions.admit` raises; Forbidden `denied`, with `retry_after` if he may ask again; Conflict `waiting_full`
    when `limit` people wait already.
    """
    # Race: a knock becomes an admission between these two lines, and not the other way round.
    mine = _mine(tx, room, proof)
    known = admission_now(tx, proof)
    live = sessions.live_of(tx, room.id)
    holds = mine is not None and _denial_holds(mine, live)
    if mine is not None and holds and asks_again_in(tx, mine) != 0:
        raise _denied(tx, mine)
    ticket = None if mine is None or proof is None else sessions.Ticket(mine.id, sessions.hash_of(proof[1]), False)
    try:
        entry = Entry(*sessions.admit(tx, room, name, right, known, ticket))
    except sessions.MustWait:
        known = admission_now(tx, proof)
        if known is not None and known.room_id == room.id:  # Race: let in while we waited for the locks
            return Entry(*sessions.admit(tx, room, name, right, known))
        return _ask(tx, room, name, mine, limit, refused=mine.denials if mine is not None and holds else 0)
    if mine is not None and entry.person.id == mine.id:
        _decided(tx, mine, KnockState.ADMITTED, entry.session.id)
        now = _of(_row(tx, room, mine.id))
        if now.state is KnockState.DENIED:  # Race: refused while we waited for the locks
            raise _denied(tx, now)
    return entry


def admission_now(tx: Tx, proof: tuple[str, str] | None) -> sessions.Admission | None:
    """The proven admission, while its session goes on; an unknown or old one counts as none."""
    if proof is None:
        return None
    try:
        person = sessions.admission_of(tx, *proof)
    except Unauthenticated:
        return None
    return person if sessions.get(tx, person.session_id).ended_at is None else None


def _mine(tx: Tx, room: rooms.Room, proof: tuple[str, str] | None) -> Knock | None:
    """The caller's own knock at this door, unless it has become an admission (to a session that is over): its id is spent."""
    row = tx.one(_OF_ROOM, {"id": proof[0], "room_id": room.id}) if proof else None
    if row is None or proof is None or not sessions.is_key(proof[1], row.key_hash):
        return None
    return None if row.state == KnockState.ADMITTED else _of(row)


def _ask(tx: Tx, room: rooms.Room, name: str, mine: Knock | None, limit: int, *, refused: int) -> Waiting:
    """Somebody waits: at the place that he had, or at the end. The room is locked: nobody else takes the last place.

    refused: how often he was, in this session.
    """
    others = [row for row in _present(tx, room.id) if mine is None or row.id != mine.id]
    if len(others) >= limit:
        raise Conflict("waiting_full", "Too many people are waiting to come in. Try again in a minute.")
    tx.wake(rooms.door(room.id))
    if mine is not None:
        again = _ASK_AGAIN if mine.state is KnockState.WAITING else _START_OVER
        said = {"key": mine.id, "was": mine.state, "called": name, "at": tx.now}
        if tx.changed(again, said if again is _ASK_AGAIN else said | {"refused": refused}):
            return Waiting(mine.id, None, room.join_approval_level)
        # Race: refused at this very moment, or asked again by another page of his (to let him in takes our lock)
        if row := tx.one(_ONE, {"id": mine.id}):
            now = _of(row)
            if now.state is KnockState.WAITING:
                return Waiting(mine.id, None, room.join_approval_level)
            raise _denied(tx, now)
    id, key = new_id(), new_secret()
    fresh = {"id": id, "room_id": room.id, "application_id": room.application_id, "name": name}
    fresh |= {"key_hash": sessions.hash_of(key), "state": KnockState.WAITING}
    tx.execute(sa.insert(knock), {**fresh, "asked_at": tx.now, "seen_at": tx.now})
    return Waiting(id, key, room.join_approval_level)


def _denial_holds(mine: Knock, live: sessions.Session | None) -> bool:
    return mine.state is KnockState.DENIED and still_denied(mine.session_id, live.id if live else None)


def asks_again_in(tx: Tx, mine: Knock) -> int | None:
    """Whole seconds until somebody who was refused may ask again; None: not any more, or he was not refused."""
    if mine.state is not KnockState.DENIED or mine.decided_at is None:
        return None
    at = asks_again_at(mine.denials, mine.decided_at)
    return None if at is None else max(0, math.ceil((at - tx.now).total_seconds()))


def _denied(tx: Tx, mine: Knock) -> Forbidden:
    wait = asks_again_in(tx, mine)
    details = {} if wait is None else {"retry_after": wait}
    return Forbidden("denied", "The host did not let you in.", details=details)


# --- At the door ----------------------------------------------------------------------------------------------------


def here(tx: Tx, id: str, key: str) -> View:
    """The caller's page is at the door: what it sees, and that it was heard of. Raises Unauthenticated."""
    row = tx.one(_ONE, {"id": id})
    if row is None or not sessions.is_key(key, row.key_hash):
        raise Unauthenticated("not_waiting", "You are not waiting for this meeting.")
    if tx.changed(_SEEN, {"key": id, "was": KnockState.WAITING, "at": tx.now}) and row.seen_at <= tx.now - KNOCK_HEARD:
        tx.wake(rooms.door(row.room_id))  # he is in the list again
    return view(tx, id)


def closed(tx: Tx, id: str) -> None:
    """The page of who waits has been closed, as far as we can see: unless it comes back soon it leaves the list sooner than an
    unheard one. For who has proved that it is he."""
    tx.execute(_CLOSED, {"key": id, "was": KnockState.WAITING, "at": tx.now - KNOCK_HEARD + KNOCK_RETURNS})


def view(tx: Tx, id: str) -> View:
    """What a person at the door sees now; for who has proved that it is he. Raises Unauthenticated when he has gone."""
    row = tx.one(_ONE, {"id": id})
    if row is None:
        raise Unauthenticated("not_waiting", "You are not waiting for this meeting.")
    room = rooms.get(tx, row.application_id, row.room_id)
    live = sessions.live_of(tx, room.id)
    available = rooms.is_available(room, tx.now)
    stands = standing(
        KnockState(row.state), available=available, locked=room.locked, waits=sessions.waits(tx, room, live)
    )
    position = None
    if stands is Standing.WAITING:
        before = {"room_id": room.id, "heard": tx.now - KNOCK_HEARD, "asked": row.asked_at, "id": id}
        position = 1 + int(tx.connection.execute(_BEFORE, before).scalar_one())
    closes_in = (room.closes_at - tx.now).total_seconds() if available and room.closes_at else None
    host_here = live is not None and sessions.host_here(tx, live.id)
    again = asks_again_in(tx, _of(row))
    return View(stands, room.id, room.join_approval_level, host_here, position, closes_in, again)


def withdraw(tx: Tx, id: str, key: str) -> None:
    """The person does not want to wait any more. Who has been let in or refused stays so. Raises Unauthenticated."""
    row = tx.one(_ONE, {"id": id})
    if row is None or not sessions.is_key(key, row.key_hash):
        raise Unauthenticated("not_waiting", "You are not waiting for this meeting.")
    if tx.changed(_WITHDRAW, {"key": id}):
        tx.wake(rooms.door(row.room_id))


# --- Letting in -----------------------------------------------------------------------------------------------------


def waiting(tx: Tx, room: rooms.Room) -> list[Knock]:
    """Who waits for leave at this moment, oldest first; nobody where nobody needs leave, or none may be given."""
    if (
        room.locked
        or not rooms.is_available(room, tx.now)
        or not sessions.waits(tx, room, sessions.live_of(tx, room.id))
    ):
        return []
    return [_of(row) for row in _present(tx, room.id)]


def admit(tx: Tx, room: rooms.Room, id: str) -> Knock:
    """Lets somebody in, to the session that goes on, or to one that is opened for him. Twice is the same as once.

    Raises NotFound, Conflict `already_denied` or `locked`, Gone `expired`.
    """
    row = _row(tx, room, id)
    if row.state == KnockState.WAITING:
        _let_in(tx, room, row)
    return _settled(tx, room, id, KnockState.ADMITTED)


def admit_all(tx: Tx, room: rooms.Room) -> list[Knock]:
    """Lets in everybody who waits now. Raises Conflict `locked`, Gone `expired`."""
    ids = [row.id for row in _present(tx, room.id) if _let_in(tx, room, row)]
    return [_of(_row(tx, room, id)) for id in ids]


def deny(tx: Tx, room: rooms.Room, id: str) -> Knock:
    """Refuses somebody. Twice is the same as once. Raises NotFound, Conflict `already_admitted`."""
    row = _row(tx, room, id)
    live = sessions.live_of(tx, room.id)
    if row.state == KnockState.WAITING:
        _decided(tx, _of(row), KnockState.DENIED, live.id if live else None, _REFUSE)
    return _settled(tx, room, id, KnockState.DENIED)


def deny_all(tx: Tx, room: rooms.Room) -> list[Knock]:
    """Refuses everybody who waits now."""
    live = sessions.live_of(tx, room.id)
    session_id = live.id if live else None
    ids = [row.id for row in _present(tx, room.id) if _decided(tx, _of(row), KnockState.DENIED, session_id)]
    return [_of(_row(tx, room, id)) for id in ids]


def forget(tx: Tx) -> None:
    """Drops the knocks of long ago."""
    tx.execute(_FORGET, {"before": tx.now - KNOCK_KEPT})


def _present(tx: Tx, room_id: str) -> Sequence[sa.Row[Any]]:
    return tx.all(_LIST, {"room_id": room_id, "heard": tx.now - KNOCK_HEARD})


def _let_in(tx: Tx, room: rooms.Room, row: sa.Row[Any]) -> bool:
    """The admission first, for its locks; then the knock, unless it was decided meanwhile. False: it was."""
    ticket = sessions.Ticket(row.id, row.key_hash, True)
    with tx.connection.begin_nested() as savepoint:
        session, _, _ = sessions.admit(tx, room, row.name, sessions.GUEST, None, ticket)
        if _decided(tx, _of(row), KnockState.ADMITTED, session.id):
            return True
        savepoint.rollback()  # Race: two hosts at once, or he has just given up
    return False


def _decided(tx: Tx, mine: Knock, state: KnockState, session_id: str | None, decide: sa.Update = _DECIDE) -> bool:
    tx.wake(rooms.door(mine.room_id))
    decision = {"key": mine.id, "was": mine.state, "to_be": state, "at": tx.now, "in_session": session_id}
    return bool(tx.changed(decide, decision))


def _row(tx: Tx, room: rooms.Room, id: str) -> sa.Row[Any]:
    row = tx.one(_OF_ROOM, {"id": id, "room_id": room.id})
    if row is None:
        raise NotFound("not_waiting", f"Nobody waits under the id {id}")
    return row


def _settled(tx: Tx, room: rooms.Room, id: str, wanted: KnockState) -> Knock:
    """The knock as it was decided, by us or by who was faster. Raises Conflict when that was the opposite."""
    found = _of(_row(tx, room, id))
    if found.state is not wanted:
        raise Conflict(f"already_{found.state}", f"This person has been {found.state} already")
    return found
