"""Tokens of client programs: of an application alone, or of one of its users. A token lives on with every use.

A token is 256 random bits, so a plain SHA-256 of it is kept. What counts against its holder is looked up with it each time: the
deletion of a user or an application ends the token at once.
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from convene import access, tables, users
from convene.access import Application
from convene.db import Tx
from convene.errors import Unauthenticated
from convene.users import User

SLIDING = timedelta(minutes=1)  # a token's use is written at most so often
BITE = 500
_t, _u, _a = tables.user_token.c, tables.app_user.c, tables.application.c


@dataclass(frozen=True, slots=True)
class Login:
    """What a token says. `user`: None, when it is the application's alone; `nonce`: as its maker sent it."""

    token_id: int
    application_id: str
    user: User | None
    created_at: datetime
    updated_at: datetime
    expires_at: datetime
    nonce: int | None
    application: Application = field(repr=False)

    def is_due(self, now: datetime) -> bool:
        """Whether its use is to be written."""
        return now - self.updated_at >= SLIDING


@dataclass(frozen=True, slots=True)
class New:
    """A token that was just made; it is told this once."""

    token: str = field(repr=False)
    login: Login


_TOKEN = ("serial", "created_at", "updated_at", "expires_at", "nonce")
_KNOWN = (
    sa.select(*(_t[name] for name in _TOKEN), *(_a[name] for name in Application.__slots__), *users.FIELDS)
    .join_from(tables.user_token, tables.application, _a.id == _t.application_id)
    .outerjoin(tables.app_user, _u.number == _t.user_number)
    .where(
        _t.expires_at > sa.bindparam("now"),
        _a.deleted_at.is_(None),
        sa.or_(_t.user_number.is_(None), _u.expires_at.is_(None), _u.expires_at > sa.bindparam("now")),
    )
)
_BY_TOKEN = _KNOWN.where(_t.hash == sa.bindparam("hash"))
_BY_ID = _KNOWN.where(_t.serial == sa.bindparam("token"))
_INSERT = sa.insert(tables.user_token).returning(_t.serial)
_ONE = _t.serial == sa.bindparam("its")
_SLIDE = (
    sa.update(tables.user_token).where(_ONE).values(updated_at=sa.bindparam("at"), expires_at=sa.bindparam("until"))
)
_SEEN = sa.update(tables.app_user).where(_u.number == sa.bindparam("who")).values(last_request_at=sa.bindparam("at"))
_BELONG = sa.update(tables.user_token).where(_ONE).values(user_number=sa.bindparam("who"))
_END = sa.delete(tables.user_token).where(_ONE)
_END_USERS = sa.delete(tables.user_token).where(
    _t.application_id == sa.bindparam("owner"), _t.user_number == sa.bindparam("who")
)
_END_OTHERS = _END_USERS.where(_t.serial != sa.bindparam("its"))
_END_ALL = sa.delete(tables.user_token).where(_t.application_id == sa.bindparam("owner"))
_OVER = sa.select(_t.serial).where(_t.expires_at <= sa.bindparam("now")).limit(BITE)
_FORGET = sa.delete(tables.user_token).where(_t.serial.in_(_OVER))


def identified(tx: Tx, token: str | None) -> Login:
    """Whom a token speaks for. Raises Unauthenticated `session_missing`."""
    row = tx.one(_BY_TOKEN, {"hash": access.hashed(token), "now": tx.now}) if token else None
    if row is None:
        raise Unauthenticated("session_missing", "Required session does not exist")
    return _login(row)


def mint(tx: Tx, application_id: str, number: int | None, life: timedelta, nonce: int | None = None) -> New:
    """A token of a user, or of the application alone; `life`: after its last use. Raises NotFound for a user it does not have."""
    if number is not None:
        users.hold(tx, application_id, number)
    user = None if number is None else users.get(tx, application_id, number)
    token = secrets.token_hex(32)
    row: dict[str, Any] = {"hash": access.hashed(token), "application_id": application_id, "user_number": number}
    row |= {"nonce": nonce, "created_at": tx.now, "updated_at": tx.now, "expires_at": _end(tx, user, life)}
    serial = tx.execute(_INSERT, row).scalar_one()
    if user is not None:
        tx.execute(_SEEN, {"who": user.number, "at": tx.now})
    return New(token, _again(tx, serial))


def slide(tx: Tx, login: Login, life: timedelta) -> datetime:
    """Notes that a token is in use; when it ends now. A token that has ended meanwhile stays so."""
    until = _end(tx, login.user, life)
    tx.execute(_SLIDE, {"its": login.token_id, "at": tx.now, "until": until})
    if login.user is not None:
        tx.execute(_SEEN, {"who": login.user.number, "at": tx.now})
    return until


def belong(tx: Tx, login: Login, number: int | None) -> Login:
    """Gives a token to a user, or back to the application alone. Raises NotFound, Unauthenticated."""
    if number is not None:
        users.hold(tx, login.application_id, number)
    tx.execute(_BELONG, {"its": login.token_id, "who": number})
    return _again(tx, login.token_id)


def end(tx: Tx, login: Login) -> None:
    """Ends the token."""
    tx.execute(_END, {"its": login.token_id})


def end_others(tx: Tx, login: Login) -> None:
    """Ends all other tokens of the same user: his password is another one."""
    if login.user is not None:
        given = {"owner": login.application_id, "who": login.user.number, "its": login.token_id}
        tx.execute(_END_OTHERS, given)


def end_users(tx: Tx, application_id: str, number: int) -> None:
    """Ends all tokens of a user."""
    tx.execute(_END_USERS, {"owner": application_id, "who": number})


def end_all(tx: Tx, application_id: str) -> None:
    """Ends all tokens of an application and its users."""
    tx.execute(_END_ALL, {"owner": application_id})


def forget(tx: Tx) -> int:
    """Drops some tokens that have ended; how many."""
    return tx.changed(_FORGET, {"now": tx.now})


def _end(tx: Tx, user: User | None, life: timedelta) -> datetime:
    return tx.now + life if user is None or user.expires_at is None else user.expires_at


def _again(tx: Tx, serial: int) -> Login:
    row = tx.one(_BY_ID, {"token": serial, "now": tx.now})
    if row is None:
        raise Unauthenticated("session_missing", "Required session does not exist")
    return _login(row)


def _login(row: Sequence[Any]) -> Login:
    """By position: several of the tables' columns have the same names."""
    serial, created_at, updated_at, expires_at, nonce, *rest = row
    application = Application(*rest[: len(Application.__slots__)])
    user = rest[len(Application.__slots__) :]
    known = User(*user) if user[0] is not None else None
    return Login(serial, application.id, known, created_at, updated_at, expires_at, nonce, application)
