"""Who calls: accounts with their secrets, applications with their keys, and the tokens that make somebody a host.

Secrets are 256 random bits, so a plain SHA-256 of them is kept: no guessing reaches them. A Bearer token is believed
only by the public key that we hold for the application it names, with the one algorithm RS256: nothing in its header
chooses anything (contract §1.2).
"""

import base64
import binascii
import hashlib
import hmac
import json
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

import sqlalchemy as sa
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from convene import tables
from convene.db import Tx
from convene.errors import NotFound, Unauthenticated
from convene.recent import Recent
from convene.tables import new_id, new_secret

TOKEN_LIMIT = 8192  # characters
DEFAULT_LIFE = timedelta(minutes=15)  # of a token without `exp`, from its `iat`: the .NET SDK sends none
LONGEST_LIFE = timedelta(hours=24)
SKEW = timedelta(seconds=60)  # how far a caller's clock may be from ours
_END_OF_TIME = 2**40  # seconds

_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII)
_API_KEY = re.compile(r"[0-9A-Za-z_-]{1,64}", re.ASCII)
ALL_SCOPES = ("*",)
_PADDING, _SHA256 = padding.PKCS1v15(), hashes.SHA256()
CHANGED = "callers"  # topic: an application is not as it was, or one of its keys
APPLICATION_KEY = "application"  # the name of the key that was made with the application, or took its place
_account, _secret, _application, _key = tables.account, tables.account_secret, tables.application, tables.api_key
_callback = tables.callback_secret


@dataclass(frozen=True, slots=True)
class Application:
    """A tenant: everything a caller may see or change belongs to exactly one."""

    id: str
    account_id: str
    name: str
    token_kid: str = field(repr=False)
    token_secret: str = field(repr=False)
    rooms_url: str | None
    sessions_url: str | None
    recordings_url: str | None
    callback_signature: str
    default_theme_id: str | None
    keep_rooms_days: int | None
    keep_recordings_days: int | None
    keep_chat_days: int | None
    keep_events_days: int | None


@dataclass(frozen=True, slots=True)
class Known:
    """Who has proved to speak for an application; `key_id`: by which of its keys, None by the account's own secret."""

    application: Application
    key_id: str | None
    scopes: Sequence[str]


@dataclass(frozen=True, slots=True)
class KeyPair:
    """An application's RSA keys, PEM. We keep the public one alone."""

    private_key: str = field(repr=False)
    public_key: str


@dataclass(frozen=True, slots=True)
class FirstApplication:
    """The credentials of a new account, shown this once."""

    api_key: str
    api_secret: str = field(repr=False)
    application_id: str
    private_key: str = field(repr=False)


_FIELDS = tuple(_application.c[name] for name in Application.__slots__)
_ALIVE = _application.c.deleted_at.is_(None)
_BY_ID = sa.select(*_FIELDS).where(_application.c.id == sa.bindparam("id"), _ALIVE)
_BY_ACCOUNT = (
    sa.select(_secret.c.expires_at, _secret.c.hash, *_FIELDS)
    .join_from(_secret, _application, _application.c.account_id == _secret.c.account_id)
    .where(
        _secret.c.account_id == sa.bindparam("name"),
        _application.c.is_default,
        _ALIVE,
        sa.or_(_secret.c.expires_at.is_(None), _secret.c.expires_at > sa.bindparam("now")),
    )
)
_LIVE_KEY = sa.or_(_key.c.expires_at.is_(None), _key.c.expires_at > sa.bindparam("now"))
_WITH_KEYS = (
    sa.select(_key.c.expires_at, _key.c.public_key, _key.c.id.label("key_id"), _key.c.scopes, *_FIELDS)
    .join_from(_key, _application, _application.c.id == _key.c.application_id)
    .where(_application.c.id == sa.bindparam("name"), _ALIVE, _key.c.kind == "rsa", _LIVE_KEY)
)
_BY_KEY = (
    sa.select(_key.c.expires_at, _key.c.hash, _key.c.id.label("key_id"), _key.c.scopes, *_FIELDS)
    .join_from(_key, _application, _application.c.id == _key.c.application_id)
    .where(_key.c.id == sa.bindparam("name"), _ALIVE, _key.c.kind == "secret", _LIVE_KEY)
)
_FIRST = sa.select(_application.c.id).where(_ALIVE).order_by(_application.c.created_at, _application.c.id).limit(1)
_DEFAULT = sa.select(_application.c.id).where(
    _application.c.account_id == sa.bindparam("account_id"), _application.c.is_default, _ALIVE
)
_ACCOUNT_SECRETS = sa.select(_secret.c.hash).where(
    _secret.c.account_id == sa.bindparam("account_id"),
    sa.or_(_secret.c.expires_at.is_(None), _secret.c.expires_at > sa.bindparam("now")),
)
_ANY = sa.select(_application.c.id).limit(1)
_SET_URLS = (
    sa.update(_application)
    .where(_application.c.id == sa.bindparam("application_id"))
    .values({name: sa.bindparam(f"new_{name}") for name in ("rooms_url", "sessions_url", "recordings_url")})
)
_OF_APPLICATION = _callback.c.application_id == sa.bindparam("application")
_LIVE_SECRETS = (
    sa.select(_callback.c.secret)
    .where(_OF_APPLICATION, sa.or_(_callback.c.expires_at.is_(None), _callback.c.expires_at > sa.bindparam("now")))
    .order_by(_callback.c.created_at.desc(), _callback.c.expires_at.is_not(None))
)
_END_OLDER = (
    sa.update(_callback)
    .where(_OF_APPLICATION, _callback.c.expires_at > sa.bindparam("now"))
    .values(expires_at=sa.bindparam("now"))
)
_END_CURRENT = (
    sa.update(_callback)
    .where(_OF_APPLICATION, _callback.c.expires_at.is_(None))
    .values(expires_at=sa.bindparam("until"))
)


# --- Callers --------------------------------------------------------------------------------------------------------


def identified(tx: Tx, authorization: str | None, recent: Recent) -> Known:
    """The application that an Authorization header speaks for, and what its key may do. `recent`: of the topic CHANGED.

    `Basic api_key:api_secret`: the account's default application; `Basic key_id:secret`: that key's; `Bearer`: the one that its
    token names. Raises Unauthenticated: `missing_auth` without a header, else `bad_credentials` and never more than that.
    """
    if not authorization:
        raise Unauthenticated("missing_auth", "Auth header is required")
    scheme, _, credentials = authorization.partition(" ")
    match scheme.lower():
        case "basic":
            known = _by_secret(tx, credentials.strip(), recent)
        case "bearer":
            known = _by_token(tx, credentials.strip(), recent)
        case _:
            known = None
    if known is None:
        raise Unauthenticated("bad_credentials", "You did not provide correct credentials")
    return known


def account_for(tx: Tx, authorization: str | None) -> str:
    """The account whose own key and secret a Basic header carries: its api_key. Raises Unauthenticated."""
    if not authorization:
        raise Unauthenticated("missing_auth", "Auth header is required")
    scheme, _, credentials = authorization.partition(" ")
    pair = _pair(credentials.strip()) if scheme.lower() == "basic" else None
    if pair is not None:
        account_id, given = pair
        rows = tx.all(_ACCOUNT_SECRETS, {"account_id": account_id, "now": tx.now})
        if any(hmac.compare_digest(row.hash, given) for row in rows):
            return account_id
    raise Unauthenticated("bad_credentials", "You did not provide correct credentials")


def may(scopes: Sequence[str], scope: str) -> bool:
    """Whether a key with these scopes may do what needs `scope`; "rooms:write" includes "rooms:read"."""
    noun, _, verb = scope.partition(":")
    return "*" in scopes or scope in scopes or (verb == "read" and f"{noun}:write" in scopes)


def application(tx: Tx, application_id: str) -> Application:
    """One application, for callers who come from a row of it. Raises NotFound."""
    row = tx.one(_BY_ID, {"id": application_id})
    if row is None:
        raise NotFound("application_unknown", "There is no such application.")
    return _of(row)


def _of(row: Sequence[Any]) -> Application:
    return Application(*row)


def _live(rows: Sequence[sa.Row[Any]], now: datetime) -> list[sa.Row[Any]]:
    """Keys that have not ended since they were read."""
    return [row for row in rows if row.expires_at is None or row.expires_at > now]


def _by_secret(tx: Tx, credentials: str, recent: Recent) -> Known | None:
    pair = _pair(credentials)
    if pair is None:
        return None
    name, given = pair
    for row in _live(recent.all(tx, _BY_ACCOUNT, name), tx.now):
        if hmac.compare_digest(row.hash, given):
            return Known(_of(row[2:]), None, ALL_SCOPES)
    for row in _live(recent.all(tx, _BY_KEY, name), tx.now):
        if hmac.compare_digest(row.hash, given):
            return Known(_of(row[4:]), row.key_id, row.scopes)
    return None


def _pair(credentials: str) -> tuple[str, str] | None:
    """The user name and the password's hash of Basic authentication (RFC 7617), if they have our form."""
    try:
        name, colon, secret = base64.b64decode(credentials, validate=True).decode().partition(":")
    except (binascii.Error, ValueError):
        return None
    return (name, hashed(secret)) if colon and _API_KEY.fullmatch(name) else None


def _by_token(tx: Tx, token: str, recent: Recent) -> Known | None:
    """The signature decides before any claim does; only `application_id` is read earlier, to find the keys.

    `kid` may name the key that is tried first; it chooses nothing: the keys are those of the application.
    """
    header, claims = _unverified(token)
    application_id = claims.get("application_id")
    if not isinstance(application_id, str) or not _UUID.fullmatch(application_id):
        return None
    rows = _live(recent.all(tx, _WITH_KEYS, application_id), tx.now)
    for row in sorted(rows, key=lambda row: row.key_id != header.get("kid")) if len(rows) > 1 else rows:
        if _is_signed(token, row.public_key):
            return Known(_of(row[4:]), row.key_id, row.scopes) if _is_current(claims, tx.now) else None
    return None


def _unverified(token: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Header and payload, if the token has the only form that we take; else nothing is in them."""
    if len(token) > TOKEN_LIMIT or token.count(".") != 2:
        return {}, {}
    head, payload, _signature = token.split(".")
    header, claims = _head(head), _segment(payload)
    if header is None or claims is None or header.get("alg") != "RS256" or "crit" in header:
        return {}, {}
    return header, claims


def _segment(text: str) -> dict[str, Any] | None:
    try:
        decoded = base64.b64decode(text + "=" * (-len(text) % 4), b"-_", validate=True)
        value = _JSON.decode(decoded.decode())
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


_head = lru_cache(maxsize=256)(_segment)  # a client's tokens all begin with the same one


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Two readers of one token must not see different values under one name (RFC 7519 §4)."""
    value = dict(pairs)
    if len(value) != len(pairs):
        raise ValueError("duplicate key")
    return value


_JSON = json.JSONDecoder(object_pairs_hook=_unique)


def _is_signed(token: str, public_key: str) -> bool:
    """RS256 (RFC 7518 §3.3). Straight to the mathematics: header and payload have been read, strictly, already."""
    said, _, signature = token.rpartition(".")
    try:
        raw = base64.b64decode(signature + "=" * (-len(signature) % 4), b"-_", validate=True)
        _parsed(public_key).verify(raw, said.encode(), _PADDING, _SHA256)
    except (InvalidSignature, ValueError):
        return False
    return True


@lru_cache(maxsize=1024)
def _parsed(public_key: str) -> rsa.RSAPublicKey:
    key = serialization.load_pem_public_key(public_key.encode())
    if not isinstance(key, rsa.RSAPublicKey):
        raise ValueError("not an RSA key")
    return key


def _is_current(claims: dict[str, Any], now: datetime) -> bool:
    """Time claims, whole or fractional seconds (RFC 7519 §2). Without `exp` a token lives 15 minutes from `iat`."""
    moments = {name: claims[name] for name in ("iat", "nbf", "exp") if name in claims}
    if not all(type(value) in (int, float) and abs(value) < _END_OF_TIME for value in moments.values()):
        return False
    at, skew = now.timestamp(), SKEW.total_seconds()
    issued, expires = moments.get("iat"), moments.get("exp")
    if expires is None:
        if issued is None:
            return False
        expires = issued + DEFAULT_LIFE.total_seconds()
    begins = max(moments.get("nbf", at), at if issued is None else issued)
    lifetime = expires - (at if issued is None else issued)
    return bool(begins <= at + skew and at < expires + skew and lifetime <= LONGEST_LIFE.total_seconds())


# --- Accounts and applications --------------------------------------------------------------------------------------


def new_key_pair() -> KeyPair:
    """A 2048-bit RSA pair. Takes some 100 ms: doors call it in a thread, outside of a transaction."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem, plain = serialization.Encoding.PEM, serialization.NoEncryption()
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, plain)
    public = key.public_key().public_bytes(pem, serialization.PublicFormat.SubjectPublicKeyInfo)
    return KeyPair(private.decode(), public.decode())


def any_application(tx: Tx) -> bool:
    """Whether there is one already."""
    return tx.one(_ANY) is not None


def first_application(tx: Tx) -> str:
    """The id of the application that was made first: what the command line means unless told otherwise. Raises NotFound."""
    row = tx.one(_FIRST)
    if row is None:
        raise NotFound("application_unknown", "There is no application yet: `convene serve` makes the first one.")
    return str(row.id)


def create_first(tx: Tx, name: str, keys: KeyPair) -> FirstApplication:
    """A new account with a secret, and its default application."""
    api_key, api_secret = open_account(tx, name)
    application_id = open_application(tx, api_key, name, keys.public_key)
    return FirstApplication(api_key, api_secret, application_id, keys.private_key)


def open_account(tx: Tx, name: str) -> tuple[str, str]:
    """A new account: its api_key and its secret, which is told this once."""
    api_key, api_secret = secrets.token_hex(4), new_secret()
    tx.execute(sa.insert(_account), {"id": api_key, "name": name, "created_at": tx.now})
    owned = {
        "id": new_id(),
        "account_id": api_key,
        "hash": hashed(api_secret),
        "created_at": tx.now,
        "expires_at": None,
    }
    tx.execute(sa.insert(_secret), owned)
    return api_key, api_secret


def open_application(tx: Tx, account_id: str, name: str, public_key: str) -> str:
    """A new application with its key and a secret for its callbacks; the account's default one, if it has no other."""
    application_id = new_id()
    is_default = tx.one(_DEFAULT, {"account_id": account_id}) is None
    row = {"id": application_id, "account_id": account_id, "name": name, "is_default": is_default}
    row |= {"token_kid": new_id(), "token_secret": new_secret(), "callback_signature": "standard"}
    tx.execute(sa.insert(_application), row | {"created_at": tx.now})
    add_public_key(tx, application_id, public_key)
    _add_callback_secret(tx, application_id)
    return application_id


def add_public_key(tx: Tx, application_id: str, public_key: str) -> None:
    """The application's own key, PEM: it may do everything."""
    key = {"id": new_id(), "application_id": application_id, "name": APPLICATION_KEY, "kind": "rsa", "scopes": ["*"]}
    tx.execute(sa.insert(_key), key | {"public_key": public_key, "created_at": tx.now})
    tx.wake(CHANGED)


def set_callback_urls(
    tx: Tx, application_id: str, *, rooms: str | None, sessions: str | None, recordings: str | None
) -> None:
    """Where the application's callbacks go unless a room says otherwise; None: nowhere. Raises NotFound."""
    urls = {"new_rooms_url": rooms, "new_sessions_url": sessions, "new_recordings_url": recordings}
    if not tx.changed(_SET_URLS, {"application_id": application_id, **urls}):
        raise NotFound("application_unknown", "There is no such application.")
    tx.wake(CHANGED)


def rotate_callback_secret(tx: Tx, application_id: str, overlap: timedelta) -> str:
    """A new secret for signing callbacks; the present one stays valid for `overlap`, and any older one ends now."""
    tx.execute(_END_OLDER, {"application": application_id, "now": tx.now})
    tx.execute(_END_CURRENT, {"application": application_id, "until": tx.now + overlap})
    return _add_callback_secret(tx, application_id)


def callback_secrets(tx: Tx, application_id: str) -> list[str]:
    """The live secrets, newest first: every callback is signed with each of them."""
    return [row.secret for row in tx.all(_LIVE_SECRETS, {"application": application_id, "now": tx.now})]


def _add_callback_secret(tx: Tx, application_id: str) -> str:
    secret = "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()
    row = {"id": new_id(), "application_id": application_id, "secret": secret, "created_at": tx.now, "expires_at": None}
    tx.execute(sa.insert(_callback), row)
    return secret


def hashed(secret: str) -> str:
    """How a secret is kept: SHA-256, hex."""
    return hashlib.sha256(secret.encode()).hexdigest()


# --- Hosts ----------------------------------------------------------------------------------------------------------


def participant_token(application: Application, host_id: str, now: datetime) -> str:
    """The token in a room's host link: HS256, `kid` of the application, `participantId` of the room (contract §2.4).

    Written by hand: every room that we answer carries one.
    """
    return _signed(application, {"participantId": host_id, "iat": int(now.timestamp())})


def is_host_token(token: str | None, application: Application, host_id: str, *, imported: bool = False) -> bool:
    """Whether the token makes its bearer this room's host: it names him, and we signed it.

    The host links of an imported room were signed with a secret that its first maker kept. There the name itself, 122
    random bits, is the secret, and any signature counts (docs/adr/0012).
    """
    named = host_named_in(token or "")
    if token is None or named is None or not hmac.compare_digest(named.encode(), host_id.encode()):
        return False
    signed, _, signature = token.rpartition(".")
    return imported or hmac.compare_digest(signature, _signature(signed, application.token_secret))


def host_named_in(token: str) -> str | None:
    """The host whom a token of the vendor's form (contract §2.4) names, whoever signed it; None for other texts."""
    if len(token) > TOKEN_LIMIT or token.count(".") != 2:
        return None
    head, body, signature = token.split(".")
    header, payload = _segment(head), _segment(body)
    if header is None or payload is None or header.get("alg") != "HS256":
        return None
    named = payload.get("participantId")
    is_whole = re.fullmatch(r"[\w-]{43}", signature, re.ASCII) is not None
    return named if is_whole and isinstance(named, str) and _UUID.fullmatch(named.lower()) else None


# --- The invited ----------------------------------------------------------------------------------------------------


def invited_token(application: Application, room_id: str, who: int | str) -> str:
    """The token in a personal link to a scheduled meeting: it names the room, and who is invited: a user's number, or an address.

    It is the same each time: who gets several mails of one meeting has one link, and whether it still counts is for the
    meeting's list to say.
    """
    return _signed(application, {"roomId": room_id, "invited": who})


def invited_named_in(token: str | None, application: Application, room_id: str) -> int | str | None:
    """Whom a token that we signed names as invited to this room; None for every other text."""
    if token is None or not token.isascii() or len(token) > TOKEN_LIMIT or token.count(".") != 2:
        return None
    signed, _, signature = token.rpartition(".")
    if not hmac.compare_digest(signature, _signature(signed, application.token_secret)):
        return None
    payload = _segment(signed.partition(".")[2]) or {}
    named = payload.get("invited")
    return named if type(named) in (int, str) and payload.get("roomId") == room_id else None


def _signed(application: Application, payload: dict[str, Any]) -> str:
    signed = f"{_token_head(application.token_kid)}.{_text(payload)}"
    return f"{signed}.{_signature(signed, application.token_secret)}"


@lru_cache(maxsize=1024)
def _token_head(kid: str) -> str:
    return _text({"alg": "HS256", "typ": "JWT", "kid": kid})


def _signature(signed: str, secret: str) -> str:
    return _raw(hmac.digest(secret.encode(), signed.encode(), "sha256"))


def _text(part: dict[str, Any]) -> str:
    return _raw(json.dumps(part, separators=(",", ":")).encode())


def _raw(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()
