"""Dialogs: how the application's users reach the chat of a scheduled meeting, with what each has not read yet.

Its occupants alone read and write by it: whom the meeting invites, and who subscribed while he could read the meeting.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from convene import sessions, tables
from convene.chat.messages import FIRST, Message, Place, _all_of
from convene.db import Tx
from convene.errors import NotFound
from convene.tables import new_object_id

_d, _o, _m = tables.dialog.c, tables.dialog_occupant.c, tables.chat_message.c


@dataclass(frozen=True, slots=True)
class Dialog:
    """One dialog: the chat of one room. `user_number`: its owner, the meeting's host."""

    id: str
    application_id: str
    room_id: str
    user_number: int
    name: str
    created_at: datetime
    updated_at: datetime


_FIELDS = tuple(_d[name] for name in Dialog.__slots__)
_OWN = _d.application_id == sa.bindparam("application_id")
_BY_ID = sa.select(*_FIELDS).where(_d.id == sa.bindparam("id"), _OWN)
_MINE = (
    sa.select(*_FIELDS)
    .join_from(tables.dialog, tables.dialog_occupant)
    .where(_OWN, _o.user_number == sa.bindparam("user_number"))
)
_ONE_OF_MINE = _MINE.where(_d.id == sa.bindparam("id"))
_WITH = _MINE.join(tables.chat_message, _m.room_id == _d.room_id).where(
    _m.id == sa.bindparam("message_id"), _m.deleted_at.is_(None)
)
_READERS = sa.select(_o.user_number, _o.read_id).where(_o.dialog_id == sa.bindparam("id"))
_PAGE = _MINE.order_by(_d.id.desc()).limit(sa.bindparam("limit")).offset(sa.bindparam("skip"))
_COUNT = sa.select(sa.func.count().label("n")).select_from(_MINE.subquery())
_OCCUPANTS = (
    sa.select(_o.dialog_id, _o.user_number)
    .where(_o.dialog_id.in_(sa.bindparam("ids", expanding=True)))
    .order_by(_o.joined_at, _o.user_number)
)
_here = sa.and_(_o.dialog_id == sa.bindparam("of_id"), _o.user_number == sa.bindparam("of_number"))
_INVITED = sa.select(_o.user_number).where(_o.dialog_id == sa.bindparam("id"), _o.invited)
_INVITE = sa.update(tables.dialog_occupant).where(_here).values(invited=True)
_LEAVE = sa.delete(tables.dialog_occupant).where(_here)
_READ = sa.update(tables.dialog_occupant).where(_here)
_NEWEST_IDS = (
    sa.select(sa.func.max(_m.id))
    .where(_m.room_id.in_(sa.bindparam("room_ids", expanding=True)), _m.deleted_at.is_(None))
    .group_by(_m.room_id)
)
_NEWEST = sa.select(tables.chat_message).where(_m.id.in_(_NEWEST_IDS))
_UNREAD = (
    sa.select(_o.dialog_id, sa.func.count(_m.id).label("n"))
    .join_from(tables.dialog_occupant, tables.dialog, _d.id == _o.dialog_id)
    .join(tables.chat_message, _m.room_id == _d.room_id)
    .where(
        _o.user_number == sa.bindparam("user_number"),
        _o.dialog_id.in_(sa.bindparam("ids", expanding=True)),
        _m.id > sa.func.coalesce(_o.read_id, FIRST),
        _m.deleted_at.is_(None),
        sa.or_(_m.user_number.is_(None), _m.user_number != _o.user_number),
    )
    .group_by(_o.dialog_id)
)
_CLEAR = sa.delete(tables.dialog_occupant).where(_o.dialog_id == sa.bindparam("id"))
_DROP = sa.delete(tables.dialog).where(_d.id == sa.bindparam("id"))
_CHANGE = sa.update(tables.dialog).where(_d.id == sa.bindparam("of_id"))


# --- As the meeting goes --------------------------------------------------------------------------------------------


def open_dialog(tx: Tx, application_id: str, room_id: str, owner: int, name: str, occupants: Iterable[int]) -> str:
    """A dialog for this room's chat; its id. The owner is an occupant."""
    id = new_object_id(tx.now)
    row = {"id": id, "application_id": application_id, "room_id": room_id, "user_number": owner, "name": name}
    tx.execute(sa.insert(tables.dialog), {**row, "created_at": tx.now, "updated_at": tx.now})
    for number in dict.fromkeys((owner, *occupants)):
        _join(tx, id, number, invited=True)
    return id


def follow(tx: Tx, dialog_id: str, name: str, occupants: Iterable[int]) -> None:
    """The meeting's name and whom it invites are these now. Who subscribed by himself stays."""
    row = tx.one(sa.select(_d.user_number).where(_d.id == sa.bindparam("id")), {"id": dialog_id})
    if row is None:
        return
    tx.execute(_CHANGE.values(name=name, updated_at=tx.now), {"of_id": dialog_id})
    now = {row.user_number, *occupants}
    before = {one.user_number for one in tx.all(_INVITED, {"id": dialog_id})}
    for number in sorted(before - now):
        tx.execute(_LEAVE, {"of_id": dialog_id, "of_number": number})
    for number in sorted(now - before):
        if not _join(tx, dialog_id, number, invited=True):
            tx.execute(_INVITE, {"of_id": dialog_id, "of_number": number})


def drop_dialog(tx: Tx, dialog_id: str) -> None:
    """The dialog goes; what was written stays with the room as long as its chat is kept."""
    for statement in (_CLEAR, _DROP):
        tx.execute(statement, {"id": dialog_id})


# --- A user's dialogs -----------------------------------------------------------------------------------------------


def dialog(tx: Tx, application_id: str, dialog_id: str) -> Dialog:
    """A dialog of the application, whoever asks. Raises NotFound `dialog_unknown`."""
    return _found(tx.one(_BY_ID, {"application_id": application_id, "id": dialog_id}) if _is_plain(dialog_id) else None)


def dialog_of(tx: Tx, application_id: str, dialog_id: str, *, user_number: int) -> Dialog:
    """A dialog of which the user is an occupant. Raises NotFound `dialog_unknown`."""
    given = {"application_id": application_id, "id": dialog_id, "user_number": user_number}
    return _found(tx.one(_ONE_OF_MINE, given) if _is_plain(dialog_id) else None)


def dialog_with(tx: Tx, application_id: str, message_id: str, *, user_number: int) -> Dialog:
    """The dialog of this message, of which the user is an occupant. Raises NotFound `dialog_unknown`."""
    given = {"application_id": application_id, "message_id": message_id, "user_number": user_number}
    return _found(tx.one(_WITH, given) if _is_plain(message_id) else None)


def dialogs_of(tx: Tx, application_id: str, *, user_number: int, skip: int, limit: int) -> tuple[list[Dialog], int]:
    """The user's dialogs, newest first, and how many there are."""
    given = {"application_id": application_id, "user_number": user_number}
    count = tx.one(_COUNT, given)
    found = tx.all(_PAGE, {**given, "skip": skip, "limit": limit})
    return [Dialog(**row._asdict()) for row in found], count.n if count else 0


def subscribe(tx: Tx, dialog_id: str, user_number: int) -> None:
    """The user becomes an occupant; who is one stays as he is."""
    _join(tx, dialog_id, user_number, invited=False)


def unsubscribe(tx: Tx, dialog_id: str, user_number: int) -> None:
    """The user is an occupant no more."""
    tx.execute(_LEAVE, {"of_id": dialog_id, "of_number": user_number})


def occupants(tx: Tx, dialog_ids: Sequence[str]) -> dict[str, list[int]]:
    """The users of each dialog, in the order of their coming."""
    found: dict[str, list[int]] = {id: [] for id in dialog_ids}
    for row in tx.all(_OCCUPANTS, {"ids": dialog_ids}):
        found[row.dialog_id].append(row.user_number)
    return found


def newest(tx: Tx, of: Sequence[Dialog]) -> dict[str, Message]:
    """The newest message of each dialog that has one, by the dialog's id."""
    by_room = {one.room_id: one.id for one in of}
    rows = tx.all(_NEWEST, {"room_ids": list(by_room)})
    return {by_room[message.room_id]: message for message in _all_of(tx, rows)}


def unread(tx: Tx, dialog_ids: Sequence[str], *, user_number: int) -> dict[str, int]:
    """How many messages of others the user has not read, by dialog; none is absent."""
    rows = tx.all(_UNREAD, {"ids": dialog_ids, "user_number": user_number})
    return {row.dialog_id: row.n for row in rows}


def read(tx: Tx, dialog_id: str, message_id: str, *, user_number: int) -> None:
    """The user has read all up to this message."""
    statement = _READ.where(sa.func.coalesce(_o.read_id, FIRST) < sa.bindparam("newer"))
    given = {"of_id": dialog_id, "of_number": user_number, "newer": message_id}
    tx.execute(statement.values(read_id=message_id), given)


def readers(tx: Tx, dialog_id: str) -> dict[int, str]:
    """Up to which message each occupant has read; FIRST for who has read none."""
    return {row.user_number: row.read_id or FIRST for row in tx.all(_READERS, {"id": dialog_id})}


def place_in(tx: Tx, dialog: Dialog) -> Place:
    """Where the dialog's messages are: the whole room, and the session that goes on there, if one does."""
    live = sessions.live_of(tx, dialog.room_id)
    return Place(dialog.application_id, dialog.room_id, live.id if live else None, whole_room=True)


def _join(tx: Tx, dialog_id: str, user_number: int, *, invited: bool) -> bool:
    row: dict[str, Any] = {"dialog_id": dialog_id, "user_number": user_number, "invited": invited}
    return tx.add_new(tables.dialog_occupant, {**row, "joined_at": tx.now, "read_id": None})


def _found(row: sa.Row[Any] | None) -> Dialog:
    if row is None:
        raise NotFound("dialog_unknown", "There is no such dialog.")
    return Dialog(**row._asdict())


def _is_plain(id: str) -> bool:
    """PostgreSQL refuses some characters loudly; no id of ours has them."""
    return id.isascii() and id.isprintable()
