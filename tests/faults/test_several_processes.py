"""Several processes on one PostgreSQL, with an engine that runs on its own: `convene serve` with workers beside it, and two of it."""

import asyncio
import random
import re
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import sqlalchemy as sa

from convene import tables
from convene.db import Tx
from convene.tables import new_id
from tests import world as worlds
from tests.acceptance.test_waiting import ASKED, comes, door, guest_url, host_url, is_in, waits
from tests.faults.evidence import ROUNDS, database, ended_well, nothing_missing, quiet, unrepeated, urls
from tests.faults.load import under_load
from tests.faults.test_kill_serve import kept
from tests.faults.test_missing_events import beside
from tests.livekit_server import livekit_server
from tests.platform import Companion, Platform, browser, platform, until, visit
from tests.receiver import Receiver, receiving

DUE = 10_000
ADDRESSED = 1_000  # of them have a callback address


@dataclass
class Site:
    """What runs."""

    convene: Platform
    workers: list[Companion]
    heard: Receiver


@asynccontextmanager
async def site(database_url: str, folder: Path) -> AsyncIterator[Site]:
    """All of it, until the block ends."""
    port = worlds.free_port()
    settings = {"database_url": database_url, "port": port, "session_grace_seconds": 2, "reconcile_seconds": 1}
    with livekit_server(f"http://127.0.0.1:{port}/internal/engine-events") as server:
        settings |= beside(server) | {"rooms_limit": 100_000}
        async with receiving() as heard:
            with (
                platform(folder, "serve", "--no-worker", **settings) as convene,
                convene.beside("worker") as one,
                convene.beside("worker") as two,
            ):
                yield Site(convene, [one, two], heard)


async def test_two_workers_never_do_one_thing_twice(postgres_database: str, tmp_path: Path) -> None:
    async with site(postgres_database, tmp_path) as here:
        async with under_load(here.convene, here.heard):
            async with database(here.convene) as db:
                await db.write(many_due, here.convene.first["application_id"], urls(here.heard)["rooms_callback_url"])
            await asyncio.sleep(5)
        await quiet(here.convene)
        async with database(here.convene) as db:
            await until(lambda: db.read(_none_due), why="some rooms have not expired")
            announced = await db.read(_announced)
        assert len(announced) >= DUE and set(announced.values()) == {1}
        await quiet(here.convene)
        stored = await nothing_missing(here.convene, here.heard, unaddressed=DUE - ADDRESSED)
        ended_well(stored)
        assert max(Counter(request.headers["webhook-id"] for request in here.heard.requests).values()) == 1
        await unrepeated(here.convene)


def many_due(tx: Tx, application_id: str, url: str) -> None:
    """Makes rooms whose time has come, all in one moment; it is all the same to them that nobody made them by the API."""
    past = tx.now - timedelta(seconds=1)
    row = {"application_id": application_id, "display_name": "Due", "type": "instant", "expires_at": past}
    row |= {
        "closes_at": past,
        "created_at": past - timedelta(minutes=10),
        "features": {},
        "locked": False,
        "imported": False,
    }
    row |= {"expire_after_use": False, "auto_record": False, "record_only_owner": False}
    row |= {"join_approval_level": "none", "microphone_state": "default", "language": "default"}
    rooms = []
    for n in range(DUE):
        ids = {"id": new_id(), "host_id": new_id(), "meeting_code": f"9{n:011}"}
        rooms.append(row | ids | {"rooms_url": url if n < ADDRESSED else None})
    tx.execute(sa.insert(tables.room), rooms)
    tx.wake("rooms")


def _none_due(tx: Tx) -> bool:
    room = tables.room.c
    return tx.one(sa.select(room.id).where(room.expired_at.is_(None), room.closes_at <= tx.now).limit(1)) is None


def _announced(tx: Tx) -> Counter[str]:
    event = tables.event.c
    return Counter(row.room_id for row in tx.all(sa.select(event.room_id).where(event.type == "room:expired")))


async def test_kills_of_workers_and_serve_lose_nothing(postgres_database: str, tmp_path: Path) -> None:
    async with site(postgres_database, tmp_path) as here:
        async with under_load(here.convene, here.heard) as load:
            for n in range(ROUNDS):
                await asyncio.sleep(random.uniform(0, 1))
                worker = random.choice(here.workers)
                worker.kill()
                if n % 4 == 3:
                    here.convene.kill()
                    await asyncio.to_thread(here.convene.start)
                await asyncio.to_thread(worker.start)
        await quiet(here.convene)
        await kept(here.convene, here.heard, load)


async def test_who_waits_at_one_server_is_let_in_by_a_host_at_another(postgres_database: str, tmp_path: Path) -> None:
    ports = [worlds.free_port(), worlds.free_port()]
    with livekit_server(f"http://127.0.0.1:{ports[0]}/internal/engine-events") as server:
        settings = beside(server) | {"database_url": postgres_database, "data": str(tmp_path / "one" / "data")}
        for name in ("one", "two"):
            (tmp_path / name).mkdir()
        with (
            platform(tmp_path / "one", **{**settings, "port": ports[0]}) as one,
            platform(tmp_path / "two", **{**settings, "port": ports[1]}) as two,
        ):
            room = await one.room(join_approval_level="explicit_approval")
            async with browser() as chromium:
                gustav, carla = await comes(chromium, room, "Gustav"), await comes(chromium, room, "Carla")
                for person in (gustav, carla):
                    await waits(person, ASKED)
                host = await visit(chromium, host_url(room).replace(one.url, two.url), "Hanna")
                assert host.page.url.startswith(two.url) and gustav.page.url.startswith(guest_url(room))
                await (await door(host)).get_by_role("button", name="Admit Gustav").click(timeout=60_000)
                await is_in(gustav)
                await waits(carla, ASKED)
                await (await door(host)).get_by_role("button", name="Deny Carla").click(timeout=60_000)
                await waits(carla, re.compile("did not let you in"))
                for person in (gustav, host):
                    await until(lambda person=person: person.sees(2), why="not both pictures run")  # type: ignore[misc]
