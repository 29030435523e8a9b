"""Five seconds without network → the other side sees and hears again: two real browsers, one behind a relay that can be cut.

Everything of the one who is cut passes the relay: page, signalling, and media, since a script in his page writes the relay's port
into the engine's ICE candidates. While it is cut the browser also believes itself offline, as with a switched-off network. Counted
from the mending until the other side's decoder has a new frame and its loudspeaker new sound.
"""

import asyncio
import statistics
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from playwright.async_api import Browser, Page

from bench.figure import Figure
from tests.platform import DEADLINE, LIVELY, Guest, Platform, browser, join, platform
from tests.thin_line import ThinLine, thin_line

GOAL = 3  # seconds
CUT = 5.0  # seconds
TIMES = 3
REST = 3.0  # seconds of undisturbed talk between two cuts

# When something of a track last came out of its decoder, by the wall clock; 0 before.
LISTEN = """
  const all = [];
  window.RTCPeerConnection = class extends RTCPeerConnection {
    constructor(...given) { super(...given); all.push(this); }
  };
  window.last = (kind) => Math.max(0, ...all.flatMap((pc) => pc.getReceivers()).filter(({ track }) => track.kind === kind)
    .flatMap((receiver) => receiver.getSynchronizationSources()).map(({ timestamp }) => timestamp));
"""


async def come(chromium: Browser, url: str, name: str, line: ThinLine | None = None) -> Page:
    """Somebody in the call, by this line."""
    context = await chromium.new_context(permissions=["camera", "microphone"])
    context.set_default_timeout(DEADLINE * 1000)
    await context.add_init_script(LISTEN)
    if line:
        await line.lead(context)
    page = await context.new_page()
    await page.goto(line.link(url) if line else url)
    await join(Guest(page, context), name)
    return page


async def new(page: Page, kind: str, since: float) -> float:
    """Waits for something newer than a moment of the wall clock, in milliseconds; how much later it came."""
    while (came := await page.evaluate("kind => last(kind)", kind)) <= since:
        assert time.time() * 1000 - since < DEADLINE * 1000, f"no {kind} came back"
        await asyncio.sleep(0.02)
    return float(came) - since


async def back(line: ThinLine, cut: Page, other: Page) -> float:
    """One cut; milliseconds after the mending until picture and sound are both back."""
    line.cut()
    await cut.context.set_offline(True)
    await asyncio.sleep(CUT)
    silence = [
        time.time() * 1000 - float(await other.evaluate("kind => last(kind)", kind)) for kind in ("video", "audio")
    ]
    assert min(silence) > CUT * 800, f"the line was not cut: picture and sound {silence} ms ago"
    line.mend()
    await cut.context.set_offline(False)
    mended = time.time() * 1000
    return max(await asyncio.gather(new(other, "video", mended), new(other, "audio", mended)))


async def waits(convene: Platform) -> list[float]:
    """Milliseconds, shortest first."""
    room = await convene.room()
    url = str(room["_links"]["guest_url"]["href"])
    async with browser(LIVELY) as chromium, browser(LIVELY) as second, thin_line(convene) as line:
        other = await come(chromium, url, "Other")
        cut = await come(second, url, "Cut", line)
        took = []
        for _ in range(TIMES):
            now = time.time() * 1000
            await asyncio.gather(new(other, "video", now), new(other, "audio", now))
            await asyncio.sleep(REST)
            took.append(await back(line, cut, other))
        return sorted(took)


def figures() -> Iterator[Figure]:
    """One row."""
    with tempfile.TemporaryDirectory(prefix="convene-bench-") as folder, platform(Path(folder)) as convene:
        took = asyncio.run(waits(convene))
    p50 = statistics.median(took) / 1000
    told = f"p50 {p50:.1f}, worst of {TIMES} {took[-1] / 1000:.1f} s"
    what = f"{CUT:g} s without network → seen and heard again by the other"
    yield Figure(what, told, goal=f"worst ≤ {GOAL} s", reached=took[-1] <= GOAL * 1000)
