"""`convene recorder` beside `serve --no-worker` and a worker: `kill -9` while it records, and another goes on in the same folder."""

import asyncio
import subprocess
import time
from pathlib import Path

import av
import httpx
import numpy as np

from convene.compositor import files
from tests.faults.evidence import body, ended_well, nothing_missing, quiet, urls
from tests.faults.test_kill_recording import MOST_LOST, Recorded
from tests.faults.test_several_processes import site
from tests.people import inside
from tests.platform import Companion, until

STRETCH = 3  # seconds that each of the two recorders has


async def test_a_killed_recorder_is_followed_by_the_one_that_waits(postgres_database: str, tmp_path: Path) -> None:
    async with site(postgres_database, tmp_path) as here:
        convene = here.convene
        room = await convene.room(callback_urls=urls(here.heard))
        with convene.beside("recorder") as first, open(tmp_path / "err.log", "ab") as err:
            second = Companion(convene, "recorder", convene.run("recorder", stdout=subprocess.PIPE, stderr=err))
            try:
                async with inside(convene, room, "Hanna", host=True) as (host,):
                    speaking = asyncio.create_task(host.speaks(600))
                    recording = Recorded(convene, host)
                    await recording.begin()
                    began = await recording.grows(1)
                    await asyncio.sleep(STRETCH)
                    assert "recorder_waits" in convene.log and "storage_is_a_folder" in convene.log
                    recorded = time.monotonic() - began
                    first.kill()
                    began = await recording.grows(2)
                    await asyncio.sleep(STRETCH)
                    recorded += time.monotonic() - began
                    await recording.stop()
                    await until(recording.over, why="it does not end", seconds=120)
                    speaking.cancel()
                await quiet(convene)
            finally:
                second.kill()
        stored = await nothing_missing(convene, here.heard)
        ended_well(stored)
        told = [body(event) for event in stored if event.type.startswith("recording")]
        assert [one["event"] for one in told] == ["recording:started", "recording:ended", "recording:uploaded"]
        await is_right(tmp_path / "fetched.mp4", told[-1], recorded)


async def is_right(path: Path, told: dict[str, object], recorded: float) -> None:
    """The file behind the link has both recorders' stretches, a picture, and the host's voice to the end."""
    async with httpx.AsyncClient(timeout=30) as anyone:
        path.write_bytes((await anyone.get(str(told["url"]))).raise_for_status().content)
    assert files.plays(path)
    with av.open(path) as media:
        pictures = [float(frame.time) for frame in media.decode(video=0)]
    with av.open(path) as media:
        sound = np.concatenate([frame.to_ndarray()[0] for frame in media.decode(audio=0)])
        rate = media.streams.audio[0].rate
    assert pictures[-1] > recorded - MOST_LOST and len(sound) / rate > recorded - MOST_LOST
    assert abs(float(str(told["duration"])) - pictures[-1]) < 1.5
    tenths = np.abs(sound[: len(sound) // (rate // 10) * (rate // 10)]).reshape(-1, rate // 10).mean(axis=1) > 0.01
    for stretch, heard in zip(("first", "second"), np.array_split(tenths, 2), strict=True):
        assert heard.sum() > 5, f"the host is not heard of the {stretch} recorder"
