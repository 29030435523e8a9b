"""Browsers with a drawn camera and a voice that can be told apart from silence, for tests of what others see."""

import asyncio
import re
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from itertools import cycle
from pathlib import Path
from typing import Any

from livekit import rtc
from playwright.async_api import Browser, Locator, expect

from tests.people import Someone, inside
from tests.platform import Guest, Platform, join, until
from tests.publish import Encoded, encoded, encoded_frame, encoded_options

CAMERA = Path(__file__).with_name("camera.js")
SCREEN = Path(__file__).with_name(
    "screen.js"
)  # shares a page of small letters and a tone, where Chromium's own has no sound
DESK = {"width": 1280, "height": 800}
SLOW = 60_000
RATE = 5
# What a page notices of being put into the background, and of being seen again.
HIDE = """hidden => {
  Object.defineProperty(document, 'hidden', { value: hidden, configurable: true });
  document.dispatchEvent(new Event('visibilitychange'));
}"""


async def come(
    chromium: Browser,
    link: str,
    name: str,
    *,
    scene: int = 0,
    muted: bool = True,
    scripts: Sequence[str | Path] = (),
    **options: Any,
) -> Guest:
    """Joins by a link with a drawn picture; who is not muted speaks without a pause. `scripts` run in the page before its own."""
    context = await chromium.new_context(permissions=["camera", "microphone"], **{"viewport": DESK, **options})
    context.set_default_timeout(SLOW)
    await context.add_init_script(f"window.scene = {scene};")
    for script in (CAMERA, *scripts):
        await context.add_init_script(**({"path": script} if isinstance(script, Path) else {"script": script}))
    guest = Guest(await context.new_page(), context)
    await guest.page.goto(link)
    await join(guest, name)
    if muted:
        await microphone(guest, on=False)
    return guest


@asynccontextmanager
async def crowd(
    convene: Platform, room: dict[str, Any], count: int, *, rate: int = RATE, seconds: int = 1
) -> AsyncIterator[list[Someone]]:
    """So many people with pictures, until the block ends: one small loop, encoded once, for all of them.

    `rate`: pictures a second. The loop is so many `seconds` long and begins with a key frame: who comes late sees it after one loop.
    """
    loop = encoded(0, 180)[: rate * seconds]
    names = [f"Person {n:02}" for n in range(count)]
    async with inside(convene, room, *names, idle=True) as people:
        cameras = [rtc.EncodedVideoSource(320, 180) for _ in people]
        for person, camera in zip(people, cameras, strict=True):
            track = rtc.LocalVideoTrack.create_video_track("camera", camera)
            options = encoded_options(rtc.TrackSource.SOURCE_CAMERA, 200_000)
            await person.room.local_participant.publish_track(track, options)
        filming = asyncio.create_task(film(cameras, loop, rate))
        try:
            yield people
        finally:
            filming.cancel()
            with suppress(asyncio.CancelledError):
                await filming


async def film(cameras: list[rtc.EncodedVideoSource], loop: Encoded, rate: int) -> None:
    """So many pictures a second for everybody, one person after the other."""
    clock = asyncio.get_running_loop().time
    for data, key in cycle(loop):
        for camera in cameras:
            camera.capture_frame(encoded_frame(data, key, 320, 180, clock()))
            await asyncio.sleep(1 / rate / len(cameras))


async def microphone(guest: Guest, *, on: bool) -> None:
    """Switches the microphone by its button."""
    bar = guest.page.get_by_role("toolbar", name="Call controls")
    await bar.get_by_role("button", name=f"Turn microphone {'on' if on else 'off'}").click()
    await expect(bar.get_by_role("button", name=f"Turn microphone {'off' if on else 'on'}")).to_be_visible(timeout=SLOW)


async def together(*people: Guest) -> None:
    """Waits until each sees everybody's picture run."""
    for person in people:
        await until(lambda person=person: person.sees(len(people)), why="the pictures do not run")  # type: ignore[misc]


def tile(guest: Guest, name: str) -> Locator:
    """The tile of a person, by the beginning of its label."""
    return guest.page.get_by_role("region", name="People and screens").get_by_role("group", name=re.compile(f"^{name}"))


async def choose(guest: Guest, item: str) -> None:
    """Chooses from the bar's menu "More"."""
    page = guest.page
    await page.get_by_role("toolbar", name="Call controls").get_by_role("button", name="More").click()
    entry = page.get_by_role("menuitem", name=item, exact=True)
    await entry.or_(page.get_by_role("menuitemradio", name=item, exact=True)).click(timeout=SLOW)


async def largest(guest: Guest) -> str:
    """The label of the largest tile."""
    return str(await guest.page.evaluate(LARGEST))


LARGEST = """() => [...document.querySelectorAll('.stage .tile')]
  .reduce((a, b) => (a.clientWidth * a.clientHeight >= b.clientWidth * b.clientHeight ? a : b)).getAttribute('aria-label') ?? ''"""


async def heard(guest: Guest, *words: str) -> bool:
    """Whether a screen reader was given a sentence with these words."""
    return any(all(word in text for word in words) for text in await guest.page.evaluate("window.spoken"))


async def sounds(guest: Guest) -> int:
    """How many of the page's own sounds were heard since `OVERHEAR`; an element that plays silence is none."""
    return int(await guest.page.evaluate("window.overheard.filter((loudest) => loudest > 0.01).length"))


# What the page plays besides the others' voices, and how loud each was.
OVERHEAR = """() => {
  window.overheard = [];
  const { play } = HTMLMediaElement.prototype;
  HTMLMediaElement.prototype.play = function () {
    if (this instanceof HTMLAudioElement && !this.isConnected && this.srcObject) {
      const context = new AudioContext();
      const meter = new AnalyserNode(context, { fftSize: 32768 });
      context.createMediaStreamSource(this.srcObject).connect(meter);
      const at = window.overheard.push(0) - 1;
      const data = new Float32Array(32768);
      const measure = () => {
        meter.getFloatTimeDomainData(data);
        window.overheard[at] = Math.max(window.overheard[at], this.muted || this.paused ? 0 : Math.max(...data.map(Math.abs)));
      };
      const timer = setInterval(measure, 100);
      setTimeout(() => { clearInterval(timer); void context.close(); }, 1500);
    }
    return play.call(this);
  };
}"""


# Everything that the page has had spoken, from the first word on.
LISTEN = """() => {
  window.spoken = [];
  const note = () => document.querySelectorAll('[aria-live]').forEach((region) => {
    const text = region.textContent.trim();
    if (text && spoken.at(-1) !== text) spoken.push(text);
  });
  const all = { childList: true, characterData: true, subtree: true };
  document.querySelectorAll('[aria-live]').forEach((region) => new MutationObserver(note).observe(region, all));
}"""
