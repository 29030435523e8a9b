"""Click on Join → first remote frame for the second person: our page beside a bare `livekit-client` page, on the same engine.

The bare page (`bare.html`) does what the README of livekit-client shows and nothing else: it has its token already, asks
nobody, and speaks to the engine directly. On both pages the camera runs before the click, and captures the same picture. The
first person sits in a meeting of each kind all the time, alone until the second one comes; the pages take turns. Whoever is
alone encodes nothing (dynacast), on both pages: pauses see to it, since two idle encoders would take the machine's processors.
"""

import asyncio
import json
import statistics
import sys
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from urllib.parse import quote

from livekit import api
from playwright.async_api import Browser, Page

from bench.figure import Figure
from tests.platform import DEADLINE, LIVELY, Platform, browser, platform, until

GOAL = 1.1
READY = 1200  # ms
TASK = 200  # ms
SCRIPTS = 250  # kB
PAIRS = 12
MIRROR = 6  # seconds that the second person looks at their own picture before the click: the one who waits alone sends nothing by then
STAY = 1  # seconds from the first frame until they leave: who leaves sooner leaves the other one's encoders running for nobody
BARE = "bare"  # the bare page's room in the engine

HERE = Path(__file__).parent
CLIENT = HERE.parent / "ui/node_modules/livekit-client/dist/livekit-client.umd.js"
FILES = {"/": (HERE / "bare.html", "text/html"), "/client.js": (CLIENT, "text/javascript")}
PROBE = HERE / "probe.js"
CAPTURED = """() => {
  const [track] = document.querySelector('video').srcObject.getVideoTracks();
  const { width, height, frameRate } = track.getSettings();
  return { width, height, frameRate };
}"""

Moments = dict[str, float]
APART = {"ready", "longest task", "scripts"}  # what is told with the moments and is none after the click


@dataclass
class Side:
    """One of the two pages. `link` opens it for a person; `alone` is whether only the first one is in the meeting."""

    name: str
    link: Callable[[str], str]
    alone: Callable[[], Awaitable[bool]]
    joins: list[Moments] = field(default_factory=list)

    def median(self, moment: str) -> float:
        """Milliseconds after the click (`ready`: after the link was opened); of `APART` see `probe.js`."""
        return statistics.median(join[moment] for join in self.joins)

    def profile(self) -> str:
        """The moments that every join had, in order."""
        known = set.intersection(*(set(join) for join in self.joins)) - APART
        return ", ".join(f"{moment} {self.median(moment):.0f}" for moment in sorted(known, key=self.median))


# --- The two sides --------------------------------------------------------------------------------------------------


class Files(BaseHTTPRequestHandler):
    """The bare page and its one script."""

    def do_GET(self) -> None:
        path, kind = FILES.get(self.path, (None, ""))
        body = path.read_bytes() if path else b""
        self.send_response(200 if path else 404)
        self.send_header("Content-Type", f"{kind}; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Silence."""


@contextmanager
def served() -> Iterator[str]:
    """A server for the bare page, on loopback; its address."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Files)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://localhost:{server.server_port}/"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@asynccontextmanager
async def sides(convene: Platform, chromium: Browser) -> AsyncIterator[tuple[Side, Side]]:
    """Our page and the bare one, each with its first person inside."""
    keys = json.loads((convene.data / "engine.json").read_text())
    key, secret = keys["key"], keys["secret"]
    engine = f"127.0.0.1:{convene.settings['CONVENE_ENGINE_PORT']}"
    room = await convene.room()
    async with AsyncExitStack() as stack:
        livekit = await stack.enter_async_context(api.LiveKitAPI(f"http://{engine}", key, secret))
        address = stack.enter_context(served())

        async def is_alone(ours: bool) -> bool:
            found = (await livekit.room.list_rooms(api.ListRoomsRequest())).rooms
            name = next(room.name for room in found if (room.name != BARE) is ours)
            return len((await livekit.room.list_participants(api.ListParticipantsRequest(room=name))).participants) == 1

        def bare_link(person: str) -> str:
            grants = api.VideoGrants(room_join=True, room=BARE)
            token = api.AccessToken(key, secret).with_identity(person).with_grants(grants).to_jwt()
            told = {"url": f"ws://{engine}", "token": token, "video": captured}
            return f"{address}#{quote(json.dumps(told))}"

        ours = Side("convene", lambda _: room["_links"]["guest_url"]["href"], lambda: is_alone(True))
        bare = Side("bare client", bare_link, lambda: is_alone(False))
        first = await stack.enter_async_context(opened(chromium, ours, "First"))
        captured = await first.evaluate(CAPTURED)
        await first.get_by_role("button", name="Join", exact=True).click()
        await livekit.room.create_room(api.CreateRoomRequest(name=BARE, empty_timeout=600))
        other = await stack.enter_async_context(opened(chromium, bare, "First"))
        await other.get_by_role("button", name="Join", exact=True).click()
        for side in (ours, bare):
            await until(side.alone, f"{side.name}: the first person is not in")
        yield ours, bare


# --- A person -------------------------------------------------------------------------------------------------------


@asynccontextmanager
async def opened(chromium: Browser, side: Side, name: str) -> AsyncIterator[Page]:
    """A page just before the click on Join, in a browser of its own; leaves the meeting at the end."""
    context = await chromium.new_context(permissions=["camera", "microphone"])
    context.set_default_timeout(DEADLINE * 1000)
    await context.add_init_script(path=PROBE)
    page = await context.new_page()
    await page.goto(side.link(name))
    await passed(page, "ready")
    if await page.get_by_label("Your name").count():
        await page.get_by_label("Your name").fill(name)
    try:
        yield page
    finally:
        await page.goto("about:blank")  # both pages leave when they are left; a closed browser would not say so
        await context.close()


async def second(chromium: Browser, side: Side, name: str) -> None:
    """A second person comes, sees the first, and goes."""
    async with opened(chromium, side, name) as page:
        await asyncio.sleep(MIRROR)
        await page.get_by_role("button", name="Join", exact=True).click()
        await passed(page, "frame")
        side.joins.append(await page.evaluate("bench.moments"))
        await asyncio.sleep(STAY)
    await until(side.alone, f"{side.name}: the second person is still in")


async def passed(page: Page, moment: str) -> None:
    """Waits for a moment. (The browser's own way of waiting compiles a text in the page, which our policy forbids.)"""
    await until(lambda: page.evaluate("name => name in bench.moments", moment), f"the moment `{moment}` did not come")


async def compare(folder: Path) -> tuple[Side, Side]:
    """All pairs."""
    with platform(folder) as convene:
        async with browser(LIVELY) as chromium, sides(convene, chromium) as both:
            for number in range(PAIRS):
                for side in both if number % 2 else both[::-1]:
                    await second(chromium, side, f"Second {number}")
            return both


def figures() -> Iterator[Figure]:
    """The click, how long it takes until one can click, and what is fetched. Where the time goes is told on standard error."""
    with tempfile.TemporaryDirectory(prefix="convene-bench-") as folder:
        ours, bare = asyncio.run(compare(Path(folder)))
    for side in (ours, bare):
        print(f"bench: {side.name}, ms after the click: {side.profile()}", file=sys.stderr)
    mine, theirs = ours.median("frame"), bare.median("frame")
    reached = mine / theirs <= GOAL
    what, told = "click on Join → first remote frame, second person", f"bare livekit-client {theirs:.0f} ms"
    yield Figure(what, f"{mine:.0f} ms", told, f"{mine / theirs:.2f} ×", f"≤ {GOAL} ×", reached)
    for what, moment, goal, unit, scale in (
        ("link opened → own picture there, ready to join", "ready", READY, "ms", 1),
        ("longest task until then (0: none of 50 ms)", "longest task", TASK, "ms", 1),
        ("JavaScript fetched before the first remote frame", "scripts", SCRIPTS, "kB", 1000),
    ):
        mine, theirs = ours.median(moment) / scale, bare.median(moment) / scale
        told = f"bare livekit-client {theirs:.0f} {unit}"
        ratio = f"{mine / theirs:.2f} ×" if theirs else "–"
        yield Figure(what, f"{mine:.0f} {unit}", told, ratio, f"≤ {goal} {unit}", mine <= goal)
