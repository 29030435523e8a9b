"""Two hundred others come and go in a call → what is left of them in the page's memory, in a real browser.

They are the engine's SDK, all in this process, and come in bunches, each with a microphone and a small camera.
Counted after the browser has collected its garbage; at the start one bunch has already come and gone, so that code and first
buffers are no growth.
"""

import asyncio
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from livekit import rtc
from playwright.async_api import Page

from bench.figure import Figure
from tests.people import Someone, admitted
from tests.platform import LIVELY, Platform, browser, platform, until, visit

GOAL = 1.1
BUNCH = 10
BUNCHES = 20
SIZE = (160, 90)
GREY = rtc.VideoFrame(*SIZE, rtc.VideoBufferType.I420, bytes([128]) * (SIZE[0] * SIZE[1] * 3 // 2))
COUNTED = "document.querySelectorAll('.stage .tile').length"
SHOWN = "[...document.querySelectorAll('.stage video')].filter((video) => video.videoWidth === 160).length"


@dataclass
class Held:
    """What the page holds: bytes of its heap, its nodes, and elements that hang in no document."""

    heap: float
    nodes: float
    detached: int


async def comes(convene: Platform, room: dict[str, Any], name: str) -> tuple[Someone, rtc.VideoSource]:
    """A person, and what his camera shows. He is sent nobody: it is the browser's memory that is looked at."""
    person = await admitted(convene, room, name)
    person.idle = True
    await person.connect()
    await person.open_microphone()
    source = rtc.VideoSource(*SIZE)
    track = rtc.LocalVideoTrack.create_video_track("camera", source)
    options = rtc.TrackPublishOptions(source=rtc.TrackSource.SOURCE_CAMERA, simulcast=False)
    await person.room.local_participant.publish_track(track, options)
    return person, source


async def all_seen(page: Page, sources: list[rtc.VideoSource]) -> bool:
    """Shows one more frame by each camera, and looks."""
    for source in sources:
        source.capture_frame(GREY)
    return bool(await page.evaluate(f"{SHOWN} === {BUNCH}"))


async def bunch(convene: Platform, room: dict[str, Any], page: Page, number: int) -> None:
    """Ten come, are seen, and go."""
    came = [await comes(convene, room, f"Person {number}.{n}") for n in range(BUNCH)]
    await until(lambda: all_seen(page, [source for _, source in came]), "not everybody is seen")
    for person, _ in came:
        await person.leave()
    await until(lambda: page.evaluate(f"{COUNTED} === 1"), "not everybody is gone")


async def held(page: Page) -> Held:
    """After the garbage is collected, twice: what finalizers let go of is garbage only then. By an inspector that comes and
    goes, since it holds what it was told of."""
    await asyncio.sleep(1)
    inspector = await page.context.new_cdp_session(page)
    await inspector.send("Performance.enable")
    for _ in range(2):
        await inspector.send("HeapProfiler.collectGarbage")
    told = await inspector.send("Performance.getMetrics")
    metrics = {metric["name"]: metric["value"] for metric in told["metrics"]}
    await inspector.send("DOM.enable")
    detached = await inspector.send("DOM.getDetachedDomNodes")
    await inspector.detach()
    return Held(metrics["JSHeapUsedSize"], metrics["Nodes"], len(detached["detachedNodes"]))


async def before_and_after(convene: Platform) -> tuple[Held, Held]:
    """What is held after the first bunch, and after the last."""
    room = await convene.room()
    async with browser(LIVELY) as chromium:
        guest = await visit(chromium, room["_links"]["guest_url"]["href"], "Looks on")
        await bunch(convene, room, guest.page, 0)
        first = await held(guest.page)
        for number in range(BUNCHES):
            await bunch(convene, room, guest.page, number + 1)
        return first, await held(guest.page)


def figures() -> Iterator[Figure]:
    """The heap, and what hangs in no document."""
    with tempfile.TemporaryDirectory(prefix="convene-bench-") as folder, platform(Path(folder)) as convene:
        first, last = asyncio.run(before_and_after(convene))
    ratio = last.heap / first.heap
    what = f"heap after {BUNCH * BUNCHES} joins and leaves of others"
    start = f"at the start {first.heap / 1e6:.1f} MB"
    yield Figure(what, f"{last.heap / 1e6:.1f} MB", start, f"{ratio:.2f} ×", f"≤ {GOAL} ×", ratio <= GOAL)
    what = "elements in no document, after them"
    start = f"at the start {first.detached} (nodes {last.nodes:.0f} after {first.nodes:.0f})"
    yield Figure(what, str(last.detached), start, goal="0", reached=last.detached == 0)
