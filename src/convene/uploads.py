"""Pictures on their way in: signed forms, and what comes back with them (contract §3.4).

A form is signed as S3 signs one (AWS Signature Version 4, POST policies), with the application's own secret, and nothing is
kept of it: whoever shows one that we signed, unchanged and in time, may leave one picture under its key. What no theme takes
within an hour is deleted.
"""

import base64
import hashlib
import hmac
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import cast, get_args

import sqlalchemy as sa

from convene import access, tables
from convene.access import Application
from convene.db import Tx
from convene.errors import Forbidden, NotFound
from convene.logos import LARGEST, Kind
from convene.tables import new_id

KINDS: tuple[Kind, ...] = get_args(Kind)
LIFE = timedelta(hours=1)
WAITING_LIMIT = 100  # pictures of one application that no theme has taken yet
BITE = 50  # pictures that one transaction deletes

BUCKET = "meetings-logos"
FOLDER = "auto-expiring-temp/logos"
REGION = "us-east-1"
ALGORITHM = "AWS4-HMAC-SHA256"
TOKEN = "none"  # ours are not temporary credentials; clients want a text here
_UUID = "[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
_NAME = re.compile(f"{FOLDER}/({'|'.join(KINDS)})/({_UUID})", re.ASCII)
_CREDENTIAL = re.compile(rf"({_UUID})/(\d{{8}}/{REGION}/s3/aws4_request)", re.ASCII)

_p = tables.picture.c
_OWN = _p.application_id == sa.bindparam("application_id")
_WAITING = sa.select(sa.func.count()).select_from(tables.picture).where(_OWN, _p.expires_at > sa.bindparam("now"))
_FIND = sa.select(_p.key, _p.kind, _p.data).where(_OWN, _p.key.in_(sa.bindparam("keys", expanding=True)))
_DATA = sa.select(_p.data).where(_p.key == sa.bindparam("key"))
_SHOWN = _DATA.where(_p.expires_at.is_(None))
_FORGET = sa.delete(tables.picture).where(
    _p.key.in_(sa.select(_p.key).where(_p.expires_at <= sa.bindparam("now")).limit(BITE))
)


@dataclass(frozen=True, slots=True)
class Picture:
    """What was uploaded. `name`: as its form and its uploader call it; `key`: what its address ends in."""

    name: str
    key: str
    kind: Kind
    data: bytes


# --- Forms ----------------------------------------------------------------------------------------------------------


def form(application: Application, kind: Kind, now: datetime) -> dict[str, str]:
    """The fields of an upload of one picture, in the contract's order."""
    stamp = now.strftime("%Y%m%dT%H%M%SZ")
    scope = f"{stamp[:8]}/{REGION}/s3/aws4_request"
    fields = {
        "Content-Type": "image/png",
        "key": f"{FOLDER}/{kind}/{new_id()}",
        "logoType": kind,
        "bucket": BUCKET,
        "X-Amz-Algorithm": ALGORITHM,
        "X-Amz-Credential": f"{application.id}/{scope}",
        "X-Amz-Date": stamp,
        "X-Amz-Security-Token": TOKEN,
    }
    policy = {"expiration": (now + LIFE).isoformat(), "conditions": [{name: fields[name]} for name in fields]}
    encoded = base64.b64encode(json.dumps(policy).encode()).decode()
    return fields | {"Policy": encoded, "X-Amz-Signature": _signature(application, scope, encoded)}


def _signature(application: Application, scope: str, policy: str) -> str:
    """AWS Signature Version 4: a key for the day, the region and the service signs the policy as it is sent."""
    key = f"AWS4{application.token_secret}".encode()
    for part in scope.split("/"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    return hmac.new(key, policy.encode(), hashlib.sha256).hexdigest()


def _checked(tx: Tx, fields: Mapping[str, str]) -> Application:
    """The application whose form this is, unchanged and in time. Raises Forbidden, with S3's words for a code."""
    credential = _CREDENTIAL.fullmatch(fields.get("X-Amz-Credential", ""))
    try:
        application = access.application(tx, credential[1] if credential else "")
    except NotFound:
        raise Forbidden("invalid_access_key_id", "The key that signed this form does not exist.") from None
    assert credential is not None
    policy, signature = fields.get("Policy", ""), fields.get("X-Amz-Signature", "")
    if not hmac.compare_digest(_signature(application, credential[2], policy).encode(), signature.encode()):
        raise Forbidden("signature_does_not_match", "The signature of this form is not ours.")
    said = json.loads(base64.b64decode(policy))  # by us
    for condition in said["conditions"]:
        for name, value in condition.items():
            if fields.get(name) != value:
                raise Forbidden("access_denied", f'Invalid according to Policy: Policy Condition failed: "{name}"')
    if datetime.fromisoformat(said["expiration"]) <= tx.now:
        raise Forbidden("access_denied", "Invalid according to Policy: Policy expired.")
    return application


# --- Pictures -------------------------------------------------------------------------------------------------------


def receive(tx: Tx, fields: Mapping[str, str], data: bytes) -> None:
    """Keeps what came with a form of ours, for an hour. What it is, is looked at when a theme takes it.

    One form brings one picture; the same picture may come again. Raises Forbidden.
    """
    application = _checked(tx, fields)
    name, key = fields["key"], fields["key"].rpartition("/")[2]
    kept = data[: LARGEST + 1]  # one byte too many says enough
    tx.alone(f"uploads {application.id}")  # two uploads at once must not both take the last place
    row = {"key": key, "application_id": application.id, "kind": name.split("/")[2], "data": kept}
    times = {"created_at": tx.now, "expires_at": tx.now + LIFE}
    if (tx.connection.scalar(_WAITING, {"application_id": application.id, "now": tx.now}) or 0) >= WAITING_LIMIT:
        raise Forbidden("access_denied", "Too many uploads wait for a theme.")
    if not tx.add_new(tables.picture, row | times) and tx.connection.scalar(_DATA, {"key": key}) != kept:
        raise Forbidden("access_denied", "Something else has been uploaded with this form.")


def find(tx: Tx, application_id: str, names: Sequence[str]) -> dict[str, Picture]:
    """The application's uploads of these names, in their order, as far as they are there."""
    said = [match for name in names if (match := _NAME.fullmatch(name))]
    given = {"application_id": application_id, "keys": [match[2] for match in said]}
    there = {(row.kind, row.key): row.data for row in tx.all(_FIND, given)} if said else {}
    return {
        name: Picture(name, key, cast(Kind, kind), there[kind, key])
        for name, kind, key in ((match[0], match[1], match[2]) for match in said)
        if (kind, key) in there
    }


def shown(tx: Tx, key: str) -> bytes:
    """The PNG of a picture that a theme has taken. Raises NotFound."""
    data = tx.connection.scalar(_SHOWN, {"key": key}) if re.fullmatch(_UUID, key, re.ASCII) else None
    if data is None:
        raise NotFound("not_found", "There is no such picture.")
    return bytes(data)


def forget(tx: Tx) -> int:
    """Deletes some pictures that no theme has taken in time; how many."""
    return tx.changed(_FORGET, {"now": tx.now})
