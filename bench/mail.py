"""Mail, on both databases: `python -m bench mail`. The SMTP server and the sender are processes of their own.

10,000 reminders of 5,000 meetings come due at once; the sender is killed with SIGKILL in the middle and started again. Measured is the
time from when they are due until the server has accepted the last one.
"""

import asyncio
import tempfile
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa
import uvloop

from bench.figure import Figure, at_most
from convene import tables, users
from convene.db import Database, Tx
from tests import world as worlds
from tests.faults.mailing import convene, prepared, server

MEETINGS, MAILS = 5000, 10_000  # each has two guests; its host has no address
GOAL = 60.0  # seconds
PATIENCE = 600.0
UNWRITTEN = sa.select(sa.func.count()).select_from(tables.meeting).where(tables.meeting.c.remind_at.is_not(None))
UNSETTLED = sa.select(sa.func.count()).select_from(tables.mail).where(tables.mail.c.due_at.is_not(None))


def filled(tx: Tx, application_id: str, due_in: timedelta) -> None:
    """Meetings of which people are to be reminded at the same moment."""
    host = users.create(tx, application_id, users.Spec({"login": "host", "full_name": "Grace Hopper"}))
    due = tx.now + due_in
    start = int((due + timedelta(minutes=55)).timestamp())
    room: dict[str, Any] = {"application_id": application_id, "display_name": "Weekly sync", "type": "long_term"}
    room |= {"features": {}, "created_at": tx.now, "host_id": "host", "join_approval_level": "none", "locked": False}
    room |= {"microphone_state": "default", "language": "default", "expire_after_use": False, "auto_record": False}
    room |= {"record_only_owner": False, "imported": False, "is_meetings": True, "expires_at": due + timedelta(days=1)}
    meeting: dict[str, Any] = {"application_id": application_id, "host_number": host.number, "name": "Weekly sync"}
    meeting |= {"start_date": start, "end_date": start + 3600, "notify": True, "sequence": 0, "remind_at": due}
    meeting |= {"public": False, "scheduled": False, "record": False, "created_at": tx.now, "updated_at": tx.now}
    meeting |= {"notify_before": {"metric": "minutes", "value": 55}, "timezone": {"offset": 120, "name": "Europe/Riga"}}
    numbers = range(MEETINGS)
    rooms = [room | {"id": f"room-{n}", "meeting_code": f"{n:012}"} for n in numbers]
    guest = {"user_number": None}
    guests = [
        guest | {"meeting_id": f"{n:024x}", "place": place, "email": f"p{n}-{place}@example.org"}
        for n in numbers
        for place in range(MAILS // MEETINGS)
    ]
    tx.execute(sa.insert(tables.room), rooms)
    tx.execute(sa.insert(tables.meeting), [meeting | {"id": f"{n:024x}", "room_id": f"room-{n}"} for n in numbers])
    tx.execute(sa.insert(tables.meeting_attendee), guests)


async def reminded(url: str, folder: Path) -> tuple[float, int, int]:
    """Seconds, mails that were accepted twice, mails that were not accepted."""
    first = await prepared(url)
    db = Database(url)
    await db.open()
    ahead = timedelta(seconds=20)  # for storing them, and for the process to start
    await db.write(filled, first.application_id, ahead)
    begin = time.monotonic() + ahead.total_seconds()
    await db.close()
    async with server() as smtp:
        async with convene(url, folder, smtp.port):
            await smtp.until(MAILS // 2, PATIENCE)
        async with convene(url, folder, smtp.port):
            last, ended = len(smtp.accepted), time.monotonic()
            while len(smtp.accepted) > last or await waiting(url):
                if len(smtp.accepted) > last:
                    last, ended = len(smtp.accepted), time.monotonic()
                await asyncio.sleep(0.5)
    names = [address for _, address in smtp.accepted]
    return ended - begin, len(names) - len(set(names)), MAILS - len(set(names))


async def waiting(url: str) -> int:
    """Reminders that are not written, and mails that are not settled."""
    db = Database(url)
    await db.open()
    count = await db.read(lambda tx: sum(tx.execute(one).scalar() or 0 for one in (UNWRITTEN, UNSETTLED)))
    await db.close()
    return count


def measured(name: str, url: str, folder: Path) -> Iterator[Figure]:
    """The rows of one database."""
    seconds, twice, lost = uvloop.run(asyncio.wait_for(reminded(url, folder), PATIENCE))
    what = f"{MAILS:,} reminders due at once, kill -9 in the middle"
    yield at_most(f"{what} → all accepted, {name}", seconds, GOAL, unit="s", digits=1)
    yield at_most(f"{what}: accepted twice, {name}", twice, 0, unit="mails")
    yield at_most(f"{what}: in doubt and not accepted, {name}", lost, 0, unit="mails")


def figures() -> Iterator[Figure]:
    """Three rows for each database."""
    with tempfile.TemporaryDirectory(prefix="convene-bench-") as folder:
        yield from measured("SQLite", f"sqlite:///{folder}/mail.db", Path(folder))
    with worlds.postgres() as url, tempfile.TemporaryDirectory(prefix="convene-bench-") as folder:
        yield from measured("PostgreSQL", f"{url}/postgres", Path(folder))
