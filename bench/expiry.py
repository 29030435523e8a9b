"""10,000 rooms that expire in one second, announced by the worker's own sweep: event rows and due deliveries, committed."""

import asyncio
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa
import uvloop

from bench.figure import Figure, at_most
from convene import access, config, tables
from convene.courier import Courier
from convene.db import Database, Tx
from convene.engine import MemoryEngine
from convene.mail import mailer
from convene.runtime import Runtime
from convene.storage import Storage
from convene.worker import SWEEP, Worker
from tests import world as worlds

ROOMS = 10_000
GOAL = 2.0  # seconds from the first room's time to the last room's row
AHEAD = timedelta(seconds=3)  # until the second in which they expire begins
PATIENCE = 60.0

ANNOUNCED = sa.select(sa.func.count()).select_from(tables.event).where(tables.event.c.type == "room:expired")
WAITING = sa.select(sa.func.count()).select_from(tables.delivery).where(tables.delivery.c.state == "pending")


def filled(tx: Tx) -> float:
    """The rooms, of one application that wants callbacks; the monotonic time at which the first expires."""
    first = access.create_first(tx, "Alice", worlds.key_pair())
    access.set_callback_urls(
        tx, first.application_id, rooms="https://rooms.example.org/", sessions=None, recordings=None
    )
    row: dict[str, Any] = {"application_id": first.application_id, "display_name": "Weekly sync", "type": "instant"}
    row |= {"features": {}, "created_at": tx.now, "host_id": "host", "join_approval_level": "none", "locked": False}
    row |= {"microphone_state": "default", "language": "default", "expire_after_use": False, "auto_record": False}
    row |= {"record_only_owner": False, "imported": False}
    due = [tx.now + AHEAD + timedelta(seconds=number / ROOMS) for number in range(ROOMS)]
    own = [
        {"id": f"room-{n}", "meeting_code": f"{n:012}", "expires_at": at, "closes_at": at} for n, at in enumerate(due)
    ]
    begins = time.monotonic() + AHEAD.total_seconds()
    tx.execute(sa.insert(tables.room), [row | one for one in own])
    return begins


async def sweeps(url: str, folder: Path) -> float:
    """Seconds from the first room's time until every room has its event and its delivery."""
    settings = replace(config.load({}, folder), data=str(folder))
    db, engine = Database(url), MemoryEngine()
    await db.open()
    if db.is_sqlite:
        await db.write(lambda tx: tables.metadata.create_all(tx.connection))
    begins = await db.write(filled)
    if time.monotonic() > begins:
        raise RuntimeError("the machine was too slow to store the rooms before they expired")
    worker = Worker(Runtime(settings, db, engine, Storage(settings), Courier(settings), mailer(settings)))
    async with asyncio.timeout(PATIENCE):
        while True:  # as the worker's loop does
            if not await worker.sweep():
                if await db.read(counted) == (ROOMS, ROOMS):
                    break
                await asyncio.sleep(SWEEP)
            ended = time.monotonic()
    await db.close()
    return ended - begins


def counted(tx: Tx) -> tuple[int, int]:
    """Events, and deliveries that wait."""
    return tx.connection.scalar(ANNOUNCED) or 0, tx.connection.scalar(WAITING) or 0


def figures() -> Iterator[Figure]:
    """A row for each database."""
    what = f"{ROOMS:,} rooms that expire in one second → all announced"
    with tempfile.TemporaryDirectory(prefix="convene-bench-") as folder:
        seconds = uvloop.run(sweeps(f"sqlite:///{folder}/expiry.db", Path(folder)))
        yield at_most(f"{what}, SQLite", seconds, GOAL, unit="s", digits=2)
    with worlds.postgres() as url, tempfile.TemporaryDirectory(prefix="convene-bench-") as folder:
        seconds = uvloop.run(sweeps(worlds.emptied(f"{url}/postgres"), Path(folder)))
        yield at_most(f"{what}, PostgreSQL", seconds, GOAL, unit="s", digits=2)
