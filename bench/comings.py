"""Two hundred others come and go in a call → what is left of them in the page's memory, in a real browser.

They are the engine's SDK and come in bunches, each with a microphone and a small camera. A bunch has a process of its own.
Counted after the browser has collected its garbage; at the start one bunch has already come and gone, so that code and first
buffers are no growth.
"""

import asyncio
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from livekit import rtc
from playwright.async_api import Page

from bench.figure import Figure
from tests.people import RATE, admitted
from tests.platform import LIVELY, Platform, browser, platform, until, visit

GOAL = 1.1
BUNCH = 8  # a page that finds its machine busy shows nine people at a time, and turns the others over to a second page
BUNCHES = 25
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


async def stay(url: str, tokens: list[str]) -> None:
    """They come in, each with microphone and camera, and go when standard input ends. They are sent nobody."""
    rooms, cameras = [], []
    for token in tokens:
        room, camera = rtc.Room(), rtc.VideoSource(*SIZE)
        await room.connect(url, token, rtc.RoomOptions(auto_subscribe=False))
        tracks = {
            rtc.TrackSource.SOURCE_MICROPHONE: rtc.LocalAudioTrack.create_audio_track("m", rtc.AudioSource(RATE, 1)),
            rtc.TrackSource.SOURCE_CAMERA: rtc.LocalVideoTrack.create_video_track("c", camera),
        }
        for source, track in tracks.items():
            options = rtc.TrackPublishOptions(source=source, simulcast=False)
            await room.local_participant.publish_track(track, options)
        rooms.append(room)
        cameras.append(camera)
    leaving = asyncio.create_task(asyncio.to_thread(sys.stdin.read))
    while not leaving.done():
        for camera in cameras:
            camera.capture_frame(GREY)
        await asyncio.sleep(0.1)
    for room in rooms:
        await room.disconnect()


async def bunch(convene: Platform, room: dict[str, Any], page: Page, number: int) -> None:
    """They come, are seen, and go."""
    tokens = [(await admitted(convene, room, f"Person {number}.{n}")).token for n in range(BUNCH)]
    command = [sys.executable, "-m", "bench.comings", convene.url.replace("http", "ws", 1), *tokens]
    process = await asyncio.create_subprocess_exec(*command, stdin=subprocess.PIPE)
    try:
        await until(lambda: page.evaluate(f"{SHOWN} === {BUNCH}"), "not everybody is seen")
        assert process.stdin is not None
        process.stdin.close()
        await process.wait()
        await until(lambda: page.evaluate(f"{COUNTED} === 1"), "not everybody is gone")
    finally:
        if process.returncode is None:
            process.kill()


async def held(page: Page) -> Held:
    """After the garbage is collected, twice: what finalizers let go of is garbage only then. By an inspector that comes and
    goes, since it holds what it was told of."""
    await asyncio.sleep(3)  # until the sound of the last one's leaving is over
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


if __name__ == "__main__":
    asyncio.run(stay(sys.argv[1], sys.argv[2:]))
    os._exit(0)  # the SDK's threads go on calling an interpreter that is being taken down, and abort
