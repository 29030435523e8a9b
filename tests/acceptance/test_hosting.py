"""What hosts and co-hosts can do about the others, seen and heard from the others' side; and what guests may not do.

With PICTURES=<folder> the pages are photographed as well.
"""

import asyncio
import os
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import numpy as np
from livekit import rtc
from playwright.async_api import Browser, Locator, Page, expect

from tests.acceptance.company import LISTEN, SCREEN, SLOW, come, heard, largest, microphone, tile, together
from tests.people import Someone, inside
from tests.platform import Guest, Platform, until

AXE = Path(__file__).parents[2] / "ui/node_modules/axe-core/axe.min.js"
BAND = {"width": 1280, "height": 800}
PHONE = {"width": 360, "height": 740}
DESK = {"width": 1440, "height": 900}


def guest_link(room: dict[str, Any]) -> str:
    return str(room["_links"]["guest_url"]["href"])


def host_link(room: dict[str, Any]) -> str:
    return str(room["_links"]["host_url"]["href"])


async def violations(guest: Guest) -> list[Any]:
    """What axe finds on the page as it is, and a mark when the focus is lost."""
    await guest.page.evaluate(AXE.read_text())
    found = await guest.page.evaluate("axe.run()")
    lost = await guest.page.evaluate("document.activeElement === document.body")
    return [(one["id"], one["nodes"][0]["html"]) for one in found["violations"]] + ["the focus is lost"] * lost


async def photographed(guest: Guest, name: str) -> None:
    """On a desk and on a phone, if pictures are wanted."""
    folder = os.environ.get("PICTURES")
    if not folder:
        return
    for size, suffix in ((DESK, "1440"), (PHONE, "360")):
        await guest.page.set_viewport_size(size)  # type: ignore[arg-type]
        await asyncio.sleep(0.7)
        await guest.page.screenshot(path=f"{folder}/{name}-{suffix}.png")
    await guest.page.set_viewport_size(BAND)  # type: ignore[arg-type]


def notices(guest: Guest) -> Locator:
    return guest.page.get_by_role("region", name="Notifications")


async def told(guest: Guest, text: str) -> None:
    """Waits until a notice was given, which was spoken too: it goes by itself, its words stay noted."""
    await until(lambda: heard(guest, text), why=f"never said: {text}")


async def joins(chromium: Browser, link: str, name: str, **options: Any) -> Guest:
    """Comes in, and notes from then on what is said."""
    guest = await come(chromium, link, name, viewport=BAND, **options)
    await guest.page.evaluate(LISTEN)
    return guest


def button(guest: Guest, name: str | re.Pattern[str]) -> Locator:
    return guest.page.get_by_role("toolbar", name="Call controls").get_by_role("button", name=name)


async def people(guest: Guest) -> Locator:
    """The panel of people, open."""
    panel = guest.page.get_by_role("complementary", name="People")
    if not await panel.count():
        await button(guest, re.compile("^People")).click()
    await expect(panel).to_be_visible(timeout=SLOW)
    return panel


async def act(host: Guest, name: str, item: str) -> None:
    """Chooses from a person's menu in the panel."""
    panel = await people(host)
    await panel.get_by_role("button", name=f"Actions for {name}").click()
    await host.page.get_by_role("menuitem", name=item, exact=True).click(timeout=SLOW)


async def switch(host: Guest, name: str, *, on: bool) -> None:
    """Allows or forbids guests something; until the room says so."""
    panel = host.page.get_by_role("complementary", name="Host tools")
    if not await panel.count():
        await button(host, "Host tools").click()
    one = panel.get_by_role("switch", name=name)
    await expect(one).to_be_checked(checked=not on, timeout=SLOW)
    await panel.get_by_text(name, exact=True).click()
    await expect(one).to_be_checked(checked=on, timeout=SLOW)


async def silent(guest: Guest) -> bool:
    """Whether nobody is heard, for some seconds."""
    return not await guest.hears()


@asynccontextmanager
async def humming(person: Someone) -> AsyncIterator[list[str]]:
    """A client that tries to publish a tone until it can, whatever it is told; what it was refused with."""
    refusals: list[str] = []
    source = rtc.AudioSource(48_000, 1)
    tone = (np.sin(np.arange(480) * 2 * np.pi * 500 / 48_000) * 12_000).astype(np.int16)

    async def hum() -> None:
        while True:
            await source.capture_frame(rtc.AudioFrame(tone.tobytes(), 48_000, 1, 480))

    async def insist() -> None:
        track = rtc.LocalAudioTrack.create_audio_track("forged", source)
        options = rtc.TrackPublishOptions(source=rtc.TrackSource.SOURCE_MICROPHONE)
        while True:
            try:
                await asyncio.wait_for(person.room.local_participant.publish_track(track, options), 5)
                return
            except Exception as refused:  # the engine refuses, in whatever words
                refusals.append(repr(refused))
            await asyncio.sleep(0.5)

    tasks = [asyncio.create_task(hum()), asyncio.create_task(insist())]
    try:
        yield refusals
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def test_mute_all_is_silence_and_nobody_is_switched_on_but_by_himself(
    convene: Platform, chromium: Browser
) -> None:
    room = await convene.room()
    hanna = await joins(chromium, host_link(room), "Hanna")
    ann = await joins(chromium, guest_link(room), "Ann", scene=1, muted=False, scripts=[SCREEN])
    ben = await joins(chromium, guest_link(room), "Ben", scene=2)
    await together(hanna, ann, ben)
    await until(ben.hears, why="Ann is not heard")
    await photographed(hanna, "people-none")

    await button(hanna, "Host tools").click()
    tools = hanna.page.get_by_role("complementary", name="Host tools")
    await expect(tools.get_by_text("Turning this off also mutes 1 person.")).to_be_visible(timeout=SLOW)
    assert await violations(hanna) == []
    await photographed(hanna, "host-tools")
    await tools.get_by_role("button", name="Mute everybody").click()
    await told(ann, "Hanna muted you. You can turn your microphone on again.")
    await expect(tile(ben, "Ann, muted")).to_be_visible(timeout=SLOW)
    await until(lambda: silent(ben), why="Ann is still heard")

    # Undone by asking; who is asked decides.
    await notices(hanna).get_by_role("button", name="Ask them to unmute").click()
    await told(ann, "Hanna asks you to unmute.")
    await photographed(ann, "asked")
    await notices(ann).get_by_role("button", name="Not now").click()
    await expect(notices(ann).get_by_text("Hanna asks you")).to_have_count(0, timeout=SLOW)
    assert await silent(ben)
    await act(hanna, "Ann", "Ask to unmute")
    await told(ann, "Hanna asks you to unmute.")
    await notices(ann).get_by_role("button", name="Unmute").focus()
    await ann.page.keyboard.press("Enter")
    await expect(tile(ben, "Ann, muted")).to_have_count(0, timeout=SLOW)
    await until(ben.hears, why="who has agreed is not heard")
    assert await violations(ann) == []
    await _one_by_one(hanna, ann, ben)


async def _one_by_one(hanna: Guest, ann: Guest, ben: Guest) -> None:
    """One person's microphone, camera and share are stopped: he reads who did it and what he may, the others see that they are off."""
    await act(hanna, "Ann", "Mute")
    await until(lambda: said_again(ann, "Hanna muted you. You can turn your microphone on again."), why="not told")
    await expect(tile(ben, "Ann, muted")).to_be_visible(timeout=SLOW)
    await until(lambda: silent(ben), why="who was muted is still heard")

    await expect(tile(ben, "Ann").locator("video")).to_have_count(1, timeout=SLOW)
    await act(hanna, "Ann", "Stop camera")
    await told(ann, "Hanna stopped your camera. You can turn it on again.")
    for other in (hanna, ben):
        await expect(tile(other, "Ann").get_by_text("A", exact=True)).to_be_visible(timeout=SLOW)
        await expect(tile(other, "Ann").locator("video")).to_have_count(0, timeout=SLOW)
    await button(ann, "Turn camera on").click()
    await expect(tile(ben, "Ann").locator("video")).to_have_count(1, timeout=SLOW)

    await button(ann, "Share your screen").click()
    screen = ben.page.get_by_role("group", name="Screen of Ann")
    await expect(screen).to_be_visible(timeout=SLOW)
    await until(ben.hears, why="the sound of the share is not heard")
    await act(hanna, "Ann", "Stop screen share")
    await told(ann, "Hanna stopped your screen share.")
    await expect(screen).to_have_count(0, timeout=SLOW)
    await until(lambda: silent(ben), why="the sound of the share goes on without its picture")
    assert await ann.page.evaluate("screen_shared.stream.getTracks().every((t) => t.readyState === 'ended')")
    await button(ann, "Share your screen").click()
    await expect(screen).to_be_visible(timeout=SLOW)


async def said_again(guest: Guest, text: str) -> bool:
    """Whether it was said twice at least."""
    return sum(text in said for said in await guest.page.evaluate("window.spoken")) > 1


async def test_what_is_forbidden_has_a_padlock_and_makes_no_sound(convene: Platform, chromium: Browser) -> None:
    room = await convene.room()
    hanna = await joins(chromium, host_link(room), "Hanna")
    ann = await joins(chromium, guest_link(room), "Ann", scene=1, muted=False)
    await together(hanna, ann)
    await until(hanna.hears, why="Ann is not heard")
    async with inside(convene, room, "Mallory") as (mallory,):
        await switch(hanna, "Turn their microphone on", on=False)
        reason = "Only hosts can turn their microphones on now."
        await told(ann, reason)
        mine = button(ann, "Turn microphone on")
        await expect(mine).to_have_attribute("aria-disabled", "true", timeout=SLOW)
        await mine.hover()
        await expect(mine.get_by_text(reason)).to_be_visible(timeout=SLOW)
        await photographed(ann, "padlock")
        await ann.page.mouse.move(5, 5)  # a tip is no part of the button's name
        await expect(mine.get_by_text(reason)).to_be_hidden(timeout=SLOW)
        assert await violations(ann) == []
        await mine.press("Enter")
        await ann.page.keyboard.press("Control+d")
        await expect(mine).to_have_attribute("aria-disabled", "true", timeout=SLOW)
        async with humming(mallory) as refusals:
            await until(lambda: _some(refusals), why="the forged call was not refused")
            assert await silent(hanna)
            await expect(tile(hanna, "Ann, muted")).to_be_visible(timeout=SLOW)
            await switch(hanna, "Turn their microphone on", on=True)
            await until(hanna.hears, why="what is allowed again is not heard")

    # Nobody is switched on but by himself.
    await told(ann, "You can turn your microphone on again.")
    await expect(mine).not_to_have_attribute("aria-disabled", "true", timeout=SLOW)
    await expect(tile(hanna, "Ann, muted")).to_be_visible(timeout=SLOW)
    await until(lambda: silent(hanna), why="the others have gone, and Ann is off")
    await microphone(ann, on=True)
    await until(hanna.hears, why="Ann is not heard although she may be")

    await button(ann, "Share your screen").click()
    await expect(hanna.page.get_by_role("group", name="Screen of Ann")).to_be_visible(timeout=SLOW)
    for deed in ("Share their screen", "Turn their camera on", "Send reactions"):
        await switch(hanna, deed, on=False)
    await expect(hanna.page.get_by_role("group", name="Screen of Ann")).to_have_count(0, timeout=SLOW)
    await until(lambda: _without_picture(hanna), why="Ann's camera is still seen")
    for name in ("Share your screen", "Turn camera on", "Reactions"):
        await expect(button(ann, name)).to_have_attribute("aria-disabled", "true", timeout=SLOW)
    await photographed(hanna, "host-tools-off")
    assert await violations(hanna) == []
    # Who becomes a co-host may all of it at once.
    await act(hanna, "Ann", "Make co-host")
    await told(ann, "You are a co-host now.")
    await told(hanna, "Ann is a co-host now.")
    for name in ("Share your screen", "Turn camera on", "Reactions"):
        await expect(button(ann, name)).not_to_have_attribute("aria-disabled", "true", timeout=SLOW)
    await button(ann, "Turn camera on").click()
    await until(lambda: hanna.sees(2), why="the co-host's camera is not seen")


async def _some(found: list[str]) -> bool:
    return bool(found)


async def _without_picture(guest: Guest) -> bool:
    return bool(await guest.page.evaluate("document.querySelectorAll('.stage video').length <= 1"))


async def test_the_spotlight_is_seen_by_all_but_a_pin_holds(convene: Platform, chromium: Browser) -> None:
    room = await convene.room()
    hanna = await joins(chromium, host_link(room), "Hanna")
    ben = await joins(chromium, guest_link(room), "Ben", scene=1)
    cleo = await joins(chromium, guest_link(room), "Cleo", scene=2)
    dora = await joins(chromium, guest_link(room), "Dora", scene=3)
    await together(hanna, ben, cleo, dora)
    await tile(ben, "Hanna").hover()
    await ben.page.get_by_role("button", name="Pin Hanna").click()
    await act(hanna, "Cleo", "Show large to everybody")
    await until(lambda: _largest(dora, "Cleo"), why="Dora does not see the spotlight")
    await told(cleo, "The host shows you large to everybody.")
    await expect(ben.page.get_by_text("The host shows Cleo")).to_be_visible(timeout=SLOW)
    assert (await largest(ben)).startswith("Hanna")
    await photographed(ben, "spotlight-pinned")
    assert await violations(ben) == []
    await ben.page.get_by_role("button", name="Show", exact=True).click()
    await until(lambda: _largest(ben, "Cleo"), why="Ben does not see whom the host shows")
    await act(hanna, "Cleo", "Stop showing large to everybody")
    await until(lambda: _largest(ben, "Hanna"), why="the pin was lost")
    await expect(tile(dora, "Cleo.*shown to everybody")).to_have_count(0, timeout=SLOW)


async def _largest(guest: Guest, name: str) -> bool:
    return (await largest(guest)).startswith(name)


async def test_a_cohost_admits_after_the_host_has_left_and_hands_stay_in_order(
    convene: Platform, chromium: Browser
) -> None:
    room = await convene.room(join_approval_level="explicit_approval")
    hanna = await joins(chromium, host_link(room), "Hanna")
    page = await asks(chromium, room, "Ben")
    await notices(hanna).get_by_role("button", name="Admit", exact=True).click(timeout=SLOW)
    ben = await admitted(page)
    await act(hanna, "Ben", "Make co-host")
    await told(ben, "You are a co-host now.")
    await expect(button(ben, "Host tools")).to_be_visible(timeout=SLOW)
    await expect((await people(hanna)).get_by_role("listitem").filter(has_text="Ben")).to_contain_text("Co-host")
    await button(ben, "Raise hand").click()
    await expect(tile(hanna, "Ben.*hand raised")).to_be_visible(timeout=SLOW)
    await photographed(hanna, "people-hand")
    assert await violations(hanna) == []
    await button(hanna, "Host tools").click()
    await hanna.page.get_by_role("button", name="Lower all hands").click()
    await told(ben, "The host has lowered your hand.")
    await expect(tile(hanna, "Ben.*hand raised")).to_have_count(0, timeout=SLOW)

    await button(hanna, "Leave").click()
    await hanna.page.get_by_role("menuitem", name="Leave (the meeting goes on)").click()
    cleo, dora = await asks(chromium, room, "Cleo"), await asks(chromium, room, "Dora")
    waiting = (await people(ben)).get_by_role("region", name=re.compile("waiting$"))
    await expect(waiting.get_by_role("listitem")).to_have_count(2, timeout=SLOW)
    await photographed(ben, "people-waiting")
    await waiting.get_by_role("button", name="Admit Cleo").click()
    await admitted(cleo)
    await waiting.get_by_role("button", name="Deny Dora").click()
    await expect(dora.get_by_role("heading", level=1)).to_contain_text("did not let you in", timeout=SLOW)


async def asks(chromium: Browser, room: dict[str, Any], name: str) -> Page:
    """Somebody who asks to come in."""
    context = await chromium.new_context(permissions=["camera", "microphone"], viewport=BAND)  # type: ignore[arg-type]
    page = await context.new_page()
    page.set_default_timeout(SLOW)
    await page.goto(guest_link(room))
    await page.get_by_label("Your name").fill(name)
    await page.get_by_role("button", name="Join", exact=True).click()
    return page


async def admitted(page: Page) -> Guest:
    await expect(page.get_by_role("toolbar", name="Call controls")).to_be_visible(timeout=SLOW)
    await page.evaluate(LISTEN)
    return Guest(page, page.context)


async def test_who_is_removed_stays_out_until_let_back_in(convene: Platform, chromium: Browser) -> None:
    room = await convene.room()
    hanna = await joins(chromium, host_link(room), "Hanna")
    ben = await joins(chromium, guest_link(room), "Ben", scene=1)
    await together(hanna, ben)
    await act(hanna, "Ben", "Remove from the meeting…")
    dialog = hanna.page.get_by_role("alertdialog", name="Remove Ben?")
    await expect(dialog.get_by_role("button", name="Cancel")).to_be_focused(timeout=SLOW)
    assert await violations(hanna) == []
    await photographed(hanna, "remove")
    await dialog.get_by_role("button", name="Remove").click()
    await expect(ben.page.get_by_role("heading", level=1)).to_contain_text("removed you", timeout=SLOW)
    await expect(button(hanna, "People, 1 here")).to_be_visible(timeout=SLOW)
    await ben.page.reload()
    await ben.page.get_by_role("button", name="Join", exact=True).click()
    await expect(ben.page.get_by_role("heading", level=1)).to_contain_text("removed you", timeout=SLOW)
    panel = await people(hanna)
    await photographed(hanna, "people-removed")
    await panel.get_by_role("button", name="Let Ben back in").click()
    await expect(panel.get_by_role("button", name="Let Ben back in")).to_have_count(0, timeout=SLOW)
    assert await violations(hanna) == []
    await ben.page.reload()
    await ben.page.get_by_role("button", name="Join", exact=True).click()
    await together(hanna, ben)

    # Removed, but not kept out: the way back is offered.
    await act(hanna, "Ben", "Remove from the meeting…")
    await dialog.get_by_label("Do not let them come back").uncheck()
    await dialog.get_by_role("button", name="Remove").click()
    await ben.page.get_by_role("button", name="Rejoin").click()
    await together(hanna, ben)


async def test_the_host_hands_over_and_the_new_one_ends_it_for_all(convene: Platform, chromium: Browser) -> None:
    room = await convene.room()
    hanna = await joins(chromium, host_link(room), "Hanna")
    ben = await joins(chromium, guest_link(room), "Ben", scene=1)
    cleo = await joins(chromium, guest_link(room), "Cleo", scene=2)
    await together(hanna, ben, cleo)
    await act(hanna, "Cleo", "Make co-host")
    await told(cleo, "You are a co-host now.")
    await button(hanna, "Leave").click()
    await photographed(hanna, "leave")
    await hanna.page.get_by_role("menuitem", name="Hand over and leave…").click()
    dialog = hanna.page.get_by_role("dialog", name="Hand over and leave")
    await expect(dialog.get_by_role("radio", name=re.compile("Cleo"))).to_be_checked(timeout=SLOW)
    assert await violations(hanna) == []
    await photographed(hanna, "hand-over")
    await dialog.get_by_role("radio", name="Ben").check()
    await dialog.get_by_role("button", name="Hand over and leave").click()
    await expect(hanna.page.get_by_role("heading", level=1)).to_contain_text("You left", timeout=SLOW)
    await told(ben, "You are the host now.")
    await act(ben, "Cleo", "Make guest again")
    await told(cleo, "You are a guest now.")
    await expect(button(cleo, "Host tools")).to_have_count(0, timeout=SLOW)
    await button(ben, "Leave").click()
    await ben.page.get_by_role("menuitem", name="End for everyone").click()
    end = ben.page.get_by_role("alertdialog", name="End the meeting for 2 people?")
    await expect(end.get_by_role("button", name="Cancel")).to_be_focused(timeout=SLOW)
    await photographed(ben, "end")
    await end.get_by_role("button", name="End for everyone").click()
    for person in (ben, cleo):
        await expect(person.page.get_by_role("heading", level=1)).to_contain_text("ended", timeout=SLOW)
