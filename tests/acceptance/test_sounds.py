"""Who comes and goes, as somebody who is in already sees and hears it; and the voice of one who is muted."""

from typing import Any

from playwright.async_api import Browser, Page, expect

from tests.acceptance.company import LISTEN, choose, come, heard, tile
from tests.acceptance.test_chat import guest_url
from tests.people import inside
from tests.platform import Guest, Platform, join, until

SLOW = 60_000
CAME = [523.25, 659.25]
# Each note that the page plays.
NOTES = """
window.notes = [];
const make = AudioContext.prototype.createOscillator;
AudioContext.prototype.createOscillator = function () {
  const tone = make.call(this);
  const start = tone.start;
  tone.start = function (...when) { notes.push(Math.round(tone.frequency.value * 100) / 100); return start.apply(tone, when); };
  return tone;
};
"""


async def listening(chromium: Browser, room: dict[str, Any], name: str) -> Guest:
    context = await chromium.new_context(permissions=["camera", "microphone"], viewport={"width": 1280, "height": 800})
    context.set_default_timeout(SLOW)
    await context.add_init_script(NOTES)
    guest = Guest(await context.new_page(), context)
    await guest.page.goto(guest_url(room))
    await join(guest, name)
    return guest


async def notes(page: Page) -> list[float]:
    return await page.evaluate("window.notes")  # type: ignore[no-any-return]


async def test_who_comes_is_shown_and_heard_until_sounds_are_switched_off(convene: Platform, chromium: Browser) -> None:
    room = await convene.room()
    gustav = await listening(chromium, room, "Gustav")
    notices = gustav.page.get_by_role("region", name="Notifications")
    assert await notes(gustav.page) == [], "nobody hears himself come"
    async with inside(convene, room, "Ann", idle=True):
        await expect(notices).to_contain_text("Ann joined", timeout=SLOW)
        await until(lambda: sounded(gustav.page, CAME), why="no sound")
    await expect(notices).to_contain_text("Ann left", timeout=SLOW)
    await choose(gustav, "Camera, microphone and speaker")
    switch = gustav.page.get_by_role("dialog").get_by_role("switch", name="Sounds")
    await expect(switch).to_be_checked(timeout=SLOW)
    await switch.focus()
    await gustav.page.keyboard.press("Space")
    await expect(switch).not_to_be_checked()
    await gustav.page.keyboard.press("Escape")
    before = await notes(gustav.page)
    async with inside(convene, room, "Ben", idle=True):
        await expect(notices).to_contain_text("Ben joined", timeout=SLOW)
        assert await notes(gustav.page) == before
        # The choice is one of this browser's, not of this meeting.
        assert await gustav.page.evaluate("JSON.parse(localStorage.getItem('convene.choices')).sounds") is False
        await gustav.page.reload()
        await join(gustav, "Gustav")
        async with inside(convene, room, "Cleo", idle=True):
            await expect(notices).to_contain_text("Cleo joined", timeout=SLOW)
            assert await notes(gustav.page) == []


async def sounded(page: Page, wanted: list[float]) -> bool:
    played = await notes(page)
    return all(note in played for note in wanted)


async def test_who_talks_while_muted_is_reminded_and_nobody_hears_him(convene: Platform, chromium: Browser) -> None:
    room = await convene.room()
    async with inside(convene, room, "Ann", idle=True):
        # He speaks without a pause, and has muted himself.
        gustav = await come(chromium, guest_url(room), "Gustav")
        await gustav.page.evaluate(LISTEN)
        ben = await come(chromium, guest_url(room), "Ben", muted=False, scene=1)
        hint = gustav.page.get_by_role("region", name="Notifications").locator(".toast", has_text="You are muted")
        await expect(hint).to_contain_text("Hold Space to talk", timeout=SLOW)
        assert await heard(gustav, "You are muted")
        await expect(tile(ben, "Gustav, muted")).to_be_visible(timeout=SLOW)
        assert not await ben.hears(), "what is listened to here is sent nowhere"
        await expect(ben.page.get_by_text("You are muted")).to_have_count(0)
        await hint.get_by_role("button", name="Unmute").click()
        await expect(hint).to_have_count(0)
        await until(ben.hears, why="he is not heard")
