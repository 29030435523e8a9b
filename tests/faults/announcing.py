"""A process that announces events and delivers them, to be killed: prints each event's id once it is committed.

`python -m tests.faults.announcing DATABASE_URL LEASE_SECONDS [quiet]`; quiet: delivers only.
"""

import asyncio
import random
import sys
from dataclasses import replace
from datetime import timedelta

import sqlalchemy as sa

from convene import callbacks, config, events, tables
from convene.courier import Courier
from convene.db import Database, Tx
from convene.events import EventType
from tests.announcements import announcement

KINDS = (EventType.PARTICIPANT_JOINED, EventType.PARTICIPANT_LEFT, EventType.RECORDING_STARTED)
EMITTERS = 8


async def emitting(db: Database, sessions: list[tuple[str, str]]) -> None:
    while True:
        session, room = random.choice(sessions)
        kinds = random.choices(KINDS, k=random.randint(1, 3))
        for event in await db.write(events.emit, *[announcement(kind, room, session) for kind in kinds]):
            print(event, flush=True)
        await asyncio.sleep(random.uniform(0, 0.05))


async def main(url: str, lease: float, quiet: bool) -> None:
    db = Database(url)
    await db.open()
    if db.is_sqlite:
        await db.write(callbacks.release)
    courier = Courier(replace(config.load({}), allow_loopback_callbacks=True))
    await courier.open()
    rows = await db.read(Tx.all, sa.select(tables.session.c.id, tables.session.c.room_id))
    async with asyncio.TaskGroup() as group:
        group.create_task(callbacks.Deliveries(db, courier, lease=timedelta(seconds=lease)).run())
        for _ in range(0 if quiet else EMITTERS):
            group.create_task(emitting(db, [(row.id, row.room_id) for row in rows]))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], float(sys.argv[2]), "quiet" in sys.argv[3:]))
