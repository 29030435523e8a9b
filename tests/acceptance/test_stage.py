"""The stage as people choose to see it: views, pins, pages of many, their own picture, several shared screens."""

import asyncio
import io
import json
import re
from typing import Any

import av
from livekit import rtc
from playwright.async_api import Browser, Locator, expect

from tests.acceptance.company import HIDE, SCREEN, SLOW, choose, come, crowd, largest, microphone, tile, together
from tests.people import Someone, inside
from tests.platform import VOICES, Guest, Platform, join, until


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


async def all_alike(guest: Guest, count: int = 3) -> bool:
    sizes = await guest.page.evaluate(
        "[...document.querySelectorAll('.stage .tile')].map((t) => `${t.clientWidth}×${t.clientHeight}`)"
    )
    return len(sizes) == count and len(set(sizes)) == 1


async def focused(guest: Guest) -> bool:
    return bool(await guest.page.evaluate("document.activeElement !== document.body"))


async def test_ones_own_picture_can_be_hidden_and_is_still_seen(convene: Platform, chromium: Browser) -> None:
    host, guest = links(await convene.room())
    ann = await come(chromium, host, "Ann", scripts=[FLAG])
    ben = await come(chromium, guest, "Ben", scene=1)
    await together(ann, ben)
    own = ann.page.locator(".stage video.mirrored")
    await expect(own).to_have_count(1, timeout=SLOW)
    await expect(ben.page.locator(".stage video:not(.mirrored)")).to_have_count(1, timeout=SLOW)
    await until(lambda: flown(ben, "Ann", "red", "blue"), why="the other sees it mirrored")
    await until(lambda: flown(ann, r"Ann \(you\)", "blue", "red"), why="one's own picture is not mirrored")
    await choose(ann, "Do not mirror my picture")
    await expect(own).to_have_count(0, timeout=SLOW)
    await until(lambda: flown(ann, r"Ann \(you\)", "red", "blue"), why="one's own picture is still mirrored")
    assert await flown(ben, "Ann", "red", "blue")
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


# A camera that sees a flag: red at the left, blue at the right.
FLAG = """(() => {
  const canvas = Object.assign(document.createElement('canvas'), { width: 640, height: 360 });
  const pen = canvas.getContext('2d');
  setInterval(() => ['#e01010', '#1010e0'].forEach((colour, i) => { pen.fillStyle = colour; pen.fillRect(i * 320, 0, 320, 360); }), 100);
  const media = navigator.mediaDevices;
  const { getUserMedia } = media;
  media.getUserMedia = async (wanted) => {
    const stream = await getUserMedia.call(media, wanted);
    return new MediaStream([...stream.getAudioTracks(), ...(wanted.video ? canvas.captureStream(10).getTracks() : [])]);
  };
})();"""


async def flown(guest: Guest, name: str, left: str, right: str) -> bool:
    """Whether a person's tile has these colours on the screen, left and right of its middle."""
    with av.open(io.BytesIO(await tile(guest, name).screenshot()), "r") as picture:
        pixels = next(picture.decode(video=0)).to_ndarray(format="rgb24").astype(int)
    height, width, _ = pixels.shape

    def colour(x: float) -> str:
        red, _, blue = pixels[height // 2, int(width * x)]
        return "red" if red > blue + 80 else "blue" if blue > red + 80 else "neither"

    return (colour(0.4), colour(0.6)) == (left, right)


async def test_of_many_one_page_is_drawn_and_who_has_something_to_say_comes_forward(
    convene: Platform, chromium: Browser
) -> None:
    room = await convene.room()
    host, _ = links(room)
    names = [f"Person {n:02}" for n in range(11)]
    async with inside(convene, room, *names, idle=True) as people:
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
    ben = await come(chromium, guest, "Ben", scene=1, scripts=[SCREEN])
    cleo = await come(chromium, guest, "Cleo", scene=2, scripts=[SCREEN])
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
    await expect(screen.get_by_role("status")).to_have_text("156%", timeout=SLOW)
    frame, picture = await screen.bounding_box(), await screen.locator("video").bounding_box()
    assert frame and picture
    assert abs(picture["width"] / frame["width"] - 1.5625) < 0.02
    left = picture["x"]
    await ann.page.keyboard.press("ArrowRight")
    moved = await screen.locator("video").bounding_box()
    assert moved and moved["x"] < left
    await ann.page.keyboard.press("0")
    await expect(screen.get_by_role("status")).to_have_text("100%", timeout=SLOW)
    await screen.dispatch_event("wheel", {"deltaY": -100, "ctrlKey": True, "bubbles": True, "cancelable": True})
    await expect(screen.get_by_role("status")).not_to_have_text("100%", timeout=SLOW)

    await ben.page.get_by_role("button", name="Stop sharing").first.click()
    await until(lambda: is_largest(ann, "Screen of Cleo"), why="the other share is not large when one ends")
    await cleo.page.get_by_role("button", name="Stop sharing").first.click()
    await until(lambda: all_alike(ann), why="the grid is not back")


async def test_a_share_beside_the_others_can_be_read_and_heard_until_the_browser_ends_it(
    convene: Platform, chromium: Browser
) -> None:
    """Side by side is one's own choice; of the share the small window shows the same; its end gives back what was there before."""
    room = await convene.room()
    host, guest = links(room)
    async with crowd(convene, room, 2):
        ann = await come(chromium, guest, "Ann", scripts=[SCREEN])
        ben = await come(chromium, host, "Ben", scene=1)
        await together(ann, ben)
        await choose(ben, "Side by side")
        await until(lambda: divided(ben), why="nobody is large beside a grid of the others")
        await until(lambda: all_alike(ann, 4), why="another's layout has changed ours")
        await ben.page.set_viewport_size({"width": 1000, "height": 800})
        await until(lambda: divided(ben, beside=False), why="without room for it the others are no strip")
        await ben.page.set_viewport_size({"width": 1280, "height": 800})
        await until(lambda: divided(ben), why="the choice is lost with the room for it")

        await until(lambda: tone(ben, 660, heard=False), why="nobody speaks, and there is a tone")
        await ann.page.get_by_role("button", name="Share your screen").click()
        await until(lambda: is_largest(ben, "Screen of Ann"), why="the shared screen is not large")
        await until(lambda: divided(ben), why="the others are not beside the shared screen")
        await until(lambda: tone(ben, 660), why="the sound of the shared screen is not heard")
        letters = await ann.page.evaluate(f"({EDGES})(screen_shared.canvas)")
        screen = ben.page.get_by_role("group", name="Screen of Ann", exact=True).locator("video")
        await until(lambda: sharp(screen, letters), why="small letters are not sharp")

        await choose(ben, "Small window")
        await until(lambda: in_the_small_window(ben, "Screen of Ann"), why="the small window does not show the screen")
        await tile(ben, "Person 01").hover()
        await ben.page.get_by_role("button", name="Pin Person 01").click()

        # The browser's own bar: the page hears of it by its track alone.
        await ann.page.evaluate(
            "screen_shared.stream.getVideoTracks().forEach((t) => { t.stop(); t.dispatchEvent(new Event('ended')); })"
        )
        await expect(ben.page.get_by_role("group", name="Screen of Ann")).to_have_count(0, timeout=SLOW)
        await expect(ann.page.get_by_role("button", name="Share your screen")).to_be_visible(timeout=SLOW)
        await until(lambda: tone(ben, 660, heard=False), why="the sound goes on without the picture")
        await until(lambda: is_largest(ben, "Person 01"), why="who is pinned is not large after the share")
        await until(lambda: in_the_small_window(ben, "Person 01"), why="the small window does not show who is pinned")
        await ben.page.get_by_role("button", name="Unpin Person 01").click()
        await until(lambda: divided(ben), why="the stage is not what it was before the share")
        await choose(ben, "Grid")
        await until(lambda: all_alike(ben, 4), why="the grid is not back")


async def divided(guest: Guest, *, beside: bool = True) -> bool:
    """Whether one is large, and the others are at its side: in three tenths of the width as a grid, or in a narrow strip."""
    share = await guest.page.evaluate(DIVIDED)
    return bool(share) and (0.27 < share < 0.31 if beside else share < 0.23)


# How much of the stage's width is for who is not large, if each of them is right of what is.
DIVIDED = """() => {
  const stage = document.querySelector('.stage').getBoundingClientRect();
  const tiles = [...document.querySelectorAll('.stage .tile')].map((t) => t.getBoundingClientRect());
  const large = tiles.reduce((a, b) => (a.width * a.height >= b.width * b.height ? a : b));
  const rest = tiles.filter((t) => t !== large);
  const place = document.querySelector('.at-side > :last-child');
  return rest.length >= 3 && rest.every((t) => t.left >= large.right) && place.getBoundingClientRect().width / stage.width;
}"""


async def tone(guest: Guest, hertz: int, *, heard: bool = True) -> bool:
    """Whether a tone of this pitch is the loudest of all that is played, or nothing is heard."""
    loudest = await guest.page.evaluate(LOUDEST)
    return abs(float(loudest) - hertz) < 30 if heard else loudest == 0


LOUDEST = (
    """async () => {
  const streams = """
    + VOICES
    + """.filter((a) => !a.muted && !a.paused).map((a) => a.srcObject);
  const context = (window.listening ??= new AudioContext());
  await context.resume();
  const meter = new AnalyserNode(context, { fftSize: 16384, smoothingTimeConstant: 0 });
  for (const stream of streams) context.createMediaStreamSource(stream).connect(meter);
  await new Promise((r) => setTimeout(r, 800));
  const sound = new Float32Array(meter.frequencyBinCount);
  meter.getFloatFrequencyData(sound);
  const top = sound.indexOf(Math.max(...sound));
  return sound[top] > -60 ? (top * context.sampleRate) / meter.fftSize : 0;
}"""
)


async def sharp(screen: Locator, letters: float) -> bool:
    """Whether the letters have most of the edges that they had where they were shared."""
    return float(await screen.evaluate(EDGES)) > 0.7 * letters


# How much neighbouring pixels of a picture differ on the average, in a line across it: blurred letters have lost it.
EDGES = """(picture) => {
  if ((picture.videoWidth ?? picture.width) !== 1280) return 0; // smaller than it was shared
  const canvas = Object.assign(document.createElement('canvas'), { width: 1280, height: 720 });
  const pen = canvas.getContext('2d');
  pen.drawImage(picture, 0, 0);
  const { data } = pen.getImageData(0, 0, canvas.width, canvas.height);
  let sum = 0;
  for (let at = 4; at < data.length; at += 4) sum += Math.abs(data[at + 1] - data[at - 3]);
  return sum / (data.length / 4);
}"""


async def in_the_small_window(guest: Guest, name: str) -> bool:
    """Whether the small window shows the picture of this tile."""
    return bool(
        await guest.page.get_by_role("group", name=re.compile(f"^{name}"))
        .locator("video")
        .evaluate(
            """(video) => {
              const track = (element) => element?.srcObject?.getVideoTracks()[0];
              return track(video) !== undefined && track(video) === track(document.pictureInPictureElement);
            }"""
        )
    )


async def test_no_tile_hangs_out_or_lies_over_another_at_any_width(convene: Platform, chromium: Browser) -> None:
    room = await convene.room()
    async with inside(convene, room, *(f"Person {n}" for n in range(6)), idle=True):
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
    ann = await come(chromium, host, "Ann", scripts=[AWAKE])
    ben = await come(chromium, guest, "Ben", scene=1)
    await together(ann, ben)
    await until(lambda: outside(ann, "locks.length === 1"), why="nothing keeps the machine's screen on")
    await ann.page.evaluate("locks[0].released = true")  # as a browser does when the page is hidden
    await ann.page.evaluate(HIDE, True)
    assert await outside(ann, "locks.length === 1")
    await ann.page.evaluate(HIDE, False)
    await until(lambda: outside(ann, "locks.length === 2"), why="the screen is not kept on any longer")
    await choose(ann, "Small window")
    await until(lambda: outside(ann, "document.pictureInPictureElement?.videoWidth > 16"), why="no small window")
    await choose(ann, "Close the small window")
    await until(lambda: outside(ann, "document.pictureInPictureElement === null"), why="the small window stays")
    await ann.page.keyboard.press("Control+Alt+f")
    await until(lambda: outside(ann, "document.fullscreenElement !== null"), why="no full screen")
    await choose(ann, "Leave full screen")
    await until(lambda: outside(ann, "document.fullscreenElement === null"), why="the full screen stays")
    assert not await outside(ann, "locks[1].released")
    await ann.page.get_by_role("button", name="Leave").click()
    await ann.page.get_by_role("menuitem", name="Leave (the meeting goes on)").click()
    await until(lambda: outside(ann, "locks[1].released"), why="the screen is kept on after the call")


# The requests to keep the screen on.
AWAKE = """
window.locks = [];
const lock = () => ({ released: false, release: async function () { this.released = true; } });
Object.defineProperty(navigator, 'wakeLock', { value: { request: async () => locks[locks.push(lock()) - 1] } });
"""


async def outside(guest: Guest, condition: str) -> bool:
    return bool(await guest.page.evaluate(condition))
