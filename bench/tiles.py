"""Our page's processor time in a call of 9 and of 25, beside a bare `livekit-client` page in the same call, with the same tiles.

The others' cameras send what was encoded beforehand, 180 lines high, and are the same ones all the time; one browser after the
other sits in the call, and the two pages take turns. The bare page (`bare.html`) is told where our page drew its pictures. Counted
are all the browser's processes but its first: the page, the media, the compositor.
"""

import asyncio
import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

import jwt
from livekit import api
from playwright.async_api import Page

from bench.figure import Figure
from bench.idle import processor_time
from bench.join import CAPTURED, served
from tests.people import admitted
from tests.platform import DEADLINE, LIVELY, Guest, Platform, browser, command_line, descendants, join, platform, until

GOAL = 1.15
CALLS = (9, 25)  # with ourselves
TURNS = 2
WARM_UP = 8  # seconds
SECONDS = 10.0
HEIGHT = 180
VIEW = {"width": 1280, "height": 720}
RECTANGLES = """[...document.querySelectorAll('.stage video')].map((video) => {
  const { x, y, width, height } = video.getBoundingClientRect();
  return [x, y, width, height].map(Math.round);
})"""
RUNNING = "[...document.querySelectorAll('video')].filter((video) => video.videoWidth > 16 && !video.paused).length"

Opened = Callable[[Page], Awaitable[None]]


async def cores(opened: Opened, count: int) -> tuple[float, object, object]:
    """Cores that a browser of its own needs in the call; where its pictures are, and what its camera captures."""
    before = set(browsers())
    async with browser(LIVELY) as chromium:
        context = await chromium.new_context(permissions=["camera", "microphone"], viewport=VIEW)
        context.set_default_timeout(DEADLINE * 1000)
        page = await context.new_page()
        await opened(page)

        async def all_seen() -> bool:
            """A machine that is busy is spared pictures by our page, until somebody wants them all the same."""
            if await page.get_by_role("button", name="Show all").count():
                await page.get_by_role("button", name="Show all").click()
            return bool(await page.evaluate(f"{RUNNING} >= {count}"))

        for _ in range(WARM_UP):
            await until(all_seen, "not everybody is seen")
            await asyncio.sleep(1)
        mine = set(browsers()) - before
        began, at = sum(map(processor_time, mine)), asyncio.get_running_loop().time()
        await asyncio.sleep(SECONDS)
        used, lasted = sum(map(processor_time, mine)) - began, asyncio.get_running_loop().time() - at
        await until(all_seen, "not everybody was seen all the time")
        told = used / lasted, await page.evaluate(RECTANGLES), await page.evaluate(CAPTURED)
        await page.goto("about:blank")
        return told


def browsers() -> list[int]:
    """The processes below this one that a browser has started for its work."""
    return [pid for pid in descendants(os.getpid()) if "--type=" in command_line(pid)]


@contextmanager
def publishers(engine: str, keys: dict[str, str], room: str, count: int) -> Iterator[None]:
    """So many people with a camera and a microphone."""
    where = ["--url", engine, "--room", room, "--key", keys["key"], "--secret", keys["secret"], "-n", str(count)]
    command = [sys.executable, "-m", "tests.publish", *where, "--height", str(HEIGHT)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    try:
        assert process.stdout is not None
        assert process.stdout.readline().strip() == b"ready"
        yield
    finally:
        process.kill()
        process.communicate()


async def compare(convene: Platform, address: str, count: int) -> tuple[float, float]:
    """Cores of ours and of the bare page, medians."""
    engine = f"ws://127.0.0.1:{convene.settings['CONVENE_ENGINE_PORT']}"
    keys = json.loads((convene.data / "engine.json").read_text())
    room = await convene.room()
    token = (await admitted(convene, room, "Opens the meeting")).token
    inner = jwt.decode(token, options={"verify_signature": False})["video"]["room"]
    shown: dict[str, object] = {}

    async def ours(page: Page) -> None:
        await page.goto(room["_links"]["guest_url"]["href"])
        await join(Guest(page, page.context), "Looks on")

    async def bare(page: Page) -> None:
        grants = api.VideoGrants(room_join=True, room=inner)
        mine = api.AccessToken(keys["key"], keys["secret"]).with_identity("bare").with_grants(grants).to_jwt()
        await page.goto(f"{address}#{quote(json.dumps({'url': engine, 'token': mine, **shown}))}")
        await page.get_by_role("button", name="Join", exact=True).click()

    taken: tuple[list[float], list[float]] = ([], [])
    with publishers(engine, keys, inner, count - 1):
        for _ in range(TURNS):
            used, tiles, video = await cores(ours, count)
            shown = {"tiles": tiles, "video": video}
            taken[0].append(used)
            taken[1].append((await cores(bare, count))[0])
    return statistics.median(taken[0]), statistics.median(taken[1])


def figures() -> Iterator[Figure]:
    """A row for each size of the call."""
    for count in CALLS:
        with (
            tempfile.TemporaryDirectory(prefix="convene-bench-") as folder,
            platform(Path(folder), session_grace_seconds=600) as convene,
            served() as address,
        ):
            ours, bare = asyncio.run(compare(convene, address, count))
        ratio = ours / bare
        told = f"bare livekit-client {bare:.2f} core"
        what = f"page's processor time in a call of {count}"
        yield Figure(what, f"{ours:.2f} core", told, f"{ratio:.2f} ×", f"≤ {GOAL} ×", ratio <= GOAL)
