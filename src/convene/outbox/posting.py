"""Putting mail into the outbox, in the transaction of the change that it tells; nothing is worded here."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import sqlalchemy as sa

from convene import tables
from convene.db import Tx
from convene.letters import Kind, address_error
from convene.tables import new_id

TOPIC = "mail"  # woken when something becomes due


class State(StrEnum):
    """How a mail stands."""

    PENDING = "pending"
    SENT = "sent"  # the server has said that it has it
    KEPT = "kept"  # in the folder: no server is set
    UNSURE = "unsure"  # handed over by a process that ended before it heard the answer; never sent again
    DEAD = "dead"
    WITHDRAWN = "withdrawn"  # its meeting was deleted first


class Role(StrEnum):
    """What a recipient is in the meeting."""

    HOST = "host"
    ATTENDEE = "attendee"


@dataclass(frozen=True, slots=True)
class Recipient:
    """`number`: of the application's user, if it is one."""

    address: str
    name: str | None
    language: str
    role: Role
    number: int | None = None


_n, _m = tables.notice.c, tables.mail.c
_PENDING: sa.ColumnElement[str] = sa.literal_column("'pending'")
_OF_MEETING = _m.notice_id.in_(sa.select(_n.id).where(_n.meeting_id == sa.bindparam("meeting")))
_NEVER_TRIED = (
    sa.select(_m.address)
    .join(tables.notice, _n.id == _m.notice_id)
    .where(_n.meeting_id == sa.bindparam("meeting"), _n.kind == Kind.INVITATION)
    .where(_m.state == _PENDING, _m.attempt == 0)
)
_WITHDRAW = (
    sa.update(tables.mail)
    .where(_OF_MEETING, _m.state == _PENDING)
    .values(state=State.WITHDRAWN, due_at=None, settled_at=sa.bindparam("at"))
)


def post(
    tx: Tx,
    application_id: str,
    meeting_id: str,
    kind: Kind,
    facts: Mapping[str, Any],
    recipients: Sequence[Recipient],
) -> None:
    """One notice, and one mail for each recipient; of several with one address the first counts.

    An address that cannot be written to makes a mail that is dead from the beginning, and says so.
    """
    post_many(tx, [(application_id, meeting_id, kind, facts, recipients)])


Notice = tuple[str, str, Kind, Mapping[str, Any], Sequence[Recipient]]


def post_many(tx: Tx, told: Sequence[Notice]) -> None:
    """As `post`, for several meetings: application, meeting, kind, facts, recipients."""
    notices, mails = [], []
    for application_id, meeting_id, kind, facts, recipients in told:
        id = new_id()
        mine = {one.address.strip().casefold(): one for one in reversed(recipients)}
        if not mine:
            continue
        row = {"id": id, "application_id": application_id, "meeting_id": meeting_id, "kind": str(kind)}
        notices.append(row | {"facts": dict(facts), "created_at": tx.now})
        mails += [_row(tx, id, application_id, one) for one in mine.values()]
    if notices:
        tx.execute(sa.insert(tables.notice), notices)
        tx.execute(sa.insert(tables.mail), mails)
        tx.wake(TOPIC)


def _row(tx: Tx, notice_id: str, application_id: str, to: Recipient) -> dict[str, Any]:
    wrong = address_error(to.address)
    return {
        "notice_id": notice_id,
        "application_id": application_id,
        "address": to.address.strip(),
        "name": to.name,
        "language": to.language,
        "role": str(to.role),
        "user_number": to.number,
        "state": State.DEAD if wrong else State.PENDING,
        "attempt": 0,
        "due_at": None if wrong else tx.now,
        "created_at": tx.now,
        "settled_at": tx.now if wrong else None,
        "answer": wrong,
    }


def withdraw(tx: Tx, meeting_id: str) -> set[str]:
    """Withdraws all that is still to be sent for the meeting; the addresses that so never heard of it, case-folded."""
    unheard = {row.address.casefold() for row in tx.all(_NEVER_TRIED, {"meeting": meeting_id})}
    tx.execute(_WITHDRAW, {"meeting": meeting_id, "at": tx.now})
    return unheard
