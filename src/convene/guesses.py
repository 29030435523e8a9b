"""Wrong meeting codes are counted, by address and in all, so that nobody can try them through (reliability §4.2)."""

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from convene.db import Tx
from convene.errors import TooMany
from convene.tables import EPOCH, miss

TOTAL = "total"
_COUNTS = sa.select(miss.c.scope, miss.c.count).where(
    miss.c.minute == sa.bindparam("minute"), miss.c.scope.in_([TOTAL, sa.bindparam("address")])
)
_COUNT = sa.update(miss).where(miss.c.scope == sa.bindparam("key"), miss.c.minute == sa.bindparam("at"))
_FORGET = sa.delete(miss).where(miss.c.minute < sa.bindparam("before"))


@dataclass(frozen=True, slots=True)
class Limits:
    """Misses answered in a minute: from one address, and over all."""

    address: int
    total: int


def check(tx: Tx, address: str, limits: Limits) -> None:
    """Raises TooMany when the address, or everybody together, has used up this minute's misses."""
    counts: dict[str, int] = {
        row.scope: row._mapping["count"] for row in tx.all(_COUNTS, {"minute": _minute(tx.now), "address": address})
    }
    if counts.get(address, 0) >= limits.address or counts.get(TOTAL, 0) >= limits.total:
        wait = 60 - tx.now.second
        raise TooMany(
            "slow_down", "Too many wrong meeting codes. Try again in a minute.", details={"retry_after": wait}
        )


def missed(tx: Tx, address: str) -> None:
    """Counts a wrong code."""
    minute = _minute(tx.now)
    for scope in (address, TOTAL):
        tx.add_new(miss, {"scope": scope, "minute": minute, "count": 0})
        tx.execute(_COUNT.values(count=miss.c.count + 1), {"key": scope, "at": minute})


def forget(tx: Tx) -> None:
    """Drops the counts of past minutes."""
    tx.execute(_FORGET, {"before": _minute(tx.now) - 1})


def _minute(now: datetime) -> int:
    return int((now - EPOCH).total_seconds() // 60)
