"""The page in real browsers, seen from the other person's side: second tabs, refusals, broken engines.

Needs the page's development packages for axe (`npm ci` in ui/).
"""

import asyncio
import contextlib
import os
import re
import signal
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.async_api import Browser, expect
from playwright.async_api import Error as PlaywrightError

from tests.acceptance.watched import watched
from tests.platform import ELSEWHERE, Guest, Platform, alive, browser, join, until, visit
from tests.receiver import Receiver, receiving

SLOW = 60_000


async def two(convene: Platform, chromium: Browser, **fields: Any) -> tuple[dict[str, Any], Guest, Guest]:
    """A room with its host and a guest in it, who see each other."""
    room = await convene.room(**fields)
    host = await visit(chromium, room["_links"]["host_url"]["href"], "Hanna")
    guest = await visit(chromium, room["_links"]["guest_url"]["href"], "Gustav")
    for person in (host, guest):
        await until(lambda person=person: person.sees(2), why="two pictures do not run")  # type: ignore[misc]
    return room, host, guest


def events(heard: Receiver, name: str) -> list[dict[str, Any]]:
    """The callbacks of one kind, as they came."""
    return [dict(request.json) for request in heard.requests if request.json["event"] == name]


async def people_panel(host: Guest) -> Any:
    await host.page.get_by_role("button", name=re.compile("^People")).click()
    return host.page.get_by_role("complementary", name="People")


async def _people(host: Guest, count: int) -> bool:
    return await host.page.get_by_role("button", name=re.compile(f"^People, {count} ")).count() > 0


async def test_a_reload_and_a_second_tab_are_the_same_person(convene: Platform, chromium: Browser) -> None:
    room, host, guest = await two(convene, chromium)
    await guest.page.reload()
    await join(guest, "Gustav")
    await until(lambda: host.sees(2), why="the host does not see the guest again")
    await until(lambda: _people(host, 2))
    second = Guest(await guest.context.new_page(), guest.context)
    await second.page.goto(room["_links"]["guest_url"]["href"])
    await second.page.get_by_role("button", name="Move it here").click(timeout=SLOW)
    await expect(second.page.get_by_role("toolbar", name="Call controls")).to_be_visible(timeout=SLOW)
    await expect(guest.page.get_by_role("heading", level=1)).to_contain_text("another tab", timeout=SLOW)
    await until(lambda: host.sees(2), why="the host does not see the second tab")
    await until(lambda: _people(host, 2))


async def test_who_leaves_can_come_back(convene: Platform, chromium: Browser) -> None:
    _, host, guest = await two(convene, chromium)
    await guest.page.get_by_role("button", name="Leave").click()
    await expect(guest.page.get_by_role("heading", level=1)).to_contain_text("left", timeout=SLOW)
    await until(lambda: _people(host, 1), why="the guest is still seen")
    await expect(host.page.get_by_role("heading", name="You are the only one here")).to_be_visible(timeout=SLOW)
    await guest.page.get_by_role("button", name="Rejoin").click()
    for person in (host, guest):
        await until(lambda person=person: person.sees(2), why="two pictures do not run")  # type: ignore[misc]
        await until(person.hears, why="no sound after coming back")


async def test_a_killed_browser_is_gone_for_everybody(convene: Platform, chromium: Browser) -> None:
    """Nobody says goodbye: the engine notices after 22 s, then the page and the callbacks tell."""
    async with receiving() as heard:
        room = await convene.room(callback_urls={"sessions_callback_url": heard.url("/ok")})
        host = await visit(chromium, room["_links"]["host_url"]["href"], "Hanna")
        async with browser() as doomed:
            guest = await visit(doomed, room["_links"]["guest_url"]["href"], "Gustav")
            await until(lambda: host.sees(2), why="the guest is not seen")
            crash = await doomed.new_browser_cdp_session()
            with contextlib.suppress(PlaywrightError):  # it cannot answer any more
                await asyncio.wait_for(crash.send("Browser.crash"), 10)
            await until(lambda: _people(host, 1), why="the guest is still seen", seconds=90)
            await expect(host.page.get_by_role("group", name="Gustav")).to_have_count(0)
            left = await until(lambda: _events(heard, "session:participant:left"), why="no callback", seconds=90)
        assert [event["name"] for event in left] == ["Gustav"]
        assert not guest.page.context.browser or not guest.page.context.browser.is_connected()
        assert events(heard, "session:ended") == []


async def _events(heard: Receiver, name: str) -> list[dict[str, Any]]:
    return events(heard, name)


async def test_a_shared_screen_is_seen_by_the_others(convene: Platform, chromium: Browser) -> None:
    _, host, guest = await two(convene, chromium)
    await guest.page.get_by_role("button", name="Share your screen").click()
    await expect(guest.page.get_by_role("heading", name="You are sharing your screen")).to_be_visible(timeout=SLOW)
    screen = host.page.get_by_label("Screen of Gustav")
    await expect(screen.first).to_be_visible(timeout=SLOW)
    await until(lambda: host.sees(3), why="the screen's picture does not run")
    assert await host.page.evaluate(LARGEST) == "Screen of Gustav"
    await guest.page.get_by_role("toolbar").get_by_role("button", name="Stop sharing").click()
    await expect(screen).to_have_count(0, timeout=SLOW)
    await until(lambda: host.sees(2), why="the cameras are not back")


LARGEST = """() => [...document.querySelectorAll('video')]
  .reduce((a, b) => (a.clientWidth * a.clientHeight > b.clientWidth * b.clientHeight ? a : b)).getAttribute('aria-label')"""


async def test_two_by_the_same_link_are_two(convene: Platform, chromium: Browser) -> None:
    room = await convene.room()
    link = room["_links"]["guest_url"]["href"]
    people = [await visit(chromium, link, name) for name in ("Ann", "Ann")]
    for person in people:
        await until(lambda person=person: person.sees(2), why="two pictures do not run")  # type: ignore[misc]
        await until(lambda person=person: _people(person, 2))  # type: ignore[misc]
        await expect(person.page.get_by_role("heading", name="You are the only one here")).to_have_count(0)


@pytest.mark.parametrize("over", [False, True])
async def test_the_host_finds_the_recording_after_the_end(convene: Platform, chromium: Browser, over: bool) -> None:
    """At once, after a reload, and by his link in another browser: beside the way in, or where the room is over."""
    room, host, guest = await two(convene, chromium)
    await host.page.get_by_role("button", name="More").click()
    await host.page.get_by_role("menuitem", name="Start recording").click()
    for person in (host, guest):
        await expect(person.page.get_by_role("img", name="This meeting is being recorded")).to_be_visible(timeout=SLOW)
    await host.page.get_by_role("button", name="Leave").click()
    await host.page.get_by_role("menuitem", name="End for everyone").click()
    await host.page.get_by_role("alertdialog").get_by_role("button", name="End for everyone").click()
    await expect(guest.page.get_by_role("heading", level=1)).to_contain_text("ended", timeout=SLOW)
    link = host.page.get_by_role("link", name="Open the recording")
    await expect(link).to_be_visible(timeout=2 * SLOW)
    async with httpx.AsyncClient() as anyone:
        answer = await anyone.get(str(await link.get_attribute("href")), headers={"Range": "bytes=4-7"})
    assert (answer.status_code, answer.content) == (206, b"ftyp")
    if over:
        async with convene.api() as api:
            (await api.delete(f"rooms/{room['id']}")).raise_for_status()
    await guest.page.reload()
    await expect(guest.page.get_by_role("heading", level=1)).to_be_visible(timeout=SLOW)
    await expect(guest.page.get_by_role("link", name="Open the recording")).to_have_count(0)
    await host.page.reload()
    later = await (await chromium.new_context()).new_page()
    await later.goto(room["_links"]["host_url"]["href"])
    for page in (host.page, later):
        if over:
            title = page.get_by_role("heading", level=1, name="This meeting has ended")
            await expect(title).to_be_visible(timeout=SLOW)
            await expect(page.get_by_text("Your host link shows the recordings later, too.")).to_be_visible()
        else:
            await page.get_by_text("Recordings", exact=True).click(timeout=SLOW)
        await expect(page.get_by_role("link", name="Open the recording")).to_be_visible(timeout=SLOW)
        await expect(page.get_by_role("listitem").filter(has_text="Recording 1")).to_contain_text("at")


async def test_a_killed_engine_comes_back_and_so_do_the_browsers(convene: Platform, chromium: Browser) -> None:
    room, host, guest = await two(convene, chromium)
    (engine,) = convene.children("livekit-server")
    os.kill(engine, signal.SIGKILL)
    await until(lambda: _gone(engine))
    for person in (host, guest):
        await until(lambda person=person: person.sees(2), why="no picture after the engine came back")  # type: ignore[misc]
        await until(person.hears, why="no sound after the engine came back")
    await until(lambda: _people(host, 2))
    assert (await _room(convene, room["id"]))["is_available"] is True


async def _gone(pid: int) -> bool:
    return not alive(pid)


async def _room(convene: Platform, id: str) -> dict[str, Any]:
    async with convene.api() as api:
        return (await api.get(f"rooms/{id}")).json()  # type: ignore[no-any-return]


async def test_a_room_recorded_by_itself_says_so_before_joining(convene: Platform, chromium: Browser) -> None:
    room = await convene.room(
        recording_options={"auto_record": True}, type="long_term", expires_at="2029-01-01T00:00:00Z"
    )
    context = await chromium.new_context(permissions=["camera", "microphone"])
    page = await context.new_page()
    await page.goto(room["_links"]["host_url"]["href"])
    await expect(page.get_by_text("will be recorded")).to_be_visible(timeout=SLOW)
    host = Guest(page, context)
    await join(host, "Hanna")
    await expect(page.get_by_text(re.compile("^REC"))).to_be_visible(timeout=SLOW)
    await page.get_by_role("button", name="More").click()
    await expect(page.get_by_role("menuitem", name="Stop recording")).to_have_count(0)


async def test_joining_without_any_device(convene: Platform, chromium: Browser) -> None:
    room = await convene.room()
    context = await chromium.new_context(permissions=[])
    page = await context.new_page()
    await page.goto(room["_links"]["guest_url"]["href"])
    await page.get_by_label("Your name").fill("Ohne Kamera", timeout=SLOW)
    without = page.get_by_role("button", name="Continue without")
    if await without.count():
        await without.click()
    await page.get_by_role("button", name="Join", exact=True).click(timeout=SLOW)
    await expect(page.get_by_role("toolbar", name="Call controls")).to_be_visible(timeout=SLOW)


@pytest.mark.parametrize("address", ["999999999999", "abc"])
async def test_a_wrong_address_says_what_to_do(convene: Platform, chromium: Browser, address: str) -> None:
    page = await (await chromium.new_context()).new_page()
    await page.goto(f"{convene.url}/{address}")
    await expect(page.get_by_role("heading", level=1)).to_contain_text(
        "ended, or the address is mistyped", timeout=SLOW
    )
    await expect(page.get_by_label("Meeting code")).to_be_visible()


async def test_an_address_that_is_not_secure_leads_to_one_that_is(convene: Platform, chromium: Browser) -> None:
    """Another machine's name, by http: the browser has no camera for it. Nothing is thrown, and the whole link is kept."""
    link = (await convene.room())["_links"]["host_url"]["href"].replace("localhost", ELSEWHERE)
    seen = await watched(chromium)
    await seen.page.goto(link)
    await expect(seen.page.get_by_role("heading", level=1)).to_have_text("This address is not secure", timeout=SLOW)
    await expect(seen.page.get_by_text("The browser therefore keeps camera and microphone closed.")).to_be_visible()
    secure = seen.page.get_by_role("link", name="Open the secure address")
    assert await secure.get_attribute("href") == link.replace("http:", "https:")
    assert await seen.misdeeds() == []


async def test_the_page_talks_to_nobody_else(convene: Platform, chromium: Browser) -> None:
    room = await convene.room()
    context = await chromium.new_context(permissions=["camera", "microphone"])
    page = await context.new_page()
    asked: list[str] = []
    refused: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on(
        "console", lambda message: refused.append(message.text) if "Content Security Policy" in message.text else None
    )
    await page.goto(room["_links"]["guest_url"]["href"])
    await join(Guest(page, context), "Ann")
    await asyncio.sleep(2)
    assert {re.sub(r"^(blob:)?(\w+://[^/]+).*", r"\2", url) for url in asked if not url.startswith("data:")} == {
        convene.url
    }
    assert refused == []


async def test_phone_and_wall(convene: Platform, chromium: Browser) -> None:
    """At 360 and at 1920 pixels nothing hangs over the edge, and the controls are there."""
    room = await convene.room()
    for width, height in ((360, 640), (640, 360), (1920, 1080)):
        guest = await visit(
            chromium, room["_links"]["guest_url"]["href"], "Ann", viewport={"width": width, "height": height}
        )
        over = await guest.page.evaluate("document.documentElement.scrollWidth - innerWidth")
        assert over <= 0
        for name in ("Turn microphone off", "Turn camera off", "Leave"):
            box = await guest.page.get_by_role("button", name=name).first.bounding_box()
            assert (
                box is not None
                and box["x"] >= 0
                and box["x"] + box["width"] <= width
                and box["y"] + box["height"] <= height
            )
        await guest.context.close()


async def test_no_axe_violations(convene: Platform, chromium: Browser) -> None:
    """WCAG by axe on the page before joining, in the call, and on the refusal."""
    axe = Path(__file__).parents[2] / "ui/node_modules/axe-core/axe.min.js"
    room, host, guest = await two(convene, chromium)
    await people_panel(host)
    refused = await guest.context.new_page()
    await refused.goto(f"{convene.url}/999999999998")
    await expect(refused.get_by_role("heading", level=1)).to_be_visible(timeout=SLOW)
    before = await guest.context.new_page()
    await before.goto(room["_links"]["guest_url"]["href"])
    await expect(before.get_by_role("heading", level=1)).to_be_visible(timeout=SLOW)
    for page in (host.page, refused, before):
        await page.evaluate(axe.read_text())
        found = await page.evaluate("axe.run()")
        assert [(v["id"], v["nodes"][0]["html"]) for v in found["violations"]] == []
