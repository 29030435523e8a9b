"""Callbacks, on both databases: `python -m bench callbacks`. The receivers are processes of their own (this module as a program).

- from the commit of an event to its first byte at the receiver, at 50 events a second
- deliveries a second of one worker to fast receivers
"""

import asyncio
import json
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import sqlalchemy as sa
import uvloop

from bench.figure import Figure
from convene import access, callbacks, config, events, tables
from convene.courier import Courier
from convene.db import Database, Tx
from convene.events import Announcement, EventType
from tests import world as worlds

RATE, SECONDS = 50, 10
DELIVERIES, RECEIVERS = 5000, 10
ROOMS = DELIVERIES
P50, P99 = 30, 150  # milliseconds
GOAL = 1000  # deliveries a second


class Sink:
    """A fast receiver in another process: counts, and tells the time of each first byte."""

    def __init__(self, process: asyncio.subprocess.Process, port: int):
        self.process, self.port = process, port
        self.arrived: dict[str, float] = {}
        self._reading = asyncio.create_task(self._read())

    async def _read(self) -> None:
        assert self.process.stdout is not None
        async for line in self.process.stdout:
            told = json.loads(line)
            self.arrived[told["id"]] = told["at"]

    async def close(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()
        await self.process.wait()
        await self._reading


@asynccontextmanager
async def sinks(count: int) -> AsyncIterator[list[Sink]]:
    made = []
    for _ in range(count):
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "bench.callbacks", stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
        )
        assert process.stdout is not None
        made.append(Sink(process, int(await process.stdout.readline())))
    try:
        yield made
    finally:
        for sink in made:
            await sink.close()


class SinkProtocol(asyncio.Protocol):
    """Just enough HTTP to be quick: a request is over when its declared length has come."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport, self.data, self.first = transport, b"", 0.0

    def data_received(self, data: bytes) -> None:
        if not self.data:
            self.first = time.time()
        self.data += data
        head, end, body = self.data.partition(b"\r\n\r\n")
        headers = dict(line.lower().split(b": ", 1) for line in head.split(b"\r\n")[1:])
        if end and len(body) >= int(headers[b"content-length"]):
            self.data = b""
            self.transport.write(b"HTTP/1.1 204 No Content\r\n\r\n")  # type: ignore[attr-defined]
            sys.stdout.write(json.dumps({"id": headers[b"webhook-id"].decode(), "at": self.first}) + "\n")
            sys.stdout.flush()


async def sink() -> None:
    server = await asyncio.get_running_loop().create_server(SinkProtocol, "127.0.0.1", 0, backlog=1000)
    print(server.sockets[0].getsockname()[1], flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


@asynccontextmanager
async def deliveries(db: Database) -> AsyncIterator[None]:
    courier = Courier(replace(config.load({}), allow_loopback_callbacks=True))
    await courier.open()
    loop = asyncio.create_task(callbacks.Deliveries(db, courier).run())
    try:
        yield
    finally:
        loop.cancel()
        await asyncio.gather(loop, return_exceptions=True)
        await courier.close()


async def latency(db: Database) -> tuple[float, float]:
    """Milliseconds from the commit to the first byte: p50 and p99."""
    async with sinks(1) as [receiver]:
        await point_to(db, [receiver])
        sent: dict[str, float] = {}
        async with deliveries(db), asyncio.TaskGroup() as group:
            begin = time.time()
            for number in range(RATE * SECONDS):
                await asyncio.sleep(max(0.0, begin + number / RATE - time.time()))
                group.create_task(announce(db, f"room-{number % 100}", sent))
            await until(lambda: len(receiver.arrived) == RATE * SECONDS)
            await until_settled(db)
        waits = sorted((receiver.arrived[event] - at) * 1000 for event, at in sent.items())
    return statistics.median(waits), waits[int(len(waits) * 0.99)]


async def announce(db: Database, room: str, sent: dict[str, float]) -> None:
    [event] = await db.write(events.emit, told(room))
    sent[event] = time.time()


async def throughput(db: Database, receivers: int) -> float:
    """Deliveries a second."""
    async with sinks(min(receivers, 2)) as made:
        await point_to(db, made, receivers)
        await db.write(events.emit, *[told(f"room-{number}") for number in range(DELIVERIES)])
        begin = time.monotonic()
        async with deliveries(db):
            await until(lambda: sum(len(one.arrived) for one in made) == DELIVERIES)
            took = time.monotonic() - begin
            await until_settled(db)
    return DELIVERIES / took


def told(room: str) -> Announcement:
    now = worlds.START
    fields = {"room_id": room, "room_type": "instant", "expires_at": now, "created_at": now}
    return Announcement(EventType.ROOM_EXPIRED, room, None, fields)


async def point_to(db: Database, sinks: list[Sink], endpoints: int = 1) -> None:
    """The rooms take turns in their URLs."""

    def work(tx: Tx) -> None:
        for number in range(endpoints):
            url = f"http://127.0.0.1:{sinks[number % len(sinks)].port}/{number}"
            tx.execute(sa.update(tables.room).where(tables.room.c.serial % endpoints == number).values(rooms_url=url))

    await db.write(work)


async def until(condition: Any) -> None:
    async with asyncio.timeout(120):
        while not condition():
            await asyncio.sleep(0.005)


async def until_settled(db: Database) -> None:
    pending = sa.select(sa.func.count()).select_from(tables.delivery).where(tables.delivery.c.state == "pending")
    async with asyncio.timeout(120):
        while await db.read(lambda tx: tx.execute(pending).scalar()):
            await asyncio.sleep(0.05)


def many_rooms(tx: Tx, application: str) -> None:
    row = {"application_id": application, "display_name": "Weekly sync", "type": "instant", "features": {}}
    row |= {"expires_at": tx.now, "created_at": tx.now, "host_id": "h", "join_approval_level": "none"}
    row |= {"microphone_state": "default", "language": "default", "locked": False, "expire_after_use": False}
    row |= {"auto_record": False, "record_only_owner": False, "imported": False}
    numbers = range(ROOMS)
    tx.execute(sa.insert(tables.room), [row | {"id": f"room-{n}", "meeting_code": f"{n:012}"} for n in numbers])


async def measure(name: str, url: str) -> list[Figure]:
    """All figures of one database."""
    db = Database(url)
    await db.open()
    await db.write(lambda tx: tables.metadata.create_all(tx.connection))
    first = await db.write(access.create_first, "Bench", access.new_key_pair())
    await db.write(many_rooms, first.application_id)
    p50, p99 = await latency(db)
    reached = p50 <= P50 and p99 <= P99
    what, goal = f"commit → first byte at the receiver, {RATE}/s, {name}", f"≤ {P50}, ≤ {P99} ms"
    made = [Figure(what, f"p50 {p50:.1f}, p99 {p99:.1f} ms", goal=goal, reached=reached)]
    alone, several = await throughput(db, 1), await throughput(db, RECEIVERS)
    made.append(Figure(f"deliveries to one fast receiver, one worker, {name}", f"{alone:,.0f}/s"))
    what = f"deliveries to {RECEIVERS} fast receivers, one worker, {name}"
    made.append(Figure(what, f"{several:,.0f}/s", goal=f"≥ {GOAL:,}/s", reached=several >= GOAL))
    await db.close()
    return made


def figures() -> Iterator[Figure]:
    """SQLite, and PostgreSQL where it is installed."""
    with tempfile.TemporaryDirectory(prefix="convene-bench-") as folder:
        yield from uvloop.run(measure("SQLite", f"sqlite:///{folder}/bench.db"))
    if worlds.POSTGRES_BIN:
        with worlds.postgres() as url:
            yield from uvloop.run(measure("PostgreSQL", f"{url}/postgres"))


if __name__ == "__main__":
    uvloop.run(sink())
