"""Before joining: the connection check on lines that are whole, without UDP, and cut; the device test; who is inside; and what
the page makes of devices that are not there, refused or silent. Seen from inside the meeting wherever somebody joins."""

import asyncio
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, expect

from tests.platform import Guest, Platform, browser, join, until, visit

SLOW = 60_000
PHONE, DESK = {"width": 360, "height": 740}, {"width": 1440, "height": 900}
AXE = Path(__file__).parents[2] / "ui/node_modules/axe-core/axe.min.js"
CHECKED = {"permissions": ["camera", "microphone", "clipboard-read", "clipboard-write"]}


@pytest_asyncio.fixture(loop_scope="module")
async def without_udp() -> AsyncIterator[Browser]:
    """A browser as behind a firewall that lets TCP alone through: its own switch for that sends no UDP at all."""
    async with browser("--webrtc-ip-handling-policy=disable_non_proxied_udp") as made:
        yield made


async def opened(chromium: Browser, link: str, script: str = "", **options: Any) -> Page:
    """A page before joining."""
    context = await chromium.new_context(**(CHECKED | options))
    if script:
        await context.add_init_script(script)
    page = await context.new_page()
    await page.goto(link)
    await expect(page.get_by_label("Your name")).to_be_visible(timeout=SLOW)
    return page


async def checked(page: Page) -> str:
    """Begins the check from the page before joining; what it says at the end."""
    await page.get_by_role("button", name="Check the connection").click()
    return await result(page)


async def result(page: Page) -> str:
    await page.get_by_role("button", name="Copy report").wait_for(timeout=SLOW)
    return await page.locator(".check-result").inner_text()


async def no_violations(page: Page) -> None:
    await page.evaluate(AXE.read_text())
    found = await page.evaluate("axe.run()")
    assert [(v["id"], v["nodes"][0]["html"]) for v in found["violations"]] == []


def links(room: dict[str, Any]) -> tuple[str, str]:
    return room["_links"]["host_url"]["href"], room["_links"]["guest_url"]["href"]


# --- The connection check -------------------------------------------------------------------------------------------


async def test_a_whole_line_is_green_and_nobody_is_told_of_the_check(convene: Platform, chromium: Browser) -> None:
    room = await convene.room()
    asked: list[str] = []
    page = await opened(chromium, links(room)[1], viewport=DESK)
    page.on("request", lambda request: asked.append(request.url))
    said = await checked(page)
    for _ in range(5):  # a machine that is busy with other things may be too slow for a whole picture
        if "Good for picture and sound" in said:
            break
        assert "sound only" in said, said
        await page.get_by_role("button", name="Check again").click()
        said = await result(page)
    assert "Good for picture and sound" in said
    await no_violations(page)
    await page.get_by_text("Details").click()
    await expect(page.get_by_text("Picture and sound by UDP")).to_be_visible()
    await page.get_by_role("button", name="Copy report").click()
    report = await page.evaluate("navigator.clipboard.readText()")
    assert "Picture and sound by UDP: works" in report
    assert set(re.findall(r"\b\d+\.\d+\.\d+\.\d+\b", re.sub(r"Chrome/\S+", "", report))) <= {"127.0.0.1"}
    async with convene.api() as api:
        assert (await api.get("sessions")).json()["_embedded"]["sessions"] == []
    # Nothing of it is fetched before it is asked for.
    assert any("Check" in url for url in asked)


async def test_a_line_without_udp_is_yellow_and_names_the_port(convene: Platform, without_udp: Browser) -> None:
    room = await convene.room()
    page = await opened(without_udp, links(room)[1], viewport=PHONE)
    await page.get_by_role("button", name="Camera, microphone and speaker").click()
    said = await checked(page)  # yellow is said only when the test picture came through
    udp, tcp = (convene.settings[f"CONVENE_ENGINE_{kind}_PORT"] for kind in ("UDP", "TCP"))
    assert f"UDP {udp} is blocked" in said
    told = page.get_by_role("figure", name="For the people who run your network")
    await expect(told).to_contain_text(f"127.0.0.1, UDP {udp}, and TCP {tcp}")
    await expect(told).to_contain_text(f"localhost, TCP {convene.settings['CONVENE_PORT']}")
    await no_violations(page)


NO_WAY = """
const relayed = (options) => ({ ...options, iceServers: [], iceTransportPolicy: 'relay' });
const { setConfiguration } = RTCPeerConnection.prototype;
RTCPeerConnection.prototype.setConfiguration = function (options) { return setConfiguration.call(this, relayed(options)); };
window.RTCPeerConnection = new Proxy(RTCPeerConnection, { construct: (Real, [options]) => new Real(relayed(options)) });
"""


async def test_a_line_without_any_way_for_media_is_red(convene: Platform, chromium: Browser) -> None:
    page = await opened(chromium, links(await convene.room())[1], NO_WAY)
    said = await checked(page)
    udp, tcp = (convene.settings[f"CONVENE_ENGINE_{kind}_PORT"] for kind in ("UDP", "TCP"))
    assert f"neither by UDP {udp} nor by TCP {tcp}" in said


async def test_after_a_failure_the_page_checks_by_itself(convene: Platform, chromium: Browser) -> None:
    """A proxy that lets no WebSocket through."""
    page = await opened(chromium, links(await convene.room())[1])
    await page.route_web_socket(re.compile("/rtc"), lambda socket: asyncio.ensure_future(socket.close()))
    await page.get_by_label("Your name").fill("Pia")
    await page.get_by_role("button", name="Join", exact=True).click()
    await expect(page.get_by_role("heading", level=1)).to_contain_text("No connection", timeout=SLOW)
    assert "blocks WebSockets" in await result(page)
    await no_violations(page)
    await page.unroute_all()


async def test_a_check_is_given_up_at_once(convene: Platform, chromium: Browser) -> None:
    page = await opened(chromium, links(await convene.room())[1])
    await page.get_by_role("button", name="Check the connection").click()
    await page.get_by_role("button", name="Cancel").click()
    await expect(page.get_by_role("dialog").get_by_role("button", name="Check the connection")).to_be_visible()
    await expect(page.get_by_role("button", name="Copy report")).to_have_count(0)


# --- Devices --------------------------------------------------------------------------------------------------------


async def test_the_device_test_before_and_in_the_call(convene: Platform, chromium: Browser) -> None:
    page = await opened(chromium, links(await convene.room())[1], viewport=DESK)
    await tried(page)
    await join(Guest(page, page.context), "Ann")
    await page.get_by_role("button", name="More").click()
    await page.get_by_role("menuitem", name="Camera, microphone and speaker").click()
    dialog = page.get_by_role("dialog")
    await expect(dialog.get_by_role("img", name="Your camera")).to_be_visible()
    await until(lambda: runs(page, ".own-picture video"), "the camera does not show")
    await tried(page, ".dialog ")
    await no_violations(page)


async def tried(page: Page, where: str = "") -> None:
    """The level moves; the sound plays, and a "no" leads to the list of speakers."""
    moved = f"document.querySelectorAll('{where}.level .cell.lit').length"
    await until(lambda: page.evaluate(moved), "the level does not move with the beeps of the fake microphone")
    await page.get_by_role("button", name="Play a test sound").click()
    await page.get_by_role("button", name="Playing…").wait_for()
    await page.get_by_role("button", name="No", exact=True).click(timeout=SLOW)
    await expect(page.get_by_text(re.compile("another speaker|volume up"))).to_be_visible()
    await page.get_by_role("button", name="Play a test sound").click()
    await page.get_by_role("button", name="Yes", exact=True).click(timeout=SLOW)
    await expect(page.get_by_text("Did you hear it?")).to_have_count(0)


async def runs(page: Page, which: str) -> bool:
    return bool(await page.evaluate(f"document.querySelector('{which}')?.currentTime > 0"))


DEVICES = """
const real = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
const failure = (name, message = '') => Promise.reject(new DOMException(message, name));
const permission = (state) => {
  navigator.permissions.query = () => Promise.resolve(Object.assign(new EventTarget(), { state }));
};
window.asked = 0;
const give = (how) => { navigator.mediaDevices.getUserMedia = (wanted) => { window.asked += 1; return how(wanted); }; };
"""
DEAF = """give(async ({ audio, video }) => new MediaStream([
  ...(audio ? new AudioContext().createMediaStreamDestination().stream.getTracks() : []),
  ...(video ? (await real({ video })).getTracks() : []),
]));"""
BLIND = "give(({ audio, video }) => video ? failure('NotReadableError', 'Device in use') : real({ audio }));"
BARE = "give(() => failure('NotFoundError')); navigator.mediaDevices.enumerateDevices = () => Promise.resolve([]);"
DISMISSED = "permission('prompt'); give(() => failure('NotAllowedError', 'Permission dismissed'));"
STUBBORN = """give(({ audio, video }) =>
  JSON.stringify([audio, video]).includes('deviceId') ? failure('OverconstrainedError') : real({ audio, video }));"""
GONE = """localStorage.setItem('convene.choices', JSON.stringify({ chosen: { microphone: 'gone', camera: 'gone', speaker: '' } }));"""


async def test_who_has_no_device_at_all_hears_the_others_and_is_seen_by_initials(
    convene: Platform, chromium: Browser
) -> None:
    """meeting-ux 2, and 6: a camera alone that fails leaves the microphone."""
    host_link, guest_link = links(await convene.room())
    host = await visit(chromium, host_link, "Hanna")
    bare = await opened(chromium, guest_link, DEVICES + BARE)
    await expect(bare.get_by_text("No camera and no microphone found")).to_be_visible(timeout=SLOW)
    await expect(bare.get_by_text("Hanna is here")).to_be_visible()
    await join(Guest(bare, bare.context), "Bea Moll")
    tile = host.page.get_by_role("group", name=re.compile("Bea Moll"))
    await expect(tile.get_by_text("BM", exact=True)).to_be_visible(timeout=SLOW)
    await until(Guest(bare, bare.context).hears, "who has no device does not hear the host")
    await bare.context.close()

    blind = await opened(chromium, guest_link, DEVICES + BLIND)
    await expect(blind.get_by_text("Another program is using the camera")).to_be_visible(timeout=SLOW)
    await join(Guest(blind, blind.context), "Carl")
    await until(host.hears, "the microphone is not heard, though only the camera failed")


async def test_a_question_that_was_closed_is_asked_again(convene: Platform, chromium: Browser) -> None:
    """meeting-ux 4."""
    page = await opened(chromium, links(await convene.room())[1], DEVICES + DISMISSED)
    await page.get_by_role("button", name="Allow camera and microphone").click()
    await expect(page.get_by_text("You have not chosen yet")).to_be_visible(timeout=SLOW)
    before = await page.evaluate("window.asked")
    await page.get_by_role("button", name="Ask again").click()
    await until(lambda: page.evaluate(f"window.asked > {before}"), "no second question")
    await no_violations(page)


@pytest.mark.parametrize("how", [GONE, GONE + STUBBORN])
async def test_a_stored_device_that_is_gone_is_replaced(convene: Platform, chromium: Browser, how: str) -> None:
    """meeting-ux 7; also where the browser will not have the wish at all."""
    page = await opened(chromium, links(await convene.room())[1], DEVICES + how)
    await expect(page.get_by_text(re.compile("Using .+ instead")).first).to_be_visible(timeout=SLOW)
    await until(lambda: runs(page, ".preview video"), "no picture by the default camera")


async def test_a_microphone_that_gives_nothing_is_told_until_one_knows(convene: Platform, chromium: Browser) -> None:
    link = links(await convene.room())[1]
    page = await opened(chromium, link, DEVICES + DEAF)
    told = page.get_by_text("We hear nothing from this microphone")
    await expect(told).to_be_visible(timeout=SLOW)
    await page.get_by_role("button", name="Choose another").click()
    await expect(page.get_by_role("dialog", name="Camera, microphone and speaker")).to_be_visible()
    await page.get_by_role("button", name="Close").click()
    await page.get_by_role("button", name="Don't tell me again").click()
    await expect(told).to_have_count(0)
    assert await page.evaluate("JSON.parse(localStorage.getItem('convene.choices')).silence") == "known"


# --- Who is inside, what is remembered, browsers that cannot --------------------------------------------------------


async def test_choices_are_remembered_and_the_rooms_word_counts_more(convene: Platform, chromium: Browser) -> None:
    """Name and wishes come back; `microphone_state: off` mutes whose stored choice is on (meeting-ux 5). Who comes while one looks
    into the mirror is told of."""
    plain = await convene.room()
    quiet = await convene.room(initial_join_options={"microphone_state": "off"})
    host = await visit(chromium, links(quiet)[0], "Hanna")
    page = await opened(chromium, links(plain)[1])
    await join(Guest(page, page.context), "Ann")
    await page.get_by_role("button", name="Turn camera off").click()
    await page.goto(links(quiet)[1])
    await expect(page.get_by_label("Your name")).to_have_value("Ann", timeout=SLOW)
    for button in ("Turn microphone on", "Turn camera on"):
        await expect(page.get_by_role("button", name=button)).to_be_visible()
    await expect(page.get_by_text("Hanna is here")).to_be_visible()
    await join(Guest(page, page.context), "Ann")
    await expect(host.page.get_by_role("group", name=re.compile("Ann.*muted"))).to_be_visible(timeout=SLOW)
    await page.goto(links(plain)[1])
    await expect(page.get_by_role("button", name="Turn microphone off")).to_be_visible(timeout=SLOW)
    await expect(page.get_by_text("Nobody is here yet")).to_be_visible()
    await visit(chromium, links(plain)[0], "Helga")
    await expect(page.get_by_text("Helga is here")).to_be_visible(timeout=SLOW)


async def test_a_meeting_that_ends_while_one_looks_into_the_mirror_ends_the_mirror(
    convene: Platform, chromium: Browser
) -> None:
    """It is said without a click, it is asked for no more, and nobody is filmed any longer."""
    room = await convene.room()
    context = await chromium.new_context(**CHECKED)
    await context.add_init_script(OPENED)
    page = await context.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if request.url.endswith("/look") else None)
    await page.goto(links(room)[1])
    await expect(page.get_by_role("button", name="Turn camera off")).to_be_visible(timeout=SLOW)
    await until(lambda: page.evaluate("opened.length === 2"), "camera and microphone are not open")
    async with convene.api() as api:
        (await api.delete(f"rooms/{room['id']}")).raise_for_status()
    title = page.get_by_role("heading", name="This meeting has ended, or the address is mistyped")
    await expect(title).to_be_visible(timeout=SLOW)
    await until(lambda: page.evaluate(LET_GO), "the camera is still on")
    told = len(asked)
    await asyncio.sleep(12)  # longer than the mirror waits between two looks
    assert len(asked) == told


OPENED = """
window.opened = [];
const { getUserMedia } = MediaDevices.prototype;
MediaDevices.prototype.getUserMedia = async function (...given) {
  const stream = await getUserMedia.apply(this, given);
  opened.push(...stream.getTracks());
  return stream;
};
"""
LET_GO = "opened.every((track) => track.readyState === 'ended')"
INSTAGRAM = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_4 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148 Instagram 300.0"


@pytest.mark.parametrize(
    ("agent", "title", "way_out"),
    [
        (None, "This browser cannot hold a meeting", None),
        (INSTAGRAM, "Open this meeting in your browser", "Open in Safari"),
    ],
)
async def test_a_browser_that_cannot_says_what_can(
    convene: Platform, chromium: Browser, agent: str | None, title: str, way_out: str | None
) -> None:
    """The link that is copied or followed is the whole one: the host stays the host elsewhere."""
    link = links(await convene.room())[0]
    context = await chromium.new_context(**CHECKED, **({"user_agent": agent} if agent else {}))
    await context.add_init_script("delete window.RTCPeerConnection")
    page = await context.new_page()
    await page.goto(link)
    await expect(page.get_by_role("heading", level=1)).to_have_text(title, timeout=SLOW)
    await page.get_by_role("button", name="Copy the link").click()
    assert await page.evaluate("navigator.clipboard.readText()") == link
    if way_out:
        assert await page.get_by_role("link", name=way_out).get_attribute("href") == f"x-safari-{link}"
    await no_violations(page)
