"""Claiming: due deliveries become attempts that are ours to make.

A delivery is pending with a due time, or pending without one: parked behind the open breaker of its endpoint. Claiming
moves the due time a lease ahead and counts the attempt, so what a dead worker held comes back by itself.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

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
class Signer:
    """How an application's callbacks are signed, and for whom. `secrets`: the live ones, newest first."""

    application_id: str
    account_id: str
    style: str
    secrets: tuple[str, ...] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Claim:
    """One attempt that is ours to make.

    `failing`: its endpoint's last attempts failed; `probe`: its endpoint's breaker is open.
    """

    serial: int
    attempt: int
    endpoint: int
    failing: bool
    probe: bool
    created_at: datetime
    url: str
    event_id: str
    sequence: int | None
    metadata: str | None
    body: str
    signer: Signer


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
_WHOLE = (
    sa.select(
        _d.c.serial,
        _d.c.attempt,
        _d.c.endpoint_serial,
        _d.c.created_at,
        _d.c.application_id,
        _n.c.url,
        _n.c.failures,
        _n.c.probe_at,
        _n.c.disabled_at,
        _e.c.id.label("event_id"),
        _e.c.sequence,
        _e.c.metadata,
        _e.c.body,
    )
    .join(_n, _n.c.serial == _d.c.endpoint_serial)
    .join(_e, _e.c.id == _d.c.event_id)
)
# Two workers: each locks other rows (skip_locked). key_share: an insert that refers to the row need not wait for us.
_DUE = (
    _WHOLE.where(
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
_has_parked = sa.exists().where(_d.c.endpoint_serial == _n.c.serial, parked)
_TO_PROBE = (
    sa.select(_n.c.serial)
    .where(
        _n.c.probe_at.is_not(None),
        _n.c.probe_at <= moment,
        _has_parked,
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
    _WHOLE.where(_d.c.endpoint_serial == sa.bindparam("endpoint"), parked).order_by(_d.c.attempt, _d.c.serial).limit(1)
)
_POSTPONE_PROBE = sa.update(_n).where(_n.c.serial == sa.bindparam("endpoint")).values(probe_at=_lease)
_s, _a = tables.callback_secret, tables.application
_SIGNERS = (
    sa.select(_a.c.id, _a.c.account_id, _a.c.callback_signature, _s.c.secret)
    .outerjoin(_s, sa.and_(_s.c.application_id == _a.c.id, sa.or_(_s.c.expires_at.is_(None), _s.c.expires_at > moment)))
    .where(_a.c.id.in_(sa.bindparam("applications", expanding=True)))
    .order_by(_s.c.created_at.desc(), _s.c.id)
)
_NEXT = sa.select(
    sa.select(sa.func.min(_d.c.due_at)).where(_d.c.due_at.is_not(None), _d.c.due_at > moment).scalar_subquery(),
    sa.select(sa.func.min(_n.c.probe_at)).where(_n.c.probe_at.is_not(None), _has_parked).scalar_subquery(),
)


@dataclass(frozen=True, slots=True)
class Turn:
    """What one transaction found. `more`: look again at once; `wait`: until the next row comes due."""

    claims: Sequence[Claim]
    more: bool
    wait: timedelta | None


@dataclass(slots=True)
class _Due:
    """Due rows, by what is to be done with them."""

    take: list[sa.Row[Any]] = field(default_factory=list)
    bury: list[int] = field(default_factory=list)
    park: defaultdict[int, list[int]] = field(default_factory=lambda: defaultdict(list))
    found: int = 0


def claim(tx: Tx, *, held: Mapping[int, int], room: int, lease: timedelta = LEASE) -> Turn:
    """Takes up to `room` due deliveries; `held` counts what this worker already has of each endpoint."""
    due = _due(tx, held, room)
    if due.bury:
        tx.execute(_BURY, {"serials": _padded(due.bury), "now": tx.now})
    if due.park:
        _park(tx, due.park)
    next_due, next_probe = tuple(tx.all(_NEXT, {"now": tx.now})[0])
    if next_probe is not None and next_probe <= tx.now and len(due.take) < room:
        due.take += _probes(tx, tx.now + lease)
    if due.take:
        tx.execute(_TAKE, {"serials": _padded([row.serial for row in due.take]), "lease": tx.now + lease})
    more = bool(due.bury or due.park) or (due.found == SCAN and bool(due.take))
    following = min((time for time in (next_due, next_probe) if time is not None and time > tx.now), default=None)
    return Turn(_claims(tx, due.take), more, None if following is None else following - tx.now)


def _due(tx: Tx, held: Mapping[int, int], room: int) -> _Due:
    counts = Counter(held)
    full = [endpoint for endpoint, count in held.items() if count >= ENDPOINT_SLOTS * AHEAD]
    due = _Due()
    for row in tx.all(_DUE, {"now": tx.now, "full": _padded(full)}) if room > 0 else []:
        due.found += 1
        if row.disabled_at is not None:
            due.bury.append(row.serial)
        elif row.probe_at is not None:
            due.park[row.endpoint_serial].append(row.serial)
        elif len(due.take) < room and counts[row.endpoint_serial] < ENDPOINT_SLOTS * AHEAD:
            counts[row.endpoint_serial] += 1
            due.take.append(row)
    return due


def _padded(serials: Sequence[int]) -> list[int]:
    """The same set in one of few lengths: each length is a statement of its own, which the database must prepare."""
    size = 1
    while size < len(serials):
        size *= 4
    return [*serials, *[serials[-1] if serials else 0] * (size - len(serials))]


def _park(tx: Tx, rows: Mapping[int, list[int]]) -> None:
    # Race: another worker closes the breaker and releases what is parked while we park more, which nobody would release
    # again. So the endpoint is locked and looked at once more; one that is locked by others is left for the next turn.
    still = {row.serial for row in tx.all(_STILL_OPEN, {"serials": _padded(sorted(rows))})}
    serials = [serial for endpoint, mine in rows.items() if endpoint in still for serial in mine]
    if serials:
        tx.execute(_PARK, {"serials": _padded(serials)})


def _probes(tx: Tx, lease: datetime) -> list[sa.Row[Any]]:
    """One parked delivery of each endpoint whose time to probe has come."""
    endpoints = [row.serial for row in tx.all(_TO_PROBE, {"now": tx.now})]
    if not endpoints:
        return []
    oldest = tx.now - lifecycle.WINDOW
    tx.execute(_EXPIRE_PARKED, {"serials": _padded(endpoints), "now": tx.now, "oldest": oldest})
    tx.execute(_POSTPONE_PROBE, [{"endpoint": endpoint, "lease": lease} for endpoint in endpoints])
    found = [tx.one(_PROBE, {"endpoint": endpoint}) for endpoint in endpoints]
    return [row for row in found if row is not None]


def _claims(tx: Tx, rows: Sequence[sa.Row[Any]]) -> list[Claim]:
    if not rows:
        return []
    signers = _signers(tx, {row.application_id for row in rows})
    return [
        Claim(
            serial=row.serial,
            attempt=row.attempt + 1,
            endpoint=row.endpoint_serial,
            failing=row.failures > 0,
            probe=row.probe_at is not None,
            created_at=row.created_at,
            url=row.url,
            event_id=row.event_id,
            sequence=row.sequence,
            metadata=row.metadata,
            body=row.body,
            signer=signers[row.application_id],
        )
        for row in rows
    ]


def _signers(tx: Tx, applications: set[str]) -> dict[str, Signer]:
    rows: defaultdict[str, list[sa.Row[Any]]] = defaultdict(list)
    for row in tx.all(_SIGNERS, {"applications": sorted(applications), "now": tx.now}):
        rows[row.id].append(row)
    return {
        id: Signer(id, mine[0].account_id, mine[0].callback_signature, tuple(row.secret for row in mine if row.secret))
        for id, mine in rows.items()
    }
