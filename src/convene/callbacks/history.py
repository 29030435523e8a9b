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


def _without(*states: str) -> sa.ColumnElement[bool]:
    """The application's events after one of them that have no delivery in any of these states."""
    has_one = sa.exists().where(_d.c.event_id == _e.c.id, _d.c.state.in_(states))
    return sa.and_(_e.c.application_id == sa.bindparam("application"), _e.c.id > sa.bindparam("after"), ~has_one)


# By whether those that arrived are meant, too. What is still being tried comes by itself.
_AGAIN = {False: _without("pending", "delivered"), True: _without("pending")}
_LIST = {
    too: sa.select(*_e.columns).where(which).order_by(_e.c.id).limit(events.CHUNK) for too, which in _AGAIN.items()
}
_COUNT = {too: sa.select(sa.func.count()).select_from(_e).where(which) for too, which in _AGAIN.items()}
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


def replay_since(tx: Tx, application_id: str, since: datetime, *, delivered_too: bool = False) -> int:
    """Delivers again all events since then that neither arrived nor are still being tried; how many.

    `delivered_too`: also those that arrived, for a receiver that lost what it had taken.
    """
    count, after = replay_some(tx, application_id, since, delivered_too=delivered_too)
    while after:
        more, after = replay_some(tx, application_id, since, after, delivered_too=delivered_too)
        count += more
    return count


def count_since(tx: Tx, application_id: str, since: datetime, *, delivered_too: bool = False) -> int:
    """How many events `replay_since` means."""
    given = {"application": application_id, "after": tables.first_event_id(since)}
    return tx.connection.scalar(_COUNT[delivered_too], given) or 0


def replay_some(
    tx: Tx, application_id: str, since: datetime, after: str = "", *, delivered_too: bool = False
) -> tuple[int, str | None]:
    """The same for a thousand of them: how many were delivered again, and the event after which to go on, if there are more."""
    earliest = max(after, tables.first_event_id(since))
    rows = tx.all(_LIST[delivered_too], {"application": application_id, "after": earliest})
    return _again(tx, [Event(**row._mapping) for row in rows]), rows[-1].id if len(rows) == events.CHUNK else None


def _again(tx: Tx, stored: Sequence[Event]) -> int:
    made = events.emit_again(tx, stored)
    if stored:
        tx.execute(_ENABLE, {"events": [event.id for event in stored]})
    return made
