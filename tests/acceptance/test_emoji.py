"""Emoji put into a message by mouse and by keyboard, in two languages; the message as the others get it."""

from typing import Any

from playwright.async_api import Browser, Locator, Page, expect

from tests.acceptance.test_chat import fair, guest_url, host_url, opens_chat, photographed, sees
from tests.acceptance.test_languages import texts
from tests.people import inside
from tests.platform import Platform, visit

SLOW = 60_000


def picker(page: Page, name: str = "Emoji") -> Locator:
    return page.get_by_role("dialog", name=name)


def signs(page: Page, name: str = "Emoji") -> Locator:
    return picker(page, name).get_by_role("option")


async def test_an_emoji_comes_where_the_caret_stood(convene: Platform, chromium: Browser) -> None:
    room = await convene.room()
    hanna, ann = await visit(chromium, host_url(room), "Hanna"), await visit(chromium, guest_url(room), "Ann")
    for one in (hanna, ann):
        await opens_chat(one.page)
    field = ann.page.get_by_role("textbox", name="Write to everyone")
    await field.fill("Well done!")
    for _ in range(len(" done!")):
        await field.press("ArrowLeft")
    await ann.page.get_by_role("button", name="Emoji").click()
    await expect(signs(ann.page)).to_have_count(64, timeout=SLOW)
    await fair(ann.page)
    await photographed(ann.page, "emoji")
    await signs(ann.page).and_(ann.page.get_by_label("thumbs up", exact=True)).click()
    await expect(picker(ann.page)).to_have_count(0)
    await expect(field).to_be_focused()
    await ann.page.keyboard.type(" ")
    await expect(field).to_have_value("Well👍  done!")
    await field.press("Enter")
    await sees(hanna.page, "Well👍  done!")
    # Closed without a choice: the button has the focus again, and the panel is still there.
    await ann.page.get_by_role("button", name="Emoji").click()
    await expect(picker(ann.page)).to_be_visible()
    await ann.page.keyboard.press("Escape")
    await expect(ann.page.get_by_role("button", name="Emoji")).to_be_focused()
    await expect(field).to_be_visible()


async def test_by_keyboard_and_by_name_in_ones_own_language(convene: Platform, chromium: Browser) -> None:
    room = await convene.room(ui_settings={"language": "de"})
    async with inside(convene, room, "Jonas") as (jonas,):
        got: list[Any] = []
        jonas.room.on("data_received", lambda packet: got.append(packet.data.decode()))
        context = await chromium.new_context(permissions=["camera", "microphone"])
        page = await context.new_page()
        await page.goto(guest_url(room))
        await page.get_by_label(texts("de")["prejoin.name"]).fill("Gustav")
        await page.get_by_role("button", name=texts("de")["prejoin.join"], exact=True).click()
        await page.get_by_role("button", name="Chat").first.click(timeout=SLOW)
        field = page.get_by_role("textbox", name=texts("de")["chat.field"])
        await expect(field).to_be_focused(timeout=SLOW)
        await page.keyboard.press("Tab")
        await page.keyboard.press("Enter")
        await expect(picker(page).get_by_role("searchbox")).to_be_focused(timeout=SLOW)
        await page.keyboard.type("herz")
        found = await signs(page).all_text_contents()
        assert "❤️" in found
        assert "👍" not in found
        await page.keyboard.press("ArrowRight")
        chosen = await signs(page).and_(page.locator("[data-focused]")).text_content()
        assert chosen in found[1:2]
        await page.keyboard.press("Enter")
        await expect(field).to_be_focused()
        await expect(field).to_have_value(str(chosen))
        await field.press("Enter")
        await expect(page.get_by_role("log").get_by_text(str(chosen))).to_be_visible(timeout=SLOW)
        assert any(str(chosen) in one for one in got)
        await page.keyboard.press("Tab")
        await page.keyboard.press("Enter")
        await picker(page).get_by_role("searchbox").fill("xyzzy")
        await expect(picker(page)).to_contain_text(texts("de")["emoji.none"])
