"""Claiming due mails and settling them. A claim moves the due time a lease ahead and counts the attempt, which is the fence."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from convene import tables
from convene.db import Tx
from convene.letters import Facts, Kind
from convene.lifecycle import WINDOW, next_attempt
from convene.mail import Answer, Verdict
from convene.outbox.posting import State

LEASE = timedelta(minutes=10)  # longer than the longest exchange: nobody else may have the mail until it is over
TOO_OLD = "No server took it within 72 hours."
TOO_LATE = "The meeting had begun before a server took it."


@dataclass(frozen=True, slots=True)
class Claim:
    """One attempt that is ours to make."""

    serial: int
    attempt: int
    created_at: datetime
    notice_id: str
    application_id: str
    kind: Kind
    facts: Facts
    address: str
    name: str | None
    language: str
    is_host: bool
    number: int | None


@dataclass(frozen=True, slots=True)
class Tried:
    """What became of an attempt. `answer` None: the process ended after it had handed the mail over."""

    serial: int
    attempt: int
    created_at: datetime
    answer: Answer | None


@dataclass(frozen=True, slots=True)
class Turn:
    """What one transaction found. `more`: look again at once; `wait`: until the next mail comes due."""

    claims: Sequence[Claim]
    more: bool
    wait: timedelta | None


_n, _m = tables.notice.c, tables.mail.c
_PENDING: sa.ColumnElement[str] = sa.literal_column("'pending'")
_NOW: sa.BindParameter[datetime] = sa.bindparam("now", type_=tables.Moment)
_SERIALS: sa.BindParameter[Sequence[int]] = sa.bindparam("serials", expanding=True)
# Two workers: each locks other rows (skip_locked).
_DUE = (
    sa.select(
        _m.serial,
        _m.attempt,
        _m.created_at,
        _m.notice_id,
        _m.application_id,
        _m.address,
        _m.name,
        _m.language,
        _m.role,
        _m.user_number,
        _n.kind,
        _n.facts,
    )
    .join(tables.notice, _n.id == _m.notice_id)
    .where(_m.due_at.is_not(None), _m.due_at <= _NOW)
    .order_by(_m.due_at, _m.serial)
    .limit(sa.bindparam("room", type_=sa.Integer))
    .with_for_update(of=tables.mail, skip_locked=True, key_share=True)
)
_TAKE = (
    sa.update(tables.mail)
    .where(_m.serial.in_(_SERIALS))
    .values(due_at=sa.bindparam("lease"), held_by=sa.bindparam("holder"), attempt=_m.attempt + 1)
)
_BURY = (
    sa.update(tables.mail)
    .where(_m.serial.in_(_SERIALS))
    .values(state=State.DEAD, due_at=None, settled_at=_NOW, answer=sa.bindparam("why"))
)
_NEXT = sa.select(sa.func.min(_m.due_at)).where(_m.due_at.is_not(None), _m.due_at > _NOW)
# Race: our lease ran out and somebody else has the mail now, or it was withdrawn. The attempt's number is the fence.
_mine = sa.and_(_m.serial == sa.bindparam("its"), _m.attempt == sa.bindparam("mine"), _m.state == _PENDING)
_SETTLE = (
    sa.update(tables.mail)
    .where(_mine)
    .values(
        state=sa.bindparam("to_state"),
        due_at=sa.bindparam("to_due"),
        settled_at=sa.bindparam("to_settled"),
        answer=sa.bindparam("to_answer"),
        held_by=None,
    )
)
# What was handed over is never sent again, whoever holds it by now.
_END = (
    sa.update(tables.mail)
    .where(_m.serial == sa.bindparam("its"), _m.state == _PENDING)
    .values(state=sa.bindparam("to_state"), due_at=None, settled_at=_NOW, answer=sa.bindparam("to_answer"))
)
_GIVE_BACK = sa.update(tables.mail).where(_mine).values(due_at=_NOW, held_by=None)
_HOLDERS: sa.BindParameter[Sequence[str]] = sa.bindparam("holders", expanding=True)
_FREE = sa.update(tables.mail).where(_m.due_at.is_not(None), _m.held_by.in_(_HOLDERS)).values(due_at=_NOW, held_by=None)


def claim(tx: Tx, room: int, holder: str, lease: timedelta = LEASE) -> Turn:
    """Takes at most `room` due mails for the journal named `holder`; buries those that would come too late."""
    rows = tx.all(_DUE, {"now": tx.now, "room": room}) if room > 0 else []
    old = [row.serial for row in rows if row.created_at <= tx.now - WINDOW]
    late = [row.serial for row in rows if row.kind == Kind.REMINDER and _has_begun(row, tx.now)]
    for serials, why in ((old, TOO_OLD), (late, TOO_LATE)):
        if serials:
            tx.execute(_BURY, {"serials": serials, "now": tx.now, "why": why})
    buried = {*old, *late}
    taken = [row for row in rows if row.serial not in buried]
    if taken:
        tx.execute(_TAKE, {"serials": [row.serial for row in taken], "lease": tx.now + lease, "holder": holder})
    if rows:
        return Turn([_claim(row) for row in taken], len(rows) == room and not taken, timedelta(0))
    following = tx.one(_NEXT, {"now": tx.now}) if room > 0 else None
    return Turn([], False, following[0] - tx.now if following and following[0] else None)


def _has_begun(row: sa.Row[Any], now: datetime) -> bool:
    start = row.facts["start"]
    return start is not None and start <= now.timestamp()


def _claim(row: sa.Row[Any]) -> Claim:
    return Claim(
        row.serial,
        row.attempt + 1,
        row.created_at,
        row.notice_id,
        row.application_id,
        Kind(row.kind),
        Facts.of(row.facts),
        row.address,
        row.name,
        row.language,
        row.role == "host",
        row.user_number,
    )


def settle(tx: Tx, tried: Sequence[Tried]) -> None:
    """Writes down what became of attempts."""
    if tried:
        tx.execute(_SETTLE, [_verdict(tx, one) for one in tried])


def _verdict(tx: Tx, one: Tried) -> dict[str, Any]:
    state, due = State.UNSURE, None
    if one.answer is not None:
        state = {Verdict.ACCEPTED: State.SENT, Verdict.KEPT: State.KEPT}.get(one.answer.verdict, State.DEAD)
        if one.answer.verdict in (Verdict.LATER, Verdict.AWAY):
            due = next_attempt(one.attempt, one.created_at, tx.now, jitter=random.uniform(-1, 1))
            state = State.PENDING if due else State.DEAD
    return {
        "its": one.serial,
        "mine": one.attempt,
        "to_state": state,
        "to_due": due,
        "to_settled": None if due else tx.now,
        "to_answer": one.answer.text if one.answer else "The process ended before the server's answer was heard.",
    }


def recover(tx: Tx, ended: Sequence[tuple[int, State, str]], holders: Sequence[str]) -> None:
    """What dead processes had handed over ends here (serial, state, answer); what they had only claimed is due at once."""
    if ended:
        rows = [{"its": serial, "to_state": state, "to_answer": text} for serial, state, text in ended]
        tx.execute(_END, [row | {"now": tx.now} for row in rows])
    tx.execute(_FREE, {"holders": holders, "now": tx.now})


def give_back(tx: Tx, left: Sequence[tuple[int, int]]) -> None:
    """Makes claimed mails (serial, attempt) due at once, for others or for the next start."""
    if left:
        tx.execute(_GIVE_BACK, [{"its": serial, "mine": attempt, "now": tx.now} for serial, attempt in left])
