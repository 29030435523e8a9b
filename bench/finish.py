"""The host's click on Stop → the link to a recording of ten minutes, through the whole platform; beside copying the file twice.

Nobody waits ten minutes here: while a real recording of a few seconds runs, ten minutes more are laid beside it, as another
recorder's part of the same recording would lie there. The platform finishes both as one file.
"""

import asyncio
import os
import shutil
import statistics
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av
import httpx
import numpy as np

from bench.figure import Figure
from bench.recorder import FPS, HEIGHT, LONG, WIDTH, lengthened, shown
from convene.compositor import files
from convene.compositor.encoder import Encoder
from convene.compositor.voice import RATE
from tests import publish
from tests.people import inside
from tests.platform import Platform, platform, until

GOAL = 3.0
TIMES = 3
LOOPS = 4  # of two seconds of pictures
PEOPLE, LAYER = 4, 360
LOOK = 0.02  # seconds between two looks whether it is ready


def minutes(folder: Path) -> Path:
    """Ten minutes as a recorder leaves them: four people, encoded by the recorder's own encoder."""
    short, long = folder / "short.mp4", folder / "long.mp4"
    pictures, second = shown(PEOPLE, LAYER), np.frombuffer(b"".join(publish.microphone(0)), np.int16)
    encoder = Encoder(short, WIDTH, HEIGHT, FPS)
    encoder.start()
    for tick, picture in enumerate(pictures * LOOPS):
        while encoder.waiting:  # in live use a full queue thins the pictures
            time.sleep(0.001)
        encoder.show(picture, tick)
        if tick % FPS == 0:
            encoder.hear(second, tick // FPS * RATE)
    encoder.finish()
    lengthened(short, long)
    return long


async def stop_to_link(convene: Platform, proof: dict[str, str], long: Path) -> tuple[float, Path]:
    """Starts a recording and stops it; the seconds from the click to the link, and where the file lies."""
    async with httpx.AsyncClient(base_url=f"{convene.url}/api/meeting/", headers=proof, timeout=60) as page:

        async def started() -> bool:
            return (await page.post("recording")).status_code == 201

        async def newest() -> dict[str, Any]:
            return (await page.get("session")).json()["recording"]  # type: ignore[no-any-return]

        async def active() -> bool:
            return (await newest())["state"] == "active"

        await until(started, "the recording does not start")
        await until(active, "nothing is recorded")
        recording = (await newest())["id"]
        out = convene.data / "recorder" / f"{recording}.mp4"
        os.link(long, files.part_path(out, 2))
        begin = time.monotonic()
        (await page.delete("recording")).raise_for_status()
        async with asyncio.timeout(120):
            while (await newest())["state"] != "uploaded":
                await asyncio.sleep(LOOK)
        seconds = time.monotonic() - begin
    [stored] = (convene.data / "recordings").glob(f"*/{recording}.mp4")
    with av.open(stored) as media:
        if (media.duration or 0) < LONG * 1_000_000:
            raise RuntimeError("the ten minutes are not in the file")
    return seconds, stored


def copied_twice(path: Path) -> float:
    """Seconds to copy the file and the copy, each to the disk for sure, as the platform makes its own sure."""
    begin = time.monotonic()
    for source, target in ((path, path.with_suffix(".1")), (path.with_suffix(".1"), path.with_suffix(".2"))):
        shutil.copyfile(source, target)
        files.sync(target)
    return time.monotonic() - begin


async def compare(folder: Path) -> tuple[list[float], list[float], float]:
    """Seconds of ours and of the copies, in turns; the file's MB."""
    ours, copies = [], []
    long = minutes(folder)
    with platform(folder) as convene:
        room = await convene.room()
        async with inside(convene, room, "Ann", host=True) as [host]:
            for _ in range(TIMES):
                seconds, stored = await stop_to_link(convene, host.proof, long)
                ours.append(seconds)
                copies.append(copied_twice(stored))
    return ours, copies, long.stat().st_size / 1e6


def figures() -> Iterator[Figure]:
    """One row."""
    with tempfile.TemporaryDirectory(prefix="convene-bench-") as folder:
        ours, copies, size = asyncio.run(compare(Path(folder)))
    mine, theirs = statistics.median(ours), statistics.median(copies)
    told = f"copying its {size:.0f} MB twice {theirs:.2f} s"
    what = f"host stops → link to the MP4, {LONG // 60} minutes"
    yield Figure(what, f"{mine:.2f} s", told, f"{mine / theirs:.2f} ×", f"≤ {GOAL:g} ×", mine <= GOAL * theirs)
