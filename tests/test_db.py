"""Transactions: groups, savepoints, one moment each, and wake-ups after the commit."""

import asyncio

import pytest
import sqlalchemy as sa

from convene import tables
from convene.db import Tx
from tests.world import World

INSERT = sa.insert(tables.engine_event)
COUNT = sa.select(sa.func.count()).select_from(tables.engine_event)


def add(tx: Tx, id: str) -> None:
    tx.execute(INSERT, {"id": id, "received_at": tx.now})


def add_and_fail(tx: Tx, id: str) -> None:
    add(tx, id)
    raise ValueError(id)


def count(tx: Tx) -> int:
    return int(tx.connection.execute(COUNT).scalar_one())


async def test_a_unit_that_raises_takes_nobody_with_it(world: World) -> None:
    units = [world.db.write(add_and_fail if n % 3 == 0 else add, f"EV_{n}") for n in range(60)]
    results = await asyncio.gather(*units, return_exceptions=True)
    assert sum(isinstance(result, ValueError) for result in results) == 20
    assert await world.db.read(count) == 40


async def test_of_two_that_insert_the_same_one_is_new(world: World) -> None:
    def once(tx: Tx) -> bool:
        return tx.add_new(tables.engine_event, {"id": "EV_same", "received_at": tx.now})

    assert sorted(await asyncio.gather(*(world.db.write(once) for _ in range(20)))) == [False] * 19 + [True]


async def test_a_reader_cannot_write(world: World) -> None:
    with pytest.raises(sa.exc.DBAPIError, match=r"read.?only"):
        await world.db.read(add, "EV_1")
    await world.db.write(add, "EV_1")
    assert await world.db.read(count) == 1


async def test_what_is_committed_is_read_at_once(world: World) -> None:
    for number in range(20):
        await world.db.write(add, f"EV_{number}")
        assert await world.db.read(count) == number + 1


async def test_topics_are_told_after_the_commit_only(world: World) -> None:
    told: list[str] = []
    world.db.watch(told.append)

    def wake(tx: Tx, fail: bool) -> None:
        tx.wake("rooms")
        if fail:
            raise ValueError

    with pytest.raises(ValueError):
        await world.db.write(wake, True)
    assert told == []
    await world.db.write(wake, False)
    assert "rooms" in told
    world.db.unwatch(told.append)


async def test_a_caller_that_gives_up_disturbs_nobody(world: World) -> None:
    task = asyncio.create_task(world.db.write(add, "EV_given_up"))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await world.db.write(add, "EV_next")
    assert await world.db.read(count) in (1, 2)
