"""Browsers with a drawn camera and a voice that can be told apart from silence, for tests of what others see."""

import re
from pathlib import Path
from typing import Any

from playwright.async_api import Browser, Locator, expect

from tests.platform import Guest, join, until

CAMERA = Path(__file__).with_name("camera.js")
DESK = {"width": 1280, "height": 800}
SLOW = 60_000


async def come(chromium: Browser, link: str, name: str, *, scene: int = 0, muted: bool = True, **options: Any) -> Guest:
    """Joins by a link with a drawn picture; who is not muted speaks without a pause."""
    context = await chromium.new_context(permissions=["camera", "microphone"], **{"viewport": DESK, **options})
    context.set_default_timeout(SLOW)
    await context.add_init_script(f"window.scene = {scene};")
    await context.add_init_script(path=CAMERA)
    guest = Guest(await context.new_page(), context)
    await guest.page.goto(link)
    await join(guest, name)
    if muted:
        await microphone(guest, on=False)
    return guest


async def microphone(guest: Guest, *, on: bool) -> None:
    """Switches the microphone by its button."""
    bar = guest.page.get_by_role("toolbar", name="Call controls")
    await bar.get_by_role("button", name=f"Turn microphone {'on' if on else 'off'}").click()
    await expect(bar.get_by_role("button", name=f"Turn microphone {'off' if on else 'on'}")).to_be_visible(timeout=SLOW)


async def together(*people: Guest) -> None:
    """Waits until each sees everybody's picture run."""
    for person in people:
        await until(lambda person=person: person.sees(len(people)), why="the pictures do not run")  # type: ignore[misc]


def tile(guest: Guest, name: str) -> Locator:
    """The tile of a person, by the beginning of its label."""
    return guest.page.get_by_role("region", name="People and screens").get_by_role("group", name=re.compile(f"^{name}"))


async def choose(guest: Guest, item: str) -> None:
    """Chooses from the bar's menu "More"."""
    page = guest.page
    await page.get_by_role("toolbar", name="Call controls").get_by_role("button", name="More").click()
    entry = page.get_by_role("menuitem", name=item, exact=True)
    await entry.or_(page.get_by_role("menuitemradio", name=item, exact=True)).click(timeout=SLOW)


async def largest(guest: Guest) -> str:
    """The label of the largest tile."""
    return str(await guest.page.evaluate(LARGEST))


LARGEST = """() => [...document.querySelectorAll('.stage .tile')]
  .reduce((a, b) => (a.clientWidth * a.clientHeight >= b.clientWidth * b.clientHeight ? a : b)).getAttribute('aria-label') ?? ''"""


async def heard(guest: Guest, *words: str) -> bool:
    """Whether a screen reader was given a sentence with these words."""
    return any(all(word in text for word in words) for text in await guest.page.evaluate("window.spoken"))


# Everything that the page has had spoken, from the first word on.
LISTEN = """() => {
  window.spoken = [];
  const note = () => document.querySelectorAll('[aria-live]').forEach((region) => {
    const text = region.textContent.trim();
    if (text && spoken.at(-1) !== text) spoken.push(text);
  });
  const all = { childList: true, characterData: true, subtree: true };
  document.querySelectorAll('[aria-live]').forEach((region) => new MutationObserver(note).observe(region, all));
}"""
