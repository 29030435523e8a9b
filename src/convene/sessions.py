"""Meetings as they happen: who is admitted, what the engine says of it, and how our state is kept true.

The engine is a witness. Its webhooks (`apply`) and its own list (`observe`) feed the same idempotent transitions, keyed by the
engine's participant sid: whatever arrives late, twice, in another order or not at all, the result is the same.
"""

import hashlib
import hmac
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import sqlalchemy as sa

from convene import events, roles, rooms
from convene.db import Tx
from convene.engine import SOURCES, EngineEvent, Person
from convene.errors import Conflict, Forbidden, Gone, NotFound, Unauthenticated
from convene.lifecycle import Approval, Role, SessionState, must_wait, session_due
from convene.tables import admission, engine_event, new_id, new_secret, new_session_id, participant, session

PROMPT = timedelta(seconds=2)
MISS_GAP = timedelta(seconds=3)  # two misses count only so far apart: several workers may look at the same moment


@dataclass(frozen=True, slots=True)
class Change:
    """What other nouns must know of: a session `started` or `ended`."""

    kind: str
    session_id: str
    room_id: str


@dataclass(frozen=True, slots=True)
class Session:
    """One live or past session; `engine_room` is the name of its room in the engine."""

    id: str
    room_id: str
    application_id: str
    engine_room: str
    state: SessionState
    started_at: datetime | None
    emptied_at: datetime | None
    ended_at: datetime | None
    ended_by_host: bool
    opened_at: datetime


@dataclass(frozen=True, slots=True)
class Admission:
    """One person's leave to be in one session. `id` is the identity in the engine and `participant_id` in callbacks.

    `is_host`: he came as the host; `role`: what he is now.
    """

    id: str
    session_id: str
    room_id: str
    name: str
    is_host: bool
    removed_at: datetime | None
    role: Role


@dataclass(frozen=True, slots=True)
class Removed:
    """Somebody who was removed from a session and is kept out."""

    id: str
    name: str
    removed_at: datetime


class MustWait(Forbidden):
    """A guest whom somebody has to let in first."""


@dataclass(frozen=True, slots=True)
class Right:
    """By what right somebody comes: hosts also into a locked room, the invited without leave.

    `user_number`: of the application's user, if he has proved to be one.
    """

    is_host: bool
    is_invited: bool = False
    user_number: int | None = None


GUEST, HOST = Right(is_host=False), Right(is_host=True)


@dataclass(frozen=True, slots=True)
class Ticket:
    """The proof that somebody at the door holds already: his admission gets the same id and key.

    `approved`: somebody who may has let him in. (Else he comes in by the room's level alone.)
    """

    id: str
    key_hash: str
    approved: bool


_COLUMNS = (
    session.c.id,
    session.c.room_id,
    session.c.application_id,
    session.c.engine_room,
    session.c.state,
    session.c.started_at,
    session.c.emptied_at,
    session.c.ended_at,
    session.c.ended_by_host,
    session.c.opened_at,
)
_LIVE = session.c.state != SessionState.ENDED
_BY_ID = sa.select(*_COLUMNS).where(session.c.id == sa.bindparam("id"))
_LIVE_OF_ROOM = sa.select(*_COLUMNS).where(session.c.room_id == sa.bindparam("room_id"), _LIVE)
_LOCK_OF_ROOM = _LIVE_OF_ROOM.with_for_update()
_LOCK = _BY_ID.with_for_update()
_LOCK_BY_ENGINE_ROOM = (
    sa.select(*_COLUMNS).where(session.c.engine_room == sa.bindparam("engine_room")).with_for_update()
)
_ALL_LIVE = sa.select(*_COLUMNS).where(_LIVE)
_DUE = sa.select(session.c.id).where(session.c.due_at <= sa.bindparam("now")).order_by(session.c.due_at).limit(100)
_CLEARING = sa.select(session.c.id, session.c.engine_room).where(session.c.clearing).limit(100)
_CLEARED = sa.update(session).where(session.c.id == sa.bindparam("key")).values(clearing=False)
_PRESENT = sa.select(participant).where(
    participant.c.session_id == sa.bindparam("session_id"), participant.c.left_at.is_(None)
)
_BY_SID = sa.select(participant).where(participant.c.sid == sa.bindparam("sid"))
_LAST_LEFT = sa.select(sa.func.max(participant.c.left_at, type_=participant.c.left_at.type)).where(
    participant.c.session_id == sa.bindparam("session_id")
)
_ADMISSION = (
    sa.select(
        admission.c.id,
        admission.c.session_id,
        admission.c.room_id,
        admission.c.name,
        admission.c.is_host,
        admission.c.removed_at,
        roles.ROLE.label("role"),
        admission.c.key_hash,
    )
    .join_from(admission, session)
    .where(admission.c.id == sa.bindparam("id"))
)
_MAY_CONNECT = (
    sa.select(admission.c.session_id)
    .join(session, session.c.id == admission.c.session_id)
    .where(session.c.engine_room == sa.bindparam("engine_room"), _LIVE)
    .where(admission.c.id == sa.bindparam("identity"), admission.c.removed_at.is_(None))
)
_REMOVED = (
    sa.select(admission.c.id, admission.c.name, admission.c.removed_at)
    .where(admission.c.session_id == sa.bindparam("session_id"), admission.c.removed_at.is_not(None))
    .order_by(admission.c.removed_at, admission.c.id)
)
_LET_BACK_IN = sa.update(admission).where(
    admission.c.id == sa.bindparam("person_id"),
    admission.c.session_id == sa.bindparam("of_session"),
    admission.c.removed_at.is_not(None),
)
_HEADCOUNT = sa.select(sa.func.count()).where(
    participant.c.session_id == sa.bindparam("session_id"), participant.c.left_at.is_(None)
)
_NAMES = (
    sa.select(participant.c.name)
    .where(participant.c.session_id == sa.bindparam("session_id"), participant.c.left_at.is_(None))
    .order_by(participant.c.joined_at, participant.c.sid)
    .limit(sa.bindparam("most"))
)
_STAYS = (
    sa.select(participant.c.sid)
    .join_from(participant, session)
    .join(admission, admission.c.id == participant.c.person_id)
    .where(participant.c.session_id == sa.bindparam("session_id"))
)
_HOSTS = _STAYS.where(sa.or_(participant.c.is_host, roles.ROLE.in_([Role.HOST])))
_LEADERS_PRESENT = _STAYS.where(participant.c.left_at.is_(None), roles.LEADS)
_FORGET = sa.delete(engine_event).where(engine_event.c.received_at < sa.bindparam("before"))


def _of(row: sa.Row[tuple[object, ...]]) -> Session:
    values = row._asdict()
    return Session(**{**values, "state": SessionState(values["state"])})


# --- Coming in ------------------------------------------------------------------------------------------------------


def admit(
    tx: Tx, room: rooms.Room, name: str, right: Right, known: Admission | None, ticket: Ticket | None = None
) -> tuple[Session, Admission, str | None]:
    """Admits a person to the room's session, which is opened if there is none. Returns them with the admission's new key;
    None for who holds his already, by `known` or by `ticket`.

    `known` is the caller's earlier, proven admission: in the same session he comes back as the same person, also when the
    room has meanwhile expired or been locked. Raises Forbidden `removed`, Gone `expired`, Conflict `locked`, MustWait.
    """
    current = _held(tx, room.id)
    if known is not None and current is not None and known.session_id == current.id:
        return current, _again(tx, known, name, right), None
    # As it is now: a change of the room waits for us, or we for it.
    room = rooms.held(tx, room.id)
    current = current or _held(tx, room.id)  # Race: opened by somebody else while we waited for the room
    _may_enter(tx, room, right.is_host)
    has_leave = right.is_host or right.is_invited or (ticket is not None and ticket.approved)
    if not has_leave and waits(tx, room, current):
        raise MustWait("must_wait", "The host lets people in.")
    current = current or _open(tx, room)
    key = None if ticket else new_secret()
    role = Role.HOST if right.is_host else Role.GUEST
    person = Admission(ticket.id if ticket else new_id(), current.id, room.id, name, right.is_host, None, role)
    row = {
        "id": person.id,
        "session_id": current.id,
        "room_id": room.id,
        "key_hash": ticket.key_hash if ticket else hash_of(key or ""),
        "name": name,
        "is_host": right.is_host,
        "user_number": right.user_number,
    }
    if not tx.add_new(admission, {**row, "created_at": tx.now, "removed_at": None}):
        return current, _again(tx, person, name, right), None  # Race: one ticket, shown twice at once
    return current, person, key


def _held(tx: Tx, room_id: str) -> Session | None:
    """The room's live session, locked until the commit. Everybody locks the session first, then the room."""
    row = tx.one(_LOCK_OF_ROOM, {"room_id": room_id})
    return _of(row) if row else None


def _again(tx: Tx, known: Admission, name: str, right: Right) -> Admission:
    """The same person once more, with the key that he has: an answer that gets lost on its way locks nobody out.

    He keeps his role; but whom his link makes the host is the host again.
    """
    if known.removed_at is not None:
        raise Forbidden("removed", "The host has removed you from this meeting.")
    tx.execute(sa.update(admission).where(admission.c.id == known.id).values(name=name))
    if known.is_host and right.is_host and known.role is not Role.HOST:
        roles.change(tx, known.session_id, known.id, None)
        known = replace(known, role=Role.HOST)
    return replace(known, name=name)


def waits(tx: Tx, room: rooms.Room, current: Session | None) -> bool:
    """Whether a guest without leave has to wait at this room's door, with this live session."""
    level = Approval(room.join_approval_level)
    came = level is Approval.AFTER_OWNER_ONLY and current is not None and host_came(tx, current.id)
    return must_wait(level, host_came=came)


def host_came(tx: Tx, session_id: str) -> bool:
    """Whether a host has been in the session, as the engine saw it, or who is the host now; maybe he has left again."""
    return tx.one(_HOSTS, {"session_id": session_id}) is not None


def host_here(tx: Tx, session_id: str) -> bool:
    """Whether a host or co-host is in, who can let people in."""
    return tx.one(_LEADERS_PRESENT, {"session_id": session_id}) is not None


def _may_enter(tx: Tx, room: rooms.Room, is_host: bool) -> None:
    if not rooms.is_available(room, tx.now):
        raise Gone("expired", "This meeting has ended.", details={"ended_at": room.expired_at or room.closes_at})
    if room.locked and not is_host:
        raise Conflict("locked", "The host has locked the meeting.")


def _open(tx: Tx, room: rooms.Room) -> Session:
    """Opens the room's session; of two people who come at once, one opens and the other finds it open."""
    id = new_session_id()
    row = {
        "id": id,
        "room_id": room.id,
        "application_id": room.application_id,
        "generation": 1,
        "engine_room": f"{id}.1",
    }
    row |= {
        "state": SessionState.OPENING,
        "opened_at": tx.now,
        "ended_by_host": False,
        "clearing": False,
        "sequence": 0,
    }
    due = session_due(SessionState.OPENING, tx.now, None, timedelta(0))
    if tx.add_new(session, {**row, "due_at": due}):
        # An instant room must not expire between the click on Join and the first picture.
        if not rooms.entered(tx, room.id):
            raise Gone("expired", "This meeting has ended.", details={"ended_at": tx.now})
        tx.wake("sessions")
    found = tx.one(_LIVE_OF_ROOM, {"room_id": room.id})
    if found is None:  # the other one's session has ended in between
        raise Conflict("try_again", "The meeting was just ending. Try again.")
    return _of(found)


def may_connect(tx: Tx, engine_room: str, identity: str) -> tuple[str, ...] | None:
    """From which sources the person may send in the engine's room now. None: he may not be there, for he was not admitted, or
    was removed, or the session is over."""
    row = tx.one(_MAY_CONNECT, {"engine_room": engine_room, "identity": identity})
    return None if row is None else roles.grants(tx, row.session_id).of(identity)


def admission_of(tx: Tx, id: str, key: str) -> Admission:
    """The admission whose secret the caller holds. Raises Unauthenticated."""
    row = tx.one(_ADMISSION, {"id": id})
    if row is None or not is_key(key, row.key_hash):
        raise Unauthenticated("not_admitted", "You are not in this meeting.")
    return Admission(row.id, row.session_id, row.room_id, row.name, row.is_host, row.removed_at, Role(row.role))


def is_key(key: str, key_hash: str) -> bool:
    """Whether this is the secret of an admission or of somebody at the door."""
    return hmac.compare_digest(key_hash, hash_of(key))


def hash_of(key: str) -> str:
    """What is kept of such a secret: 256 random bits need no slow hash."""
    return hashlib.sha256(key.encode()).hexdigest()


def remove(tx: Tx, session_id: str, person_id: str) -> None:
    """Takes a person's admission away: his tokens no longer open the engine. Raises NotFound."""
    roles.tell(tx, session_id)  # first of all: everybody takes the session's row before an admission's
    statement = sa.update(admission).where(admission.c.id == person_id, admission.c.session_id == session_id)
    if not tx.changed(statement.values(removed_at=tx.now, role=None)):
        raise NotFound("not_here", "This person is not in the meeting.")
    roles.removed(tx, session_id, person_id)
    tx.wake(rooms.door(get(tx, session_id).room_id))  # a host who was removed sees no more who waits


def let_back_in(tx: Tx, session_id: str, person_id: str) -> None:
    """Who was removed may come again, as what he came as at first. Raises NotFound for anybody else."""
    if not tx.changed(_LET_BACK_IN.values(removed_at=None), {"person_id": person_id, "of_session": session_id}):
        raise NotFound("not_removed", "This person has not been removed from the meeting.")


def removed(tx: Tx, session_id: str) -> list[Removed]:
    """Who was removed from the session, the earliest first."""
    return [Removed(row.id, row.name, row.removed_at) for row in tx.all(_REMOVED, {"session_id": session_id})]


# --- Reading --------------------------------------------------------------------------------------------------------


def get(tx: Tx, id: str) -> Session:
    """A session by its id; for callers who already proved their right to it. Raises NotFound."""
    row = tx.one(_BY_ID, {"id": id})
    if row is None:
        raise NotFound("no_session", "There is no such session.")
    return _of(row)


def live_of(tx: Tx, room_id: str) -> Session | None:
    """The room's session that has not ended, if there is one."""
    row = tx.one(_LIVE_OF_ROOM, {"room_id": room_id})
    return _of(row) if row else None


def live(tx: Tx) -> list[Session]:
    """Every session that has not ended, of all tenants: for reconciling with the engine."""
    return [_of(row) for row in tx.all(_ALL_LIVE)]


def headcount(tx: Tx, session_id: str) -> int:
    """How many people are in."""
    return int(tx.connection.execute(_HEADCOUNT, {"session_id": session_id}).scalar_one())


def names_inside(tx: Tx, session_id: str, most: int) -> list[str]:
    """The names of so many people who are in, in the order in which they came."""
    return [row.name for row in tx.all(_NAMES, {"session_id": session_id, "most": most})]


# --- What the engine says -------------------------------------------------------------------------------------------


def apply(tx: Tx, event: EngineEvent, grace: timedelta) -> list[Change]:
    """Applies one engine webhook. An event seen before, of a room that is not ours, or of a recorder changes nothing."""
    if event.person is None or event.person.is_hidden or event.kind not in ("participant_joined", "participant_left"):
        return []
    if not tx.add_new(engine_event, {"id": event.id, "received_at": tx.now}):
        return []
    row = tx.one(_LOCK_BY_ENGINE_ROOM, {"engine_room": event.room})
    if row is None or row.state == SessionState.ENDED:
        return []
    current = _of(row)
    if event.kind == "participant_joined":
        return _seen(tx, current, event.person)
    changes = _seen(tx, current, event.person)  # its "joined" may still be under way: this is as good
    at = tx.now if tx.now - event.at < PROMPT else event.at  # the engine's own time has whole seconds only
    _gone(tx, current, event.person.sid, at, event.reason or "unknown")
    _settle(tx, current, grace)
    return changes


def observe(tx: Tx, session_id: str, people: Sequence[Person], grace: timedelta) -> list[Change]:
    """Compares a session with the engine's own list of its people, taken just before; repairs what webhooks missed.

    Who is listed and unknown has joined; who is not listed twice in a row has left, at the time of the first miss.
    """
    row = tx.one(_LOCK, {"id": session_id})
    if row is None or row.state == SessionState.ENDED:
        return []
    current = _of(row)
    here = {person.sid: person for person in people if not person.is_hidden}
    changes = [change for person in here.values() for change in _seen(tx, current, person)]
    for known in tx.all(_PRESENT, {"session_id": session_id}):
        if known.sid in here:
            if known.missed_at is not None:
                tx.execute(sa.update(participant).where(participant.c.sid == known.sid).values(missed_at=None))
        elif known.missed_at is None:
            tx.execute(sa.update(participant).where(participant.c.sid == known.sid).values(missed_at=tx.now))
        elif known.missed_at + MISS_GAP <= tx.now:
            _gone(tx, current, known.sid, known.missed_at, "unknown")
    _settle(tx, current, grace)
    return changes


def unwelcome(tx: Tx, session_id: str) -> set[str]:
    """Who was removed from the session: if the engine lists them all the same, they are to be put out again."""
    return {one.id for one in removed(tx, session_id)}


def _seen(tx: Tx, current: Session, person: Person) -> list[Change]:
    """The engine has, or had, this connection. New to us: the person has joined; the first join starts the session."""
    admitted = tx.one(_ADMISSION, {"id": person.identity})
    if admitted is None or admitted.session_id != current.id:
        return []
    joined_at = min(person.joined_at, tx.now)
    row = {"sid": person.sid, "session_id": current.id, "person_id": person.identity, "name": admitted.name}
    row |= {"is_host": admitted.is_host, "joined_at": joined_at}
    if not tx.add_new(participant, row):
        return []
    changes = []
    start = sa.update(session).where(session.c.id == current.id, session.c.state == SessionState.OPENING)
    if tx.changed(start.values(state=SessionState.RUNNING, started_at=joined_at, due_at=None)):
        fields = {"session_id": current.id, "room_id": current.room_id, "started_at": joined_at}
        events.emit(tx, events.Announcement("session:started", current.room_id, current.id, fields))
        changes.append(Change("started", current.id, current.room_id))
    else:
        tx.execute(sa.update(session).where(session.c.id == current.id).values(emptied_at=None, due_at=None))
    _announce(tx, current, "session:participant:joined", person.identity, admitted.name, admitted.is_host)
    role = Role(admitted.role)
    if role.leads:
        roles.settle(tx, current.id)
        tx.wake(rooms.door(current.room_id))
    if person.may != (SOURCES if role.leads else roles.allowed(tx, current.id).sources):
        roles.tell(tx, current.id)  # came in on an older token: the engine is to be told what is right
    return changes


def _gone(tx: Tx, current: Session, sid: str, at: datetime, reason: str) -> None:
    """A connection has ended. Who left already stays as he left; a later reason may only replace "unknown"."""
    row = tx.one(_BY_SID, {"sid": sid})
    if row is None:
        return
    statement = sa.update(participant).where(participant.c.sid == sid)
    left = {"left_at": max(at, row.joined_at), "reason": reason, "missed_at": None}
    if tx.changed(statement.where(participant.c.left_at.is_(None)).values(**left)):
        _announce(tx, current, "session:participant:left", row.person_id, row.name, row.is_host)
        if roles.role_of(tx, current.id, row.person_id).leads:
            roles.settle(tx, current.id)
            tx.wake(rooms.door(current.room_id))
    elif reason != "unknown":
        tx.execute(statement.where(participant.c.reason == "unknown").values(reason=reason))


def _announce(tx: Tx, current: Session, kind: str, person_id: str, name: str, is_host: bool) -> None:
    fields: dict[str, str | bool] = {"participant_id": person_id, "session_id": current.id, "room_id": current.room_id}
    fields |= {"name": name, "type": "Guest", "is_host": is_host}  # contract §4: the only `type` that clients know
    events.emit(tx, events.Announcement(kind, current.room_id, current.id, fields))


def _settle(tx: Tx, current: Session, grace: timedelta) -> None:
    """Nobody left in: the session ends after the grace, unless somebody comes back."""
    if headcount(tx, current.id):
        return
    emptied_at = tx.connection.execute(_LAST_LEFT, {"session_id": current.id}).scalar()
    if emptied_at is None:
        return
    due = session_due(SessionState.RUNNING, current.opened_at, emptied_at, grace)
    statement = sa.update(session).where(session.c.id == current.id, session.c.state == SessionState.RUNNING)
    tx.execute(statement.where(session.c.emptied_at.is_(None)).values(emptied_at=emptied_at, due_at=due))
    tx.wake("sessions")


# --- Ending ---------------------------------------------------------------------------------------------------------


def close(tx: Tx, room_id: str, *, by_host: bool = False) -> list[Change]:
    """Ends the room's live session now, for everybody; no session, no change."""
    row = tx.one(_LOCK_OF_ROOM, {"room_id": room_id})
    if row is None:
        return []
    current = _of(row)
    for person in tx.all(_PRESENT, {"session_id": current.id}):
        _gone(tx, current, person.sid, tx.now, "session_closed")
    return _end(tx, current, tx.now, by_host=by_host)


def close_due(tx: Tx) -> list[Change]:
    """Ends the sessions whose grace is over, and gives up those that nobody entered. A sweep over all that are due."""
    changes: list[Change] = []
    for due in tx.all(_DUE, {"now": tx.now}):
        row = tx.one(_LOCK, {"id": due.id})
        if row is None or row.state == SessionState.ENDED:
            continue
        current = _of(row)
        if current.state is SessionState.RUNNING and current.emptied_at is None:
            continue  # somebody came back between the two statements
        changes += _end(tx, current, current.emptied_at or tx.now, by_host=False)
    return changes


def _end(tx: Tx, current: Session, at: datetime, *, by_host: bool) -> list[Change]:
    statement = sa.update(session).where(session.c.id == current.id, _LIVE)
    ended = {"state": SessionState.ENDED, "ended_at": at, "due_at": None, "clearing": True, "ended_by_host": by_host}
    if not tx.changed(statement.values(**ended)):
        return []
    tx.wake("sessions")
    tx.wake(rooms.door(current.room_id))
    if current.started_at is None:
        rooms.released(tx, current.room_id)
        return []
    rooms.emptied(tx, current.room_id, at)
    fields = {"session_id": current.id, "room_id": current.room_id, "started_at": current.started_at, "ended_at": at}
    events.emit(tx, events.Announcement("session:ended", current.room_id, current.id, fields))
    return [Change("ended", current.id, current.room_id)]


def to_clear(tx: Tx) -> list[tuple[str, str]]:
    """Ended sessions whose engine room is still to be deleted: (session id, engine room)."""
    return [(row.id, row.engine_room) for row in tx.all(_CLEARING)]


def cleared(tx: Tx, ids: Iterable[str]) -> None:
    """Their engine rooms are deleted."""
    tx.execute(_CLEARED, [{"key": id} for id in ids])


def forget_events(tx: Tx) -> None:
    """Drops the ids of engine events from long ago: the engine never repeats one after a minute."""
    tx.execute(_FORGET, {"before": tx.now - timedelta(days=1)})
