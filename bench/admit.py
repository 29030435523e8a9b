"""A host admits → the page of the one who waits moves, and he is in the call: by API, in a real browser, through a real platform.

From just before the request is sent until the page's heading says that he has been let in, and until it shows the call, on one
machine's clock. Beside it, in turns, somebody who need not wait: from his click on Join until his page shows the call. Each leaves
before the next one comes.
"""

import asyncio
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
from playwright.async_api import Browser, Page

from bench.figure import Figure
from tests.platform import DEADLINE, LIVELY, Platform, browser, platform, until

GOAL = 100  # ms
GUESTS = 12
LOOK = 0.5  # seconds that a page is left alone
# Notes the wall clock at a click on Join, when a heading with the words appears, and when the call is shown.
# Nobody's camera runs: the machine has better things to do.
PROBE = """
  localStorage.setItem('convene.choices', JSON.stringify({ wish: { microphone: false, camera: false } }));
  const now = () => performance.timeOrigin + performance.now();
  addEventListener('click', () => (window.clicked = now()), true);
  const look = () => {
    if (!window.inside && document.querySelector('[role=toolbar]')?.checkVisibility()) window.inside = now();
    if (!window.moved && document.querySelector('h1')?.textContent === 'You have been let in')
      window.moved = now();
  };
  new MutationObserver(look).observe(document, { attributes: true, childList: true, characterData: true, subtree: true });
"""


@asynccontextmanager
async def asking(chromium: Browser, url: str, name: str) -> AsyncIterator[Page]:
    """A page from the link to just after the click on Join; leaves the meeting at the end."""
    context = await chromium.new_context(permissions=["camera", "microphone"])
    context.set_default_timeout(DEADLINE * 1000)
    await context.add_init_script(PROBE)
    page = await context.new_page()
    await page.goto(url)
    await page.get_by_label("Your name").fill(name)
    await asyncio.sleep(LOOK)
    await page.get_by_role("button", name="Join", exact=True).click()
    yield page
    await page.goto("about:blank")
    await context.close()


async def admitted(chromium: Browser, api: httpx.AsyncClient, room: dict[str, Any], name: str) -> tuple[float, float]:
    """One guest; milliseconds until his page moves, and until he is in the call."""
    async with asking(chromium, room["_links"]["guest_url"]["href"], name) as page:
        await page.get_by_role("heading", name="The host will let you in").wait_for()
        await asyncio.sleep(LOOK)  # his stream is open and the page is at rest
        [guest] = (await api.get(f"rooms/{room['id']}/waiting")).json()["_embedded"]["waiting"]
        sent = time.time() * 1000
        (await api.post(f"rooms/{room['id']}/waiting/{guest['id']}/admit")).raise_for_status()
        inside = await until(lambda: page.evaluate("window.inside"), "the page did not come into the call")
        return float(await page.evaluate("window.moved")) - sent, float(inside) - sent


async def joined(chromium: Browser, room: dict[str, Any], name: str) -> float:
    """Somebody who need not wait; milliseconds from his click until he is in the call."""
    async with asking(chromium, room["_links"]["guest_url"]["href"], name) as page:
        inside = await until(lambda: page.evaluate("window.inside"), "the page did not come into the call")
        return float(inside) - float(await page.evaluate("window.clicked"))


async def waits(convene: Platform) -> tuple[list[float], list[float], list[float]]:
    """Milliseconds, shortest first: until the page moved, until in the call, and of those who need not wait."""
    guarded, free = await convene.room(join_approval_level="explicit_approval"), await convene.room()
    moved, inside, joins = [], [], []
    async with browser(LIVELY) as chromium, convene.api() as api:
        for number in range(GUESTS):
            joins.append(await joined(chromium, free, f"Free {number}"))
            took = await admitted(chromium, api, guarded, f"Guest {number}")
            moved.append(took[0])
            inside.append(took[1])
    return sorted(moved), sorted(inside), sorted(joins)


def figures() -> Iterator[Figure]:
    """Two rows."""
    with tempfile.TemporaryDirectory(prefix="convene-bench-") as folder, platform(Path(folder)) as convene:
        moved, inside, joins = asyncio.run(waits(convene))
    p50, entered, join = map(statistics.median, (moved, inside, joins))
    goal = f"p50 ≤ {GOAL} ms"
    told = f"p50 {p50:.0f}, worst of {GUESTS} {moved[-1]:.0f} ms"
    yield Figure("waiting guest admitted → his page moves", told, goal=goal, reached=p50 <= GOAL)
    told, beside = f"p50 {entered:.0f}, worst of {GUESTS} {inside[-1]:.0f} ms", f"a join p50 {join:.0f} ms"
    reached = entered <= join + GOAL
    what = "waiting guest admitted → in the call"
    yield Figure(what, told, beside, f"{entered - join:+.0f} ms", f"≤ a join + {GOAL} ms", reached)
