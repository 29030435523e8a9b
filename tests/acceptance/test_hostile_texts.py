"""Texts that are programs elsewhere, in every place where the page shows somebody's words: here they are texts."""

from pathlib import Path

from playwright.async_api import expect

from tests.acceptance.watched import Watched, watched
from tests.platform import Guest, Platform, browser, join, platform

SLOW = 60_000
TEXTS = [
    '<img src=x onerror="alert(1)">',
    '"><script>alert(1)</script>',
    "</title><svg/onload=alert(1)>",
    "javascript:alert(1)//%0aalert(1)",
    "{{constructor.constructor('alert(1)')()}}",
    "__proto__",
]
CAMERA = {"permissions": ["camera", "microphone"]}


async def themed(convene: Platform, text: str) -> str:
    """A theme with this brand text; its id."""
    async with convene.api() as api:
        made = await api.post("themes", json={"main_color": "#0a7d4f", "brand_text": text, "theme_name": text})
    assert made.status_code == 201, made.text
    return str(made.json()["theme_id"])


async def clean(*pages: Watched) -> None:
    for seen in pages:
        assert await seen.misdeeds() == []
        assert await seen.page.locator("img[src=x], svg[onload], [onerror]").count() == 0


async def test_rooms_and_themes_are_shown_as_they_are_called(tmp_path: Path) -> None:
    with platform(tmp_path) as convene:
        async with browser() as chromium:
            for text in TEXTS:
                room = await convene.room(display_name=text, theme_id=await themed(convene, text), metadata=text)
                seen = await watched(chromium, **CAMERA)
                await seen.page.goto(room["_links"]["guest_url"]["href"])
                await expect(seen.page.get_by_label("Your name")).to_be_visible(timeout=SLOW)
                await expect(seen.page.get_by_text(text, exact=True).first).to_be_visible(timeout=SLOW)
                await clean(seen)
                await seen.context.close()
            for address in (
                "/%3Cscript%3Ealert(1)%3C/script%3E",
                "/?room_token=%22%3E%3Cscript%3Ealert(1)%3C/script%3E",
            ):
                seen = await watched(chromium)
                await seen.page.goto(f"{convene.url}{address}")
                await expect(seen.page.get_by_role("heading", level=1)).to_be_visible(timeout=SLOW)
                await clean(seen)
                await seen.context.close()


async def test_people_are_shown_as_they_call_themselves(tmp_path: Path) -> None:
    with platform(tmp_path) as convene:
        async with browser() as chromium:
            room = await convene.room(display_name=TEXTS[0])
            host, guest = await watched(chromium, **CAMERA), await watched(chromium, **CAMERA)
            for seen, link, name in ((host, "host_url", TEXTS[1]), (guest, "guest_url", TEXTS[2])):
                await seen.page.goto(room["_links"][link]["href"])
                await join(Guest(seen.page, seen.context), name)
            await host.page.get_by_role("button", name="People").first.click()
            panel = host.page.get_by_role("complementary", name="People")
            for name in (TEXTS[1], TEXTS[2]):
                await expect(panel.get_by_text(name).first).to_be_visible(timeout=SLOW)
            await clean(host, guest)


async def test_who_waits_is_shown_as_he_calls_himself(tmp_path: Path) -> None:
    with platform(tmp_path) as convene:
        async with browser() as chromium:
            theme = await themed(convene, TEXTS[0])
            room = await convene.room(join_approval_level="explicit_approval", theme_id=theme, display_name=TEXTS[1])
            host, guest = await watched(chromium, **CAMERA), await watched(chromium, **CAMERA)
            await host.page.goto(room["_links"]["host_url"]["href"])
            await join(Guest(host.page, host.context), "Hanna")
            await guest.page.goto(room["_links"]["guest_url"]["href"])
            await guest.page.get_by_label("Your name").fill(TEXTS[2])
            await guest.page.get_by_role("button", name="Join", exact=True).click()
            await expect(host.page.get_by_text(TEXTS[2]).first).to_be_visible(timeout=SLOW)
            await expect(guest.page.get_by_text(TEXTS[1], exact=True).first).to_be_visible(timeout=SLOW)
            await clean(host, guest)
