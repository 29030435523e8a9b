"""The log of deliveries and attempts, and sending stored events once more."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from convene import events, lifecycle, tables
from convene.db import Tx
from convene.events import Event

_d, _e, _n = tables.delivery, tables.event, tables.endpoint


@dataclass(frozen=True, slots=True)
class Delivery:
    """One delivery of an event. `state`: pending, delivered, dead; pending without `due_at` waits for its endpoint."""

    serial: int
    url: str
    state: str
    attempt: int
    due_at: datetime | None
    created_at: datetime
    settled_at: datetime | None
    disabled_reason: str | None


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt of a delivery: when it went out, what came back and how long it took."""

    delivery_serial: int
    number: int
    at: datetime
    status: int | None
    milliseconds: int
    outcome: str
    answer: str | None


_of_event = sa.and_(_d.c.event_id == sa.bindparam("event"), _d.c.application_id == sa.bindparam("application"))
_DELIVERIES = (
    sa.select(
        _d.c.serial,
        _n.c.url,
        _d.c.state,
        _d.c.attempt,
        _d.c.due_at,
        _d.c.created_at,
        _d.c.settled_at,
        _n.c.disabled_reason,
    )
    .join(_n, _n.c.serial == _d.c.endpoint_serial)
    .where(_of_event)
    .order_by(_d.c.serial)
)
_ATTEMPTS = (
    sa.select(*[tables.attempt.c[name] for name in Attempt.__dataclass_fields__])
    .join(_d, _d.c.serial == tables.attempt.c.delivery_serial)
    .where(_of_event)
    .order_by(tables.attempt.c.serial)
)
_MISSED = (
    sa.select(*_e.columns)
    .where(
        _e.c.application_id == sa.bindparam("application"),
        _e.c.created_at >= sa.bindparam("since"),
        ~sa.exists().where(_d.c.event_id == _e.c.id, _d.c.state.in_(["pending", "delivered"])),
    )
    .order_by(_e.c.id)
)
_ENABLE = (
    sa.update(_n)
    .where(
        _n.c.disabled_at.is_not(None),
        _n.c.serial.in_(
            sa.select(_d.c.endpoint_serial).where(_d.c.event_id.in_(sa.bindparam("events", expanding=True)))
        ),
    )
    .values({name: getattr(lifecycle.Health(), name) for name in lifecycle.Health.__dataclass_fields__})
)


def deliveries_of(tx: Tx, application_id: str, event_id: str) -> list[Delivery]:
    """The event's deliveries, oldest first; further ones come from replays. Raises NotFound."""
    events.get(tx, application_id, event_id)
    rows = tx.all(_DELIVERIES, {"application": application_id, "event": event_id})
    return [Delivery(**row._mapping) for row in rows]


def attempts_of(tx: Tx, application_id: str, event_id: str) -> list[Attempt]:
    """All attempts of all the event's deliveries, oldest first. Raises NotFound."""
    events.get(tx, application_id, event_id)
    rows = tx.all(_ATTEMPTS, {"application": application_id, "event": event_id})
    return [Attempt(**row._mapping) for row in rows]


def replay(tx: Tx, application_id: str, event_id: str) -> int:
    """Delivers a stored event once more, the same id and body, to the URL that applies now; 0 when there is none, or 1.

    It is the owner's word that the receiver is back, so a disabled endpoint is called again. Raises NotFound.
    """
    return _again(tx, [events.get(tx, application_id, event_id)])


def replay_since(tx: Tx, application_id: str, since: datetime) -> int:
    """Delivers again all events since then that neither arrived nor are still being tried; how many."""
    rows = tx.all(_MISSED, {"application": application_id, "since": since})
    return _again(tx, [Event(**row._mapping) for row in rows])


def _again(tx: Tx, stored: Sequence[Event]) -> int:
    made = events.emit_again(tx, stored)
    for start in range(0, len(stored), events.CHUNK):
        tx.execute(_ENABLE, {"events": [event.id for event in stored[start : start + events.CHUNK]]})
    return made
