"""`kill -9` of compositors, and of serve, at any point of a recording: it goes on, and ends in a file or a public reason."""

import asyncio
import os
import random
import signal
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from convene.compositor import files
from tests.faults.evidence import ROUNDS, all_events, body, ended_well, nothing_missing, quiet, urls
from tests.people import Someone, inside
from tests.platform import Platform, alive, platform, until
from tests.receiver import receiving

MOST_LOST = 1.5  # seconds of media for each kill
AT_ONCE = 2  # recordings


@dataclass
class Recorded:
    """One recording in the making. `seen`: for each compositor that was killed, how long its file had been growing."""

    convene: Platform
    host: Someone
    id: str = ""
    seen: list[float] = field(default_factory=list)

    async def call(self, method: str, path: str) -> Any:
        async with httpx.AsyncClient(base_url=self.convene.url, headers=self.host.proof, timeout=20) as page:
            answer = await page.request(method, f"/api/meeting/{path}")
        return answer.raise_for_status().json()

    async def begin(self) -> None:
        self.id = (await self.call("POST", "recording"))["id"]

    async def stop(self) -> None:
        """Stops it, unless it is over already."""
        if await self.state() in ("requested", "starting", "active"):
            await self.call("DELETE", "recording")

    async def state(self) -> str:
        told = await self.call("GET", "session")
        return next(str(one["state"]) for one in told["recordings"] if one["id"] == self.id)

    async def over(self) -> bool:
        return await self.state() in ("uploaded", "failed")

    @property
    def out(self) -> Path:
        return self.convene.data / "recorder" / f"{self.id}.mp4"

    def part(self, number: int) -> Path:
        return files.part_path(self.out, number)

    def pid(self) -> int:
        """The compositor that holds the recording's lock."""
        return int(self.out.with_name(self.out.name + ".lock").read_text() or "0")

    async def grows(self, number: int) -> float:
        """Waits until the part has media; when that was seen."""

        async def has_media() -> bool:
            return self.part(number).exists() and self.part(number).stat().st_size > 10_000

        await until(
            has_media, why=f"compositor {number} of {self.id} records nothing: {await self.state()}", seconds=120
        )
        return time.monotonic()

    async def killed(self, number: int) -> None:
        """Kills the compositor while it writes the part of this number, at a random moment."""
        began = await self.grows(number)
        await asyncio.sleep(random.uniform(0.1, 2.5))
        os.kill(self.pid(), signal.SIGKILL)
        self.seen.append(time.monotonic() - began)


async def test_kills_of_compositors_cost_a_second_each(tmp_path: Path) -> None:
    kills = -(-ROUNDS // AT_ONCE)
    async with receiving() as heard:
        with platform(tmp_path, recorder_slots=AT_ONCE, session_grace_seconds=2) as convene:
            await asyncio.gather(*(_recorded(convene, urls(heard), kills) for _ in range(AT_ONCE)))
            await quiet(convene)
            stored = await nothing_missing(convene, heard)
            ended_well(stored)
            told = [event.type for event in stored if event.type.startswith("recording")]
            assert sorted(told) == sorted(["recording:started", "recording:ended", "recording:uploaded"] * AT_ONCE)
            assert not convene.children("convene.compositor")


async def _recorded(convene: Platform, to: dict[str, str], kills: int) -> None:
    room = await convene.room(callback_urls=to)
    async with inside(convene, room, "Hanna", host=True) as (host,):
        recording = Recorded(convene, host)
        await recording.begin()
        for number in range(1, kills + 1):
            await recording.killed(number)
        await recording.grows(kills + 1)
        await recording.stop()
        await until(recording.over, why="it does not end", seconds=120)
        assert await recording.state() == "uploaded"
        assert not recording.out.exists()
        (event,) = [
            e
            for e in await all_events(convene)
            if e.type == "recording:uploaded" and body(e)["recording_id"] == recording.id
        ]
        # The file of each had media for so long before its kill; what is not in the end was lost.
        assert body(event)["duration"] >= sum(recording.seen) - MOST_LOST * kills
        path = convene.folder / f"{recording.id}.mp4"
        async with httpx.AsyncClient(timeout=30) as anyone:
            path.write_bytes((await anyone.get(body(event)["url"])).raise_for_status().content)
        assert files.plays(path)


async def test_kills_of_serve_end_in_a_file_or_a_reason(tmp_path: Path) -> None:
    """At a quarter, at half and at three quarters of a recording; the engine dies with serve, the compositor does not."""
    async with receiving() as heard:
        with platform(tmp_path, session_grace_seconds=15, reconcile_seconds=1) as convene:
            for share in (0.25, 0.5, 0.75):
                await _cut_short(convene, urls(heard), length=4, share=share)
            await quiet(convene)
            stored = await nothing_missing(convene, heard)
            ended_well(stored)
            over = [event for event in stored if event.type == "recording:ended"]
            assert len(over) == 3


async def _cut_short(convene: Platform, to: dict[str, str], *, length: float, share: float) -> None:
    room = await convene.room(callback_urls=to)
    async with inside(convene, room, "Hanna", host=True) as (host,):
        recording = Recorded(convene, host)
        await recording.begin()
        await recording.grows(1)
        await asyncio.sleep(length * share)
        compositor = recording.pid()
        convene.kill()
        await asyncio.to_thread(convene.start)
        await asyncio.sleep(length * (1 - share))
        await recording.stop()
        await until(recording.over, why="it does not end", seconds=120)
        shown = (await recording.call("GET", "session"))["recording"]
        assert shown["state"] == "uploaded" or shown["reason"]
    await until(lambda: _gone(compositor), why="a compositor outlived its recording")
    left = [path for path in (convene.data / "recorder").iterdir() if ".mp4" in path.name and ".lock" not in path.name]
    assert left == [] or shown["state"] == "failed"


async def _gone(pid: int) -> bool:
    return not alive(pid)
