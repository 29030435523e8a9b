"""People in real browsers who write to each other; each thing seen from the other side.

With PICTURES=<folder> the pages are photographed as well.
"""

import os
from pathlib import Path
from typing import Any

import httpx
from playwright.async_api import Browser, Locator, Page, expect

from tests.acceptance.test_hostile_texts import TEXTS, clean
from tests.acceptance.watched import watched
from tests.people import inside
from tests.platform import Guest, Platform, join, visit

SLOW = 60_000
AXE = Path(__file__).parents[2] / "ui/node_modules/axe-core/axe.min.js"


def host_url(room: dict[str, Any]) -> str:
    return str(room["_links"]["host_url"]["href"])


def guest_url(room: dict[str, Any]) -> str:
    return str(room["_links"]["guest_url"]["href"])


def log(page: Page) -> Locator:
    return page.get_by_role("log", name="Messages")


def message(page: Page, text: str) -> Locator:
    return log(page).get_by_role("article").filter(has_text=text)


def spoken(page: Page) -> Locator:
    """What screen readers are told politely."""
    return page.locator("[role=status][aria-live=polite]")


def field(page: Page) -> Locator:
    return page.get_by_role("textbox", name="Write to everyone")


async def opens_chat(page: Page) -> None:
    await page.get_by_role("button", name="Chat").first.click()
    await expect(field(page)).to_be_visible(timeout=SLOW)


async def says(page: Page, text: str) -> None:
    await field(page).fill(text)
    await field(page).press("Enter")
    await expect(field(page)).to_have_value("")


async def sees(page: Page, text: str, times: int = 1) -> None:
    await expect(message(page, text)).to_have_count(times, timeout=SLOW)


async def test_what_one_writes_the_others_see_and_who_comes_late_reads(convene: Platform, chromium: Browser) -> None:
    room = await convene.room()
    hanna, ann = await visit(chromium, host_url(room), "Hanna"), await visit(chromium, guest_url(room), "Ann")
    await hanna.page.keyboard.press("Control+Alt+c")
    await expect(field(hanna.page)).to_be_focused(timeout=SLOW)
    await expect(log(hanna.page)).to_contain_text("Messages to everyone appear here.", timeout=SLOW)
    # With the panel closed it is shown, counted and spoken.
    await says(hanna.page, "Good morning, see https://example.org/agenda")
    notice = ann.page.get_by_role("region", name="Notifications").get_by_text("Hanna: Good morning")
    await expect(notice).to_be_visible(timeout=SLOW)
    await expect(ann.page.get_by_role("button", name="Chat, 1 new message")).to_be_visible(timeout=SLOW)
    await expect(ann.page).to_have_title("(1) Weekly sync · Convene", timeout=SLOW)
    await expect(spoken(ann.page)).to_contain_text("Hanna: Good morning", timeout=SLOW)
    await opens_chat(ann.page)
    await sees(ann.page, "Good morning")
    await expect(ann.page).to_have_title("Weekly sync · Convene", timeout=SLOW)
    await expect(notice).to_have_count(0)
    link = log(ann.page).get_by_role("link", name="https://example.org/agenda")
    assert [await link.get_attribute(name) for name in ("href", "target", "rel")] == [
        "https://example.org/agenda",
        "_blank",
        "noopener noreferrer nofollow",
    ]
    # What comes while one types changes neither field nor focus.
    await field(ann.page).fill("half a sen")
    await says(hanna.page, "Any questions?")
    await sees(ann.page, "Any questions?")
    await expect(field(ann.page)).to_be_focused()
    await expect(field(ann.page)).to_have_value("half a sen")
    # A new line, a reply, a draft that survives.
    await field(ann.page).press("Shift+Enter")
    await field(ann.page).press_sequentially("tence")
    await ann.page.get_by_role("button", name="Close", exact=True).first.click()
    await opens_chat(ann.page)
    await expect(field(ann.page)).to_have_value("half a sen\ntence")
    await message(ann.page, "Any questions?").hover()
    await message(ann.page, "Any questions?").get_by_role("button", name="Reply").click()
    await field(ann.page).press("Enter")
    await sees(hanna.page, "tence")
    await expect(message(hanna.page, "tence").get_by_text("Any questions?")).to_be_visible(timeout=SLOW)
    # Who comes late reads it all, in its order, and none of it counts as new.
    late = await visit(chromium, guest_url(room), "Late")
    await opens_chat(late.page)
    await sees(late.page, "tence")
    await expect(log(late.page).get_by_role("article")).to_have_count(3)
    await expect(late.page).to_have_title("Weekly sync · Convene")
    await deletes(hanna.page, ann.page, late.page)
    await exports(hanna.page, ann.page)


async def deletes(host: Page, guest: Page, late: Page) -> None:
    """The author his own, the host any; it is gone from everybody's page, also where it is quoted."""
    await message(guest, "Good morning").hover()
    await expect(message(guest, "Good morning").get_by_role("button", name="Reply")).to_be_visible()
    await expect(message(guest, "Good morning").get_by_role("button", name="Delete")).to_have_count(0)
    await message(host, "Any questions?").first.hover()
    await message(host, "Any questions?").first.get_by_role("button", name="Delete for everyone").click()
    for page in (host, guest, late):
        await expect(log(page).get_by_text("Any questions?")).to_have_count(0, timeout=SLOW)
        await sees(page, "deleted")
    await message(host, "tence").hover()
    await message(host, "tence").get_by_role("button", name="Delete for everyone").click()
    await sees(guest, "Message deleted by the host")
    await sees(guest, "Message deleted", 2)
    await expect(log(late).get_by_text("tence")).to_have_count(0, timeout=SLOW)


async def exports(host: Page, guest: Page) -> None:
    """The host alone takes the chat with him."""
    await expect(guest.get_by_role("button", name="Save the chat")).to_have_count(0)
    await host.get_by_role("button", name="Save the chat").click()
    async with host.expect_download(timeout=SLOW) as download:
        await host.get_by_role("menuitem", name="Save as text").click()
    saved = await download.value
    assert saved.suggested_filename == "chat.txt"
    text = Path(await saved.path()).read_text()
    assert "Hanna: Good morning, see https://example.org/agenda" in text and "tence" not in text


async def test_a_message_that_did_not_go_out_is_kept_and_sent_again(convene: Platform, chromium: Browser) -> None:
    room = await convene.room()
    hanna, ann = await visit(chromium, host_url(room), "Hanna"), await visit(chromium, guest_url(room), "Ann")
    await opens_chat(ann.page)
    await ann.context.route("**/api/meeting/chat", lambda route: route.abort())
    await says(ann.page, "Can you hear me?")
    await expect(log(ann.page).get_by_text("Not sent")).to_be_visible(timeout=SLOW)
    await ann.context.unroute("**/api/meeting/chat")
    await log(ann.page).get_by_role("button", name="Try again").click()
    await sees(ann.page, "Can you hear me?")
    await expect(log(ann.page).get_by_text("Not sent")).to_have_count(0)
    await opens_chat(hanna.page)
    await sees(hanna.page, "Can you hear me?")
    # What is said while the line is lost is read when it is back.
    await ann.context.set_offline(True)
    await says(hanna.page, "While you were away")
    await ann.context.set_offline(False)
    await sees(ann.page, "While you were away")


async def test_a_room_without_chat_offers_none(convene: Platform, chromium: Browser) -> None:
    room = await convene.room(available_features={"is_chat_available": False})
    hanna = await visit(chromium, host_url(room), "Hanna")
    await expect(hanna.page.get_by_role("button", name="People")).to_be_visible(timeout=SLOW)
    await expect(hanna.page.get_by_role("button", name="Chat")).to_have_count(0)
    await hanna.page.keyboard.press("Control+Alt+c")
    await hanna.page.keyboard.press("Control+Alt+p")
    await expect(hanna.page.get_by_role("complementary", name="People")).to_be_visible(timeout=SLOW)
    await expect(hanna.page.get_by_role("complementary", name="Chat")).to_have_count(0)


async def test_hostile_texts_are_texts(convene: Platform, chromium: Browser) -> None:
    room = await convene.room()
    seen = await watched(chromium, permissions=["camera", "microphone"])
    await seen.page.goto(guest_url(room))
    await join(Guest(seen.page, seen.context), TEXTS[1])
    async with inside(convene, room, TEXTS[0]) as (person,):
        await opens_chat(seen.page)
        last = None
        texts = [
            *TEXTS,
            "https://example.org/<script>alert(1)</script>",
            "mailto:a@b.example?body=<svg/onload=alert(1)>",
        ]
        for text in texts:
            last = await person.says(text, reply_to=last)
        await says(seen.page, TEXTS[0])
        bubbles = log(seen.page).get_by_role("article").get_by_role("paragraph")
        await expect(bubbles).to_have_text([*texts, TEXTS[0]], timeout=SLOW)
    hrefs = await log(seen.page).get_by_role("link").evaluate_all("all => all.map((one) => one.href)")
    assert hrefs == ["https://example.org/", "mailto:a@b.example?body="]
    await clean(seen)


async def test_what_a_client_program_writes_appears_in_the_meeting(convene: Platform, chromium: Browser) -> None:
    keys: dict[str, Any] = {**convene.first}
    admin = {"CB-Administration-API-Key": keys["connectycube"]["administration_api_key"]}
    async with httpx.AsyncClient(base_url=convene.url, headers=admin, timeout=20) as api:
        grace = (await api.post("/admin/users", json={"login": "grace.h", "full_name": "Grace H"})).json()["user"]
        told = (await api.post(f"/admin/users/{grace['id']}/tokens")).json()["session"]
        plan = {"name": "Launch review", "start_date": 1_900_000_000, "end_date": 1_900_003_600, "chat": True}
        api.headers = {"CB-Token": told["token"]}
        meeting = (await api.post("/meetings", json={**plan, "attendees": [], "public": True})).json()
        said = {"chat_dialog_id": meeting["chat_dialog_id"], "message": "Before anybody came", "send_to_chat": 1}
        assert (await api.post("/chat/Message", json=said)).status_code == 201
        guest = await visit(chromium, f"{convene.url}/{meeting['_id']}", "Gustav")
        await opens_chat(guest.page)
        await sees(guest.page, "Before anybody came")
        written = (await api.post("/chat/Message", json=said | {"message": "From the program"})).json()
        await sees(guest.page, "From the program")
        await expect(log(guest.page)).to_contain_text("Grace H")
        await says(guest.page, "And back again")
        await sees(guest.page, "And back again")
        listed = await api.get("/chat/Message", params={"chat_dialog_id": meeting["chat_dialog_id"]})
        assert [(one["message"], one["sender_name"]) for one in listed.json()["items"]] == [
            ("Before anybody came", "Grace H"),
            ("From the program", "Grace H"),
            ("And back again", "Gustav"),
        ]
        assert (await api.delete(f"/chat/Message/{written['_id']}")).status_code == 200
        await expect(log(guest.page).get_by_text("From the program")).to_have_count(0, timeout=SLOW)


async def test_the_panel_is_fair_to_see(convene: Platform, chromium: Browser) -> None:
    """Nothing that axe finds wrong; on a phone the chat stands in the bar, and people are under More."""
    room = await convene.room(display_name="Quarterly review")
    hanna = await visit(chromium, host_url(room), "Hanna", viewport={"width": 1440, "height": 900})
    async with inside(convene, room, "Amara Osei", "Jonas Weber") as (amara, jonas):
        first = await amara.says("Good morning everybody! The figures are here: https://example.org/figures/q3")
        await amara.says("I will walk you through them in a minute.")
        await jonas.says("Thank you. Does that include the new region?", reply_to=first)
        await opens_chat(hanna.page)
        await sees(hanna.page, "new region")
        await says(hanna.page, "Yes, from page four on.\nAnd the forecast.")
        await amara.says("🎉")
        await sees(hanna.page, "🎉")
        await fair(hanna.page)
        await photographed(hanna.page, "chat-1440")
        await hanna.page.set_viewport_size({"width": 360, "height": 740})
        await fair(hanna.page)
        await photographed(hanna.page, "chat-360")
        await hanna.page.keyboard.press("Escape")
        await jonas.says("One more question")
        await expect(hanna.page.get_by_role("button", name="Chat, 1 new message")).to_be_visible(timeout=SLOW)
        await photographed(hanna.page, "chat-notice-360")
        await hanna.page.get_by_role("button", name="More").click()
        await hanna.page.get_by_role("menuitem", name="People").click()
        await expect(hanna.page.get_by_role("dialog", name="People")).to_be_visible(timeout=SLOW)


async def fair(page: Page) -> None:
    await page.evaluate(AXE.read_text())
    found = await page.evaluate("axe.run()")
    assert [(one["id"], [node["html"] for node in one["nodes"]]) for one in found["violations"]] == []


async def photographed(page: Page, name: str) -> None:
    if folder := os.environ.get("PICTURES"):
        await page.wait_for_timeout(600)
        await page.screenshot(path=f"{folder}/{name}.png")
