"""Wrong meeting codes are counted, by address and in all, so that nobody can try them through (reliability §4.2).

Where an address has used up its misses, right codes from there are refused like wrong ones: else whoever guesses would go on, and
know the right one by its answer. What all addresses together have used up shuts out only those that have missed themselves,
so that whoever wants to keep everybody out of all meetings needs thousands of addresses.
"""

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from convene.allowances import place_of
from convene.db import Tx
from convene.errors import TooMany
from convene.tables import EPOCH, miss

DIGITS = 12  # of the codes that `Limits.total` is meant for
LEAST = 6  # misses over all addresses, of however short codes
NEVER_MORE = 10  # times so many misses over all addresses are answered, one from each
SITE_BITS, SITE = 48, 10  # what one customer has of IPv6, and how many times the misses of one address it has
_COUNTS = sa.select(miss.c.scope, miss.c.count).where(
    miss.c.minute == sa.bindparam("minute"), miss.c.scope.in_(sa.bindparam("scopes", expanding=True))
)
_COUNT = sa.update(miss).where(miss.c.scope == sa.bindparam("key"), miss.c.minute == sa.bindparam("at"))
_FORGET = sa.delete(miss).where(miss.c.minute < sa.bindparam("before"))


@dataclass(frozen=True, slots=True)
class Limits:
    """Misses answered in a minute: from one address, and over all, of codes of DIGITS digits."""

    address: int
    total: int

    def over_all(self, code: str) -> int:
        """Of codes as long as this: each digit less makes a guess ten times better, so there are ten times fewer."""
        return max(LEAST, self.total // int(10 ** max(0, DIGITS - len(code))))


def check(tx: Tx, code: str, address: str, limits: Limits) -> None:
    """Raises TooMany when this minute's misses are used up: the address's, or everybody's together and this one has its part."""
    place, site, total = _scopes(code, address)
    given = {"minute": _minute(tx.now), "scopes": [place, site, total]}
    counts: dict[str, int] = {row.scope: row._mapping["count"] for row in tx.all(_COUNTS, given)}
    mine, ours, everybodys = (counts.get(scope, 0) for scope in (place, site, total))
    most = limits.over_all(code)
    if (
        mine >= limits.address
        or ours >= limits.address * SITE
        or (ours and everybodys >= most)
        or everybodys >= most * NEVER_MORE
    ):
        wait = 60 - tx.now.second
        raise TooMany(
            "slow_down", "Too many wrong meeting codes. Try again in a minute.", details={"retry_after": wait}
        )


def missed(tx: Tx, code: str, address: str) -> None:
    """Counts a wrong code."""
    minute = _minute(tx.now)
    for scope in dict.fromkeys(_scopes(code, address)):  # always in this order: no two of them wait for each other
        tx.add_new(miss, {"scope": scope, "minute": minute, "count": 0})
        tx.execute(_COUNT.values(count=miss.c.count + 1), {"key": scope, "at": minute})


def forget(tx: Tx) -> None:
    """Drops the counts of past minutes."""
    tx.execute(_FORGET, {"before": _minute(tx.now) - 1})


def _scopes(code: str, address: str) -> tuple[str, str, str]:
    """Whose misses count: the address's (of IPv6 a /64), its site's (a /48; else the same), and all that tried such codes."""
    return place_of(address), place_of(address, SITE_BITS), f"total {len(code)}"


def _minute(now: datetime) -> int:
    return int((now - EPOCH).total_seconds() // 60)
