"""Weak and cut lines, machines that sleep, devices that come and go: what the page makes of it, seen from the other side."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
from playwright.async_api import Browser, Page, expect

from tests.acceptance.company import CAMERA, DESK, HIDE, SLOW, come, crowd, microphone, tile, together
from tests.people import inside
from tests.platform import DEADLINE, VOICES, Guest, Platform, join, until
from tests.thin_line import ThinLine, thin_line

DEVICES = Path(__file__).with_name("devices.js")
PHONE = {"viewport": {"width": 360, "height": 740}, "has_touch": True, "is_mobile": True}
KBIT = 1000
RECONNECTING = "Reconnecting…"
PAUSED = "Picture paused to keep the sound."
FEWER = "We show fewer pictures to keep the sound."
# A window of two thirds of a second, in 50 ms: whether there was a voice in each.
VOICE = (
    """async () => {
  const streams = """
    + VOICES
    + """.map((a) => a.srcObject).filter(Boolean);
  const context = (window.listening ??= new AudioContext());
  await context.resume();
  const meter = new AnalyserNode(context, { fftSize: 32768 });
  for (const stream of streams) context.createMediaStreamSource(stream).connect(meter);
  await new Promise((r) => setTimeout(r, 1000 * 32768 / context.sampleRate + 200));
  const heard = new Float32Array(32768);
  meter.getFloatTimeDomainData(heard);
  const step = Math.round(context.sampleRate / 20);
  let longest = 0;
  for (let at = 0, quiet = 0; at + step <= heard.length; at += step) {
    quiet = heard.subarray(at, at + step).some((x) => Math.abs(x) > 0.003) ? 0 : quiet + 50;
    longest = Math.max(longest, quiet);
  }
  return longest;
}"""
)


async def whole_voice(guest: Guest) -> bool:
    """Whether what is heard has no gap."""
    return max([int(await guest.page.evaluate(VOICE)) for _ in range(3)]) <= 200


async def arrive(
    chromium: Browser, link: str, name: str, *scripts: Path, line: ThinLine | None = None, **options: Any
) -> Guest:
    """Joins with a drawn picture and a voice; over this line, with these scripts in the page."""
    context = await chromium.new_context(permissions=["camera", "microphone"], **{"viewport": DESK, **options})
    context.set_default_timeout(SLOW)
    if line:
        await line.lead(context)
    await context.add_init_script("window.scene = 1;")
    for script in (CAMERA, *scripts):
        await context.add_init_script(path=script)
    guest = Guest(await context.new_page(), context)
    await guest.page.goto(link)
    await join(guest, name)
    return guest


def links(room: dict[str, Any]) -> tuple[str, str]:
    return room["_links"]["host_url"]["href"], room["_links"]["guest_url"]["href"]


async def wishes(guest: Guest) -> dict[str, bool]:
    """Whether the bar says that the devices are on."""
    bar = guest.page.get_by_role("toolbar", name="Call controls")
    return {
        kind: await bar.get_by_role("button", name=f"Turn {kind} off").count() == 1 for kind in ("microphone", "camera")
    }


async def reads(guest: Guest, name: str, words: str) -> None:
    """Waits until the tile of a person says this to a screen reader."""
    await expect(tile(guest, name)).to_have_accessible_name(re.compile(words), timeout=SLOW)


async def is_sent(guest: Guest, name: str, width: int) -> bool:
    """Whether a person's picture arrives so many pixels wide."""
    return bool(
        await tile(guest, name).locator("video").evaluate("(video, width) => video.videoWidth === width", width)
    )


async def test_the_browser_may_ask_whether_the_network_is_there(convene: Platform) -> None:
    """The engine's client does, without a login, before it comes back at once."""
    async with httpx.AsyncClient() as anyone:
        assert (await anyone.head(convene.url)).status_code == 200


@asynccontextmanager
async def offline(guest: Guest, line: ThinLine) -> AsyncIterator[None]:
    """Without any network until the block ends."""
    line.cut()
    await guest.context.set_offline(True)
    yield
    line.mend()
    await guest.context.set_offline(False)


async def test_after_seconds_without_network_everybody_is_back_as_he_was(convene: Platform, chromium: Browser) -> None:
    host, guest = links(await convene.room())
    async with thin_line(convene) as line, thin_line(convene) as other:
        ben = await come(chromium, host, "Ben")
        ann = await arrive(chromium, guest, "Ann", line=line)
        eve = await arrive(chromium, guest, "Eve", line=other)
        await microphone(eve, on=False)
        await together(ben, ann, eve)
        async with offline(ann, line), offline(eve, other):
            await expect(ann.page.get_by_text(RECONNECTING, exact=True)).to_be_visible(timeout=SLOW)
            await expect(ann.page.get_by_text("Connection lost. Reconnecting.")).to_be_attached(timeout=SLOW)
            await asyncio.sleep(2)  # with the three seconds before the banner: five
        await until(lambda: ben.sees(3), why="not everybody is seen again")
        await until(ben.hears, why="nobody is heard again")
        await reads(ben, "Eve", "muted")
        assert await wishes(ann) == {"microphone": True, "camera": True}
        assert await wishes(eve) == {"microphone": False, "camera": True}
        await expect(ann.page.get_by_text(RECONNECTING, exact=True)).to_have_count(0, timeout=SLOW)


async def test_on_a_weak_line_the_picture_goes_before_the_voice(convene: Platform, chromium: Browser) -> None:
    host, guest = links(await convene.room())
    async with thin_line(convene) as line:
        ben = await come(chromium, host, "Ben")
        ann = await arrive(chromium, guest, "Ann", line=line)
        await together(ben, ann)
        line.up.rate = 150 * KBIT
        line.up.loss = 0.15
        notice = ann.page.get_by_role("region", name="Notifications").get_by_text(PAUSED)
        await expect(notice).to_be_visible(timeout=2 * SLOW)
        await reads(ben, "Ann", "Picture paused")
        await reads(ann, r"Ann \(you\)", "Picture paused")
        await until(lambda: is_sent(ann, "Ben", 320), why="Ben's picture is not asked for at its smallest")
        assert await wishes(ann) == {"microphone": True, "camera": True}
        await until(lambda: whole_voice(ben), why="the voice has gaps")
        await ann.page.get_by_role("button", name="Turn picture on anyway").click()
        line.mend()
        await until(lambda: ben.sees(2), why="the picture does not come back")
        await expect(notice).to_have_count(0)
        await until(lambda: is_sent(ann, "Ben", 640), why="Ben's picture stays small")


async def test_who_gets_little_goes_on_hearing_and_sees_fewer_until_he_gets_more(
    convene: Platform, chromium: Browser
) -> None:
    room = await convene.room()
    host, guest = links(room)
    async with thin_line(convene) as line, crowd(convene, room, 7, rate=20, seconds=5):
        ben = await come(chromium, host, "Ben", muted=False)
        ann = await arrive(chromium, guest, "Ann", line=line)
        await expect(ann.page.get_by_role("button", name="People, 9 here")).to_be_visible(timeout=SLOW)
        await until(lambda: ann.sees(9), why="not everybody is seen")
        line.down.rate = 300 * KBIT  # seven send three times as much
        notice = ann.page.get_by_role("region", name="Notifications").get_by_text(FEWER)
        await expect(notice).to_be_visible(timeout=2 * SLOW)
        dark = tile(ann, ".*Picture paused")
        await expect(dark).not_to_have_count(0)
        await asyncio.sleep(5)  # what was under way before is played
        await until(lambda: whole_voice(ann), why="the voice has gaps")
        await expect(ann.page.get_by_text(RECONNECTING, exact=True)).to_have_count(0)
        assert await wishes(ann) == {"microphone": True, "camera": True}
        assert await ben.hears()
        line.mend()
        await until(lambda: ann.sees(9), why="the pictures do not come back", seconds=4 * DEADLINE)
        await expect(dark).to_have_count(0)
        await expect(notice).to_have_count(0, timeout=4 * SLOW)


async def test_where_udp_is_blocked_media_goes_by_tcp(convene: Platform, chromium: Browser) -> None:
    host, guest = links(await convene.room())
    async with thin_line(convene) as line:
        line.by_tcp = True
        line.up.loss = line.down.loss = 1.0
        ben = await come(chromium, host, "Ben", muted=False)
        ann = await arrive(chromium, guest, "Ann", line=line)
        await together(ben, ann)
        for person in (ben, ann):
            await until(person.hears, why="nothing is heard")


async def test_who_changes_networks_is_heard_and_seen_again(convene: Platform, chromium: Browser) -> None:
    host, guest = links(await convene.room())
    async with thin_line(convene) as line:
        ben = await come(chromium, host, "Ben", muted=False)
        ann = await arrive(chromium, line.link(guest), "Ann", line=line)
        await together(ben, ann)
        line.move()
        await asyncio.sleep(2)  # what was under way from the old address is played
        await together(ben, ann)
        for person in (ben, ann):
            await until(person.hears, why="nothing is heard")
            await expect(person.page.get_by_text(RECONNECTING, exact=True)).to_have_count(0, timeout=SLOW)
            await expect(person.page.get_by_role("toolbar", name="Call controls")).to_be_visible()
            await expect(person.page.get_by_role("button", name="People, 2 here")).to_be_visible(timeout=SLOW)
        assert await wishes(ann) == {"microphone": True, "camera": True}


async def test_a_sleep_of_minutes_ends_by_itself_and_a_longer_one_is_asked_about(
    convene: Platform, chromium: Browser
) -> None:
    host, guest = links(await convene.room())
    ben = await come(chromium, host, "Ben")
    ann = await come(chromium, guest, "Ann")
    await together(ben, ann)
    await ann.page.evaluate(HIDE, True)
    await ann.page.evaluate("dispatchEvent(new Event('freeze'))")
    await expect(tile(ben, "Ann")).to_have_count(0, timeout=SLOW)
    await ann.page.evaluate(HIDE, False)
    await until(lambda: ben.sees(2), why="Ann is not back")
    await ann.page.evaluate("() => { const now = Date.now; Date.now = () => now() + 11 * 60_000; }")
    await expect(ann.page.get_by_text("Your device was asleep")).to_be_visible(timeout=SLOW)
    await expect(tile(ben, "Ann")).to_have_count(0, timeout=SLOW)
    await ann.page.get_by_role("button", name="Rejoin").click()
    await until(lambda: ben.sees(2), why="Ann is not back")


async def test_a_second_device_does_not_howl(convene: Platform, chromium: Browser) -> None:
    host, guest = links(await convene.room())
    ben = await come(chromium, host, "Ben", muted=False)
    ann = await come(chromium, guest, "Ann")
    second = Guest(await ann.context.new_page(), ann.context)
    await second.page.goto(guest)
    await second.page.get_by_role("button", name="Join as a second device").click(timeout=SLOW)
    await expect(second.page.get_by_text("this tab makes no sound")).to_be_visible(timeout=SLOW)
    await until(lambda: ben.sees(3), why="the second device is not in the meeting")
    assert await wishes(second) == {"microphone": False, "camera": True}
    await until(lambda: _silent(second.page, 1), why="the second device plays what it hears")
    assert await _silent(ann.page, 1) is False
    await second.page.get_by_role("button", name="Turn on sound").click()
    await until(lambda: _silent(second.page, 0), why="the sound is not on")


async def _silent(page: Page, count: int) -> bool:
    """Whether so many of the page's sounds, of which there are some, are switched off."""
    muted = await page.evaluate(f"{VOICES}.filter((a) => a.srcObject).map((a) => a.muted)")
    return len(muted) > 0 and sum(muted) >= count and (count > 0 or not any(muted))


async def test_devices_that_go_come_and_are_taken(convene: Platform, chromium: Browser) -> None:
    host, guest = links(await convene.room())
    ben = await come(chromium, host, "Ben")
    ann = await arrive(chromium, guest, "Ann", DEVICES)
    await together(ben, ann)
    notices = ann.page.get_by_role("region", name="Notifications")

    await ann.page.evaluate("machine.take('video')")
    await expect(notices.get_by_text("Your camera went away")).to_be_visible(timeout=SLOW)
    await expect(tile(ben, "Ann").locator(".initials")).to_be_visible(timeout=SLOW)
    await ann.page.evaluate("machine.give('video'); navigator.mediaDevices.dispatchEvent(new Event('devicechange'))")
    await until(lambda: ben.sees(2), why="the camera is not back")
    assert (await wishes(ann))["camera"] is True

    headset = "machine.plug({ kind: 'audiooutput', deviceId: 'h', groupId: 'h', label: 'Headset' })"
    await ann.page.evaluate(headset)
    await notices.get_by_role("button", name="Use it").click(timeout=SLOW)
    await ann.page.evaluate("machine.unplug('h')")
    await expect(notices.get_by_text("Your speaker went away")).to_be_visible(timeout=SLOW)

    await ann.page.evaluate("machine.silence('audio', true)")
    await expect(ann.page.get_by_text("Your device has taken the microphone.").first).to_be_visible(timeout=SLOW)
    await reads(ben, "Ann", "paused by the device")
    before = await ann.page.evaluate("machine.asked.length")
    await ann.page.evaluate("machine.silence('audio', false)")
    await expect(tile(ben, "Ann")).not_to_have_accessible_name(re.compile("paused"), timeout=SLOW)
    await until(ben.hears, why="the voice is not back")
    assert await ann.page.evaluate("machine.asked.length") > before


async def test_a_phone_turns_its_camera_and_tells_when_it_is_put_away(convene: Platform, chromium: Browser) -> None:
    host, guest = links(await convene.room())
    ben = await come(chromium, host, "Ben")
    ann = await arrive(chromium, guest, "Ann", DEVICES, **PHONE)
    await together(ben, ann)
    await ann.page.evaluate("machine.plug({ kind: 'videoinput', deviceId: 'back', groupId: 'back', label: 'Back' })")
    own = tile(ann, r"Ann \(you\)").locator("video")
    await expect(own).to_have_class(re.compile("mirrored"))
    await ann.page.get_by_role("button", name="More").click()
    await ann.page.get_by_role("menuitem", name="Switch camera").click(timeout=SLOW)
    await expect(own).not_to_have_class(re.compile("mirrored"), timeout=SLOW)
    assert await ann.page.evaluate("machine.asked.at(-1).video.facingMode.ideal") == "environment"
    await until(lambda: ben.sees(2), why="the other camera is not seen")

    await ann.page.evaluate(HIDE, True)
    await reads(ben, "Ann", "away from the page")
    await ann.page.evaluate(HIDE, False)
    await until(lambda: ben.sees(2), why="the picture is not back")


async def test_a_busy_machine_draws_fewer_pictures_until_it_is_asked_for_all(
    convene: Platform, chromium: Browser
) -> None:
    room = await convene.room()
    async with inside(convene, room, *(f"Person {n:02}" for n in range(11)), idle=True):
        ann = await come(chromium, links(room)[0], "Ann")
        tiles = ann.page.locator(".stage .tile")
        await expect(tiles).to_have_count(12, timeout=SLOW)
        busy = "setInterval(() => { const end = performance.now() + 300; while (performance.now() < end); }, 1500)"
        timer = await ann.page.evaluate(busy)
        await expect(tiles).to_have_count(9, timeout=SLOW)
        await ann.page.get_by_role("button", name="Show all").click()
        await expect(tiles).to_have_count(12, timeout=SLOW)
        await ann.page.evaluate(f"clearInterval({timer})")
