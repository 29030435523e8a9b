"""`kill -9` of the media engine with meetings going on: its rooms are made again, and everybody comes back by themselves."""

import asyncio
import os
import random
import signal
from contextlib import AsyncExitStack
from pathlib import Path

from tests.faults.evidence import ROUNDS, all_events, body, count, ended_well, lines, nothing_missing, quiet, urls
from tests.people import Someone, all_connected, inside
from tests.platform import Platform, browser, platform, until, visit
from tests.receiver import receiving


async def test_everybody_comes_back_to_the_same_session(tmp_path: Path) -> None:
    async with receiving() as heard:
        with platform(tmp_path, session_grace_seconds=20, reconcile_seconds=1) as convene:
            async with AsyncExitStack() as stack:
                people: list[Someone] = []
                for n in range(3):
                    room = await convene.room(callback_urls=urls(heard))
                    people += await stack.enter_async_context(inside(convene, room, f"Ann {n}", f"Ben {n}"))
                assert len({person.session_id for person in people}) == 3
                for _ in range(ROUNDS):
                    await asyncio.sleep(random.uniform(0, 1))
                    await _killed(convene, people)
                stored = await all_events(convene)
                assert (count(stored, "session:started"), count(stored, "session:ended")) == (3, 0)
            await quiet(convene)
            ended_well(await nothing_missing(convene, heard))


async def _killed(convene: Platform, people: list[Someone]) -> None:
    """Kills the engine, and waits until each person is in again, with another stay, and our state says so too."""
    before = {person.sid for person in people}
    (pid,) = convene.children("livekit-server")
    os.kill(pid, signal.SIGKILL)

    async def another() -> bool:
        return not before & {person.sid for person in people}

    await until(another, why="somebody has not come back", seconds=120)
    await all_connected(people)
    await until(lambda: _present(convene, people), why="our state is not right", seconds=120)


async def _present(convene: Platform, people: list[Someone]) -> bool:
    """Whether the events say of each person: in, once."""
    inside = {person.admission["id"]: 0 for person in people}
    for event in await all_events(convene):
        step = {"session:participant:joined": 1, "session:participant:left": -1}.get(event.type, 0)
        if step:
            inside[body(event)["participant_id"]] += step
    return set(inside.values()) == {1}


async def test_browsers_come_back(tmp_path: Path) -> None:
    async with receiving() as heard:
        with platform(tmp_path, session_grace_seconds=20, reconcile_seconds=1) as convene:
            room = await convene.room(callback_urls=urls(heard))
            async with browser() as chromium:
                host = await visit(chromium, room["_links"]["host_url"]["href"], "Hanna")
                guest = await visit(chromium, room["_links"]["guest_url"]["href"], "Gustav")
                for person in (host, guest):
                    await until(lambda person=person: person.sees(2), why="no pictures")  # type: ignore[misc]
                (pid,) = convene.children("livekit-server")
                os.kill(pid, signal.SIGKILL)
                await until(lambda: _stays(convene, 4), why="they are not back", seconds=120)
                for person in (host, guest):
                    await until(lambda person=person: person.sees(2), why="no pictures again", seconds=120)  # type: ignore[misc]
                stored = await all_events(convene)
                assert (count(stored, "session:started"), count(stored, "session:ended")) == (1, 0)
            await quiet(convene)
            assert len(lines(await nothing_missing(convene, heard))) == 1


async def _stays(convene: Platform, number: int) -> bool:
    return count(await all_events(convene), "session:participant:joined") >= number
