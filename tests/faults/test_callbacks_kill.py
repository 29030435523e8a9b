"""`kill -9` at random moments under load: nothing announced is lost, nothing unannounced is sent, first attempts in order.

FAULT_ROUNDS: how often (20). Doubles are what at-least-once allows: attempts that a dying process could not write down.
"""

import asyncio
import os
import random
import sys
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import sqlalchemy as sa

from convene import tables
from convene.db import Database, Tx
from tests import world as worlds
from tests.receiver import Receiver, receiving
from tests.test_callbacks import urls
from tests.test_events import a_room, a_session

ROUNDS = int(os.environ.get("FAULT_ROUNDS", "20"))
ROOT = Path(__file__).parents[2]
SESSIONS = 12
LEASE = "2"
PENDING = sa.select(sa.func.count()).select_from(tables.delivery).where(tables.delivery.c.state == "pending")


@asynccontextmanager
async def announcing(url: str, *flags: str) -> AsyncIterator[asyncio.subprocess.Process]:
    """The process; killed at the end of the block."""
    command = [sys.executable, "-m", "tests.faults.announcing", url, LEASE, *flags]
    process = await asyncio.create_subprocess_exec(*command, cwd=ROOT, stdout=asyncio.subprocess.PIPE)
    try:
        yield process
    finally:
        process.kill()
        await process.wait()


async def one_life(url: str, acknowledged: list[str]) -> None:
    """Starts a process and kills it at a random moment after its first event."""
    async with announcing(url) as process:
        assert process.stdout is not None
        acknowledged.append((await asyncio.wait_for(process.stdout.readline(), 300)).decode().strip())
        await asyncio.sleep(random.uniform(0, 0.7))
    rest = (await process.stdout.read()).decode().split("\n")
    acknowledged += [line for line in rest[:-1] if line]  # a torn last line was not acknowledged


async def drained(url: str) -> None:
    db = Database(url)
    await db.open()
    async with announcing(url, "quiet"), asyncio.timeout(600):
        while await db.read(lambda tx: tx.execute(PENDING).scalar()):
            await asyncio.sleep(0.1)
    await db.close()


async def prepared(url: str, folder: Path, receiver: Receiver) -> None:
    async with worlds.world(url, folder) as world:
        await urls(world, receiver, sessions="/ok/sessions", recordings="/ok/recordings")
        for _ in range(SESSIONS):
            await a_session(world, await a_room(world))


async def test_nothing_is_lost_and_the_order_holds(database_url: str, tmp_path: Path) -> None:
    acknowledged: list[str] = []
    workers = 1 if database_url.startswith("sqlite") else 2  # one process owns an SQLite file
    async with receiving() as receiver:
        await prepared(database_url, tmp_path, receiver)
        for _ in range(ROUNDS):
            await asyncio.gather(*[one_life(database_url, acknowledged) for _ in range(workers)])
        await drained(database_url)
    db = Database(database_url)
    await db.open()
    stored = await db.read(Tx.all, sa.select(tables.event.c.id, tables.event.c.session_id, tables.event.c.sequence))
    last = dict(await db.read(Tx.all, sa.select(tables.session.c.id, tables.session.c.sequence)))
    await db.close()
    received = [request.headers["webhook-id"] for request in receiver.requests]
    first = list(dict.fromkeys(received))
    assert len(acknowledged) > 10 * ROUNDS
    assert set(acknowledged) <= {row.id for row in stored} == set(first)
    sequences = {row.id: (row.session_id, row.sequence) for row in stored}
    arrived: defaultdict[str, list[int]] = defaultdict(list)
    for event in first:
        session, sequence = sequences[event]
        arrived[session].append(sequence)
    assert {session: list(range(1, count + 1)) for session, count in last.items() if count} == arrived
    doubles = len(received) - len(first)
    print(f"{workers * ROUNDS} kills, {len(acknowledged)} acknowledged, {len(first)} events, {doubles} doubles")
    assert doubles <= 40 * workers * ROUNDS
