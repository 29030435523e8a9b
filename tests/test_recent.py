"""What a process has read counts for a second, and not a moment longer than it is true."""

import asyncio
import base64
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from convene import access, keys, recent, tables
from convene.db import Database, Tx
from convene.errors import Unauthenticated
from convene.keys import New, Wish
from convene.recent import Recent
from tests.world import World

NAMES = sa.select(tables.application.c.name).where(tables.application.c.id == sa.bindparam("name"))


async def called(world: World, name: str, *, told: bool = True) -> None:
    """Gives the application another name; whether those who remember are told."""

    def work(tx: Tx) -> None:
        tx.execute(sa.update(tables.application).values(name=name))
        if told:
            tx.wake(access.CHANGED)

    await world.db.write(work)


@pytest.fixture
async def other(world: World) -> AsyncIterator[Database]:
    """The same database, as another process has it."""
    db = Database(world.db.url, clock=lambda: world.now)
    await db.open()
    yield db
    await db.close()


async def test_rows_count_for_a_second(world: World) -> None:
    memory = Recent(world.db, access.CHANGED)

    async def name() -> str:
        return str((await world.db.read(memory.all, NAMES, world.application_id))[0].name)

    await called(world, "one")
    assert await name() == "one"
    await called(world, "two", told=False)
    world.later(milliseconds=999)
    assert await name() == "one", "nobody said that it has changed"
    world.later(milliseconds=1)
    assert await name() == "two"
    await called(world, "three")
    assert await name() == "three", "told"
    await called(world, "four", told=False)
    world.later(minutes=-1)
    assert await name() == "four", "a clock that was put back"


async def test_what_was_read_while_a_change_was_told_does_not_count(world: World) -> None:
    memory = Recent(world.db, access.CHANGED)

    def slow(tx: Tx) -> object:
        """Told of a change between the question and its answer."""
        rows = memory.all(_Interrupted(tx, memory), NAMES, world.application_id)  # type: ignore[arg-type]
        return rows[0].name

    await called(world, "one")
    assert await world.db.read(slow) == "one"
    await called(world, "two", told=False)
    assert (await world.db.read(memory.all, NAMES, world.application_id))[0].name == "two"


class _Interrupted:
    """A transaction in which a change of somebody else's is told just after its rows were read."""

    def __init__(self, tx: Tx, memory: Recent):
        self._tx, self._memory, self.now = tx, memory, tx.now

    def all(self, *given: Any) -> Any:
        rows = self._tx.all(*given)
        self._memory._told(access.CHANGED)
        return rows


async def test_what_is_not_there_is_not_remembered_and_what_is_has_a_bound(world: World) -> None:
    memory = Recent(world.db, access.CHANGED)
    for number in range(50):
        assert not await world.db.read(memory.all, NAMES, f"nobody {number}")
    assert memory._read == {}
    filled = {(NAMES, str(number)): (0, world.now, ()) for number in range(recent.MOST)}
    memory._read.update(filled)
    assert await world.db.read(memory.all, NAMES, world.application_id)
    assert len(memory._read) == 1


# --- Callers --------------------------------------------------------------------------------------------------------


def basic(new: New) -> str:
    return "Basic " + base64.b64encode(f"{new.key.id}:{new.secret}".encode()).decode()


async def test_a_key_that_ends_within_the_second_ends(world: World) -> None:
    memory = Recent(world.db, access.CHANGED)
    ends = world.now + timedelta(milliseconds=500)
    key = await world.db.write(keys.add, world.application_id, Wish("short", expires_at=ends))
    assert (await world.db.read(access.identified, basic(key), memory)).key_id == key.key.id
    world.later(milliseconds=500)
    with pytest.raises(Unauthenticated):
        await world.db.read(access.identified, basic(key), memory)


async def test_another_process_hears_of_a_key_that_has_ended(world: World, other: Database) -> None:
    """On SQLite there is one process, and the command line beside it: what that changes holds after the second."""
    memory = Recent(world.db, access.CHANGED)
    key = await world.db.write(keys.add, world.application_id, Wish("doomed"))
    assert await world.db.read(access.identified, basic(key), memory)
    await other.write(keys.expire, world.application_id, key.key.id)
    if world.db.is_sqlite:
        world.later(seconds=1)
    for _ in range(200):
        try:
            await world.db.read(access.identified, basic(key), memory)
        except Unauthenticated:
            return
        await asyncio.sleep(0.05)
    raise AssertionError("the key goes on")
