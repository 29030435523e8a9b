"""A meeting of four, and a connection check behind a firewall, as they are pictured in docs/images.

`make pictures` takes the pictures anew, with those of the gallery. Without that it is tested that the same things come to be:
no pixel is compared.
"""

import os
import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

from playwright.async_api import Browser, Page, expect

from tests.pictures import DESK, PHONE, kept
from tests.platform import Guest, agree, browser, join, platform, until

CAMERA = Path(__file__).with_name("camera.js")
PEOPLE = ("Amara Osei", "Jonas Weber", "Mei Tanaka", "Luis Ortega")
SLOW = 60_000


@asynccontextmanager
async def looking(
    chromium: Browser,
    url: str,
    scene: int,
    size: dict[str, Any],
) -> AsyncIterator[Page]:
    """A page with a drawn camera."""
    context = await chromium.new_context(permissions=["camera", "microphone"], viewport=size)  # type: ignore[arg-type]
    context.set_default_timeout(SLOW)
    try:
        await context.add_init_script(f"window.scene = {scene};")
        await context.add_init_script(path=CAMERA)
        page = await context.new_page()
        await page.goto(url)
        yield page
    finally:
        await context.close()


def wanted() -> bool:
    return os.environ.get("PICTURES") == "1"


async def picture(page: Page, name: str) -> None:
    """Takes a picture, and keeps it if pictures are wanted."""
    await page.evaluate("document.fonts.ready.then(() => undefined)")
    shot = await page.screenshot()
    if wanted():
        kept(shot, name)


async def test_a_meeting_of_four(tmp_path: Path) -> None:
    with platform(tmp_path) as convene:
        room = await convene.room(display_name="Product design review")
        links = [room["_links"]["host_url"]["href"], *[room["_links"]["guest_url"]["href"]] * 3]
        sizes = [DESK, DESK, DESK, PHONE]
        async with browser() as chromium, AsyncExitStack() as stack:
            pages = []
            for scene, (link, size, name) in enumerate(zip(links, sizes, PEOPLE, strict=True)):
                page = await stack.enter_async_context(looking(chromium, link, scene, size))
                await join(Guest(page, page.context), name)
                if scene:  # all but one: else everybody would speak
                    await page.get_by_role("button", name="Turn microphone off").click()
                pages.append(page)
            host = pages[0]
            await host.get_by_role("button", name="More").click()
            await host.get_by_role("menuitem", name="Start recording").click()
            await expect(host.get_by_role("img", name="This meeting is being recorded")).to_be_visible(timeout=SLOW)
            for number, page in enumerate(pages):
                everybody = Guest(page, page.context)
                await until(lambda everybody=everybody: everybody.sees(4), why=f"{PEOPLE[number]} does not see four")  # type: ignore[misc]
                await expect(page.get_by_role("group", name=re.compile("muted")).first).to_be_visible()
            for page in pages[1:]:
                await expect(page.get_by_role("img", name="This meeting is being recorded")).to_be_visible(timeout=SLOW)
                await agree(Guest(page, page.context))
            for page in (pages[1], pages[3]):
                await expect(page.get_by_role("region", name="Notifications").get_by_role("button")).to_have_count(
                    0, timeout=SLOW
                )
                await page.mouse.move(180, 300)  # off the buttons, which would tell their names
            if wanted():  # a busy machine may give less: not a matter of the page
                await expect(pages[1].get_by_role("group", name="Amara Osei, speaking")).to_be_visible(timeout=SLOW)
                await expect(pages[1].get_by_role("group", name=re.compile("poor connection"))).to_have_count(
                    0, timeout=SLOW
                )
            await picture(pages[1], "meeting")
            await picture(pages[3], "meeting-phone")


async def test_a_check_behind_a_firewall(tmp_path: Path) -> None:
    with platform(tmp_path) as convene:
        link = (await convene.room(display_name="Product design review"))["_links"]["guest_url"]["href"]
        async with (
            browser("--webrtc-ip-handling-policy=disable_non_proxied_udp") as chromium,
            looking(chromium, link, 1, DESK) as page,
        ):
            await page.get_by_role("button", name="Check the connection").click()
            await page.get_by_role("button", name="Copy report").wait_for(timeout=SLOW)
            await expect(page.locator(".check-result.yellow")).to_be_visible()
            await picture(page, "check")
