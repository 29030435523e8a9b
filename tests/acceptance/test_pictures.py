"""The pictures of the page in docs/images. `PICTURES=1 pytest tests/acceptance/test_pictures.py` makes them anew.

Without that it is tested that the same pages come to be as they should be pictured: no pixel is compared.
"""

import os
import re
import subprocess
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any, Literal

import pytest
from playwright.async_api import Browser, Page, expect

from tests.platform import Guest, agree, browser, join, platform, until

FOLDER = Path(__file__).parents[2] / "docs/images"
CAMERA = Path(__file__).with_name("camera.js")
LARGEST = 400_000  # bytes of one picture
DESK = {"width": 1440, "height": 900}
PHONE = {"width": 360, "height": 740}
PEOPLE = ("Amara Osei", "Jonas Weber", "Mei Tanaka", "Luis Ortega")
SLOW = 60_000


@asynccontextmanager
async def looking(
    chromium: Browser, url: str, scene: int, size: dict[str, Any], scheme: Literal["light", "dark"] = "light"
) -> AsyncIterator[Page]:
    """A page with a drawn camera."""
    context = await chromium.new_context(permissions=["camera", "microphone"], viewport=size, color_scheme=scheme)  # type: ignore[arg-type]
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
    """Takes a picture, if pictures are wanted; in 256 colours, which one does not see."""
    await page.evaluate("document.fonts.ready.then(() => undefined)")
    shot = await page.screenshot()
    if not wanted():
        return
    FOLDER.mkdir(parents=True, exist_ok=True)
    colours = "split[a][b];[a]palettegen=stats_mode=single[p];[b][p]paletteuse=dither=none"
    command = [
        "ffmpeg",
        "-v",
        "error",
        "-y",
        "-f",
        "image2pipe",
        "-i",
        "-",
        "-vf",
        colours,
        str(FOLDER / f"{name}.png"),
    ]
    subprocess.run(command, input=shot, check=True)
    assert (FOLDER / f"{name}.png").stat().st_size <= LARGEST


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


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_the_pages_before(tmp_path: Path, scheme: Literal["light", "dark"]) -> None:
    with platform(tmp_path) as convene:
        room = await convene.room(display_name="Product design review")
        async with browser() as chromium:
            link = room["_links"]["guest_url"]["href"]
            for size, suffix in ((DESK, ""), (PHONE, "-phone")):
                async with looking(chromium, link, 2, size, scheme) as page:
                    await page.get_by_label("Your name").fill(PEOPLE[2], timeout=SLOW)
                    mirror = Guest(page, page.context)
                    await until(lambda mirror=mirror: mirror.sees(1), why="no own picture")  # type: ignore[misc]
                    await picture(page, f"prejoin-{scheme}{suffix}")
            async with looking(chromium, f"{convene.url}/999999999997", 2, DESK, scheme) as page:
                await expect(page.get_by_role("heading", level=1)).to_be_visible(timeout=SLOW)
                await expect(page.get_by_label("Meeting code")).to_be_visible()
                await picture(page, f"refused-{scheme}")
