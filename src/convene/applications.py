"""Applications as their account and the operator see them: made, shown, changed and deleted (contract §3.5, §3.7)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

import sqlalchemy as sa

from convene import access, clients, keys, logins, recordings, rooms, sessions, tables, themes
from convene.db import Tx
from convene.errors import Invalid, NotFound

KEY_LIMIT = 8192  # characters of a PEM
NAME_LIMIT = 200

Signature = Literal["standard", "vonage"]
_a, _k, _t, _s = tables.application.c, tables.api_key.c, tables.theme.c, tables.session.c


@dataclass(frozen=True, slots=True)
class Spec:
    """What is said of a new application. `kept_settings`: what others use and we only keep, by name."""

    name: str
    public_key: str
    rooms_url: str | None = None
    sessions_url: str | None = None
    recordings_url: str | None = None
    callback_signature: Signature = "standard"
    kept_settings: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Provisioned:
    """An application; `public_key` is the PEM of the key that this module keeps, None once that one has ended."""

    id: str
    account_id: str
    name: str
    is_default: bool
    rooms_url: str | None
    sessions_url: str | None
    recordings_url: str | None
    callback_signature: str
    kept_settings: Mapping[str, Any] | None
    created_at: datetime
    public_key: str | None


_KEPT_KEY = sa.and_(
    _k.kind == "rsa",
    _k.name == access.APPLICATION_KEY,
    sa.or_(_k.expires_at.is_(None), _k.expires_at > sa.bindparam("now")),
)
_PUBLIC_KEY = (
    sa.select(_k.public_key)
    .where(_k.application_id == _a.id, _KEPT_KEY)
    .order_by(_k.created_at.desc(), _k.id)
    .limit(1)
    .scalar_subquery()
    .label("public_key")
)
_ALIVE = _a.deleted_at.is_(None)
_COLUMNS = tuple(_a[name] for name in Provisioned.__slots__ if name != "public_key")
_ALL = sa.select(*_COLUMNS, _PUBLIC_KEY).where(_ALIVE).order_by(_a.created_at, _a.id)
_OWN = sa.and_(_a.account_id == sa.bindparam("account_id"), _ALIVE)
_ONE = sa.and_(_OWN, _a.id == sa.bindparam("id"))
_PAGE = _ALL.where(_OWN).limit(sa.bindparam("limit")).offset(sa.bindparam("offset"))
_COUNT = sa.select(sa.func.count()).select_from(tables.application).where(_OWN)
_GET = _ALL.where(_ONE)
_LOCK = sa.select(_a.id).where(_ONE).with_for_update(key_share=True)
_ACCOUNT = sa.select(tables.account.c.id).where(tables.account.c.id == sa.bindparam("account_id"))
_CHANGE = sa.update(tables.application).where(_a.id == sa.bindparam("its"))
_END_KEPT_KEYS = (
    sa.update(tables.api_key)
    .where(_k.application_id == sa.bindparam("owner_id"), _KEPT_KEY)
    .values(expires_at=sa.bindparam("now"))
)
_DELETE = (
    sa.update(tables.application)
    .where(_a.id == sa.bindparam("its"), _a.account_id == sa.bindparam("owner_id"), _ALIVE)
    .values(deleted_at=sa.bindparam("now"))
)
_END_KEYS = (
    sa.update(tables.api_key)
    .where(
        _k.application_id == sa.bindparam("owner_id"),
        sa.or_(_k.expires_at.is_(None), _k.expires_at > sa.bindparam("now")),
    )
    .values(expires_at=sa.bindparam("now"))
)
_FREE_ADDRESSES = (
    sa.update(tables.theme)
    .where(
        _t.application_id == sa.bindparam("its"),
        sa.exists().where(_a.id == sa.bindparam("its"), _a.account_id == sa.bindparam("owner_id")),
    )
    .values(short_company_url=None)
)
_IN_USE = sa.select(_s.room_id).where(_s.application_id == sa.bindparam("application_id"), _s.state != "ended")


# --- Making and reading ---------------------------------------------------------------------------------------------


def create(tx: Tx, account_id: str, spec: Spec) -> Provisioned:
    """A new application of the account. Raises NotFound `account_unknown`, Invalid (`public_key`)."""
    if tx.one(_ACCOUNT, {"account_id": account_id}) is None:
        raise NotFound("account_unknown", f"There is no account {account_id}.")
    tx.alone(f"applications {account_id}")  # of two at once only one becomes the default
    application_id = access.open_application(tx, account_id, spec.name, keys.public_key(spec.public_key))
    clients.create(tx, application_id)
    _set(
        tx, application_id, {name: getattr(spec, name) for name in Spec.__slots__ if name not in ("name", "public_key")}
    )
    return get(tx, account_id, application_id)


def get(tx: Tx, account_id: str, application_id: str) -> Provisioned:
    """One application of the account. Raises NotFound, also for another account's."""
    row = tx.one(_GET, {"account_id": account_id, "id": application_id, "now": tx.now})
    if row is None:
        raise NotFound("application_unknown", f"ID '{application_id}' does not exist, or you do not have access")
    return Provisioned(**row._mapping)


def page(tx: Tx, account_id: str, *, page: int, size: int) -> tuple[Sequence[Provisioned], int]:
    """The account's applications, oldest first, and how many there are in all. `page` counts from 1."""
    given = {"account_id": account_id, "now": tx.now, "limit": size, "offset": (page - 1) * size}
    total = tx.connection.scalar(_COUNT, {"account_id": account_id}) or 0
    return [Provisioned(**row._mapping) for row in tx.all(_PAGE, given)], total


def find(tx: Tx, application_id: str) -> Provisioned:
    """One application, of whatever account, for the operator. Raises NotFound."""
    return get(tx, access.application(tx, application_id).account_id, application_id)


def everything(tx: Tx) -> Sequence[Provisioned]:
    """The applications of all accounts, for the operator."""
    return [Provisioned(**row._mapping) for row in tx.all(_ALL, {"now": tx.now})]


# --- Changing -------------------------------------------------------------------------------------------------------


def change(tx: Tx, account_id: str, application_id: str, changes: Mapping[str, Any]) -> Provisioned:
    """Changes fields of Spec. Another `public_key` ends the one before at once. Raises NotFound, Invalid."""
    if tx.one(_LOCK, {"account_id": account_id, "id": application_id}) is None:  # two changes follow each other
        raise NotFound("application_unknown", f"ID '{application_id}' does not exist, or you do not have access")
    values = dict(changes)
    public_key = values.pop("public_key", None)
    if public_key is not None:
        _replace_key(tx, get(tx, account_id, application_id), keys.public_key(public_key))
    _set(tx, application_id, values)
    return get(tx, account_id, application_id)


def _replace_key(tx: Tx, present: Provisioned, public_key: str) -> None:
    if present.public_key == public_key:
        return
    tx.execute(_END_KEPT_KEYS, {"owner_id": present.id, "now": tx.now})
    access.add_public_key(tx, present.id, public_key)


def _set(tx: Tx, application_id: str, values: Mapping[str, Any]) -> int:
    tx.wake(access.CHANGED)
    return tx.changed(_CHANGE.values(values), {"its": application_id}) if values else 0


def sign_callbacks(tx: Tx, application_id: str, signature: Signature) -> None:
    """How callbacks are signed: `standard`, or `vonage`: with the vendor's JWT as well. Raises NotFound."""
    if not _set(tx, application_id, {"callback_signature": signature}):
        raise NotFound("application_unknown", "There is no such application.")


def set_default_theme(tx: Tx, application_id: str, theme_id: str | None) -> None:
    """The theme of rooms that name none; None: no theme. Raises Invalid `theme_not_found`."""
    if theme_id is not None and not themes.hold(tx, application_id, theme_id):
        told = f"Failed to update application because theme id {theme_id} not found"
        raise Invalid("theme_not_found", told, field="default_theme_id")
    _set(tx, application_id, {"default_theme_id": theme_id})


def delete(tx: Tx, account_id: str, application_id: str) -> None:
    """Ends the application: its keys and tokens stop, its meetings end, its rooms expire and say so. Raises NotFound.

    What was recorded stays until its time is over. A room that is just being made may slip through: nobody reaches it,
    since codes of a deleted application lead nowhere, and it expires in its own time.
    """
    # Race: a theme's deletion takes the theme, then the application whose default it is; so do we.
    tx.execute(_FREE_ADDRESSES, {"owner_id": account_id, "its": application_id})
    if not tx.changed(_DELETE, {"owner_id": account_id, "its": application_id, "now": tx.now}):
        raise NotFound("application_unknown", f"ID '{application_id}' does not exist, or you do not have access")
    tx.execute(_END_KEYS, {"owner_id": application_id, "now": tx.now})
    tx.wake(access.CHANGED)
    clients.end_administration(tx, application_id)
    logins.end_all(tx, application_id)
    _close(tx, application_id)  # first: who joins or leaves locks the session, then the room
    rooms.expire_all(tx, application_id)
    _close(tx, application_id)  # sessions that were opened between the two


def _close(tx: Tx, application_id: str) -> None:
    for row in tx.all(_IN_USE, {"application_id": application_id}):
        recordings.follow(tx, sessions.close(tx, row.room_id))
