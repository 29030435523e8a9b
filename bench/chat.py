"""A message is written by one of 21 people → each of the 20 others has it: through a real platform and a real engine.

From just before the request is sent until the data arrives, on one machine's clock; the people are the engine's SDK, all in this
process, without sound and pictures (420 voices would be heard here). They write in turn, so that nobody is told to write more slowly.
"""

import asyncio
import json
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx

from bench.figure import Figure, at_most
from tests.people import Someone, all_connected, inside
from tests.platform import Platform, platform, until

GOAL = 200  # ms
PEOPLE = 21
MESSAGES = 63
PAUSE = 0.2  # seconds between two messages


class Heard:
    """When each person had each message, by its text."""

    def __init__(self, people: list[Someone]) -> None:
        self.at: dict[str, dict[str, float]] = {}
        for one in people:
            one.room.on("data_received", lambda told, one=one: self._note(one.admission["id"], told))

    def _note(self, person: str, told: Any) -> None:
        if told.topic == "chat":
            self.at.setdefault(json.loads(told.data)["text"], {}).setdefault(person, time.perf_counter())


async def says(page: httpx.AsyncClient, heard: Heard, one: Someone, text: str) -> list[float]:
    """Milliseconds until each of the others had it."""
    sent = time.perf_counter()
    answer = await page.post("/api/meeting/chat", json={"text": text}, headers=one.proof)
    answer.raise_for_status()

    async def all_have_it() -> bool:
        return len(heard.at.get(text, {})) == PEOPLE

    await until(all_have_it, f"somebody did not hear {text}")
    return [(at - sent) * 1000 for person, at in heard.at[text].items() if person != one.admission["id"]]


async def waits(convene: Platform) -> list[float]:
    """Milliseconds, shortest first."""
    room = await convene.room()
    took: list[float] = []
    async with inside(convene, room, *(f"Person {n}" for n in range(PEOPLE)), idle=True) as people:
        await all_connected(people)
        heard = Heard(people)
        async with httpx.AsyncClient(base_url=convene.url, timeout=20) as page:
            await says(page, heard, people[0], "first")  # the lines are open now
            for number in range(MESSAGES):
                took += await says(page, heard, people[number % PEOPLE], f"message {number}")
                await asyncio.sleep(PAUSE)
    return sorted(took)


def figures() -> Iterator[Figure]:
    """One row."""
    with tempfile.TemporaryDirectory(prefix="convene-bench-") as folder, platform(Path(folder)) as convene:
        took = asyncio.run(waits(convene))
    p99 = took[len(took) * 99 // 100]
    yield at_most("chat message → with 20 others, p99", p99, GOAL, unit="ms")
    yield Figure("chat message → with 20 others", f"p50 {took[len(took) // 2]:.0f}, worst {took[-1]:.0f} ms")
