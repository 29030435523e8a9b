"""Settling: what became of attempts, for their deliveries, their endpoints and the log."""

import logging
import random
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from convene import lifecycle, tables
from convene.callbacks.claims import PENDING, Claim, Tried, moment, parked, serials_given
from convene.courier import OutcomeKind
from convene.db import Tx

log = logging.getLogger(__name__)

_d, _n = tables.delivery, tables.endpoint

# Race: our lease ran out and somebody else has the delivery now. The attempt's number is the fence: theirs counts.
_mine = sa.and_(_d.c.serial == sa.bindparam("its"), _d.c.attempt == sa.bindparam("mine"), _d.c.state == PENDING)
_SETTLE = (
    sa.update(_d)
    .where(_mine)
    .values(
        state=sa.bindparam("to_state"),
        due_at=sa.bindparam("to_due"),
        tried_at=sa.func.coalesce(_d.c.tried_at, moment),
        settled_at=sa.bindparam("to_settled"),
    )
)
_LOG = sa.insert(tables.attempt)
# In the order of the serials: two workers cannot wait for each other.
_HEALTH = (
    sa.select(_n.c.serial, _n.c.failures, _n.c.failing_since, _n.c.probe_at, _n.c.disabled_at, _n.c.disabled_reason)
    .where(
        _n.c.serial.in_(serials_given),
        _n.c.disabled_at.is_(None),
        sa.or_(_n.c.failures > 0, _n.c.serial.in_(sa.bindparam("failed", expanding=True))),
    )
    .order_by(_n.c.serial)
    .with_for_update(key_share=True)
)
_SET_HEALTH = (
    sa.update(_n)
    .where(_n.c.serial == sa.bindparam("its"))
    .values({name: sa.bindparam(f"to_{name}") for name in lifecycle.Health.__dataclass_fields__})
)
_RELEASE = sa.update(_d).where(_d.c.endpoint_serial == sa.bindparam("endpoint"), parked).values(due_at=moment)
_BURY_PARKED = (
    sa.update(_d)
    .where(_d.c.endpoint_serial == sa.bindparam("endpoint"), parked)
    .values(state="dead", settled_at=moment)
)


def settle(tx: Tx, tried: Sequence[Tried]) -> None:
    """Writes down what became of the attempts: their rows, their deliveries' next state, their endpoints' health."""
    _settle_endpoints(tx, tried)
    tx.execute(_SETTLE, [_verdict(tx, one) for one in tried])
    tx.execute(_LOG, [_attempt(one) for one in tried])


def _verdict(tx: Tx, one: Tried) -> dict[str, Any]:
    due = None
    state = "delivered"
    if one.outcome.kind is not OutcomeKind.DELIVERED:
        due = lifecycle.next_attempt(
            one.claim.attempt,
            one.claim.created_at,
            tx.now,
            jitter=random.uniform(-1, 1),
            retry_after=one.outcome.retry_after,
        )
        state = "dead" if due is None else "pending"
    return {
        "its": one.claim.serial,
        "mine": one.claim.attempt,
        "now": tx.now,
        "to_state": state,
        "to_due": due,
        "to_settled": tx.now if due is None else None,
    }


def _attempt(one: Tried) -> dict[str, Any]:
    return {
        "delivery_serial": one.claim.serial,
        "number": one.claim.attempt,
        "at": one.at,
        "status": one.outcome.status,
        "milliseconds": one.outcome.milliseconds,
        "outcome": str(one.outcome.kind),
        "answer": one.outcome.answer,
    }


def _settle_endpoints(tx: Tx, tried: Sequence[Tried]) -> None:
    by_endpoint: defaultdict[int, list[Tried]] = defaultdict(list)
    for one in tried:
        by_endpoint[one.claim.endpoint].append(one)
    failed = [e for e, mine in by_endpoint.items() if any(t.outcome.kind is not OutcomeKind.DELIVERED for t in mine)]
    if not failed and not any(one.claim.failing for one in tried):
        return
    for row in tx.all(_HEALTH, {"serials": sorted(by_endpoint), "failed": failed}):
        serial: int = row.serial
        before = lifecycle.Health(*row[1:])
        after = _health(before, by_endpoint[serial], tx.now)
        tx.execute(_SET_HEALTH, {"its": serial} | {f"to_{name}": value for name, value in asdict(after).items()})
        if after.disabled_at is not None:
            log.warning(
                "endpoint disabled",
                extra={"event": "endpoint_disabled", "endpoint": serial, "reason": after.disabled_reason},
            )
            tx.execute(_BURY_PARKED, {"endpoint": serial, "now": tx.now})
        elif before.probe_at is not None and after.probe_at is None:
            tx.execute(_RELEASE, {"endpoint": serial, "now": tx.now})
            tx.wake("deliveries")


def _health(health: lifecycle.Health, tried: Sequence[Tried], now: datetime) -> lifecycle.Health:
    if any(one.outcome.status == 410 for one in tried):
        return lifecycle.gone(health, now)
    if any(one.outcome.kind is OutcomeKind.DELIVERED for one in tried):
        return lifecycle.Health()
    asked = max((one.outcome.retry_after for one in tried if one.outcome.retry_after), default=None)
    probes = sum(one.claim.probe for one in tried)
    return lifecycle.failing(health, probes or len(tried), now, probed=probes > 0, retry_after=asked)


_GIVE_BACK = sa.update(_d).where(_mine).values(due_at=moment)
_logged = sa.exists().where(tables.attempt.c.delivery_serial == _d.c.serial, tables.attempt.c.number == _d.c.attempt)
_UNLEASE = (
    sa.update(_d)
    .where(_d.c.due_at.is_not(None), _d.c.due_at > moment, _d.c.attempt > 0, ~_logged)
    .values(due_at=moment)
)


def give_back(tx: Tx, claims: Sequence[Claim]) -> None:
    """Makes claimed deliveries due at once, for others or for the next start."""
    tx.execute(_GIVE_BACK, [{"its": one.serial, "mine": one.attempt, "now": tx.now} for one in claims])
    tx.wake("deliveries")


def release(tx: Tx) -> None:
    """Makes due what a dead process held. Only where one process owns the database, before its worker starts."""
    tx.execute(_UNLEASE, {"now": tx.now})
