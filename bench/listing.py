"""`GET /rooms?page_size=1000` of an application with a million rooms, beside the same page of one with a thousand.

The same database and process answer both, in turns; so whatever else the machine does falls on both sides.
"""

import gc
import math
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import sqlalchemy as sa
import uvloop

from bench.figure import Figure
from convene import access, rooms, tables
from convene.db import Tx
from tests import world as worlds

FEW, MANY, PAGE = 1_000, 1_000_000, 1_000
GOAL = 1.3
ROUNDS, PATIENCE = 100, 60.0  # of asking each side, on each database; seconds after which no further round begins
BATCH = 100_000
WARM = 3  # rounds that do not count

_COPIED = [column.name for column in tables.room.columns if column.name not in ("serial", "id", "meeting_code")]
FILL = sa.text(
    "with recursive series (n) as (select cast(:first as bigint) union all select n + 1 from series where n < :last)"
    f" insert into room (id, meeting_code, {', '.join(_COPIED)})"
    " select '00000000-0000-4000-8000-' || substr(cast(1000000000000 + n as text), 2), cast(900000000000 + n as text),"
    f" {', '.join(f'room.{name}' for name in _COPIED)} from room, series where room.id = :like"
)
MIDDLE = sa.select(sa.func.max(tables.room.c.serial) - MANY // 2)


async def filled(world: worlds.World, application: access.FirstApplication, first: int, count: int) -> None:
    """So many rooms of the application, all like its first one."""

    def begin(tx: Tx) -> str:
        owner = access.application(tx, application.application_id)
        return rooms.create(tx, owner, rooms.Spec("Weekly sync"), limit=10, digits=12).id

    def more(tx: Tx, like: str, start: int, end: int) -> None:
        tx.execute(FILL, {"like": like, "first": start, "last": end - 1})
        rooms.count(tx, application.application_id, end - start)

    like = await world.db.write(begin)
    for start in range(first + 1, first + count, BATCH):
        await world.db.write(more, like, start, min(start + BATCH, first + count))


async def asked(world: worlds.World, auth: dict[str, str], total: int, start: int | None = None) -> float:
    """Seconds for one page; it must be the whole one."""
    query = f"?page_size={PAGE}" + (f"&start_id={start}" if start else "")
    begin = time.perf_counter()
    answer = await world.client.get(f"/v1/meetings/rooms{query}", headers=auth)
    seconds = time.perf_counter() - begin
    page = answer.json()
    if (answer.status_code, page["total_items"], len(page["_embedded"])) != (200, total, PAGE):
        raise RuntimeError(f"{answer.status_code}: not the page that was asked for")
    return seconds


async def compared(url: str, folder: Path) -> dict[str, list[float]]:
    """Seconds of each request: few, many (the first page), middle (a page from the middle of the million)."""
    async with worlds.world(url, folder, requests_per_minute=0) as world:
        small = world.first
        big = await world.db.write(access.create_first, "Bob", worlds.key_pair())
        await filled(world, small, 0, FEW)
        await filled(world, big, FEW, MANY)
        await world.db.write(lambda tx: tx.execute(sa.text("analyze")))
        middle = await world.db.read(lambda tx: tx.connection.scalar(MIDDLE))
        sides = {
            "few": (worlds.basic(small), FEW, None),
            "many": (worlds.basic(big), MANY, None),
            "middle": (worlds.basic(big), MANY, middle),
        }
        times: dict[str, list[float]] = {side: [] for side in sides}
        gc.collect()
        gc.freeze()  # what was made while filling is no part of a request's garbage
        begin = time.perf_counter()
        while len(times["few"]) < WARM + ROUNDS and time.perf_counter() - begin < PATIENCE:
            for side, question in sides.items():
                times[side].append(await asked(world, *question))
    return {side: found[WARM:] for side, found in times.items()}


def p99(seconds: list[float]) -> float:
    """The 99th percentile, nearest rank, in milliseconds."""
    return sorted(seconds)[math.ceil(len(seconds) * 0.99) - 1] * 1000


def rows(times: dict[str, list[float]], database: str) -> Iterator[Figure]:
    """The first page and one from the middle, beside the few's."""
    few = p99(times["few"])
    for side, where in (("many", "the first"), ("middle", "from the middle of")):
        ours = p99(times[side])
        what = f"list {PAGE:,} rooms, {where} {MANY:,}, p99 of {len(times[side])}, {database}"
        yield Figure(
            what, f"{ours:.1f} ms", f"{few:.1f} ms of {FEW:,}", f"{ours / few:.2f}", f"≤ {GOAL}", ours <= GOAL * few
        )


def figures() -> Iterator[Figure]:
    """Two rows for each database."""
    with tempfile.TemporaryDirectory(prefix="convene-bench-") as folder:
        yield from rows(uvloop.run(compared(f"sqlite:///{folder}/listing.db", Path(folder))), "SQLite")
    with worlds.postgres() as url, tempfile.TemporaryDirectory(prefix="convene-bench-") as folder:
        yield from rows(uvloop.run(compared(worlds.emptied(f"{url}/postgres"), Path(folder))), "PostgreSQL")
