"""Answers that are kept for a day under the caller's `Idempotency-Key`: a request that is sent again changes nothing again.

An answer is kept in the transaction of its change, as its last statement. Where the key is taken, the whole transaction is
taken back, and the answer that is there is told instead: of many equal requests at once one makes the change.
"""

import hashlib
import re
from dataclasses import dataclass
from datetime import timedelta

import sqlalchemy as sa

from convene.db import Tx
from convene.errors import Invalid
from convene.tables import kept_answer

LIFE = timedelta(hours=24)
_KEY = re.compile(r"[\x21-\x7e]{1,255}")
_k = kept_answer.c
_OF = sa.and_(_k.application_id == sa.bindparam("application"), _k.key == sa.bindparam("of_key"))
_FIND = sa.select(_k.fingerprint, _k.status, _k.body, _k.created_at).where(_OF)
_DROP = sa.delete(kept_answer).where(_OF)
_DROP_OLD = _DROP.where(_k.created_at <= sa.bindparam("before"))
_LAST_OF_BATCH = (
    sa.select(_k.created_at)
    .where(_k.created_at <= sa.bindparam("before"))
    .order_by(_k.created_at)
    .offset(sa.bindparam("more"))
    .limit(1)
)
_FORGET = sa.delete(kept_answer).where(_k.created_at <= sa.bindparam("before"))


@dataclass(frozen=True, slots=True)
class Kept:
    """What was answered: the HTTP status, and the body as it was sent."""

    status: int
    body: str


class Answered(Exception):
    """The request was answered before; nothing of it must be done again."""

    def __init__(self, kept: Kept):
        super().__init__("answered")
        self.kept = kept


def fingerprint(method: str, path: str, body: bytes) -> str:
    """What makes two requests the same. `path`: the one spelling that is routed."""
    return hashlib.sha256(b"\0".join((method.encode(), path.encode(), body))).hexdigest()


def check(key: str) -> None:
    """Raises Invalid for a key that is none."""
    if not _KEY.fullmatch(key):
        told = '"Idempotency-Key" must be 1 to 255 visible ASCII characters'
        raise Invalid("invalid", told, field="Idempotency-Key")


def keep(tx: Tx, application_id: str, key: str, fingerprint: str, answer: Kept) -> None:
    """Keeps the answer to what this transaction did. Raises as `find`: then it must be taken back."""
    row = {"application_id": application_id, "key": key, "fingerprint": fingerprint, "created_at": tx.now}
    row |= {"status": answer.status, "body": answer.body}
    while not tx.add_new(kept_answer, row):  # on PostgreSQL this waits for whoever is about to keep one
        find(tx, application_id, key, fingerprint)
        tx.changed(_DROP_OLD, {"application": application_id, "of_key": key, "before": tx.now - LIFE})


def find(tx: Tx, application_id: str, key: str, fingerprint: str) -> None:
    """Raises Answered if there is an answer of this day; Invalid `idempotency_key_reused` if it is to another request."""
    found = tx.one(_FIND, {"application": application_id, "of_key": key})
    if found is None or found.created_at <= tx.now - LIFE:
        return
    if found.fingerprint != fingerprint:
        told = "This Idempotency-Key was used for another request"
        raise Invalid("idempotency_key_reused", told, field="Idempotency-Key")
    raise Answered(Kept(found.status, found.body))


def drop(tx: Tx, application_id: str, key: str) -> None:
    """Forgets an answer that did not come true."""
    tx.execute(_DROP, {"application": application_id, "of_key": key})


def forget(tx: Tx, limit: int = 1000) -> bool:
    """Drops some `limit` answers whose day is over, the oldest first; whether there may be more."""
    old = tx.now - LIFE
    last = tx.connection.scalar(_LAST_OF_BATCH, {"before": old, "more": limit - 1})
    return tx.changed(_FORGET, {"before": last or old}) > 0 and last is not None
