"""A whole meeting by keyboard alone, as the others see and hear it; the focus is never lost."""

import re
from typing import Any

from playwright.async_api import Browser, Page, expect

from tests.acceptance.company import CAMERA, SLOW, come, tile
from tests.people import inside
from tests.platform import Guest, Platform, until

SPOKEN = """
window.spoken = [];
new MutationObserver((changes) => {
  for (const { target } of changes) {
    const region = (target.nodeType === 1 ? target : target.parentElement)?.closest('[aria-live=polite]');
    if (region?.textContent) window.spoken.push(region.textContent);
  }
}).observe(document, { childList: true, characterData: true, subtree: true });
"""


async def arrive(chromium: Browser, link: str) -> Guest:
    """A page on its way in, whose live region is written down."""
    context = await chromium.new_context(permissions=["camera", "microphone"])
    context.set_default_timeout(SLOW)
    await context.add_init_script("window.scene = 0;")
    await context.add_init_script(path=CAMERA)
    await context.add_init_script(SPOKEN)
    page = await context.new_page()
    await page.goto(link)
    return Guest(page, context)


async def press(page: Page, *keys: str) -> None:
    """One key after another; after each the focus is somewhere."""
    for key in keys:
        await page.keyboard.press(key)
        # A page that goes hands its focus to the heading of the next one, a moment later.
        await page.wait_for_function("document.activeElement !== document.body")


async def reach(page: Page, name: str, key: str = "Tab") -> None:
    """Presses the key until what is called so has the focus."""
    called = "(name) => document.activeElement.ariaLabel === name || document.activeElement.labels?.[0]?.textContent === name"
    for _ in range(30):
        if await page.evaluate(called, name):
            return
        await press(page, key)
    raise AssertionError(f"{name} is not reached by {key}")


async def silent(guest: Guest) -> bool:
    return not await guest.hears()


async def test_from_the_link_to_the_end_by_keyboard_alone(convene: Platform, chromium: Browser) -> None:
    room: dict[str, Any] = await convene.room()
    link = room["_links"]["guest_url"]["href"]
    ben = await come(chromium, link, "Ben", scene=1)
    ann = await arrive(chromium, link)
    page = ann.page
    await page.get_by_label("Your name").wait_for()
    await reach(page, "Your name")
    await page.keyboard.type("Ann")
    await press(page, "Enter")
    await page.get_by_role("toolbar", name="Call controls").wait_for()
    await until(ben.hears, why="Ben does not hear Ann")

    await press(page, "F2")
    await reach(page, "Turn microphone off", "ArrowRight")
    await press(page, "Enter")
    await expect(tile(ben, "Ann, muted")).to_be_visible(timeout=SLOW)
    await until(lambda: silent(ben), why="Ben hears Ann although she is muted")

    # Held on the stage, Space lets her speak; whatever takes the attention away ends it.
    await press(page, "F2")
    assert await page.evaluate("document.activeElement.closest('button') === null")
    await page.keyboard.down("Space")
    await until(ben.hears, why="Ben does not hear Ann while she holds Space")
    await page.keyboard.up("Space")
    await until(lambda: silent(ben), why="Ben still hears Ann")
    await page.keyboard.down("Space")
    await until(ben.hears, why="Ben does not hear Ann the second time")
    await page.evaluate("window.dispatchEvent(new Event('blur'))")
    await until(lambda: silent(ben), why="Ben hears Ann after her window has lost the focus")
    await page.keyboard.up("Space")

    # In the chat Space is a space.
    await press(page, "Control+Alt+c")
    field = page.get_by_role("textbox", name="Write to everyone")
    await expect(field).to_be_focused(timeout=SLOW)
    await page.keyboard.type("Good")
    await page.keyboard.down("Space")
    await page.keyboard.down("Space")
    await until(lambda: silent(ben), why="Ben hears Ann type")
    await page.keyboard.up("Space")
    await page.keyboard.type("morning")
    await expect(field).to_have_value("Good  morning")
    await expect(page.get_by_role("button", name="Turn microphone on")).to_be_visible()
    await press(page, "Enter")
    await expect(ben.page.get_by_role("button", name=re.compile("^Chat, 1"))).to_be_visible(timeout=SLOW)

    await typing_goes_on(convene, room, page)

    await press(page, "Control+Alt+c", "Control+Alt+h")
    await expect(tile(ben, "Ann, muted, hand raised")).to_be_visible(timeout=SLOW)
    await devices_have_keys(page, ben)
    await press(page, "F2")
    await reach(page, "Leave", "ArrowRight")
    await press(page, "Enter")
    await expect(page.get_by_role("heading", level=1)).to_be_focused(timeout=SLOW)
    await expect(tile(ben, "Ann")).to_have_count(0, timeout=SLOW)
    await reach_button(page, "Rejoin")


async def devices_have_keys(page: Page, ben: Guest) -> None:
    await press(page, "Control+e")
    await expect(tile(ben, "Ann").locator("video")).to_have_count(0, timeout=SLOW)
    await press(page, "Control+d")
    await expect(tile(ben, "Ann.*muted")).to_have_count(0, timeout=SLOW)


async def typing_goes_on(convene: Platform, room: dict[str, Any], page: Page) -> None:
    """A message that comes in while one types is spoken once, and moves neither focus nor caret."""
    field = page.get_by_role("textbox", name="Write to everyone")
    await field.press_sequentially("half a sentence")
    await press(page, "ArrowLeft", "ArrowLeft", "ArrowLeft")
    async with inside(convene, room, "Cleo") as (cleo,):
        await cleo.says("Is it loud enough?")
        await expect(page.get_by_role("log")).to_contain_text("Is it loud enough?", timeout=SLOW)
        await until(lambda: heard(page, "Is it loud enough?"), why="the message is not spoken")
    assert await heard(page, "Is it loud enough?") == 1
    place = "[document.activeElement.value, document.activeElement.selectionStart, document.activeElement.selectionEnd]"
    assert await page.evaluate(place) == ["half a sentence", 12, 12]
    await field.fill("")


async def heard(page: Page, text: str) -> int:
    """How often a text was spoken."""
    return int(await page.evaluate("(text) => spoken.filter((said) => said.includes(text)).length", text))


async def reach_button(page: Page, text: str) -> None:
    """Goes to a button with the keyboard."""
    for _ in range(10):
        if await page.evaluate("document.activeElement.textContent") == text:
            return
        await press(page, "Tab")
    raise AssertionError(f"{text} is not reached")
