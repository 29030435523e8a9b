"""An application's keys: RSA keys that verify its tokens and secrets for Basic, each with scopes, an end, and its last use.

Several live side by side, so that one takes another's place without an outage.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from convene import access
from convene.db import Tx
from convene.errors import Conflict, Invalid, NotFound
from convene.tables import api_key, new_id, new_secret

NOUNS = ("rooms", "themes", "sessions", "recordings", "events", "applications")
SCOPES = ("*", *(f"{noun}:{verb}" for noun in NOUNS for verb in ("read", "write")))
LIVE_LIMIT = 10  # of an application: a forged token is tried with each of them
LEAST_BITS = 2048
NAME_LIMIT = 100


@dataclass(frozen=True, slots=True)
class Key:
    """One key, as far as it may be shown. `last_used_at` is right to the minute."""

    id: str
    name: str
    kind: str
    scopes: Sequence[str]
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None


@dataclass(frozen=True, slots=True)
class New:
    """A key that was just made. `secret`: of one for Basic, whose user name is the key's id; shown this once."""

    key: Key
    secret: str | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class Wish:
    """What a key is to be. `public_key`: PEM, of an RSA key; None: a secret for Basic is made."""

    name: str
    scopes: Sequence[str] = ("*",)
    expires_at: datetime | None = None
    public_key: str | None = None


_k = api_key.c
_FIELDS = tuple(_k[name] for name in Key.__slots__)
_OWN = _k.application_id == sa.bindparam("application")
_ALL = sa.select(*_FIELDS).where(_OWN).order_by(_k.created_at, _k.id)
_ONE = sa.select(*_FIELDS).where(_OWN, _k.id == sa.bindparam("key"))
_LIVE = sa.select(sa.func.count()).where(_OWN, sa.or_(_k.expires_at.is_(None), _k.expires_at > sa.bindparam("now")))
_END = sa.update(api_key).where(_OWN, _k.id == sa.bindparam("key")).values(expires_at=sa.bindparam("at"))
_USED = sa.update(api_key).where(_k.id == sa.bindparam("key")).values(last_used_at=sa.bindparam("at"))


def of_application(tx: Tx, application_id: str) -> list[Key]:
    """All keys, the ended ones too, in the order of their making. Raises NotFound."""
    access.application(tx, application_id)
    return [_key(row) for row in tx.all(_ALL, {"application": application_id})]


def add(tx: Tx, application_id: str, wish: Wish) -> New:
    """A further key. Raises NotFound, Invalid, Conflict `keys_limit`."""
    access.application(tx, application_id)
    _check(tx, wish)
    tx.alone(f"keys {application_id}")  # two additions at once do not both count the same last place
    if (tx.connection.scalar(_LIVE, {"application": application_id, "now": tx.now}) or 0) >= LIVE_LIMIT:
        raise Conflict("keys_limit", f"An application has at most {LIVE_LIMIT} live keys: expire one first.")
    secret = None if wish.public_key else new_secret()
    key = Key(
        new_id(),
        wish.name,
        "secret" if secret else "rsa",
        tuple(wish.scopes),
        tx.now,
        wish.expires_at,
        last_used_at=None,
    )
    row = {name: getattr(key, name) for name in Key.__slots__} | {"scopes": list(wish.scopes)}
    row |= {"application_id": application_id, "hash": access.hashed(secret) if secret else None}
    row |= {"public_key": public_key(wish.public_key) if wish.public_key else None}
    tx.execute(sa.insert(api_key), row)
    tx.wake(access.CHANGED)
    return New(key, secret)


def expire(tx: Tx, application_id: str, key_id: str, at: datetime | None = None) -> Key:
    """Ends a key at a time, or now. Raises NotFound."""
    tx.execute(_END, {"application": application_id, "key": key_id, "at": at or tx.now})
    tx.wake(access.CHANGED)
    return get(tx, application_id, key_id)


def rotate(tx: Tx, application_id: str, key_id: str, overlap: timedelta, new_public_key: str | None) -> New:
    """A new key with the name, kind and scopes of an old one, which ends after `overlap`, unless it was to end sooner.

    Raises NotFound, Invalid, Conflict.
    """
    old = get(tx, application_id, key_id)
    if (old.kind == "rsa") != (new_public_key is not None):
        raise Invalid("invalid", f"The key is of kind {old.kind}; so must be the one that follows it.")
    new = add(tx, application_id, Wish(old.name, old.scopes, None, new_public_key))
    ends = tx.now + overlap
    expire(tx, application_id, key_id, ends if old.expires_at is None else min(ends, old.expires_at))
    return new


def used(tx: Tx, key_id: str) -> None:
    """Notes that a key is in use; callers do so once a minute."""
    tx.execute(_USED, {"key": key_id, "at": tx.now})


def public_key(pem: str) -> str:
    """The PEM of an RSA public key of at least 2048 bits, in its one form. Raises Invalid."""
    try:
        key = serialization.load_pem_public_key(pem.encode())
    except (ValueError, UnsupportedAlgorithm):
        raise Invalid("invalid", "This is no public key in PEM form.", field="public_key") from None
    if not isinstance(key, rsa.RSAPublicKey) or key.key_size < LEAST_BITS:
        raise Invalid("invalid", f"The key must be an RSA key of at least {LEAST_BITS} bits.", field="public_key")
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    return key.public_bytes(serialization.Encoding.PEM, form).decode()


def get(tx: Tx, application_id: str, key_id: str) -> Key:
    """One key. Raises NotFound."""
    row = tx.one(_ONE, {"application": application_id, "key": key_id})
    if row is None:
        raise NotFound("key_unknown", "The application has no such key.")
    return _key(row)


def _key(row: Sequence[Any]) -> Key:
    return Key(*row)


def _check(tx: Tx, wish: Wish) -> None:
    if not 1 <= len(wish.name) <= NAME_LIMIT or not wish.name.isprintable():
        raise Invalid("invalid", f"A name has 1 to {NAME_LIMIT} characters.", field="name")
    unknown = [scope for scope in wish.scopes if scope not in SCOPES]
    if unknown or not wish.scopes:
        told = f"There is no scope {unknown[0]}." if unknown else "A key without scopes can do nothing."
        raise Invalid("invalid", f"{told} There are {', '.join(SCOPES)}.", field="scopes")
    if wish.expires_at is not None and wish.expires_at <= tx.now:
        raise Invalid("invalid", "The end of a new key must lie ahead.", field="expires_at")
