"""What an application's client programs are configured with: a number, keys, switches; and the keys of its administrators.

The authorization key ships in browsers, so it proves nothing but which application is meant; an administration key is a secret.
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from convene import access, tables
from convene.access import Application
from convene.db import Tx
from convene.errors import Invalid, NotFound, Unauthenticated
from convene.tables import new_secret

LANGUAGE = "en"
URL_LIMIT = 2048  # characters
_c, _k, _a = tables.client.c, tables.administration_key.c, tables.application.c


@dataclass(frozen=True, slots=True)
class Client:
    """`number`: the `application_id` of client programs; `opens_users`: they may make new users by themselves;
    `meeting_link`: a template with `%s` for a meeting's id, None: our own page; `recorded_url`: where finished meetings with
    recordings are announced; `language`: of mails to people who have none themselves."""

    number: int
    application_id: str
    auth_key: str
    auth_secret: str = field(repr=False)
    opens_users: bool
    meeting_link: str | None
    recorded_url: str | None
    language: str


SWITCHES = ("opens_users", "meeting_link", "recorded_url", "language")
_FIELDS = tuple(_c[name] for name in Client.__slots__)
_ALIVE = sa.and_(_a.id == _c.application_id, _a.deleted_at.is_(None))
_CLIENT = sa.select(*_FIELDS).join_from(tables.client, tables.application, _ALIVE)
_OF = _CLIENT.where(_c.application_id == sa.bindparam("application"))
_NUMBERED = _CLIENT.where(_c.number == sa.bindparam("number"))
_KEYED = _CLIENT.where(_c.auth_key == sa.bindparam("key"))
_CHANGE = sa.update(tables.client).where(_c.application_id == sa.bindparam("its"))
_BARE = (
    sa.select(_a.id)
    .where(_a.deleted_at.is_(None), ~sa.exists().where(_c.application_id == _a.id))
    .order_by(_a.created_at, _a.id)
)
_LIVE = sa.or_(_k.expires_at.is_(None), _k.expires_at > sa.bindparam("now"))
_ADMINISTRATED = (
    sa.select(*(_a[name] for name in Application.__slots__))
    .join_from(tables.administration_key, tables.application, _a.id == _k.application_id)
    .where(_k.hash == sa.bindparam("hash"), _LIVE, _a.deleted_at.is_(None))
)
_OWN_KEYS = _k.application_id == sa.bindparam("owner")
_END_OLDER = sa.delete(tables.administration_key).where(_OWN_KEYS, _k.expires_at.is_not(None))
_END_CURRENT = sa.update(tables.administration_key).where(_OWN_KEYS).values(expires_at=sa.bindparam("until"))
_END_ALL = sa.delete(tables.administration_key).where(_OWN_KEYS)


# --- Clients --------------------------------------------------------------------------------------------------------


def create(tx: Tx, application_id: str) -> Client:
    """What the client programs of a new application are configured with; the present one, if it has that already."""
    row: dict[str, Any] = {
        "application_id": application_id,
        "auth_key": secrets.token_hex(12),
        "auth_secret": new_secret(),
    }
    row |= {"opens_users": False, "language": LANGUAGE, "created_at": tx.now}
    tx.add_new(tables.client, row)
    return of(tx, application_id)


def complete(tx: Tx) -> None:
    """Gives one to every application that was made before there were clients."""
    for row in tx.all(_BARE):
        create(tx, row.id)


def of(tx: Tx, application_id: str) -> Client:
    """The application's own. Raises NotFound."""
    row = tx.one(_OF, {"application": application_id})
    if row is None:
        raise NotFound("application_unknown", "There is no such application.")
    return _client(row)


def numbered(tx: Tx, number: int) -> Client | None:
    """The one with this number, unless its application is deleted."""
    row = tx.one(_NUMBERED, {"number": number}) if 0 < number < 2**31 else None
    return None if row is None else _client(row)


def keyed(tx: Tx, auth_key: str) -> Client | None:
    """The one with this authorization key."""
    row = tx.one(_KEYED, {"key": auth_key})
    return None if row is None else _client(row)


def _client(row: Sequence[Any]) -> Client:
    return Client(*row)


def change(tx: Tx, application_id: str, **changes: Any) -> Client:
    """Changes some of SWITCHES. Raises NotFound, Invalid."""
    link = changes.get("meeting_link")
    if link is not None and (link.count("%s") != 1 or not link.startswith(("https://", "http://"))):
        raise Invalid("invalid", "It must be an http address with one %s for a meeting's id.", field="meeting_link")
    recorded = changes.get("recorded_url")
    if recorded is not None and not recorded.startswith(("https://", "http://")):
        raise Invalid("invalid", "It must be an http address.", field="recorded_url")
    for name in ("meeting_link", "recorded_url"):
        if len(changes.get(name) or "") > URL_LIMIT:
            raise Invalid("invalid", f"It has at most {URL_LIMIT} characters.", field=name)
    if changes:
        tx.execute(
            _CHANGE.values({name: changes[name] for name in SWITCHES if name in changes}), {"its": application_id}
        )
    return of(tx, application_id)


# --- Administrators -------------------------------------------------------------------------------------------------


def new_administration_key(tx: Tx, application_id: str, overlap: timedelta = timedelta(0)) -> str:
    """A new key, told this once. The present one goes on working for `overlap`; any older one ends now. Raises NotFound."""
    access.application(tx, application_id)
    tx.alone(f"administration key {application_id}")  # of two at once both would stay current
    tx.execute(_END_OLDER, {"owner": application_id})
    tx.execute(_END_CURRENT, {"owner": application_id, "until": tx.now + overlap})
    key = new_secret()
    row = {"hash": access.hashed(key), "application_id": application_id, "created_at": tx.now, "expires_at": None}
    tx.execute(sa.insert(tables.administration_key), row)
    return key


def administrated(tx: Tx, key: str | None) -> Application:
    """The application that an administration key speaks for. Raises Unauthenticated: `missing_auth` without one."""
    if not key:
        raise Unauthenticated("missing_auth", "An administration key is required")
    row = tx.one(_ADMINISTRATED, {"hash": access.hashed(key), "now": tx.now})
    if row is None:
        raise Unauthenticated("bad_credentials", "The administration key is wrong")
    return Application(**row._mapping)


def end_administration(tx: Tx, application_id: str) -> None:
    """Ends all administration keys of an application."""
    tx.execute(_END_ALL, {"owner": application_id})
