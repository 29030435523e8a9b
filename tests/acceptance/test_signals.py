"""Raised hands and reactions, and the keys of the call, as the others see and hear them."""

import asyncio
import contextlib
import json
import re
from pathlib import Path
from typing import Any

from playwright.async_api import Browser, expect

from tests.acceptance.company import LISTEN, OVERHEAR, SLOW, choose, come, heard, microphone, sounds, tile, together
from tests.people import Someone, inside
from tests.platform import Guest, Platform, until

AXE = Path(__file__).parents[2] / "ui/node_modules/axe-core/axe.min.js"


def guest_link(room: dict[str, Any]) -> str:
    return str(room["_links"]["guest_url"]["href"])


def host_link(room: dict[str, Any]) -> str:
    return str(room["_links"]["host_url"]["href"])


async def tell(person: Someone, signal: dict[str, Any] | str, to: list[str] | None = None) -> None:
    """What a page would send, or what nobody should."""
    payload = signal if isinstance(signal, str) else json.dumps(signal)
    await person.room.local_participant.publish_data(payload, topic="convene.signal", destination_identities=to or [])


async def test_hands_stand_in_their_order_also_for_who_comes_late(convene: Platform, chromium: Browser) -> None:
    room = await convene.room()
    hanna = await come(chromium, host_link(room), "Hanna")
    ben = await come(chromium, guest_link(room), "Ben", scene=1)
    cleo = await come(chromium, guest_link(room), "Cleo", scene=2)
    await together(hanna, ben, cleo)
    await hanna.page.evaluate(LISTEN)
    for person in (hanna, ben):
        await person.page.evaluate(OVERHEAR)

    await cleo.page.keyboard.press("Control+Alt+h")
    await expect(tile(hanna, "Cleo.*hand raised, number 1")).to_be_visible(timeout=SLOW)
    await ben.page.get_by_role("button", name="Raise hand").click()
    await expect(tile(hanna, "Ben.*hand raised, number 2")).to_be_visible(timeout=SLOW)
    await until(lambda: heard(hanna, "Hand raised", "Cleo"), why="the first hand was not spoken of")
    await until(lambda: heard(hanna, "Hand raised", "Ben"), why="the second hand was not spoken of")

    async def rung() -> bool:
        return await sounds(hanna) == 2

    await until(rung, why="the host was not rung at for each hand")
    assert await sounds(ben) == 0, "a guest was rung at"

    late = await come(chromium, guest_link(room), "Late", scene=3)
    await expect(tile(late, "Cleo.*hand raised, number 1")).to_be_visible(timeout=SLOW)
    await expect(tile(late, "Ben.*hand raised, number 2")).to_be_visible(timeout=SLOW)
    await late.page.get_by_role("button", name="Raise hand").click()
    for other in (hanna, cleo):
        await expect(tile(other, "Late.*hand raised, number 3")).to_be_visible(timeout=SLOW)

    # The host sees the order and lowers one; the other moves up for everybody.
    await hanna.page.get_by_role("button", name=re.compile("^People")).click()
    hands = hanna.page.get_by_role("region", name="Raised hands")
    order = [re.compile(name) for name in ("Cleo", "Ben", "Late")]
    await expect(hands.get_by_role("listitem")).to_have_text(order, timeout=SLOW)
    assert await violations(hanna) == []
    await hands.get_by_role("button", name="Lower hand: Cleo").click()
    await expect(cleo.page.get_by_role("button", name="Raise hand")).to_be_visible(timeout=SLOW)
    notices = cleo.page.get_by_role("region", name="Notifications")
    await expect(notices.get_by_text("The host has lowered your hand.")).to_be_visible(timeout=SLOW)
    for other in (hanna, cleo):
        await expect(tile(other, "Ben.*hand raised, number 1")).to_be_visible(timeout=SLOW)
        await expect(tile(other, "Late.*hand raised, number 2")).to_be_visible(timeout=SLOW)
    await expect(tile(late, "Ben.*hand raised, number 1")).to_be_visible(timeout=SLOW)
    for other in (hanna, late):
        await expect(tile(other, "Cleo.*hand raised")).to_have_count(0, timeout=SLOW)
    await expect(hands.get_by_role("listitem")).to_have_text(order[1:], timeout=SLOW)

    # Who leaves takes his hand along.
    await ben.page.get_by_role("button", name="Leave").click()
    await expect(tile(cleo, "Late.*hand raised, number 1")).to_be_visible(timeout=SLOW)
    await late.page.get_by_role("button", name="Lower hand").click()
    await expect(hands).to_have_count(0, timeout=SLOW)


async def violations(guest: Guest) -> list[Any]:
    await guest.page.evaluate(AXE.read_text())
    found = await guest.page.evaluate("axe.run()")
    return [(one["id"], one["nodes"][0]["html"]) for one in found["violations"]]


async def test_a_guest_has_no_power_over_others_hands(convene: Platform, chromium: Browser) -> None:
    room = await convene.room()
    async with inside(convene, room, "Mallory") as (mallory,):
        ann = await come(chromium, guest_link(room), "Ann")
        await ann.page.get_by_role("button", name="Raise hand").click()
        with contextlib.suppress(Exception):  # the engine refuses, in whatever words
            await asyncio.wait_for(mallory.room.local_participant.set_attributes({"role": "host"}), 10)
        await until(lambda: _others(mallory), why="they do not meet")
        raised = tile(ann, "Mallory.*hand raised")
        while not await raised.count():  # until both are so far that one hears the other
            await tell(mallory, {"hand": 1000})
            with contextlib.suppress(AssertionError):
                await expect(raised).to_be_visible(timeout=3000)
        await tell(mallory, {"lower": True})
        for nonsense in ("", "[]", "{", '{"hand": "up"}', '{"hand": -5}', '{"reaction": "<img src=x>"}', "x" * 5000):
            await tell(mallory, nonsense)
        await tell(mallory, {"hand": None})
        # What came before it has been heard and was not obeyed.
        await expect(raised).to_have_count(0, timeout=SLOW)
        await expect(ann.page.get_by_role("button", name="Lower hand")).to_be_visible(timeout=SLOW)
        await expect(ann.page.locator(".risen")).to_have_count(0, timeout=SLOW)


async def _others(person: Someone) -> bool:
    return len(person.room.remote_participants) > 0


async def test_reactions_are_seen_and_spoken_and_cannot_flood(convene: Platform, chromium: Browser) -> None:
    room = await convene.room()
    ann = await come(chromium, host_link(room), "Ann")
    ben = await come(chromium, guest_link(room), "Ben", scene=1)
    await together(ann, ben)
    await ann.page.evaluate(LISTEN)
    await ann.page.evaluate(COUNT_RISEN)
    await ben.page.get_by_role("button", name="Reactions").focus()
    await ben.page.keyboard.press("Enter")
    row = ben.page.get_by_role("toolbar", name="Reactions")
    await row.get_by_role("button", name="applause").click()
    await ben.page.keyboard.press("1")
    await until(lambda: heard(ann, "applause"), why="the reaction was not spoken of")
    await until(lambda: seen(ann, "👏", "👍"), why="the reactions were not seen")
    await ben.page.keyboard.press("Escape")
    await expect(row).to_have_count(0, timeout=SLOW)
    assert await ben.page.evaluate("document.activeElement.getAttribute('aria-label')") == "Reactions"

    async with inside(convene, room, "Flood") as (flood,):
        await until(lambda: _others(flood), why="they do not meet")
        while not await seen(ann, "🎉"):  # until both are so far that one hears the other
            for _ in range(60):
                await tell(flood, {"reaction": "🎉"})
            await asyncio.sleep(1)
        await tell(flood, {"hand": 0})  # beyond the limit as well
        assert await ann.page.evaluate("window.most") <= 10


# What rose over the stage, and how much of it at once at most.
COUNT_RISEN = """() => {
  window.risen = [];
  window.most = 0;
  new MutationObserver(() => {
    const now = [...document.querySelectorAll('.risen-sign')];
    window.most = Math.max(window.most, now.length);
    for (const one of now) if (!one.noted) { one.noted = true; window.risen.push(one.textContent); }
  }).observe(document.body, { childList: true, subtree: true });
}"""


async def seen(guest: Guest, *reactions: str) -> bool:
    return set(reactions) <= set(await guest.page.evaluate("window.risen"))


async def test_the_sheet_of_shortcuts_and_single_keys(convene: Platform, chromium: Browser) -> None:
    room = await convene.room()
    ann = await come(chromium, host_link(room), "Ann", muted=False)
    ben = await come(chromium, guest_link(room), "Ben", scene=1)
    await together(ann, ben)
    page = ann.page
    await page.keyboard.press("m")  # letters are for those who want them
    await page.keyboard.press("?")
    sheet = page.get_by_role("dialog", name="Keyboard shortcuts")
    await expect(sheet).to_be_visible(timeout=SLOW)
    await expect(sheet.get_by_text("Ctrl+Alt+H")).to_be_visible(timeout=SLOW)
    assert await violations(ann) == []
    await sheet.get_by_label("Single keys").select_option(label="Letters and ?")
    await page.keyboard.press("Escape")
    await expect(sheet).to_have_count(0, timeout=SLOW)
    await expect(page.get_by_role("button", name="Turn microphone off")).to_be_visible(timeout=SLOW)
    assert not await tile(ben, "Ann.*muted").count()
    await page.keyboard.press("m")
    await expect(tile(ben, "Ann.*muted")).to_be_visible(timeout=SLOW)
    await page.keyboard.press("h")
    await expect(tile(ben, "Ann.*hand raised, number 1")).to_be_visible(timeout=SLOW)

    await page.keyboard.press("?")
    await sheet.get_by_label("Single keys").select_option(label="None")
    await page.keyboard.press("Escape")
    await page.keyboard.press("h")
    await page.keyboard.press("?")
    await page.keyboard.press("Control+/")
    await expect(sheet).to_have_count(1, timeout=SLOW)
    await expect(tile(ben, "Ann.*hand raised, number 1")).to_be_visible(timeout=SLOW)


async def test_who_holds_space_is_heard_until_he_lets_go(convene: Platform, chromium: Browser) -> None:
    room = await convene.room()
    ann = await come(chromium, host_link(room), "Ann")
    ben = await come(chromium, guest_link(room), "Ben", scene=1)
    await together(ann, ben)
    await expect(tile(ben, "Ann, muted")).to_be_visible(timeout=SLOW)
    await ann.page.evaluate("document.activeElement.blur()")
    for end in ("keyup", "blur"):
        await ann.page.keyboard.down("Space")
        await expect(tile(ben, "Ann, muted")).to_have_count(0, timeout=SLOW)
        await until(ben.hears, why="who holds Space is not heard")
        if end == "blur":
            await ann.page.evaluate("window.dispatchEvent(new Event('blur'))")
        else:
            await ann.page.keyboard.up("Space")
        await expect(tile(ben, "Ann, muted")).to_be_visible(timeout=SLOW)
        await ann.page.keyboard.up("Space")

    # On a button Space is the button's, and does not open the microphone.
    await ann.page.get_by_role("button", name="Raise hand").focus()
    await ann.page.keyboard.press("Space")
    await expect(tile(ben, "Ann, muted, hand raised")).to_be_visible(timeout=SLOW)
    await microphone(ann, on=True)
    await expect(tile(ben, "Ann.*muted")).to_have_count(0, timeout=SLOW)


async def test_a_phone_has_hand_and_reactions_in_its_menu(convene: Platform, chromium: Browser) -> None:
    room = await convene.room()
    phone: dict[str, Any] = {"viewport": {"width": 360, "height": 640}, "has_touch": True, "is_mobile": True}
    ann = await come(chromium, guest_link(room), "Ann", **phone)
    ben = await come(chromium, host_link(room), "Ben", scene=1)
    await together(ann, ben)
    await ben.page.evaluate(COUNT_RISEN)
    await choose(ann, "Raise hand")
    await expect(tile(ben, "Ann.*hand raised, number 1")).to_be_visible(timeout=SLOW)
    await choose(ann, "Reactions")
    row = ann.page.get_by_role("toolbar", name="Reactions")
    await row.get_by_role("button", name="heart").click()
    await until(lambda: seen(ben, "❤️"), why="the reaction was not seen")
    box = await row.bounding_box()
    assert box and box["x"] >= 0 and box["x"] + box["width"] <= 360
    assert await ann.page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
