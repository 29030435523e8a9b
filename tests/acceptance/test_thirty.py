"""Thirty people in one call: two in browsers, the others by the engine's SDK, each with a picture that runs.

With PICTURES=<folder> the pages are photographed as well.
"""

import asyncio
import os
import re
from pathlib import Path

from livekit import rtc
from playwright.async_api import Browser, expect

from tests.acceptance.company import SLOW, choose, come, crowd, largest, tile
from tests.acceptance.test_stage import PICTURES, PLACES
from tests.people import Someone
from tests.platform import Guest, Platform, until

CROWD = 28
MOST = 25
DESK = {"width": 1440, "height": 900}


async def test_a_call_with_thirty_people_stays_usable(convene: Platform, chromium: Browser) -> None:
    room = await convene.room()
    async with crowd(convene, room, CROWD) as people:
        ann = await come(chromium, room["_links"]["host_url"]["href"], "Ann", viewport=DESK)
        ben = await come(chromium, room["_links"]["guest_url"]["href"], "Ben", scene=1, viewport=DESK)
        for guest in (ann, ben):
            await expect(guest.page.get_by_role("button", name="People, 30 here")).to_be_visible(timeout=SLOW)
        await _pages(ann)
        await _with_something_large(ann, people[0])
        await _voices(ann, people)
        await _each_other(ann, ben)
        await _leaving(ann, ben)


async def _pages(ann: Guest) -> None:
    """At most 25 pictures at a time, and everybody on one of the pages."""
    await until(lambda: drawn(ann, MOST), why="the first page has no pictures")
    first = await ann.page.evaluate(PLACES)
    assert len(first) == MOST
    assert await ann.page.evaluate(PICTURES) <= MOST
    await photographed(ann, "first")
    await ann.page.keyboard.press("PageDown")
    await expect(ann.page.get_by_text("2 of 2")).to_be_visible(timeout=SLOW)
    second = await ann.page.evaluate(PLACES)
    assert len({*first, *second}) == len(first) + len(second) == CROWD + 2
    await until(lambda: drawn(ann, len(second)), why="the second page has no pictures")
    await photographed(ann, "second")
    assert await ann.page.evaluate(PICTURES) <= len(second)
    await ann.page.get_by_role("button", name="Previous page").click()
    await expect(ann.page.get_by_text("1 of 2")).to_be_visible(timeout=SLOW)
    assert await ann.page.evaluate(PLACES) == first


async def _with_something_large(ann: Guest, sharer: Someone) -> None:
    """The most pictures hold, too, while a screen is shared or somebody is pinned, beside as many as there is room for."""
    await ann.page.set_viewport_size({"width": 2560, "height": 1440})  # room for all thirty
    await choose(ann, "Side by side")
    screen = rtc.VideoSource(320, 180)
    track = rtc.LocalVideoTrack.create_video_track("screen", screen)
    options = rtc.TrackPublishOptions(source=rtc.TrackSource.SOURCE_SCREENSHARE, simulcast=False)
    published = await sharer.room.local_participant.publish_track(track, options)
    large = f"Screen of {sharer.room.local_participant.name}"
    await until(lambda: _is_largest(ann, large), why="the shared screen is not large")
    await until(lambda: drawn(ann, MOST - 1), why="there are no pictures beside the shared screen")
    assert await ann.page.evaluate(PICTURES) <= MOST
    await sharer.room.local_participant.unpublish_track(published.sid)
    pinned = next(name for name in await ann.page.evaluate(PLACES) if name.startswith("Person"))
    await tile(ann, pinned).hover()
    await ann.page.get_by_role("button", name=f"Pin {pinned}").click()
    await until(lambda: _is_largest(ann, pinned), why="who is pinned is not large")
    await until(lambda: drawn(ann, MOST), why="there are no pictures beside who is pinned")
    assert await ann.page.evaluate(PICTURES) <= MOST
    await ann.page.get_by_role("button", name=f"Unpin {pinned}").click()
    await choose(ann, "Automatic")
    await ann.page.set_viewport_size(DESK)  # type: ignore[arg-type]
    await until(lambda: drawn(ann, MOST), why="the grid is not back")


async def _is_largest(guest: Guest, name: str) -> bool:
    return (await largest(guest)).startswith(name)


async def drawn(guest: Guest, count: int) -> bool:
    """Whether the pictures of so many of those on this page have been seen to run; the engine may pause some for a while."""
    return int(await guest.page.evaluate(RUN)) >= count


RUN = """async () => {
  const name = (tile) => tile.getAttribute('aria-label').split(',')[0];
  const tiles = [...document.querySelectorAll('.stage .tile')];
  const running = () => new Map(tiles.map((tile) => [name(tile), tile.querySelector('video')?.currentTime ?? 0]));
  const before = running();
  window.ran ??= new Set();
  await new Promise((done) => setTimeout(done, 1000));
  for (const [who, at] of running()) if (at > before.get(who)) window.ran.add(who);
  return tiles.filter((tile) => window.ran.has(name(tile))).length;
}"""


async def _voices(ann: Guest, people: list[Someone]) -> None:
    """Who speaks comes to the first page, and nobody else moves; who coughs does not."""
    first = await ann.page.evaluate(PLACES)
    outside = [person for person in people if person.room.local_participant.name not in first]
    assert len(outside) >= 3
    await asyncio.gather(*(person.open_microphone() for person in outside))
    *coughing, speaker = outside
    assert await _any_cough_unnoticed(ann, coughing, first)
    before = await ann.page.evaluate(PLACES)
    name = speaker.room.local_participant.name

    async def shown() -> bool:
        await speaker.speaks(1.5)
        return await tile(ann, name).count() > 0

    await until(shown, why="who speaks does not come forward")
    after = await ann.page.evaluate(PLACES)
    (gone,) = set(before) - set(after)
    assert after == {**{who: at for who, at in before.items() if who != gone}, name: before[gone]}


async def _any_cough_unnoticed(ann: Guest, people: list[Someone], before: dict[str, str]) -> bool:
    """Of several, since a machine that stumbles may draw one out until it is speech."""
    for person in people:
        await person.speaks(0.3)
        await asyncio.sleep(3)  # tiles change places every two seconds at most
        after = await ann.page.evaluate(PLACES)
        if after == before:
            return True
        before = after
    return False


async def _each_other(ann: Guest, ben: Guest) -> None:
    """What one browser does arrives in the other, and the page answers to clicks."""
    await ben.page.get_by_role("button", name="Raise hand").click()
    await expect(tile(ann, "Ben, muted, hand raised, number 1")).to_be_visible(timeout=SLOW)
    await ben.page.get_by_role("button", name="Turn microphone on").click()
    await expect(tile(ann, "Ben.*muted")).to_have_count(0, timeout=SLOW)
    await until(ann.hears, why="Ben is not heard")
    await ben.page.get_by_role("button", name="Turn microphone off").click()
    await expect(tile(ann, "Ben.*muted")).to_be_visible(timeout=SLOW)
    await ben.page.get_by_role("button", name="Chat").first.click()
    field = ben.page.get_by_role("textbox", name="Write to everyone")
    await field.fill("Thirty of us")
    await field.press("Enter")
    notices = ann.page.get_by_role("region", name="Notifications")
    await expect(notices.get_by_text("Ben: Thirty of us")).to_be_visible(timeout=SLOW)
    await ann.page.get_by_role("button", name="People, 30 here").click()
    listed = ann.page.get_by_role("complementary", name="People").get_by_text(re.compile(r"^Person \d\d$"))
    await expect(listed).to_have_count(CROWD, timeout=SLOW)
    await photographed(ann, "people")
    await ann.page.get_by_role("button", name="People, 30 here").click()
    await expect(listed).to_have_count(0, timeout=SLOW)


async def _leaving(ann: Guest, ben: Guest) -> None:
    await ben.page.get_by_role("button", name="Leave").first.click()
    await expect(ben.page.get_by_role("button", name="Rejoin")).to_be_visible(timeout=SLOW)
    await expect(ann.page.get_by_role("button", name="People, 29 here")).to_be_visible(timeout=SLOW)
    await ann.page.get_by_role("button", name="Leave").first.click()
    await ann.page.get_by_role("menuitem", name=re.compile("^Leave")).click()
    await expect(ann.page.get_by_role("button", name="Rejoin")).to_be_visible(timeout=SLOW)


async def photographed(guest: Guest, name: str) -> None:
    if folder := os.environ.get("PICTURES"):
        await guest.page.screenshot(path=Path(folder) / f"thirty-{name}.png")
