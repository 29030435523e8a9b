"""One's own picture in a meeting of two, moved from corner to corner by mouse, by keys and from its menu."""

from typing import Any

from playwright.async_api import Browser as Chromium
from playwright.async_api import Page, expect

from tests.acceptance.company import come, together
from tests.acceptance.test_chat import guest_url
from tests.platform import Platform, until

SLOW = 60_000
WHERE = """() => {
  const own = document.querySelector('.pair .floating').getBoundingClientRect();
  const stage = document.querySelector('.stage').getBoundingClientRect();
  const side = own.left + own.width / 2 < stage.left + stage.width / 2 ? 'left' : 'right';
  return `${own.top + own.height / 2 < stage.top + stage.height / 2 ? 'top' : 'bottom'} ${side}`;
}"""


async def lies(page: Page, corner: str) -> None:
    await until(lambda: at(page, corner), why=f"not {corner}")


async def at(page: Page, corner: str) -> bool:
    return bool(await page.evaluate(WHERE) == corner)


async def test_ones_own_picture_is_moved_and_stays_there(convene: Platform, chromium: Chromium) -> None:
    room: dict[str, Any] = await convene.room()
    ann = await come(chromium, guest_url(room), "Ann")
    ben = await come(chromium, guest_url(room), "Ben", scene=1)
    await together(ann, ben)
    page = ann.page
    await lies(page, "bottom right")
    own = await page.locator(".pair .floating").bounding_box()
    stage = await page.locator(".stage").bounding_box()
    assert own
    assert stage
    await page.mouse.move(own["x"] + own["width"] / 2, own["y"] + own["height"] / 2)
    await page.mouse.down()
    await page.mouse.move(stage["x"] + stage["width"] * 0.3, stage["y"] + stage["height"] * 0.2, steps=5)
    await page.mouse.up()
    await lies(page, "top left")
    await page.get_by_role("button", name="Actions for Ann").focus()
    await page.keyboard.press("Shift+ArrowRight")
    await lies(page, "top right")
    await expect(page.get_by_role("button", name="Actions for Ann")).to_be_focused()
    await page.keyboard.press("Shift+ArrowDown")
    await lies(page, "bottom right")
    await page.keyboard.press("Enter")
    await page.get_by_role("menuitem", name="Move my picture to the next corner").click(timeout=SLOW)
    await lies(page, "bottom left")
    # Where the other one has his own is his affair.
    await lies(ben.page, "bottom right")
    await page.reload()
    await page.get_by_role("button", name="Join", exact=True).click(timeout=SLOW)
    await page.locator(".pair .floating").wait_for(timeout=SLOW)
    await lies(page, "bottom left")
