"""What one person's page does by itself: the bar, the keys, notices and dialogs."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from playwright.async_api import Browser, Page, Route, expect

from tests.acceptance.company import DESK, SLOW, come
from tests.platform import Guest, Platform, join, until, visit

PHONE = {"width": 420, "height": 780}


def guest_link(room: dict[str, Any]) -> str:
    return str(room["_links"]["guest_url"]["href"])


def bar(page: Page) -> Any:
    return page.get_by_role("toolbar", name="Call controls")


async def test_the_bar_goes_by_the_width_that_the_window_has_when_one_joins(
    convene: Platform, chromium: Browser
) -> None:
    context = await chromium.new_context(permissions=["camera", "microphone"], viewport=DESK)
    page = await context.new_page()
    await page.goto(guest_link(await convene.room()))
    await page.get_by_role("button", name="Join", exact=True).wait_for(timeout=SLOW)
    await page.set_viewport_size(PHONE)
    await join(Guest(page, context), "Ann")
    await expect(bar(page).get_by_role("button", name="Leave")).to_be_in_viewport(ratio=1)
    await expect(bar(page).get_by_role("button", name="Share your screen")).to_have_count(0)
    await page.set_viewport_size(DESK)
    await expect(bar(page).get_by_role("button", name="Share your screen")).to_be_visible()


async def test_the_camera_at_the_back_is_no_mirror(convene: Platform, chromium: Browser) -> None:
    for facing, mirrored in (("environment", False), ("user", True)):
        context = await chromium.new_context(permissions=["camera", "microphone"], viewport=DESK)
        await context.add_init_script(f"MediaStreamTrack.prototype.getSettings = () => ({{ facingMode: '{facing}' }})")
        page = await context.new_page()
        await page.goto(guest_link(await convene.room()))
        await join(Guest(page, context), "Ann")
        await bar(page).get_by_role("button", name="More").click()
        await page.get_by_role("menuitem", name="Camera, microphone and speaker").click(timeout=SLOW)
        picture = page.get_by_role("dialog").locator("video")
        await expect(picture).to_have_count(1, timeout=SLOW)
        assert ("mirrored" in str(await picture.get_attribute("class")).split()) is mirrored
        await context.close()


async def test_space_talks_on_the_stage_and_nowhere_else(convene: Platform, chromium: Browser) -> None:
    """Held on an entry of a menu it chooses; a dialog that opens meanwhile ends it. Ben hears what of it there is to hear."""
    room = await convene.room()
    ann = await come(chromium, guest_link(room), "Ann", scene=1)
    ben = await come(chromium, guest_link(room), "Ben", scene=2)
    page = ann.page
    on = bar(page).get_by_role("button", name="Turn microphone off")

    await bar(page).get_by_role("button", name="More").click()
    await page.get_by_role("menuitemradio", name="Speaker").focus(timeout=SLOW)
    await page.keyboard.down("Space")
    await asyncio.sleep(0.6)  # longer than Space is held to talk
    await expect(on).to_have_count(0)
    await page.keyboard.up("Space")
    await page.keyboard.press("Escape")
    await page.get_by_role("menu").wait_for(state="detached", timeout=SLOW)
    await page.evaluate("document.activeElement.blur()")
    await page.keyboard.down("Space")
    await expect(on).to_be_visible(timeout=SLOW)
    await until(ben.hears, why="Ben does not hear Ann talk")
    await page.keyboard.press("Control+/")
    await expect(page.get_by_role("dialog")).to_be_visible(timeout=SLOW)
    await expect(on).to_have_count(0)
    await page.keyboard.up("Space")


async def test_a_second_try_goes_the_way_that_was_chosen(convene: Platform, chromium: Browser) -> None:
    """Whoever would not be recorded is not asked again by the server as somebody undecided."""
    room = await convene.room(
        type="long_term", expires_at="2029-01-01T00:00:00Z", recording_options={"auto_record": True}
    )
    context = await chromium.new_context(permissions=["camera", "microphone"], viewport=DESK)
    page = await context.new_page()
    await page.goto(guest_link(room))
    await page.get_by_label("Your name").fill("Ann")
    asked: list[Any] = []

    async def fail(route: Route) -> None:
        asked.append(route.request.post_data_json["consent"]["answer"])
        await route.fulfill(status=503, json={"error": {"code": "away", "message": "The engine is away."}})

    await page.route("**/api/meeting/join", fail)
    await page.get_by_role("button", name="Join without being recorded").click(timeout=SLOW)
    again = page.get_by_role("button", name="Try again", exact=True)
    await again.wait_for(timeout=SLOW)
    assert set(asked) == {"declined"}
    asked.clear()
    await again.click()
    await until(counted(asked), why="it is not tried again")
    assert set(asked) == {"declined"}


def counted(asked: list[Any]) -> Callable[[], Awaitable[bool]]:
    async def some() -> bool:
        return len(asked) > 0

    return some


async def test_the_sheet_of_shortcuts_can_be_closed_in_any_window(convene: Platform, chromium: Browser) -> None:
    guest = await visit(chromium, guest_link(await convene.room()), "Ann", viewport={"width": 1440, "height": 900})
    page = guest.page
    await page.keyboard.press("Control+/")
    close = page.get_by_role("dialog").get_by_role("button", name="Close")
    for height in (900, 480):
        await page.set_viewport_size({"width": 1440, "height": height})
        await expect(close).to_be_in_viewport(ratio=1, timeout=SLOW)
    await close.click()
    await expect(page.get_by_role("dialog")).to_have_count(0)
