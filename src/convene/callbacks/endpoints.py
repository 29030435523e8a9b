"""The URLs that an application's callbacks went to, how each of them fares, and calling a disabled one again."""

from dataclasses import asdict, dataclass
from typing import Any

import sqlalchemy as sa

from convene import lifecycle, tables
from convene.callbacks.claims import PENDING, moment, parked
from convene.db import Tx
from convene.errors import NotFound
from convene.lifecycle import EndpointState, Health

_d, _n = tables.delivery, tables.endpoint


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One URL. `due`: deliveries that are on their way or tried again; `parked`: those that wait behind its open breaker."""

    serial: int
    url: str
    health: Health
    due: int
    parked: int

    @property
    def state(self) -> EndpointState:
        """How we stand with it."""
        return lifecycle.endpoint_state(self.health)


_HEALTH = [_n.c[name] for name in Health.__dataclass_fields__]
_IDS: sa.BindParameter[list[int]] = sa.bindparam("serials", expanding=True)
_OWN = sa.select(_n.c.serial, _n.c.url, *_HEALTH).where(_n.c.application_id == sa.bindparam("application"))
_ALL = _OWN.order_by(_n.c.serial)
_ONE = _OWN.where(_n.c.serial == sa.bindparam("serial"))
_COUNTS = [
    sa.select(_d.c.endpoint_serial, sa.func.count().label("deliveries"))
    .where(_d.c.endpoint_serial.in_(_IDS), of_kind)
    .group_by(_d.c.endpoint_serial)
    for of_kind in (sa.and_(_d.c.state == PENDING, _d.c.due_at.is_not(None)), parked)
]
_ENABLE = sa.update(_n).where(_n.c.serial == sa.bindparam("its")).values(asdict(Health()))
_RELEASE = sa.update(_d).where(_d.c.endpoint_serial == sa.bindparam("endpoint"), parked).values(due_at=moment)


def endpoints(tx: Tx, application_id: str) -> list[Endpoint]:
    """All of the application, in the order in which they were first used."""
    return _read(tx, tx.all(_ALL, {"application": application_id}))


def endpoint(tx: Tx, application_id: str, serial: int) -> Endpoint:
    """One of the application. Raises NotFound."""
    found = _read(tx, tx.all(_ONE, {"application": application_id, "serial": serial}))
    if not found:
        raise NotFound("endpoint_unknown", "There is no such endpoint.")
    return found[0]


def enable(tx: Tx, application_id: str, serial: int) -> Endpoint:
    """Calls it again, and at once what is parked: the owner's word that the receiver is back. Raises NotFound.

    What was given up while it was disabled is delivered by a replay.
    """
    endpoint(tx, application_id, serial)
    tx.execute(_ENABLE, {"its": serial})
    tx.execute(_RELEASE, {"endpoint": serial, "now": tx.now})
    tx.wake("deliveries")
    return endpoint(tx, application_id, serial)


def _read(tx: Tx, rows: Any) -> list[Endpoint]:
    serials = {"serials": [row.serial for row in rows]}
    due, waiting = ({row.endpoint_serial: row.deliveries for row in tx.all(one, serials)} for one in _COUNTS)
    return [
        Endpoint(
            row.serial,
            row.url,
            Health(**{name: row._mapping[name] for name in Health.__dataclass_fields__}),
            due.get(row.serial, 0),
            waiting.get(row.serial, 0),
        )
        for row in rows
    ]
