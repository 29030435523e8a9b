"""The stage as people choose to see it: views, pins, pages of many, their own picture, several shared screens."""

import asyncio
import json
import re
from typing import Any

from livekit import rtc
from playwright.async_api import Browser, expect

from tests.acceptance.company import SLOW, choose, come, largest, microphone, tile, together
from tests.people import Someone, inside
from tests.platform import Guest, Platform, join, until


def links(room: dict[str, Any]) -> tuple[str, str]:
    return room["_links"]["host_url"]["href"], room["_links"]["guest_url"]["href"]


async def test_who_speaks_is_large_and_a_pin_is_ones_own(convene: Platform, chromium: Browser) -> None:
    host, guest = links(await convene.room())
    ann = await come(chromium, host, "Ann")
    ben = await come(chromium, guest, "Ben", scene=1, muted=False)
    cleo = await come(chromium, guest, "Cleo", scene=2)
    await together(ann, ben, cleo)
    await choose(ann, "Speaker")
    await until(lambda: is_largest(ann, "Ben"), why="the speaker is not large")
    await microphone(ben, on=False)
    await microphone(cleo, on=True)
    await until(lambda: is_largest(ann, "Cleo"), why="the next speaker is not large")

    # A pin is stronger than the speaker, and nobody else's.
    await tile(ann, "Ben").hover()
    await ann.page.get_by_role("button", name="Pin Ben").click()
    await until(lambda: is_largest(ann, "Ben, pinned", "Ben, muted, pinned"), why="who is pinned is not large")
    await until(lambda: all_alike(cleo), why="another's pin has changed the grid")

    # By keyboard: from tile to tile with the arrows, the menu with Enter.
    stage = ann.page.get_by_role("region", name="People and screens")
    await ann.page.get_by_role("button", name="More").focus()
    for _ in range(4):
        await ann.page.keyboard.press("F6")
        if await stage.evaluate(HOLDS_FOCUS):
            break
    for key in ("ArrowLeft", "ArrowUp") * 4:
        if await tile(ann, "Ben").evaluate(HOLDS_FOCUS):
            break
        await ann.page.keyboard.press(key)
    assert await tile(ann, "Ben").evaluate(HOLDS_FOCUS)
    await ann.page.keyboard.press("Enter")
    await ann.page.get_by_role("menuitem", name="Unpin").click()
    await expect(stage.get_by_role("group", name="pinned")).to_have_count(0, timeout=SLOW)
    await until(lambda: focused(ann), why="the focus was lost with its tile")

    # Somebody who leaves takes his pin along.
    await tile(ann, "Ben").hover()
    await ann.page.get_by_role("button", name="Pin Ben").click()
    await ben.page.get_by_role("button", name="Leave").click()
    await until(lambda: is_largest(ann, "Cleo"), why="the place of who left is not filled")
    assert await ann.page.evaluate("localStorage.getItem('convene.choices')") is not None


async def is_largest(guest: Guest, *names: str) -> bool:
    return (await largest(guest)).startswith(names)


async def all_alike(guest: Guest) -> bool:
    sizes = await guest.page.evaluate(
        "[...document.querySelectorAll('.stage .tile')].map((t) => `${t.clientWidth}×${t.clientHeight}`)"
    )
    return len(sizes) == 3 and len(set(sizes)) == 1


async def focused(guest: Guest) -> bool:
    return bool(await guest.page.evaluate("document.activeElement !== document.body"))


async def test_ones_own_picture_can_be_hidden_and_is_still_seen(convene: Platform, chromium: Browser) -> None:
    host, guest = links(await convene.room())
    ann = await come(chromium, host, "Ann")
    ben = await come(chromium, guest, "Ben", scene=1)
    await together(ann, ben)
    own = ann.page.locator(".stage video.mirrored")
    await expect(own).to_have_count(1, timeout=SLOW)
    await expect(ben.page.locator(".stage video:not(.mirrored)")).to_have_count(1, timeout=SLOW)
    await choose(ann, "Do not mirror my picture")
    await expect(own).to_have_count(0, timeout=SLOW)
    await choose(ann, "Hide my picture from me")
    await expect(tile(ann, r"Ann \(you\)")).to_have_count(0, timeout=SLOW)
    await expect(ann.page.get_by_role("img", name="Others see you")).to_be_visible(timeout=SLOW)
    await until(lambda: ben.sees(2), why="who hides his picture from himself is not seen any more")

    # The choice is remembered for the next time.
    await ann.page.reload()
    await join(ann, "Ann")
    await until(lambda: ann.sees(1), why="the other is not seen again")
    await expect(tile(ann, r"Ann \(you\)")).to_have_count(0, timeout=SLOW)
    await choose(ann, "Show me my picture")
    await expect(tile(ann, r"Ann \(you\)")).to_have_count(1, timeout=SLOW)
    await expect(own).to_have_count(0, timeout=SLOW)


async def test_of_many_one_page_is_drawn_and_who_has_something_to_say_comes_forward(
    convene: Platform, chromium: Browser
) -> None:
    room = await convene.room()
    host, _ = links(room)
    names = [f"Person {n:02}" for n in range(11)]
    async with inside(convene, room, *names) as people:
        await asyncio.gather(*(show_a_picture(one) for one in people))
        ann = await come(chromium, host, "Ann", viewport={"width": 400, "height": 360})  # a page of few
        await expect(ann.page.get_by_text(re.compile(r"^1 of \d$"))).to_be_visible(timeout=SLOW)
        before = await ann.page.evaluate(PLACES)
        await until(lambda: pictures(ann, len(before) - 1), why="the first page has no pictures")
        assert await ann.page.evaluate(PICTURES) <= len(before)
        outside = [name for name in names if name not in before]
        assert len(before) + len(outside) == 12
        last = next(one for one in people if one.room.local_participant.name == outside[-1])

        await tell(last, {"hand": 0})
        await expect(tile(ann, outside[-1])).to_be_visible(timeout=SLOW)
        after = await ann.page.evaluate(PLACES)
        gone = set(before) - set(after)
        assert len(gone) == 1
        assert after == {**{n: at for n, at in before.items() if n not in gone}, outside[-1]: before[gone.pop()]}
        assert await ann.page.evaluate(PICTURES) <= len(before)

        await ann.page.keyboard.press("PageDown")
        await expect(ann.page.get_by_text(re.compile(r"^2 of \d$"))).to_be_visible(timeout=SLOW)
        await expect(tile(ann, outside[0])).to_be_visible(timeout=SLOW)
        await expect(tile(ann, r"Ann \(you\)")).to_have_count(0, timeout=SLOW)
        await choose(ann, "Speaker")
        await until(lambda: pictures(ann, 3), why="the strip has no pictures")
        assert await ann.page.evaluate(PICTURES) < 12


HOLDS_FOCUS = "element => element.contains(document.activeElement)"
PICTURES = "[...document.querySelectorAll('.stage video')].filter((v) => v.srcObject).length"
PLACES = """() => Object.fromEntries([...document.querySelectorAll('.stage li')].map((li) => [
  li.querySelector('.name')?.textContent ?? li.querySelector('[role=group]').getAttribute('aria-label').split(',')[0],
  li.style.transform,
]))"""


async def pictures(guest: Guest, least: int) -> bool:
    return int(await guest.page.evaluate(PICTURES)) >= least


async def show_a_picture(person: Someone) -> None:
    track = rtc.LocalVideoTrack.create_video_track("camera", rtc.VideoSource(160, 90))
    options = rtc.TrackPublishOptions(source=rtc.TrackSource.SOURCE_CAMERA, simulcast=False)
    await person.room.local_participant.publish_track(track, options)


async def tell(person: Someone, signal: dict[str, Any]) -> None:
    await person.room.local_participant.publish_data(json.dumps(signal), topic="convene.signal")


async def test_two_shared_screens_and_a_closer_look(convene: Platform, chromium: Browser) -> None:
    host, guest = links(await convene.room())
    ann = await come(chromium, host, "Ann")
    ben = await come(chromium, guest, "Ben", scene=1)
    cleo = await come(chromium, guest, "Cleo", scene=2)
    await together(ann, ben, cleo)
    await ben.page.get_by_role("button", name="Share your screen").click()
    await until(lambda: is_largest(ann, "Screen of Ben"), why="the shared screen is not large")
    await expect(tile(ann, "Ben, muted, shares a screen")).to_be_visible(timeout=SLOW)
    await cleo.page.get_by_role("button", name="Share your screen").click()
    await until(lambda: is_largest(ann, "Screen of Cleo"), why="the newest share is not large")

    tabs = ann.page.get_by_role("group", name="Shared screens")
    await tabs.get_by_role("button", name="Screen of Ben").focus()
    await ann.page.keyboard.press("Enter")
    await until(lambda: is_largest(ann, "Screen of Ben"), why="one cannot choose between two shares")

    # Who shares and looks at another's screen is told that he still does.
    sign = ben.page.get_by_text("You are sharing your screen")
    await expect(sign).to_be_visible(timeout=SLOW)
    await until(lambda: is_largest(ben, "Screen of Cleo"), why="the sharer does not see the other share")

    screen = ann.page.get_by_role("group", name="Screen of Ben", exact=True)
    await screen.focus()
    for _ in range(2):
        await ann.page.keyboard.press("+")
    await expect(screen.get_by_role("status")).to_have_text("156 %", timeout=SLOW)
    frame, picture = await screen.bounding_box(), await screen.locator("video").bounding_box()
    assert frame and picture
    assert abs(picture["width"] / frame["width"] - 1.5625) < 0.02
    left = picture["x"]
    await ann.page.keyboard.press("ArrowRight")
    moved = await screen.locator("video").bounding_box()
    assert moved and moved["x"] < left
    await ann.page.keyboard.press("0")
    await expect(screen.get_by_role("status")).to_have_text("100 %", timeout=SLOW)
    await screen.dispatch_event("wheel", {"deltaY": -100, "ctrlKey": True, "bubbles": True, "cancelable": True})
    await expect(screen.get_by_role("status")).not_to_have_text("100 %", timeout=SLOW)

    await ben.page.get_by_role("button", name="Stop sharing").first.click()
    await until(lambda: is_largest(ann, "Screen of Cleo"), why="the other share is not large when one ends")
    await cleo.page.get_by_role("button", name="Stop sharing").first.click()
    await until(lambda: all_alike(ann), why="the grid is not back")


async def test_no_tile_hangs_out_or_lies_over_another_at_any_width(convene: Platform, chromium: Browser) -> None:
    room = await convene.room()
    async with inside(convene, room, *(f"Person {n}" for n in range(6))):
        ann = await come(chromium, links(room)[0], "Ann")
        await expect(ann.page.get_by_role("button", name="People, 7 here")).to_be_visible(timeout=SLOW)
        for view in ("Grid", "Speaker"):
            await choose(ann, view)
            for width in range(1920, 359, -156):
                await ann.page.set_viewport_size({"width": width, "height": 740})
                await until(lambda: tidy(ann), why=f"tiles are not tidy at {width} pixels in the view {view}")


async def tidy(guest: Guest) -> bool:
    return bool(await guest.page.evaluate(TIDY))


TIDY = """() => {
  const stage = document.querySelector('.stage').getBoundingClientRect();
  const all = [...document.querySelectorAll('.stage .tile')].map((t) => t.getBoundingClientRect());
  const inside = (r) => r.left >= stage.left - 1 && r.right <= stage.right + 1 && r.top >= stage.top - 1 && r.bottom <= stage.bottom + 1;
  const apart = (a, b) => a.right <= b.left + 1 || b.right <= a.left + 1 || a.bottom <= b.top + 1 || b.bottom <= a.top + 1;
  return all.length > 1 && all.every(inside) && all.every((a, i) => all.slice(i + 1).every((b) => apart(a, b)))
    && document.documentElement.scrollWidth <= innerWidth;
}"""


async def test_the_small_window_and_the_full_screen(convene: Platform, chromium: Browser) -> None:
    host, guest = links(await convene.room())
    ann = await come(chromium, host, "Ann")
    ben = await come(chromium, guest, "Ben", scene=1)
    await together(ann, ben)
    await choose(ann, "Small window")
    await until(lambda: outside(ann, "document.pictureInPictureElement?.videoWidth > 16"), why="no small window")
    await choose(ann, "Close the small window")
    await until(lambda: outside(ann, "document.pictureInPictureElement === null"), why="the small window stays")
    await ann.page.keyboard.press("Control+Alt+f")
    await until(lambda: outside(ann, "document.fullscreenElement !== null"), why="no full screen")
    await choose(ann, "Leave full screen")
    await until(lambda: outside(ann, "document.fullscreenElement === null"), why="the full screen stays")


async def outside(guest: Guest, condition: str) -> bool:
    return bool(await guest.page.evaluate(condition))
