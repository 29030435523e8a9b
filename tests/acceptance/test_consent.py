"""Nobody is in a recording before he has agreed: by the pages of three people, and by the pixels and the sound of the file."""

import csv
import io
from pathlib import Path
from typing import Any

import av
import httpx
import numpy as np
from playwright.async_api import Browser, Page, expect

from convene.compositor.files import part_path
from tests.acceptance.company import SLOW, choose, tile, together
from tests.platform import Guest, Platform, agree, join, until

AXE = Path(__file__).parents[2] / "ui/node_modules/axe-core/axe.min.js"
RED, GREEN, BLUE = 0, 1, 2
TONES = {RED: 500, GREEN: 1700, BLUE: 1100}  # hertz
# A camera of one colour, and a voice of one tone that grows and fades: an even one counts as silence.
SIGN = """([colour, tone]) => {
  const canvas = Object.assign(document.createElement('canvas'), { width: 640, height: 360 });
  const pen = canvas.getContext('2d');
  let count = 0;
  const draw = () => {
    pen.fillStyle = colour;
    pen.fillRect(0, 0, 640, 360);
    pen.fillStyle = 'black';
    pen.fillRect((count++ * 8) % 640, 350, 8, 10);
  };
  draw();
  setInterval(draw, 100);
  function voice() {
    const context = new AudioContext();
    void context.resume();
    const loudness = new GainNode(context, { gain: 0.15 });
    const out = new MediaStreamAudioDestinationNode(context);
    const syllables = new OscillatorNode(context, { frequency: 4 });
    const sound = new OscillatorNode(context, { frequency: tone });
    syllables.connect(new GainNode(context, { gain: 0.12 })).connect(loudness.gain);
    sound.connect(loudness).connect(out);
    syllables.start();
    sound.start();
    return out.stream.getTracks();
  }
  navigator.mediaDevices.getUserMedia = async ({ audio, video }) =>
    new MediaStream([...(audio ? voice() : []), ...(video ? canvas.captureStream(10).getTracks() : [])]);
}"""


async def arrive(chromium: Browser, link: str, who: int) -> Guest:
    """At the page before joining, with a camera and a voice of one's own."""
    context = await chromium.new_context(permissions=["camera", "microphone"], accept_downloads=True)
    context.set_default_timeout(SLOW)
    colour = ("#d01010", "#10b010", "#1020d0")[who]
    await context.add_init_script(f"({SIGN})(['{colour}', {TONES[who]}])")
    page = await context.new_page()
    await page.goto(link)
    return Guest(page, context)


async def test_who_has_not_agreed_is_not_in_the_file(convene: Platform, chromium: Browser, tmp_path: Path) -> None:
    room = await convene.room()
    hanna = await arrive(chromium, str(room["_links"]["host_url"]["href"]), RED)
    ben = await arrive(chromium, str(room["_links"]["guest_url"]["href"]), BLUE)
    await join(hanna, "Hanna")
    await join(ben, "Ben")
    await together(hanna, ben)

    await choose(hanna, "Start recording")
    asked = ben.page.get_by_role("dialog", name="This meeting is being recorded")
    await expect(asked).to_be_visible(timeout=SLOW)
    await expect(hanna.page.get_by_role("dialog")).to_have_count(0)  # who starts it has agreed
    await expect(tile(hanna, "Ben.*not recorded")).to_be_visible(timeout=SLOW)
    await expect(tile(ben, "Ben.*not recorded")).to_be_visible(timeout=SLOW)
    await until(ben.hears, why="the meeting does not go on behind the question")
    assert await violations(ben.page) == []
    part = await recording_of(convene)
    await until(lambda: shows(part, RED), why="the host is not recorded", seconds=120)
    without_ben = await longer(part, 3)

    carla = await late(chromium, room)
    await expect(tile(hanna, "Carla.*not recorded")).to_be_visible(timeout=SLOW)

    await agree(ben)
    await expect(tile(hanna, "Ben.*not recorded")).to_have_count(0, timeout=SLOW)
    await until(lambda: shows(part, BLUE), why="who agreed is not recorded", seconds=120)
    await longer(part, 3)
    await choose(ben, "Don’t record me any more")
    await expect(tile(hanna, "Ben.*not recorded")).to_be_visible(timeout=SLOW)
    await until(lambda: shows(part, BLUE, seen=False), why="who took it back is still recorded", seconds=120)

    await answers_are_exported(hanna)
    await choose(hanna, "Stop recording")
    whole = await fetched(convene, tmp_path / "whole.mp4")
    colours, tones = colours_of(whole), tones_of(whole)
    assert any(RED in seen for _, seen in colours) and any(tones[RED])
    assert any(BLUE in seen for _, seen in colours) and any(tones[BLUE])
    assert not any(BLUE in seen for at, seen in colours if at < without_ben)
    assert not any(tones[BLUE][: int(without_ben * 2)])
    assert not any(GREEN in seen for _, seen in colours) and not any(tones[GREEN])
    await until(carla.hears, why="who is not recorded does not hear the others")


async def late(chromium: Browser, room: dict[str, Any]) -> Guest:
    """Carla comes while it is recorded, is told so, and joins without."""
    carla = await arrive(chromium, str(room["_links"]["guest_url"]["href"]), GREEN)
    page = carla.page
    await expect(page.get_by_text("This meeting is being recorded")).to_be_visible(timeout=SLOW)
    await expect(page.get_by_role("button", name="Agree and join")).to_be_visible()
    assert await violations(page) == []
    await page.get_by_label("Your name").fill("Carla")
    await page.get_by_role("button", name="Join without being recorded").click()
    await page.get_by_role("toolbar", name="Call controls").wait_for(timeout=SLOW)
    await until(lambda: carla.sees(3), why="she does not see the others")
    await expect(page.get_by_role("dialog")).to_have_count(0)
    return carla


async def answers_are_exported(hanna: Guest) -> None:
    page = hanna.page
    await page.get_by_role("button", name="People").first.click()
    await expect(page.get_by_role("listitem").filter(has_text="Carla").get_by_text("not recorded")).to_be_visible()
    async with page.expect_download() as coming:
        await page.get_by_role("button", name="Download who agreed").click()
    text = Path(await (await coming.value).path()).read_text("utf-8-sig")
    lines = list(csv.DictReader(io.StringIO(text)))
    told = [(line["name"], line["answer"]) for line in lines if line["is_current"] == "true"]
    assert sorted(told) == [("Ben", "declined"), ("Carla", "declined"), ("Hanna", "agreed")]
    assert [line["answer"] for line in lines if line["name"] == "Ben"] == ["undecided", "agreed", "declined"]
    assert {(line["text"], line["language"]) for line in lines} == {("1", "en")}
    assert all(line["answered_at"] for line in lines)


async def violations(page: Page) -> list[tuple[str, str]]:
    await page.evaluate(AXE.read_text())
    found = await page.evaluate("axe.run()")
    return [(one["id"], one["nodes"][0]["html"]) for one in found["violations"]]


# --- The file -------------------------------------------------------------------------------------------------------


async def listed(convene: Platform) -> list[dict[str, Any]]:
    async with convene.api() as api:
        [session] = (await api.get("sessions")).json()["_embedded"]["sessions"]
        answer = await api.get(f"sessions/{session['id']}/recordings")
    return answer.json()["_embedded"]["recordings"]  # type: ignore[no-any-return]


async def recording_of(convene: Platform) -> Path:
    """The file that grows while the only recording is made: it can be played as far as it has come."""
    [recording] = await listed(convene)
    return part_path(convene.data / "recorder" / f"{recording['id']}.mp4")


async def fetched(convene: Platform, path: Path) -> Path:
    async def link() -> str | None:
        [recording] = await listed(convene)
        return recording.get("_links", {}).get("url", {}).get("href") if recording["status"] == "uploaded" else None

    url = await until(link, why="the recording is not stored", seconds=180)
    async with httpx.AsyncClient(timeout=30) as anyone:
        path.write_bytes((await anyone.get(url)).content)
    return path


async def longer(part: Path, seconds: float) -> float:
    """Waits until so much more is written; how long the file was before that."""
    before = length(part)

    async def grown() -> bool:
        return length(part) >= before + seconds

    await until(grown, why="the recording does not go on", seconds=120)
    return before


async def shows(part: Path, who: int, *, seen: bool = True) -> bool:
    """Whether somebody's colour is in the newest picture that is written, or is not."""
    frame = newest(part)
    return frame is not None and (who in colours_in(frame)) is seen


def length(part: Path) -> float:
    frame = newest(part)
    return 0.0 if frame is None else float(frame.time)


def newest(part: Path) -> av.VideoFrame | None:
    """The last picture that is written. What is before its key frame is not decoded: the file may be long."""
    if not part.exists() or not part.stat().st_size:
        return None
    packets: list[av.Packet] = []
    try:
        with av.open(part) as media:
            for packet in media.demux(video=0):
                packets = [packet] if packet.is_keyframe else [*packets, packet]
            frames = [frame for packet in packets for frame in packet.decode()]
    except av.error.InvalidDataError:  # its beginning, or its newest fragment, is being written at this moment
        return None
    return frames[-1] if frames else None  # type: ignore[return-value]


def colours_of(path: Path) -> list[tuple[float, set[int]]]:
    """Five times a second: when, and whose colours fill more than a twelfth of the picture."""
    with av.open(path) as media:
        frames = enumerate(media.decode(video=0))
        return [(float(frame.time), colours_in(frame)) for number, frame in frames if number % 5 == 0]


def colours_in(frame: av.VideoFrame) -> set[int]:
    small = frame.reformat(160, 90, "rgb24").to_ndarray().astype(int)
    others = small.sum(axis=2)[..., None] - small
    shares = ((small > 80) & (small > others)).mean(axis=(0, 1))
    return {who for who in TONES if shares[who] > 1 / 12}


def tones_of(path: Path) -> dict[int, list[bool]]:
    """For each half second, whether somebody's tone is in it."""
    with av.open(path) as media:
        rate = media.streams.audio[0].rate
        sound = np.concatenate([frame.to_ndarray()[0] for frame in media.decode(audio=0)])
    halves = [sound[at : at + rate // 2] for at in range(0, len(sound) - rate // 2, rate // 2)]
    times = np.arange(rate // 2) / rate
    return {
        who: [bool(abs((half * np.exp(-2j * np.pi * tone * times)).mean()) > 0.005) for half in halves]
        for who, tone in TONES.items()
    }
