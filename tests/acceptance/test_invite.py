"""Alone in a meeting: the link as a picture that a phone reads, where the window has room for it."""

from playwright.async_api import Browser, expect

from tests.acceptance.test_chat import fair, guest_url, photographed
from tests.acceptance.watched import watched
from tests.people import inside
from tests.platform import Guest, Platform, join

SLOW = 60_000


async def test_the_link_as_a_picture_until_somebody_comes(convene: Platform, chromium: Browser) -> None:
    room = await convene.room()
    screen = {"width": 1440, "height": 900}
    seen = await watched(chromium, permissions=["camera", "microphone"], viewport=screen)
    page = seen.page
    await page.goto(guest_url(room))
    await join(Guest(page, seen.context), "Ann")
    code = page.get_by_role("img", name="QR code of the link")
    await expect(code).to_be_visible(timeout=SLOW)
    squares = await code.locator("path").get_attribute("d")
    assert squares is not None
    assert squares.count("M") > 150
    await fair(page)
    await photographed(page, "alone-1440")
    await page.set_viewport_size({"width": 800, "height": 900})
    await expect(code).to_have_count(0)
    await expect(page.get_by_role("heading", name="You are the only one here")).to_be_visible()
    await page.set_viewport_size({"width": 1440, "height": 900})
    await expect(code).to_be_visible()
    async with inside(convene, room, "Ben", idle=True):
        await expect(code).to_have_count(0, timeout=SLOW)
    assert await seen.misdeeds() == []
