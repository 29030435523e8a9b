"""The page in the languages of the contract: the room's, or the person's own where the room lets him choose."""

import json
from pathlib import Path
from typing import Any

from playwright.async_api import Browser, Page, expect

from tests.platform import Platform

SLOW = 60_000
LOCALES = Path(__file__).parents[2] / "ui" / "meeting" / "locales"
LANGUAGES = ("ar", "ca", "de", "en", "es", "fr", "he", "it", "pt-br", "zh-tw", "zh-cn")
# What a client sends, and the file of the page that speaks it.
SENT = {code: code for code in LANGUAGES} | {"ES": "es", "PT-BR": "pt-br", "pt": "pt-br"}


def texts(code: str) -> dict[str, str]:
    """What the page says in this language."""
    return json.loads((LOCALES / f"{code}.json").read_text())  # type: ignore[no-any-return]


async def opened(chromium: Browser, **settings: Any) -> Page:
    """A page of a browser that wants English."""
    context = await chromium.new_context(permissions=["camera", "microphone"], locale="en-GB", **settings)
    return await context.new_page()


async def speaks(page: Page, code: str) -> None:
    """The way in is there in this language."""
    await expect(page.get_by_role("button", name=texts(code)["prejoin.join"], exact=True)).to_be_visible(timeout=SLOW)


async def test_a_room_in_hebrew_reads_from_the_right(convene: Platform, chromium: Browser) -> None:
    room = await convene.room(ui_settings={"language": "he"}, display_name="פגישה שבועית")
    page = await opened(chromium)
    await page.goto(room["_links"]["guest_url"]["href"])
    await speaks(page, "he")
    await expect(page.locator("html")).to_have_attribute("dir", "rtl")
    await expect(page.locator("html")).to_have_attribute("lang", "he")
    await expect(page.get_by_role("heading", level=1)).to_have_text("פגישה שבועית")
    await expect(page.get_by_label(texts("he")["language.choose"])).to_have_count(0)
    await page.get_by_label(texts("he")["prejoin.name"]).fill("נועה")
    await page.get_by_role("button", name=texts("he")["prejoin.join"], exact=True).click()
    await expect(page.get_by_role("heading", name=texts("he")["invite.title"])).to_be_visible(timeout=SLOW)
    first, last = texts("he")["microphone.turn_off"], texts("he")["call.leave"]
    left_to_right = [await page.get_by_role("button", name=name, exact=True).bounding_box() for name in (last, first)]
    assert left_to_right[0] and left_to_right[1]
    assert left_to_right[0]["x"] < left_to_right[1]["x"], "the bar is not mirrored"


async def test_a_guest_chooses_german_and_it_stays(convene: Platform, chromium: Browser) -> None:
    room = await convene.room(available_features={"is_locale_switcher_available": True})
    page = await opened(chromium)
    await page.goto(room["_links"]["guest_url"]["href"])
    await speaks(page, "en")
    choice = page.get_by_label("Language", exact=True)
    assert len(await choice.locator("option").all_text_contents()) == len(LANGUAGES)
    await choice.select_option("Deutsch")
    await speaks(page, "de")
    await page.reload()
    await speaks(page, "de")
    await expect(page.locator("html")).to_have_attribute("lang", "de")
    await page.get_by_label(texts("de")["prejoin.name"]).fill("Gustav")
    await page.get_by_role("button", name=texts("de")["prejoin.join"], exact=True).click()
    await page.get_by_role("button", name=texts("de")["call.more"], exact=True).click(timeout=SLOW)
    await page.get_by_role("menuitem", name=texts("de")["language.choose"]).click()
    await page.get_by_role("dialog").get_by_label(texts("de")["language.choose"], exact=True).select_option("Français")
    await expect(page.get_by_role("button", name=texts("fr")["call.leave"], exact=True)).to_be_visible(timeout=SLOW)
    await expect(page.get_by_role("dialog")).to_have_count(0)
    other = await opened(chromium)
    await other.goto(room["_links"]["guest_url"]["href"])
    await speaks(other, "en")


async def test_each_code_of_the_contract_loads_its_own_file(convene: Platform, chromium: Browser) -> None:
    page = await opened(chromium)
    for sent, code in SENT.items():
        room = await convene.room(ui_settings={"language": sent})
        assert room["ui_settings"]["language"] == code
        await page.goto(room["_links"]["guest_url"]["href"])
        await speaks(page, code)
        language, _, region = code.partition("-")
        await expect(page.locator("html")).to_have_attribute("lang", f"{language}-{region.upper()}".rstrip("-"))
