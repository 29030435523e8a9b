"""A host admits → the page of the one who waits moves: by API, in a real browser, through a real platform.

From just before the request is sent until the page's heading says that he has been let in, on one machine's clock. The room is
left by each guest before the next one comes.
"""

import asyncio
import statistics
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
from playwright.async_api import Browser, Page

from bench.figure import Figure
from tests.platform import DEADLINE, Platform, browser, platform, until

GOAL = 100  # ms
GUESTS = 15
# Notes the wall clock when a heading with the words appears. Nobody's camera runs: the machine has better things to do.
PROBE = """
  localStorage.setItem('convene.choices', JSON.stringify({ wish: { microphone: false, camera: false } }));
  const look = () => {
    if (!window.moved && document.querySelector('h1')?.textContent === 'You have been let in')
      window.moved = performance.timeOrigin + performance.now();
  };
  new MutationObserver(look).observe(document, { childList: true, characterData: true, subtree: true });
"""


async def knocks(page: Page, url: str, name: str) -> None:
    """From the link to the waiting page."""
    await page.goto(url)
    await page.get_by_label("Your name").fill(name)
    await page.get_by_role("button", name="Join", exact=True).click()
    await page.get_by_role("heading", name="The host will let you in").wait_for()


async def admitted(chromium: Browser, api: httpx.AsyncClient, room: dict[str, object], url: str, name: str) -> float:
    """One guest; milliseconds."""
    context = await chromium.new_context(permissions=["camera", "microphone"])
    context.set_default_timeout(DEADLINE * 1000)
    await context.add_init_script(PROBE)
    page = await context.new_page()
    await knocks(page, url, name)
    await asyncio.sleep(0.5)  # his stream is open and the page is at rest
    [guest] = (await api.get(f"rooms/{room['id']}/waiting")).json()["_embedded"]["waiting"]
    sent = time.time() * 1000
    (await api.post(f"rooms/{room['id']}/waiting/{guest['id']}/admit")).raise_for_status()
    moved = await until(lambda: page.evaluate("window.moved"), "the page did not move")
    await page.goto("about:blank")
    await context.close()
    return float(moved) - sent


async def waits(convene: Platform) -> list[float]:
    """Milliseconds, shortest first."""
    room = await convene.room(join_approval_level="explicit_approval")
    url = str(room["_links"]["guest_url"]["href"])
    async with browser() as chromium, convene.api() as api:
        return sorted([await admitted(chromium, api, room, url, f"Guest {n}") for n in range(GUESTS)])


def figures() -> Iterator[Figure]:
    """One row."""
    with tempfile.TemporaryDirectory(prefix="convene-bench-") as folder, platform(Path(folder)) as convene:
        took = asyncio.run(waits(convene))
    p50 = statistics.median(took)
    what = "waiting guest admitted → his page moves"
    yield Figure(
        what, f"p50 {p50:.0f}, worst of {GUESTS} {took[-1]:.0f} ms", goal=f"p50 ≤ {GOAL} ms", reached=p50 <= GOAL
    )
