"""The messages of a room: written, read, deleted.

Each belongs to its room, and to the session that went on when it was written. Who comes late reads those of the session; in a
scheduled meeting, which is one meeting to its people in all its sessions, those of the whole room. Ids grow with each message of
a room: they are its order, and the cursors of its lists.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from convene import roles, tables
from convene.chat.words import cleaned, clipped
from convene.db import Tx
from convene.errors import Forbidden, Invalid, NotFound, TooMany
from convene.sessions import Admission, Session
from convene.tables import new_object_id

PAGE = 50
BURST, SPAN = 20, timedelta(seconds=10)  # so many messages a person may write in so long a time
AUTHOR, HOST = "author", "host"  # who deleted a message
FIRST, LAST = "", "~"  # no id sorts before, none after


@dataclass(frozen=True, slots=True)
class Place:
    """Where messages are written and read: a session of a room; `whole_room`: what is read there is the whole room's."""

    application_id: str
    room_id: str
    session_id: str | None
    whole_room: bool


@dataclass(frozen=True, slots=True)
class Author:
    """Who writes: a person in the meeting by his admission, an application's user by his number, or one who is both."""

    name: str
    person_id: str | None = None
    user_number: int | None = None


@dataclass(frozen=True, slots=True)
class Draft:
    """What somebody wants to say; `extra`: fields of his client's own, `key`: his own name for it, once used it is known."""

    text: str
    reply_to: str | None = None
    extra: Mapping[str, Any] | None = None
    key: str | None = None


@dataclass(frozen=True, slots=True)
class Quote:
    """The beginning of the message that another one answers."""

    id: str
    name: str
    text: str


@dataclass(frozen=True, slots=True)
class Message:
    """One message. Of a deleted one nothing is left but who wrote it and when; `deleted_by`: author or host."""

    id: str
    room_id: str
    session_id: str | None
    author: Author
    text: str
    reply_to: str | None
    quote: Quote | None
    extra: Mapping[str, Any]
    key: str | None
    created_at: datetime
    deleted_at: datetime | None
    deleted_by: str | None


@dataclass(frozen=True, slots=True)
class Page:
    """Messages, oldest first; whether there are more in the direction that was asked for."""

    messages: Sequence[Message]
    more: bool


_m, _r, _a, _d = tables.chat_message.c, tables.room.c, tables.admission.c, tables.dialog.c

_ROOM = sa.select(_r.application_id, _r.features, _r.is_meetings).where(_r.id == sa.bindparam("id"))
_USER = sa.select(_a.user_number).where(_a.id == sa.bindparam("id"))
_BY_ID = sa.select(tables.chat_message).where(_m.id == sa.bindparam("id"), _m.room_id == sa.bindparam("room_id"))
_BY_KEY = sa.select(tables.chat_message).where(_m.person_id == sa.bindparam("person_id"), _m.key == sa.bindparam("key"))
_SOME = sa.select(_m.id, _m.name, _m.text).where(
    _m.id.in_(sa.bindparam("ids", expanding=True)), _m.deleted_at.is_(None)
)
_LAST = sa.select(sa.func.max(_m.id).label("id")).where(_m.room_id == sa.bindparam("room_id"))
_WRITTEN = sa.select(sa.func.count().label("n")).where(
    _m.room_id == sa.bindparam("room_id"), _m.id >= sa.bindparam("since"), _m.person_id == sa.bindparam("person_id")
)
_COUNT = sa.select(sa.func.count().label("n")).where(_m.room_id == sa.bindparam("room_id"), _m.deleted_at.is_(None))
_BETWEEN = (
    sa.select(tables.chat_message)
    .where(_m.id > sa.bindparam("after"), _m.id < sa.bindparam("before"))
    .limit(sa.bindparam("limit"))
)
_OF_ROOM = _BETWEEN.where(_m.room_id == sa.bindparam("room_id"))
_OF_SESSION = _BETWEEN.where(_m.session_id == sa.bindparam("session_id"))
_LEADS = roles.PEOPLE.where(
    roles.LEADS, sa.or_(_a.id == sa.bindparam("person_id"), _a.user_number == sa.bindparam("user_number"))
)
_OWNS = sa.select(_d.id).where(_d.room_id == sa.bindparam("room_id"), _d.user_number == sa.bindparam("user_number"))
_DELETE = sa.update(tables.chat_message).where(_m.id == sa.bindparam("message_id"), _m.deleted_at.is_(None))


def place_of(tx: Tx, session: Session) -> Place:
    """The place of a session's people. Raises Forbidden `chat_unavailable` when the room has no chat."""
    row = tx.one(_ROOM, {"id": session.room_id})
    if row is None or not row.features["is_chat_available"]:
        raise Forbidden("chat_unavailable", "This meeting has no chat.")
    return Place(session.application_id, session.room_id, session.id, row.is_meetings)


def author_of(tx: Tx, person: Admission) -> Author:
    """The author that a person in the meeting is."""
    row = tx.one(_USER, {"id": person.id})
    return Author(person.name, person.id, row.user_number if row else None)


# --- Writing --------------------------------------------------------------------------------------------------------


def write(tx: Tx, place: Place, author: Author, draft: Draft) -> Message:
    """A new message; or, if the author has written one under this key, that one.

    Raises Invalid (`text`, `reply_to`), Forbidden `chat_not_allowed`, TooMany `slow_down`.
    """
    tx.alone(f"chat:{place.room_id}")  # Race: ids grow in the order of the commits, so that no cursor passes one by
    known = draft.key and tx.one(_BY_KEY, {"person_id": author.person_id, "key": draft.key})
    if known:
        return _all_of(tx, [known])[0]
    _refuse_guests(tx, place, author)
    _refuse_flood(tx, place, author)
    if draft.reply_to:
        _refuse_unknown(tx, place, draft.reply_to)
    id = _next_id(tx, place.room_id)
    row = {
        "id": id,
        "application_id": place.application_id,
        "room_id": place.room_id,
        "session_id": place.session_id,
        "person_id": author.person_id,
        "user_number": author.user_number,
        "name": author.name,
        "text": cleaned(draft.text),
        "reply_to": draft.reply_to,
        "extra": dict(draft.extra) if draft.extra else None,
        "key": draft.key,
        "created_at": tx.now,
    }
    tx.execute(sa.insert(tables.chat_message), row)
    return get(tx, place, id)


def _refuse_guests(tx: Tx, place: Place, author: Author) -> None:
    """Where guests may not write now, one does who has the host's powers, or whose meeting it is."""
    if place.session_id is None or roles.allowed(tx, place.session_id).chat:
        return
    who = {"person_id": author.person_id, "user_number": author.user_number}
    if tx.one(_LEADS, who | {"session_id": place.session_id}) or tx.one(_OWNS, who | {"room_id": place.room_id}):
        return
    raise Forbidden("chat_not_allowed", "Only the host can write in this meeting now.")


def _refuse_unknown(tx: Tx, place: Place, reply_to: str) -> None:
    try:
        get(tx, place, reply_to)
    except NotFound:
        raise Invalid("invalid", "There is no such message to answer.", field="reply_to") from None


def _next_id(tx: Tx, room_id: str) -> str:
    """Greater than all of the room, also when another process made the last one, by its own clock and its own counter."""
    last = tx.one(_LAST, {"room_id": room_id})
    made = new_object_id(tx.now)
    if last is None or last.id is None or made > last.id:
        return made
    return new_object_id(tables.EPOCH + timedelta(seconds=int(last.id[:8], 16) + 1))


def _refuse_flood(tx: Tx, place: Place, author: Author) -> None:
    if author.person_id is None:
        return
    since = new_object_id(tx.now - SPAN)[:8]
    found = tx.one(_WRITTEN, {"room_id": place.room_id, "since": since, "person_id": author.person_id})
    if found and found.n >= BURST:
        raise TooMany("slow_down", "You are writing too fast.", details={"retry_after": int(SPAN.total_seconds())})


def delete(tx: Tx, place: Place, message_id: str, *, by: str) -> Message:
    """Takes a message's text away for good; asked twice it is the same. `by`: AUTHOR or HOST. Raises NotFound."""
    get(tx, place, message_id)
    gone = {"text": "", "extra": None, "deleted_at": tx.now, "deleted_by": by}
    tx.execute(_DELETE.values(gone), {"message_id": message_id})
    return get(tx, place, message_id)


# --- Reading --------------------------------------------------------------------------------------------------------


def get(tx: Tx, place: Place, message_id: str) -> Message:
    """One message that can be read in this place. Raises NotFound."""
    plain = message_id.isascii() and message_id.isprintable()  # PostgreSQL refuses some characters loudly
    row = tx.one(_BY_ID, {"id": message_id, "room_id": place.room_id}) if plain else None
    if row is None or not (place.whole_room or row.session_id == place.session_id):
        raise NotFound("message_unknown", f"Failed to fetch resource with id {message_id}")
    return _all_of(tx, [row])[0]


def history(tx: Tx, place: Place, *, before: str | None = None, limit: int = PAGE) -> Page:
    """The newest messages of the place, or the newest before one."""
    found = tx.all(_newest(place), _span(place, limit, before=before or LAST))
    return Page(_all_of(tx, reversed(found[:limit])), len(found) > limit)


def following(tx: Tx, place: Place, *, after: str | None = None, limit: int = PAGE) -> Page:
    """The oldest messages of the place, or the oldest after one."""
    found = tx.all(_oldest(place), _span(place, limit, after=after or FIRST))
    return Page(_all_of(tx, found[:limit]), len(found) > limit)


def everything(tx: Tx, place: Place) -> list[Message]:
    """All messages of the place, oldest first."""
    return _all_of(tx, tx.all(_oldest(place), _span(place, 2**31)))


def listed(tx: Tx, place: Place, *, skip: int, limit: int, newest_first: bool) -> list[Message]:
    """The messages of the place that are not deleted, without the first `skip`."""
    statement = _newest(place) if newest_first else _oldest(place)
    given = _span(place, limit - 1)
    return _all_of(
        tx, tx.all(statement.where(_m.deleted_at.is_(None)).offset(sa.bindparam("skip")), given | {"skip": skip})
    )


def count(tx: Tx, place: Place) -> int:
    """How many messages of the room are not deleted."""
    row = tx.one(_COUNT, {"room_id": place.room_id})
    return row.n if row else 0


def _newest(place: Place) -> sa.Select[Any]:
    return (_OF_ROOM if place.whole_room else _OF_SESSION).order_by(_m.id.desc())


def _oldest(place: Place) -> sa.Select[Any]:
    return (_OF_ROOM if place.whole_room else _OF_SESSION).order_by(_m.id)


def _span(place: Place, limit: int, *, after: str = FIRST, before: str = LAST) -> dict[str, Any]:
    own = {"room_id": place.room_id} if place.whole_room else {"session_id": place.session_id}
    return {"after": after, "before": before, "limit": limit + 1, **own}


def _all_of(tx: Tx, rows: Iterable[sa.Row[Any]]) -> list[Message]:
    found = [_of(row) for row in rows]
    answered = sorted({one.reply_to for one in found if one.reply_to and one.deleted_at is None})
    quotes = {row.id: Quote(row.id, row.name, clipped(row.text)) for row in tx.all(_SOME, {"ids": answered})}
    return [replace(one, quote=quotes.get(one.reply_to or "")) if one.deleted_at is None else one for one in found]


def _of(row: sa.Row[Any]) -> Message:
    return Message(
        id=row.id,
        room_id=row.room_id,
        session_id=row.session_id,
        author=Author(row.name, row.person_id, row.user_number),
        text=row.text,
        reply_to=row.reply_to,
        quote=None,
        extra=row.extra or {},
        key=row.key,
        created_at=row.created_at,
        deleted_at=row.deleted_at,
        deleted_by=row.deleted_by,
    )
