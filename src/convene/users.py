"""An application's own users: made, changed, found and deleted; their passwords; how often somebody may try to guess one.

Passwords are hashed by argon2id (RFC 9106), which is slow on purpose: doors call `hashed` and `matches` in a thread, outside of
transactions.
"""

import re
import secrets
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from typing import Any

import argon2
import sqlalchemy as sa

from convene import access, allowances, tables
from convene.db import Tx
from convene.errors import Conflict, Invalid, NotFound, TooMany
from convene.tables import new_object_id

GUEST_LIFE = timedelta(days=1)
TRIES = 20  # wrong passwords for one login in a minute
BITE = 200  # users that one transaction deletes
TEXT_LIMIT = 255  # characters
LONGEST = {"login": 70, "email": 254, "custom_data": 5000, "website": 2048, "avatar": 2048}
LEAST_LOGIN = 3
MOST_TAGS = 5
LEAST_PASSWORD, LONGEST_PASSWORD = 8, 128
_EMAIL = re.compile(r"[^@\s,;<>\"]{1,64}@[^@\s,;<>\"]{1,190}")
_u, _t = tables.app_user.c, tables.user_token.c


@dataclass(frozen=True, slots=True)
class User:
    """One user. `number`: how programs name him; `email_verified`: the operator says that the address is his;
    `expires_at`: of a guest, who is deleted then."""

    number: int
    object_id: str
    application_id: str
    login: str | None
    email: str | None
    email_verified: bool
    full_name: str | None
    phone: str | None
    website: str | None
    external_id: str | None
    external_user_id: int | None
    facebook_id: str | None
    twitter_id: str | None
    blob_id: int | None
    custom_data: str | None
    avatar: str | None
    user_tags: list[str] | None
    timezone: int | None
    language: str | None
    is_guest: bool
    created_at: datetime
    updated_at: datetime
    last_request_at: datetime | None
    expires_at: datetime | None


# What may be said of a user; the rest follows.
GIVEN = frozenset(
    {"login", "email", "full_name", "phone", "website", "external_id", "external_user_id", "facebook_id"}
) | {*("twitter_id", "blob_id", "custom_data", "avatar", "user_tags", "timezone", "language")}


@dataclass(frozen=True, slots=True)
class Spec:
    """What is said of a new user. `given`: fields of GIVEN; `password_hash`: of `hashed`, None: he cannot sign in."""

    given: Mapping[str, Any] = field(default_factory=dict)
    password_hash: str | None = field(default=None, repr=False)
    email_verified: bool = False


@dataclass(frozen=True, slots=True)
class Condition:
    """What a user must meet: a field of User, an operator (eq, ne, in, nin, gt, gte, lt, lte, start_with), values of its type."""

    field: str
    operator: str
    values: Sequence[Any]


@dataclass(frozen=True, slots=True)
class Name:
    """What somebody who wants to sign in calls himself: his login, or else his e-mail address."""

    login: str | None = None
    email: str | None = None

    def place(self, application_id: str) -> str:
        """Where wrong passwords for this name are counted; the name itself is not kept."""
        name = self.login or self.email or ""
        return access.hashed(f"{application_id} {name.casefold()}")


@dataclass(frozen=True, slots=True)
class Door:
    """Whom somebody who wants to sign in has named, and what his password is compared with."""

    user: User
    password_hash: str | None = field(repr=False)


FIELDS = tuple(_u[name] for name in User.__slots__)
_OWN = _u.application_id == sa.bindparam("application")
_ALIVE = sa.or_(_u.expires_at.is_(None), _u.expires_at > sa.bindparam("now"))
_ONE = sa.and_(_OWN, _u.number == sa.bindparam("user"))
_GET = sa.select(*FIELDS).where(_ONE, _ALIVE)
_HOLD = sa.select(_u.number).where(_ONE, _ALIVE).with_for_update(read=True, key_share=True)
_LOCK = sa.select(_u.number).where(_ONE, _ALIVE).with_for_update()
_SOME = sa.select(*FIELDS).where(_OWN, _u.number.in_(sa.bindparam("numbers", expanding=True)))
_INSERT = sa.insert(tables.app_user).returning(*FIELDS)
_DOOR = sa.select(_u.password_hash, *FIELDS).where(_OWN, _ALIVE)
_BY_LOGIN = _DOOR.where(_u.login == sa.bindparam("login"))
_BY_EMAIL = _DOOR.where(_u.email_key == sa.bindparam("email_key"))
_BY_NUMBER = _DOOR.where(_u.number == sa.bindparam("user"))
_CHANGE = sa.update(tables.app_user).where(
    _u.application_id == sa.bindparam("its_application"), _u.number == sa.bindparam("its")
)
_NUMBERS: sa.BindParameter[Collection[int]] = sa.bindparam("numbers", expanding=True)
_END_TOKENS = sa.delete(tables.user_token).where(_t.user_number.in_(_NUMBERS))
_DELETE = sa.delete(tables.app_user).where(_u.number.in_(_NUMBERS))
_OVER = sa.select(_u.number).where(_u.expires_at <= sa.bindparam("now")).limit(BITE).with_for_update(skip_locked=True)
_OF_APPLICATION = sa.select(_u.number).where(_OWN).limit(BITE).with_for_update(skip_locked=True)


# --- Passwords ------------------------------------------------------------------------------------------------------

_HASHER = argon2.PasswordHasher(
    time_cost=2, memory_cost=19456, parallelism=1
)  # KiB; OWASP Password Storage Cheat Sheet


def check_password(password: str) -> None:
    """Raises Invalid for one that nobody may choose."""
    if not LEAST_PASSWORD <= len(password) <= LONGEST_PASSWORD:
        told = f"password has {LEAST_PASSWORD} to {LONGEST_PASSWORD} characters"
        raise Invalid("invalid", told, field="password")


def hashed(password: str) -> str:
    """How a password is kept. Slow: outside of transactions, in a thread."""
    return _HASHER.hash(password)


def matches(password_hash: str | None, password: str) -> bool:
    """Whether it is this password. As slow without a hash to compare with: the time does not tell who has one."""
    try:
        return _HASHER.verify(password_hash or _nobodys(), password) and password_hash is not None
    except (argon2.exceptions.VerificationError, argon2.exceptions.InvalidHashError):
        return False


@cache
def _nobodys() -> str:
    return _HASHER.hash(secrets.token_urlsafe())


def may_try(tx: Tx, application_id: str, name: Name) -> None:
    """Raises TooMany after too many wrong passwords for the name in this minute.

    Tries that run at the same moment do not see each other's failures: some more than TRIES may pass, as many as there are
    threads that compare.
    """
    if allowances.failures(tx, name.place(application_id)) >= TRIES:
        wait = {"retry_after": 60 - tx.now.second}
        raise TooMany("slow_down", "Too many wrong passwords. Try again in a minute.", details=wait)


def door(tx: Tx, application_id: str, name: Name) -> Door | None:
    """Whom somebody who wants to sign in names, by login or else by e-mail address. Raises TooMany."""
    may_try(tx, application_id, name)
    given = {"application": application_id, "now": tx.now}
    row = tx.one(_BY_LOGIN, given | {"login": name.login}) if name.login is not None else None
    if row is None and name.email is not None:
        row = tx.one(_BY_EMAIL, given | {"email_key": name.email.casefold()})
    return None if row is None else Door(_user(row[1:]), row.password_hash)


def own_door(tx: Tx, application_id: str, number: int) -> Door:
    """One user and what his password is compared with. Raises NotFound."""
    row = tx.one(_BY_NUMBER, _one(tx, application_id, number))
    if row is None:
        raise _unknown()
    return Door(_user(row[1:]), row.password_hash)


def failed(tx: Tx, application_id: str, name: Name) -> None:
    """Counts a wrong password."""
    allowances.failed(tx, name.place(application_id))


# --- Reading --------------------------------------------------------------------------------------------------------


def get(tx: Tx, application_id: str, number: int) -> User:
    """One user. Raises NotFound, also for another application's."""
    row = tx.one(_GET, _one(tx, application_id, number))
    if row is None:
        raise _unknown()
    return _user(row)


def hold(tx: Tx, application_id: str, number: int) -> None:
    """Keeps a user from being deleted until the commit. Raises NotFound."""
    if tx.one(_HOLD, _one(tx, application_id, number)) is None:
        raise _unknown()


def _one(tx: Tx, application_id: str, number: int) -> dict[str, Any]:
    return {"application": application_id, "user": number if abs(number) < 2**63 else 0, "now": tx.now}


def some(tx: Tx, application_id: str, numbers: Collection[int]) -> dict[int, User]:
    """Those of these users who exist, by number."""
    known = [number for number in numbers if 0 < number < 2**63]
    rows = tx.all(_SOME, {"application": application_id, "numbers": known}) if known else ()
    return {row.number: _user(row) for row in rows}


def search(
    tx: Tx, application_id: str, conditions: Sequence[Condition], *, order: tuple[str, bool], page: tuple[int, int]
) -> tuple[list[User], int]:
    """Users who meet all conditions, and how many there are in all. `order`: a field, and whether it descends; `page`: how many,
    and how many to leave out before."""
    field, descends = order
    wanted = sa.and_(_OWN, _ALIVE, *(_clause(one) for one in conditions))
    given = {"application": application_id, "now": tx.now}
    total = tx.connection.scalar(sa.select(sa.func.count()).select_from(tables.app_user).where(wanted), given) or 0
    by = (_u[field].desc(), _u.number.desc()) if descends else (_u[field], _u.number)
    rows = tx.all(sa.select(*FIELDS).where(wanted).order_by(*by).limit(page[0]).offset(page[1]), given)
    return [_user(row) for row in rows], total


def _clause(condition: Condition) -> sa.ColumnElement[bool]:
    """Texts begin and are equal as they are written, e-mail addresses in any case; tags are met one by one."""
    operator, values = condition.operator, list(condition.values)
    if condition.field == "user_tags":
        tags = sa.literal(",") + sa.type_coerce(_u.user_tags, sa.Text) + sa.literal(",")
        met = sa.or_(sa.false(), *(tags.contains(f",{tag},", autoescape=True) for tag in values))
        return sa.not_(sa.func.coalesce(met, sa.false())) if operator in ("ne", "nin") else met
    column = _u.email_key if condition.field == "email" else _u[condition.field]
    if condition.field == "email":
        values = [value.casefold() for value in values]
    if condition.field in ("number", "external_user_id"):
        values = [value for value in values if abs(value) < 2**63]
    match operator:
        case "ne" | "nin":
            return sa.or_(column.is_(None), column.not_in(values))
        case "start_with":
            begins = (sa.func.lower(column).startswith(value.lower(), autoescape=True) for value in values)
            return sa.or_(sa.false(), *begins)
        case "gt" | "gte" | "lt" | "lte":
            compare = {"gt": column.__gt__, "gte": column.__ge__, "lt": column.__lt__, "lte": column.__le__}[operator]
            return sa.and_(sa.true(), *(compare(value) for value in values))
    return column.in_(values)


def _user(row: Sequence[Any]) -> User:
    return User(*row)


def _unknown() -> NotFound:
    return NotFound("user_unknown", "User not found")


# --- Making, changing, deleting -------------------------------------------------------------------------------------


def create(tx: Tx, application_id: str, spec: Spec) -> User:
    """A new user. Raises Invalid, Conflict `taken` with the field."""
    values = _checked(spec.given)
    if values.get("login") is None and values.get("email") is None:
        raise Invalid("invalid", "A user needs a login or an e-mail address.", field="login")
    _claim(tx, application_id, values, None)
    verified = spec.email_verified and values.get("email") is not None
    return _insert(tx, application_id, values | {"password_hash": spec.password_hash, "email_verified": verified})


def create_guest(tx: Tx, application_id: str, full_name: str | None) -> User:
    """Somebody for a day, who cannot sign in again. Raises Invalid."""
    values = _checked({"full_name": full_name}) | {"login": f"guest_login_{secrets.token_hex(10)}", "is_guest": True}
    return _insert(tx, application_id, values | {"expires_at": tx.now + GUEST_LIFE})


def update(
    tx: Tx,
    application_id: str,
    number: int,
    changes: Mapping[str, Any],
    *,
    password_hash: str | None = None,
    verified: bool = False,
) -> User:
    """Changes fields of GIVEN, and the password; `verified`: an e-mail address is believed. Raises NotFound, Invalid, Conflict."""
    present, values = get(tx, application_id, number), _checked(changes)
    if "login" in values and values["login"] is None and values.get("email", present.email) is None:
        raise Invalid("invalid", "A user needs a login or an e-mail address.", field="login")
    _claim(tx, application_id, values, number)
    if "email" in values and (verified or values["email_key"] != (present.email or "").casefold()):
        values["email_verified"] = verified and values["email"] is not None
    if password_hash is not None:
        values["password_hash"] = password_hash
    tx.execute(_CHANGE.values(**values, updated_at=tx.now), {"its_application": application_id, "its": number})
    return get(tx, application_id, number)


def delete(tx: Tx, application_id: str, number: int) -> None:
    """Deletes the user and his tokens. Others keep his number alone. Raises NotFound."""
    if (
        tx.one(_LOCK, _one(tx, application_id, number)) is None
    ):  # whoever makes a token holds the user, and is waited for
        raise _unknown()
    _drop(tx, [number])


def forget_guests(tx: Tx) -> int:
    """Deletes some guests whose day is over; how many."""
    return _drop(tx, [row.number for row in tx.all(_OVER, {"now": tx.now})])


def forget_all(tx: Tx, application_id: str) -> int:
    """Deletes some of an application's users; how many."""
    return _drop(tx, [row.number for row in tx.all(_OF_APPLICATION, {"application": application_id})])


def _drop(tx: Tx, numbers: Sequence[int]) -> int:
    if numbers:
        tx.execute(_END_TOKENS, {"numbers": numbers})
        tx.execute(_DELETE, {"numbers": numbers})
    return len(numbers)


def _insert(tx: Tx, application_id: str, values: Mapping[str, Any]) -> User:
    row = {"email_verified": False, "is_guest": False, "object_id": new_object_id(tx.now)}
    row |= {"application_id": application_id, "created_at": tx.now, "updated_at": tx.now}
    return _user(tx.execute(_INSERT, row | dict(values)).one())


def _claim(tx: Tx, application_id: str, values: Mapping[str, Any], number: int | None) -> None:
    """Raises Conflict when somebody else has the login or the address."""
    claims = [("login", _u.login, values.get("login")), ("email", _u.email_key, values.get("email_key"))]
    for name, column, wanted in claims:
        if wanted is None:
            continue
        tx.alone(
            f"user {name} {application_id}"
        )  # of two who claim the same name at once, the second one sees the first
        found = tx.one(sa.select(_u.number).where(_OWN, column == wanted), {"application": application_id})
        if found is not None and found.number != number:
            raise Conflict("taken", f"{name} has already been taken", field=name)


def _checked(given: Mapping[str, Any]) -> dict[str, Any]:
    """The columns' values. Raises Invalid."""
    values = {name: (value if value != "" else None) for name, value in given.items() if name in GIVEN}
    for name, value in values.items():
        longest = LONGEST.get(name, TEXT_LIMIT)
        if isinstance(value, str) and len(value) > longest:
            raise Invalid("invalid", f"{name} has at most {longest} characters", field=name)
    login, email = values.get("login"), values.get("email")
    if login is not None and len(login) < LEAST_LOGIN:
        raise Invalid("invalid", f"login has {LEAST_LOGIN} to {LONGEST['login']} characters", field="login")
    if email is not None and not _EMAIL.fullmatch(email):
        raise Invalid("invalid", "email is not an e-mail address", field="email")
    if any("," in tag for tag in values.get("user_tags") or ()) or len(values.get("user_tags") or ()) > MOST_TAGS:
        raise Invalid("invalid", f"a user has at most {MOST_TAGS} tags, without commas", field="user_tags")
    if "email" in values:
        values["email_key"] = None if email is None else email.casefold()
    return values
