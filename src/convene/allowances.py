"""How often an application or an account may ask, over all processes, and how often one address may fail to say who it is.

A process takes this minute's requests by the handful from the caller's row and spends them in memory: what was taken is
gone for the others, so that all processes together never grant more than the limit, however they race.
"""

import ipaddress
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from convene.db import Tx
from convene.tables import EPOCH, allowance, miss

HANDFUL = 20  # a process takes one part in so many of what is left: the less there is, the less lies idle in its hands
_OF = sa.and_(
    allowance.c.application_id == sa.bindparam("application"), allowance.c.minute == sa.bindparam("this_minute")
)
_TAKEN = sa.select(allowance.c.taken).where(_OF).with_for_update()  # two processes never take the same requests
_TAKE = sa.update(allowance).where(_OF)
_FORGET = sa.delete(allowance).where(allowance.c.minute < sa.bindparam("before"))
_ACCOUNT = sa.and_(miss.c.scope == sa.bindparam("key"), miss.c.minute == sa.bindparam("this_minute"))
_TAKEN_OF_ACCOUNT = sa.select(miss.c.count).where(_ACCOUNT).with_for_update()  # as above
_TAKE_OF_ACCOUNT = sa.update(miss).where(_ACCOUNT)
_MISSES = sa.and_(miss.c.scope == sa.bindparam("key"), miss.c.minute == sa.bindparam("at"))
_MISS = sa.update(miss).where(_MISSES).values(count=miss.c.count + 1)
_MISSED = sa.select(miss.c.count).where(_MISSES)


@dataclass(frozen=True, slots=True)
class Handful:
    """Requests that one process may let pass in `minute`; `left`: those that nobody has taken yet."""

    minute: int
    count: int
    left: int


def take(tx: Tx, application_id: str, limit: int) -> Handful:
    """A handful of this minute's `limit` requests; an empty one when all are taken."""
    minute = minute_of(tx.now)
    key = {"application": application_id, "this_minute": minute}
    tx.add_new(allowance, {"application_id": application_id, "minute": minute, "taken": 0})
    taken: int = tx.connection.scalar(_TAKEN, key) or 0
    got = _handful(minute, limit, taken)
    if got.count:
        tx.execute(_TAKE.values(taken=taken + got.count), key)
    return got


def take_of_account(tx: Tx, account_id: str, limit: int) -> Handful:
    """The same for an account, which may have no application."""
    key = {"key": f"account {account_id}", "this_minute": minute_of(tx.now)}
    tx.add_new(miss, {"scope": key["key"], "minute": key["this_minute"], "count": 0})
    taken: int = tx.connection.scalar(_TAKEN_OF_ACCOUNT, key) or 0
    got = _handful(minute_of(tx.now), limit, taken)
    if got.count:
        tx.execute(_TAKE_OF_ACCOUNT.values(count=taken + got.count), key)
    return got


def _handful(minute: int, limit: int, taken: int) -> Handful:
    left = max(0, limit - taken)
    count = min(left, left // HANDFUL + 1)
    return Handful(minute, count, left - count)


def failed(tx: Tx, place: str) -> int:
    """Counts wrong credentials from a place; how many there were in this minute, over all processes."""
    return _one_more(tx, f"caller {place}")


def begun(tx: Tx, place: str) -> int:
    """Counts a connection check that a place begins; how many there were in this minute, over all processes."""
    return _one_more(tx, f"check {place}")


def _one_more(tx: Tx, key: str) -> int:
    minute = minute_of(tx.now)
    tx.add_new(miss, {"scope": key, "minute": minute, "count": 0})
    tx.execute(_MISS, {"key": key, "at": minute})
    return int(tx.connection.scalar(_MISSED, {"key": key, "at": minute}) or 0)


def failures(tx: Tx, place: str) -> int:
    """How many wrong credentials there were from a place in this minute, over all processes."""
    return int(tx.connection.scalar(_MISSED, {"key": f"caller {place}", "at": minute_of(tx.now)}) or 0)


def place_of(address: str, bits: int = 64) -> str:
    """What counts as one address: of IPv6 the first 64 bits, since one machine has all addresses behind them, or fewer."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(parsed, ipaddress.IPv6Address) and parsed.ipv4_mapped is None:
        return str(ipaddress.ip_network((parsed, bits), strict=False))
    return address


def minute_of(now: datetime) -> int:
    """Minutes since 1970."""
    return int((now - EPOCH).total_seconds() // 60)


def forget(tx: Tx) -> None:
    """Drops past minutes; `guesses.forget` drops the misses."""
    tx.execute(_FORGET, {"before": minute_of(tx.now) - 1})
