"""Claiming: due deliveries become attempts that are ours to make.

A delivery is pending with a due time, or pending without one: parked behind the open breaker of its endpoint. Claiming
moves the due time a lease ahead and counts the attempt, so what a dead worker held comes back by itself.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import sqlalchemy as sa

from convene import lifecycle, tables
from convene.courier import Outcome
from convene.db import Tx

LEASE = timedelta(seconds=30)  # longer than a wait for a slot and an exchange, 10 s each at most
SLOTS = 100  # deliveries on their way at the same time
ENDPOINT_SLOTS = 10  # of these to one endpoint: a receiver that hangs hurts nobody else
AHEAD = 2  # claimed for each slot, so that a slot need not wait for the database
SCAN = 200  # due rows that one turn looks at
PROBES = 20  # endpoints that one turn probes


@dataclass(frozen=True, slots=True)
class Claim:
    """One attempt that is ours to make. `probe`: sent while the endpoint's breaker is open."""

    serial: int
    attempt: int
    endpoint: int
    probe: bool
    created_at: datetime
    url: str
    event_id: str
    sequence: int | None
    metadata: str | None
    body: str
    secrets: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Tried:
    """A made attempt, to be settled."""

    claim: Claim
    at: datetime
    outcome: Outcome


_d, _e, _n = tables.delivery, tables.event, tables.endpoint
PENDING: sa.ColumnElement[str] = sa.literal_column("'pending'")  # a literal, so that the partial indexes apply
parked = sa.and_(_d.c.state == PENDING, _d.c.due_at.is_(None))
moment: sa.BindParameter[datetime] = sa.bindparam("now", type_=tables.Moment)
_lease: sa.BindParameter[datetime] = sa.bindparam("lease", type_=tables.Moment)
serials_given: sa.BindParameter[Sequence[int]] = sa.bindparam("serials", expanding=True)

_earlier = _d.alias("earlier")
_HELD_BACK = sa.exists().where(
    _earlier.c.lane == _d.c.lane,
    _earlier.c.serial < _d.c.serial,
    _earlier.c.tried_at.is_(None),
    _earlier.c.due_at.is_not(None),
)
# Two workers: each locks other rows (skip_locked). key_share: an insert that refers to the row need not wait for us.
_DUE = (
    sa.select(_d.c.serial, _d.c.endpoint_serial, _n.c.probe_at, _n.c.disabled_at)
    .join(_n, _n.c.serial == _d.c.endpoint_serial)
    .where(
        _d.c.due_at.is_not(None),
        _d.c.due_at <= moment,
        _d.c.endpoint_serial.not_in(sa.bindparam("full", expanding=True)),
        sa.or_(_d.c.tried_at.is_not(None), ~_HELD_BACK),
    )
    .order_by(_d.c.due_at, _d.c.serial)
    .limit(SCAN)
    .with_for_update(of=_d, skip_locked=True, key_share=True)
)
_TAKE = sa.update(_d).where(_d.c.serial.in_(serials_given)).values(due_at=_lease, attempt=_d.c.attempt + 1)
_BURY = (
    sa.update(_d)
    .where(_d.c.serial.in_(serials_given), _d.c.state == PENDING)
    .values(state="dead", due_at=None, settled_at=moment)
)
_STILL_OPEN = (
    sa.select(_n.c.serial)
    .where(_n.c.serial.in_(serials_given), _n.c.probe_at.is_not(None))
    .with_for_update(skip_locked=True, key_share=True)
)
_PARK = sa.update(_d).where(_d.c.serial.in_(serials_given)).values(due_at=None)
_TO_PROBE = (
    sa.select(_n.c.serial)
    .where(
        _n.c.probe_at.is_not(None),
        _n.c.probe_at <= moment,
        sa.exists().where(_d.c.endpoint_serial == _n.c.serial, parked),
    )
    .limit(PROBES)
    .with_for_update(of=_n, skip_locked=True, key_share=True)
)
_EXPIRE_PARKED = (
    sa.update(_d)
    .where(_d.c.endpoint_serial.in_(serials_given), parked, _d.c.created_at <= sa.bindparam("oldest"))
    .values(state="dead", settled_at=moment)
)
# The least tried first: an event that its receiver cannot stomach must not be the probe for ever.
_PROBE = (
    sa.select(_d.c.serial)
    .where(_d.c.endpoint_serial == sa.bindparam("endpoint"), parked)
    .order_by(_d.c.attempt, _d.c.serial)
    .limit(1)
)
_POSTPONE_PROBE = sa.update(_n).where(_n.c.serial == sa.bindparam("endpoint")).values(probe_at=_lease)
_LOAD = (
    sa.select(
        _d.c.serial,
        _d.c.attempt,
        _d.c.endpoint_serial,
        _d.c.created_at,
        _d.c.application_id,
        _n.c.url,
        _e.c.id.label("event_id"),
        _e.c.sequence,
        _e.c.metadata,
        _e.c.body,
    )
    .join(_n, _n.c.serial == _d.c.endpoint_serial)
    .join(_e, _e.c.id == _d.c.event_id)
    .where(_d.c.serial.in_(serials_given))
    .order_by(_d.c.serial)
)
_s = tables.callback_secret
_SECRETS = (
    sa.select(_s.c.application_id, _s.c.secret)
    .where(
        _s.c.application_id.in_(sa.bindparam("applications", expanding=True)),
        sa.or_(_s.c.expires_at.is_(None), _s.c.expires_at > moment),
    )
    .order_by(_s.c.created_at.desc(), _s.c.id)
)
_NEXT_DUE = sa.select(sa.func.min(_d.c.due_at)).where(_d.c.due_at.is_not(None), _d.c.due_at > moment)
_NEXT_PROBE = sa.select(sa.func.min(_n.c.probe_at)).where(_n.c.probe_at.is_not(None), _n.c.probe_at > moment)


@dataclass(frozen=True, slots=True)
class Turn:
    """What one transaction found. `more`: look again at once; `wait`: until the next row comes due."""

    claims: list[Claim]
    more: bool
    wait: timedelta | None


@dataclass(slots=True)
class _Sorted:
    """Due rows, by what is to be done with them."""

    take: list[int] = field(default_factory=list)
    bury: list[int] = field(default_factory=list)
    park: defaultdict[int, list[int]] = field(default_factory=lambda: defaultdict(list))
    found: int = 0


def claim(tx: Tx, *, held: Mapping[int, int], room: int, lease: timedelta = LEASE) -> Turn:
    """Takes up to `room` due deliveries; `held` counts what this worker already has of each endpoint."""
    given = _sort_due(tx, held, room)
    if given.bury:
        tx.execute(_BURY, {"serials": given.bury, "now": tx.now})
    if given.park:
        _park(tx, given.park)
    probes = _probes(tx, tx.now + lease) if len(given.take) < room else []
    if given.take:
        tx.execute(_TAKE, {"serials": given.take, "lease": tx.now + lease})
    claims = _load(tx, given.take + probes, frozenset(probes)) if given.take or probes else []
    more = bool(given.bury or given.park) or (given.found == SCAN and bool(claims))
    times = [tx.execute(statement, {"now": tx.now}).scalar() for statement in (_NEXT_DUE, _NEXT_PROBE)]
    due = min((time for time in times if time is not None), default=None)
    return Turn(claims, more, None if due is None else due - tx.now)


def _sort_due(tx: Tx, held: Mapping[int, int], room: int) -> _Sorted:
    counts = Counter(held)
    full = [endpoint for endpoint, count in held.items() if count >= ENDPOINT_SLOTS * AHEAD]
    given = _Sorted()
    for row in tx.all(_DUE, {"now": tx.now, "full": full}) if room > 0 else []:
        given.found += 1
        if row.disabled_at is not None:
            given.bury.append(row.serial)
        elif row.probe_at is not None:
            given.park[row.endpoint_serial].append(row.serial)
        elif len(given.take) < room and counts[row.endpoint_serial] < ENDPOINT_SLOTS * AHEAD:
            counts[row.endpoint_serial] += 1
            given.take.append(row.serial)
    return given


def _park(tx: Tx, rows: Mapping[int, list[int]]) -> None:
    # Race: another worker closes the breaker and releases what is parked while we park more, which nobody would release
    # again. So the endpoint is locked and looked at once more; one that is locked by others is left for the next turn.
    still = {row.serial for row in tx.all(_STILL_OPEN, {"serials": sorted(rows)})}
    serials = [serial for endpoint, mine in rows.items() if endpoint in still for serial in mine]
    if serials:
        tx.execute(_PARK, {"serials": serials})


def _probes(tx: Tx, lease: datetime) -> list[int]:
    """Takes one parked delivery of each endpoint whose time to probe has come."""
    endpoints = [row.serial for row in tx.all(_TO_PROBE, {"now": tx.now})]
    if not endpoints:
        return []
    tx.execute(_EXPIRE_PARKED, {"serials": endpoints, "now": tx.now, "oldest": tx.now - lifecycle.WINDOW})
    taken = []
    for endpoint in endpoints:
        row = tx.one(_PROBE, {"endpoint": endpoint})
        if row is not None:
            tx.execute(_POSTPONE_PROBE, {"endpoint": endpoint, "lease": lease})
            tx.execute(_TAKE, {"serials": [row.serial], "lease": lease})
            taken.append(row.serial)
    return taken


def _load(tx: Tx, serials: list[int], probes: frozenset[int]) -> list[Claim]:
    rows = tx.all(_LOAD, {"serials": serials})
    secrets: defaultdict[str, tuple[str, ...]] = defaultdict(tuple)
    for row in tx.all(_SECRETS, {"applications": [*{r.application_id for r in rows}], "now": tx.now}):
        secrets[row.application_id] += (row.secret,)
    return [
        Claim(
            serial=row.serial,
            attempt=row.attempt,
            endpoint=row.endpoint_serial,
            probe=row.serial in probes,
            created_at=row.created_at,
            url=row.url,
            event_id=row.event_id,
            sequence=row.sequence,
            metadata=row.metadata,
            body=row.body,
            secrets=secrets[row.application_id],
        )
        for row in rows
    ]
