"""The host's click on Stop → the link to a recording of ten minutes, through the whole platform; beside copying the file twice.

Nobody waits ten minutes here. Two times are added up: what a short recording takes from the click to the link, and what the
length adds to it, which is closing a part of ten minutes and completing it by the recorder's own code.
"""

import asyncio
import shutil
import statistics
import tempfile
import time
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av
import httpx
import numpy as np
from av.stream import Stream

from bench.figure import Figure
from bench.recorder import FPS, HEIGHT, LONG, WIDTH, shown
from convene.compositor import files
from convene.compositor.encoder import CONTAINER, Encoder
from convene.compositor.voice import RATE
from tests import publish
from tests.people import inside
from tests.platform import Platform, platform, until

GOAL = 3.0
TIMES = 3
LOOPS = 4  # of two seconds of pictures
PEOPLE, LAYER = 4, 360
LOOK = 0.02  # seconds between two looks whether it is ready
PATIENCE = 60.0


def short(folder: Path) -> Path:
    """A few seconds as a recorder leaves them: four people, encoded by the recorder's own encoder."""
    path = folder / "short.mp4"
    pictures, second = shown(PEOPLE, LAYER), np.frombuffer(b"".join(publish.microphone(0)), np.int16)
    encoder = Encoder(path, WIDTH, HEIGHT, FPS)
    encoder.start()
    for tick, picture in enumerate(pictures * LOOPS):
        while encoder.waiting:  # in live use a full queue thins the pictures
            time.sleep(0.001)
        encoder.show(picture, tick)
        if tick % FPS == 0:
            encoder.hear(second, tick // FPS * RATE)
    encoder.finish()
    return path


def completed(recording: Path, out: Path) -> float:
    """Seconds from the last fragment of ten minutes to the whole file at `out`."""
    out.unlink(missing_ok=True)
    part = files.part_path(out)
    with av.open(part, "w", format="mp4", options=CONTAINER) as output:
        streams: dict[str, Stream] = {}
        end = Fraction(0)
        while end < LONG:
            with av.open(recording) as media:
                end = files.append(media, output, streams, end)
        begin = time.monotonic()
    files.finish(part, out)
    return time.monotonic() - begin


async def stop_to_link(convene: Platform, proof: dict[str, str]) -> float:
    """Starts a recording and stops it; the seconds from the click to the link."""
    async with httpx.AsyncClient(base_url=f"{convene.url}/api/meeting/", headers=proof, timeout=60) as page:

        async def started() -> bool:
            return (await page.post("recording")).status_code == 201

        async def is_(state: str) -> bool:
            return bool((await page.get("session")).json()["recording"]["state"] == state)

        await until(started, "the recording does not start")
        await until(lambda: is_("active"), "nothing is recorded")
        begin = time.monotonic()
        (await page.delete("recording")).raise_for_status()
        async with asyncio.timeout(PATIENCE):
            while not await is_("uploaded"):
                await asyncio.sleep(LOOK)
        return time.monotonic() - begin


def copied_twice(path: Path) -> float:
    """Seconds to copy the file and the copy, each to the disk for sure, as the platform makes its own sure."""
    begin = time.monotonic()
    for source, target in ((path, path.with_suffix(".1")), (path.with_suffix(".1"), path.with_suffix(".2"))):
        shutil.copyfile(source, target)
        files.sync(target)
    return time.monotonic() - begin


async def compare(folder: Path) -> tuple[list[float], list[float], list[float], float]:
    """Seconds from click to link, of completing, and of the copies, in turns; the file's MB."""
    stops, completions, copies = [], [], []
    recording, out = short(folder), folder / "long.mp4"
    with platform(folder) as convene:
        room = await convene.room()
        async with inside(convene, room, "Ann", host=True) as [host]:
            for _ in range(TIMES):
                stops.append(await stop_to_link(convene, host.proof))
                completions.append(completed(recording, out))
                copies.append(copied_twice(out))
    return stops, completions, copies, out.stat().st_size / 1e6


def figures() -> Iterator[Figure]:
    """One row."""
    with tempfile.TemporaryDirectory(prefix="convene-bench-") as folder:
        *seconds, size = asyncio.run(compare(Path(folder)))
    stop, completion, copies = map(statistics.median, seconds)
    ours, told = stop + completion, f"copying its {size:.0f} MB twice {copies:.2f} s"
    what = f"host stops → link to the MP4, {LONG // 60} minutes ({stop:.2f} + {completion:.2f})"
    yield Figure(what, f"{ours:.2f} s", told, f"{ours / copies:.2f} ×", f"≤ {GOAL:g} ×", ours <= GOAL * copies)
