"""Looking at mails: for the page of kept ones, for the operator's command; and forgetting them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from convene import tables
from convene.db import Tx
from convene.errors import NotFound
from convene.outbox.posting import State


@dataclass(frozen=True, slots=True)
class Mail:
    """One mail as it stands. `answer`: what the server said last; of a kept one, the name of its file."""

    serial: int
    application_id: str
    meeting_id: str
    kind: str
    address: str
    state: State
    attempt: int
    due_at: datetime | None
    created_at: datetime
    settled_at: datetime | None
    answer: str | None


@dataclass(frozen=True, slots=True)
class NoticedMail:
    """A mail with the facts that it tells."""

    mail: Mail
    facts: Mapping[str, Any]


_n, _m = tables.notice.c, tables.mail.c
_JOINED = tables.mail.join(tables.notice, _n.id == _m.notice_id)
_FIELDS = (
    _m.serial,
    _m.application_id,
    _n.meeting_id,
    _n.kind,
    _m.address,
    _m.state,
    _m.attempt,
    _m.due_at,
    _m.created_at,
    _m.settled_at,
    _m.answer,
)
_BEFORE: sa.BindParameter[int] = sa.bindparam("before", type_=sa.BigInteger)
_LIMIT: sa.BindParameter[int] = sa.bindparam("limit", type_=sa.Integer)
_LATEST = sa.select(*_FIELDS).select_from(_JOINED).where(_m.serial < _BEFORE).order_by(_m.serial.desc()).limit(_LIMIT)
_OWN = _m.application_id == sa.bindparam("application_id")
_OWN_LATEST = _LATEST.where(_OWN)
_ONE = sa.select(*_FIELDS, _n.facts).select_from(_JOINED).where(_m.serial == sa.bindparam("serial"))
_OWN_ONE = _ONE.where(_OWN)
_KNOWN = sa.select(_m.serial).where(_m.serial.in_(sa.bindparam("serials", expanding=True)))
_IDS: sa.BindParameter[Sequence[str]] = sa.bindparam("ids", expanding=True)
_pending = sa.exists().where(_m.notice_id == _n.id, _m.state == sa.literal_column("'pending'"))
_OLD = (  # two workers: each takes others
    sa.select(_n.id)
    .where(_n.application_id == sa.bindparam("application_id"), _n.created_at <= sa.bindparam("before"), ~_pending)
    .order_by(_n.created_at)
    .limit(_LIMIT)
    .with_for_update(skip_locked=True)
)
_FORGET_MAILS = sa.delete(tables.mail).where(_m.notice_id.in_(_IDS))
_FORGET_NOTICES = sa.delete(tables.notice).where(_n.id.in_(_IDS))


def latest(tx: Tx, application_id: str | None, *, before: int | None = None, limit: int = 100) -> list[Mail]:
    """The application's mails, or all, newest first; `before`: only those with a smaller serial."""
    given: dict[str, Any] = {"before": before or 2**62, "limit": limit}
    if application_id is None:
        return [_mail(row) for row in tx.all(_LATEST, given)]
    return [_mail(row) for row in tx.all(_OWN_LATEST, given | {"application_id": application_id})]


def get(tx: Tx, application_id: str | None, serial: int) -> NoticedMail:
    """One mail of the application, or of any. Raises NotFound."""
    given: dict[str, Any] = {"serial": serial}
    statement = _ONE
    if application_id is not None:
        statement, given = _OWN_ONE, given | {"application_id": application_id}
    row = tx.one(statement, given) if 0 < serial < 2**62 else None
    if row is None:
        raise NotFound("mail_unknown", "There is no such mail.")
    return NoticedMail(_mail(row), row.facts)


def known(tx: Tx, serials: Sequence[int]) -> set[int]:
    """Those of these mails that are there."""
    return {row.serial for row in tx.all(_KNOWN, {"serials": serials})}


def forget(tx: Tx, application_id: str, before: datetime, *, limit: int) -> int:
    """Deletes some notices from before with their mails; how many. None that is still to be sent."""
    given = {"application_id": application_id, "before": before, "limit": limit}
    ids = [row.id for row in tx.all(_OLD, given)]
    if ids:
        tx.execute(_FORGET_MAILS, {"ids": ids})
        tx.execute(_FORGET_NOTICES, {"ids": ids})
    return len(ids)


def _mail(row: sa.Row[Any]) -> Mail:
    fields = {name: value for name, value in row._asdict().items() if name != "facts"}
    return Mail(**fields | {"state": State(row.state)})
