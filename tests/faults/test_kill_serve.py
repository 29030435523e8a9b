"""`kill -9` of `convene serve` under load, on SQLite and with its own engine, which dies with it."""

import asyncio
import random
from pathlib import Path

import sqlalchemy as sa

from convene import tables
from tests.faults.evidence import ROUNDS, body, database, ended_well, nothing_missing, quiet
from tests.faults.load import Load, under_load
from tests.platform import Platform, alive, descendants, platform
from tests.receiver import Receiver, receiving

ROOMS = sa.select(tables.room.c.id, tables.room.c.expired_at)


async def test_kills_of_serve_lose_nothing(tmp_path: Path) -> None:
    async with receiving() as heard:
        with platform(tmp_path, session_grace_seconds=2, reconcile_seconds=1, rooms_limit=100_000) as convene:
            async with under_load(convene, heard) as load:
                for _ in range(ROUNDS):
                    await asyncio.sleep(random.uniform(0.1, 2))
                    await _killed(convene)
                await asyncio.sleep(2)
            await quiet(convene)
            await kept(convene, heard, load)


async def _killed(convene: Platform) -> None:
    assert convene.process is not None
    pids = descendants(convene.process.pid)
    convene.kill()
    await asyncio.to_thread(convene.start)
    assert not [pid for pid in pids if alive(pid)]


async def kept(convene: Platform, heard: Receiver, load: Load) -> None:
    """What was acknowledged is there, announced once, and was heard."""
    assert load.made and load.deleted and load.entered
    stored = await nothing_missing(convene, heard)
    ended_well(stored)
    assert load.entered >= {event.session_id for event in stored if event.session_id}
    async with database(convene) as db:
        there = {row.id: row.expired_at for row in await db.read(lambda tx: tx.all(ROOMS))}
    assert load.made <= there.keys()
    assert all(there[id] for id in load.deleted)
    expired = [body(event)["room_id"] for event in stored if event.type == "room:expired"]
    assert len(expired) == len(set(expired))
    assert load.deleted <= set(expired)
    assert len(heard.requests) <= 1.2 * len(stored) + 10 * ROUNDS  # what was on its way at a kill comes again, no more
