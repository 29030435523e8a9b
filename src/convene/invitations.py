"""Who may come into the room of a scheduled meeting, and the links by which people come.

The plain link, `/{meeting id}`, is everybody's: who comes by it knocks, unless the meeting is public. A personal link carries a
token that names its bearer; what it is good for is said by the meeting's list as it stands when he comes, never by the token.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode, urlsplit

import sqlalchemy as sa

from convene import access, rooms, tables, users
from convene.access import Application
from convene.clients import Client
from convene.db import Tx
from convene.errors import NotFound
from convene.rooms import Room
from convene.sessions import Right
from convene.users import User

if TYPE_CHECKING:
    from convene.meetings import Attendee, Meeting

_m, _who, _u = tables.meeting.c, tables.meeting_attendee.c, tables.app_user.c
ID_DIGITS = 24
_ID = re.compile(rf"[0-9a-f]{{{ID_DIGITS}}}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Bearer:
    """Who comes by a personal link. `name`: as the application knows him."""

    right: Right
    name: str | None


_PRESENT = sa.select(_m.id, _m.application_id, _m.room_id, _m.host_number, _m.public).where(_m.deleted_at.is_(None))
_BY_ID = _PRESENT.join(
    tables.application,
    sa.and_(tables.application.c.id == _m.application_id, tables.application.c.deleted_at.is_(None)),
).where(_m.id == sa.bindparam("id"))
_BY_ROOM = _PRESENT.where(_m.room_id == sa.bindparam("room_id"))
_LIST = sa.select(_who.user_number, _who.email).where(_who.meeting_id == sa.bindparam("meeting_id"))
_USER = (
    sa.select(*users.FIELDS)
    .where(
        _u.application_id == sa.bindparam("application_id"),
        sa.or_(
            _u.number == sa.bindparam("number"),
            sa.and_(_u.email_key == sa.bindparam("email_key"), _u.email_verified),
        ),
        sa.or_(_u.expires_at.is_(None), _u.expires_at > sa.bindparam("now")),
    )
    .limit(1)
)


# --- Links ----------------------------------------------------------------------------------------------------------


def page_link(client: Client, base_url: str, meeting_id: str) -> str:
    """The link that anybody may have: the application's own page, if it has set one, or ours."""
    return client.meeting_link.replace("%s", meeting_id) if client.meeting_link else f"{base_url}/{meeting_id}"


def personal_link(application: Application, client: Client, base_url: str, meeting: "Meeting", who: int | str) -> str:
    """The link of one person. `who`: the number of a user, or the e-mail address of an attendee who has no number in the list.

    It makes the host a host, and brings an attendee in without leave.
    """
    link = urlsplit(page_link(client, base_url, meeting.id))
    token = urlencode({"participant_token": access.invited_token(application, meeting.room_id, _named(who))})
    return link._replace(query=f"{link.query}&{token}" if link.query else token).geturl()


def own_name(meeting: "Meeting", user: User) -> int | str:
    """By what name the user comes: by his number, or, invited by his proven e-mail address, by that. To a public meeting
    everybody comes. Raises NotFound for somebody who is not invited."""
    named = _names(meeting.attendees)
    if user.number in (meeting.host_number, *named) or meeting.public:
        return user.number
    if user.email and user.email_verified and user.email.casefold() in named:
        return user.email
    raise NotFound("not_invited", "This user is not invited.")


def name_behind(meeting: "Meeting", email: str) -> int | str:
    """By what name the attendee with this e-mail address comes. Raises NotFound."""
    for one in meeting.attendees:
        if one.email is not None and one.email.casefold() == email.casefold():
            return email if one.user_number is None else one.user_number
    raise NotFound("not_invited", "Nobody with this address is invited.")


# --- Coming in ------------------------------------------------------------------------------------------------------


def room(tx: Tx, meeting_id: str) -> Room | None:
    """The room of the meeting with this id, open or not, of whatever application that was not deleted."""
    row = tx.one(_BY_ID, {"id": meeting_id.lower()}) if _ID.fullmatch(meeting_id.lower()) else None
    return None if row is None else rooms.get(tx, row.application_id, row.room_id)


def bearer(tx: Tx, application: Application, room_id: str, token: str | None) -> Bearer | None:
    """Who shows this token at the room's door; None: nobody whom the meeting invites now."""
    who = access.invited_named_in(token, application, room_id)
    meeting = None if who is None else tx.one(_BY_ROOM, {"room_id": room_id})
    if who is None or meeting is None:
        return None
    number, email_key = (who, None) if isinstance(who, int) else (None, who)
    given = {"application_id": application.id, "number": number, "email_key": email_key, "now": tx.now}
    row = tx.one(_USER, given)
    user = None if row is None else User(**row._mapping)
    if not _is_invited(tx, meeting, who, user):
        return None
    right = Right(who == meeting.host_number, is_invited=True, user_number=user.number if user else None)
    return Bearer(right, (user.full_name or user.login) if user else None)


def _is_invited(tx: Tx, meeting: sa.Row[Any], who: int | str, user: User | None) -> bool:
    """The host as long as he is a user: no list takes him off. Attendees need not be users."""
    if user is not None and (meeting.public or who == meeting.host_number):
        return True
    return who != meeting.host_number and who in _names(tx.all(_LIST, {"meeting_id": meeting.id}))


def _names(attendees: Iterable["Attendee | sa.Row[Any]"]) -> set[int | str]:
    """By what names a meeting's list invites. An attendee with a number is known by that alone."""
    return {one.user_number if one.user_number is not None else _named(one.email or "") for one in attendees}


def _named(who: int | str) -> int | str:
    return who.casefold() if isinstance(who, str) else who
