"""Firefox and Chromium in one meeting: whatever one does, the other sees and hears.

With PICTURES=<folder> Firefox's pages are photographed as well.
"""

import os
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, expect

from tests.acceptance.company import SLOW, tile
from tests.firefox import SPEAKERS, Firefox, Tab, firefox
from tests.platform import VOICES, Guest, Platform, until, visit


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def fox(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Firefox]:
    """One Firefox for all tests of this file."""
    async with firefox(tmp_path_factory.mktemp("firefox")) as made:
        yield made


def host_link(room: dict[str, Any]) -> str:
    return str(room["_links"]["host_url"]["href"])


def guest_link(room: dict[str, Any]) -> str:
    return str(room["_links"]["guest_url"]["href"])


async def comes(fox: Firefox, link: str, name: str) -> Tab:
    """Opens the link, says a name and clicks on Join; whatever follows."""
    tab = await fox.tab(link)
    await tab.click("textbox", "Your name")
    await tab.type(name)
    await tab.click("button", "Join")
    return tab


async def test_before_joining_firefox_says_what_is_blocked_and_then_lists_the_devices(
    convene: Platform, fox: Firefox
) -> None:
    tab = await fox.tab(guest_link(await convene.room()), devices="denied")
    await tab.shows("Your browser blocks camera and microphone for this page")
    await tab.shows("Click the crossed-out sign at the left of the address")
    await photographed(tab, "blocked")
    await tab.find("button", "Join")  # one may come in all the same
    await fox.answer("granted")
    await tab.click("button", "Try again")
    await until(lambda: tab.sees(1), why="the camera does not show in the preview")
    for kind in ("Microphone", "Camera"):
        listed = f"""[...document.querySelectorAll('.device-select')]
          .find((one) => one.textContent.startsWith('{kind}'))?.querySelector('select').selectedOptions[0]?.label ?? ''"""
        await until(lambda listed=listed: tab.evaluate(listed), why=f"no {kind} is listed")  # type: ignore[misc]
    await until(lambda: tab.evaluate(LEVEL), why="the level does not move")
    await photographed(tab, "preview")
    await tab.click("button", "Turn camera off")
    await tab.find("button", "Turn camera on")
    await until(lambda: tab.evaluate("document.querySelectorAll('video').length === 0"), why="the camera stays on")
    await tab.close()


LEVEL = "Number(document.querySelector('[role=meter]')?.getAttribute('aria-valuenow')) > 0"


async def test_each_sees_hears_and_answers_the_other(convene: Platform, fox: Firefox, chromium: Browser) -> None:
    room = await convene.room()
    hanna = await visit(chromium, host_link(room), "Hanna")
    fritz = await comes(fox, guest_link(room), "Fritz")
    for person in (hanna, fritz):
        await until(lambda person=person: person.sees(2), why="two pictures do not run")  # type: ignore[misc]
        await until(person.hears, why="no sound comes")
    await photographed(fritz, "call")
    await _microphone(hanna, fritz)
    await _chat(hanna, fritz)
    await _hand_and_reactions(hanna, fritz)
    await _share(hanna, fritz)
    await _speaker(fritz)
    await _windows(fritz)
    await _reload_and_leave(hanna, fritz)


async def _microphone(hanna: Guest, fritz: Tab) -> None:
    muted = tile(hanna, "Fritz.*muted")
    await fritz.click("button", "Turn microphone off")
    await expect(muted).to_be_visible(timeout=SLOW)
    await fritz.press("Control+d")
    await expect(muted).to_have_count(0, timeout=SLOW)
    await until(hanna.hears, why="who has unmuted himself is not heard")
    await fritz.press("Control+d")
    await expect(muted).to_be_visible(timeout=SLOW)
    # Push to talk.
    await fritz.evaluate("document.activeElement.blur()")
    await fritz.hold("Space")
    await expect(muted).to_have_count(0, timeout=SLOW)
    await fritz.release()
    await expect(muted).to_be_visible(timeout=SLOW)
    await hanna.page.get_by_role("button", name="Turn microphone off").click()
    await until(lambda: labelled(fritz, "Hanna, muted"), why="Firefox does not show who is muted")
    await hanna.page.get_by_role("button", name="Turn microphone on").click()
    await until(fritz.hears, why="Firefox does not hear who has unmuted herself")


async def _chat(hanna: Guest, fritz: Tab) -> None:
    await fritz.press("Control+Alt+c")
    await fritz.find("textbox", "Write to everyone")
    await fritz.type("Grüße aus Firefox")
    await fritz.press("Enter")
    await hanna.page.get_by_role("button", name="Chat").first.click()
    messages = hanna.page.get_by_role("log", name="Messages")
    await expect(messages).to_contain_text("Grüße aus Firefox", timeout=SLOW)
    field = hanna.page.get_by_role("textbox", name="Write to everyone")
    await field.fill("And from Chromium")
    await field.press("Enter")
    await fritz.shows("And from Chromium")
    await photographed(fritz, "chat")
    await fritz.press("Control+Alt+c")


async def _hand_and_reactions(hanna: Guest, fritz: Tab) -> None:
    await fritz.click("button", "Raise hand")
    await expect(tile(hanna, "Fritz.*hand raised, number 1")).to_be_visible(timeout=SLOW)
    await hanna.page.get_by_role("button", name="Raise hand").click()
    await until(lambda: labelled(fritz, "Hanna.*hand raised, number 2"), why="Firefox does not show the hand")
    await hanna.page.evaluate(NOTE_RISEN)
    await fritz.evaluate(NOTE_RISEN)
    await fritz.click("button", "Reactions")
    await fritz.click("button", "applause")
    await until(lambda: hanna.page.evaluate("risen.includes('👏')"), why="the reaction is not seen")
    await hanna.page.get_by_role("button", name="Reactions").click()
    await hanna.page.get_by_role("toolbar", name="Reactions").get_by_role("button", name="heart").click()
    await until(lambda: fritz.evaluate("risen.includes('❤️')"), why="Firefox does not show the reaction")
    await fritz.press("Escape")
    await hanna.page.keyboard.press("Escape")


NOTE_RISEN = """() => {
  window.risen = [];
  const note = () => window.risen.push(...[...document.querySelectorAll('.risen-sign')].map((one) => one.textContent));
  new MutationObserver(note).observe(document.body, { childList: true, subtree: true });
}"""


async def _share(hanna: Guest, fritz: Tab) -> None:
    await hanna.page.get_by_role("button", name="Share your screen").click()
    await until(lambda: labelled(fritz, "Screen of Hanna"), why="Firefox does not show the screen")
    await until(lambda: fritz.sees(3), why="the screen does not run in Firefox")
    await photographed(fritz, "share")
    await hanna.page.get_by_role("button", name="Stop sharing").first.click()
    await until(lambda: fritz.evaluate("!document.body.innerText.includes('Screen of Hanna')"), why="the screen stays")


async def _speaker(fritz: Tab) -> None:
    """What is heard goes where the person chooses."""
    await _choose(fritz, "Camera, microphone and speaker")
    await fritz.find("dialog", "Camera, microphone and speaker")
    outputs = f"[...{SPEAKER}.options].map((one) => one.label)"
    await until(lambda: fritz.evaluate(f"!!{SPEAKER}"), why="Firefox offers no speakers")
    assert set(SPEAKERS) <= set(await fritz.evaluate(outputs))
    await photographed(fritz, "devices")
    await fritz.evaluate(f"{SPEAKER}.focus()")
    await fritz.type(SPEAKERS[1][0])
    chosen = f"{SPEAKER}.selectedOptions[0].label"
    assert await fritz.evaluate(chosen) == SPEAKERS[1]
    sinks = f"{VOICES}.some((one) => one.sinkId === {SPEAKER}.value)"
    await until(lambda: fritz.evaluate(sinks), why="the sound stays where it was")
    await fritz.press("Escape")
    await until(fritz.hears, why="no sound on the other speaker")


SPEAKER = "[...document.querySelectorAll('.device-select')].find((one) => one.textContent.startsWith('Speaker'))?.querySelector('select')"


async def _windows(fritz: Tab) -> None:
    """Full screen, and the small window where this Firefox has one."""
    await _choose(fritz, "Full screen")
    await until(lambda: fritz.evaluate("document.fullscreenElement !== null"), why="no full screen")
    await _choose(fritz, "Leave full screen")
    await until(lambda: fritz.evaluate("document.fullscreenElement === null"), why="the full screen stays")
    await fritz.click("button", "More")
    await fritz.find("menuitem", "Full screen")
    offered = len(await fritz.found("menuitem", "Small window")) == 1
    assert offered == await fritz.evaluate("document.pictureInPictureEnabled === true")
    await fritz.press("Escape")


async def _choose(tab: Tab, item: str) -> None:
    """Chooses from the bar's menu "More"."""
    await tab.click("button", "More")
    await tab.click("menuitem", item)


async def _reload_and_leave(hanna: Guest, fritz: Tab) -> None:
    await fritz.reload()
    await fritz.click("button", "Join")
    for person in (hanna, fritz):
        await until(lambda person=person: person.sees(2), why="no pictures after the reload")  # type: ignore[misc]
    await fritz.click("button", "Leave")
    await expect(tile(hanna, "Fritz")).to_have_count(0, timeout=SLOW)
    await fritz.find("button", "Rejoin")
    await fritz.close()


async def test_firefox_waits_is_let_in_and_sees_the_end(convene: Platform, fox: Firefox, chromium: Browser) -> None:
    room = await convene.room(join_approval_level="explicit_approval")
    hanna = await visit(chromium, host_link(room), "Hanna")
    fritz = await comes(fox, guest_link(room), "Fritz")
    await fritz.shows("The host will let you in")
    await photographed(fritz, "waiting")
    await hanna.page.get_by_role("button", name=re.compile("^People")).click()
    await hanna.page.get_by_role("button", name="Admit Fritz").first.click(timeout=SLOW)
    for person in (hanna, fritz):
        await until(lambda person=person: person.sees(2), why="they do not see each other")  # type: ignore[misc]
    await hanna.page.get_by_role("button", name="Leave").first.click()
    await hanna.page.get_by_role("menuitem", name="End for everyone").click()
    await hanna.page.get_by_role("alertdialog").get_by_role("button", name="End for everyone").click()
    await fritz.shows("ended")
    await photographed(fritz, "ended")
    await fritz.close()


async def labelled(tab: Tab, pattern: str) -> bool:
    """Whether a tile in Firefox has a label that begins like this."""
    labels = await tab.evaluate("[...document.querySelectorAll('.stage [role=group]')].map((one) => one.ariaLabel)")
    return any(re.match(pattern, label) for label in labels)


async def photographed(tab: Tab, name: str) -> None:
    if folder := os.environ.get("PICTURES"):
        await tab.photograph(Path(folder) / f"firefox-{name}.png")
