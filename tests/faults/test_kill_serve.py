"""`kill -9` of `convene serve` under load, on SQLite and with its own engine, which dies with it."""

import asyncio
import random
from pathlib import Path

from tests.faults.evidence import ROUNDS, all_events, body, ended_well, nothing_missing, quiet
from tests.faults.load import Load, under_load
from tests.platform import Platform, alive, descendants, platform
from tests.receiver import Receiver, receiving


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
    async with convene.api() as api:
        answers = [await api.get(f"rooms/{id}") for id in load.made]
    assert {answer.status_code for answer in answers} == {200}
    gone = {answer.json()["id"] for answer in answers if not answer.json()["is_available"]}
    assert load.deleted <= gone
    expired = [body(event)["room_id"] for event in await all_events(convene) if event.type == "room:expired"]
    assert len(expired) == len(set(expired))
    assert load.deleted <= set(expired)
    assert len(heard.requests) <= 1.2 * len(stored) + 10 * ROUNDS  # what was on its way at a kill comes again, no more
