"""The recorder beside x264 on the same pictures alone, and stopping beside copying the file twice.

Run from the repository: `python -m bench recorder`. Needs a livekit-server. Figures are user and system time from /proc, in
cores; x264's are those of its own calls, in real time, at the same time, on the pictures that the tiles show.
"""

import asyncio
import os
import shutil
import tempfile
import threading
import time
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

from bench.figure import Figure
from convene.compositor import files
from convene.compositor.clock import Clock
from convene.compositor.encoder import CONTAINER, Encoder
from convene.compositor.picture import Frame
from convene.compositor.scene import Scene
from convene.compositor.tile import Tile
from convene.compositor.voice import Mixer
from tests import publish
from tests.compositor.processes import compositor, open_room, people
from tests.livekit_server import livekit_server

WIDTH, HEIGHT, FPS = 1280, 720, 25
WARM_UP = 45.0  # for the first 40 s after somebody came, lip-sync looks every second: a recording lasts longer
SECONDS = 15.0
LONG = 600  # seconds
SENT = 20  # pictures a second of the lower layers of a camera that sends 720p: livekit-client's `h180` and `h360`, as the page sends them
# what is sent, how many people, the layer that reaches the recorder, options of the publisher, cores allowed
RUNS = (
    ("4 people, 720p simulcast by the SDK", 4, 360, ("--mode", "raw", "--height", "720"), 0.45),
    ("4 people, the 360p layer alone", 4, 360, ("--height", "360", "--rate", f"{SENT}"), 0.45),
    ("9 people, the 180p layer alone", 9, 180, ("--height", "180", "--rate", f"{SENT}"), 0.6),
)
MEMORY = 250
RATIO = 2.0
STOP_RATIO = 3.0


def used(pid: int) -> tuple[float, float]:
    """Seconds of processor time, and resident MB."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    ticks = int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK"), int(fields[21]) * os.sysconf("SC_PAGE_SIZE") / 1e6


def recorded(url: str, count: int, options: tuple[str, ...], seconds: float, out: Path) -> tuple[float, float, float]:
    """Cores, resident MB and late pictures of one recording, after it has warmed up."""
    room = f"bench-{time.monotonic_ns()}"
    asyncio.run(open_room(url, room))
    with people(url, room, count, *options), compositor(url, room, out) as running:
        running.until(WARM_UP)
        before, began = used(running.process.pid)[0], time.monotonic()
        running.until(WARM_UP + seconds)
        after, resident = used(running.process.pid)
        cores = (after - before) / (time.monotonic() - began)
        late = running.lines[-1]["late"]
        running.stop()
    return cores, resident, late


def shown(count: int, layer: int) -> list[av.VideoFrame]:
    """The pictures of the grid, composed by the recorder's own clock: two seconds."""
    scene = Scene(WIDTH, HEIGHT, only_owner=False, now=time.monotonic)
    cameras = []
    for i in range(count):
        scene.enter(f"p{i}", publish.name(i), host=i == 0)
        decoder = av.CodecContext.create("vp8", "r")
        cameras.append((scene.picture((f"p{i}", "camera")), decoder, iter(publish.encoded(i, layer, fps=SENT))))
    clock = Clock(scene, Mixer(0.0), Encoder(Path(os.devnull), WIDTH, HEIGHT, FPS), title="")
    clock.tiles = [Tile(place, WIDTH) for place in scene.arrange().places]
    pictures = []
    for tick in range(2 * FPS):
        for number, (picture, decoder, camera) in enumerate(cameras):
            if not is_sent(tick + number):
                continue
            for frame in decoder.decode(av.Packet(next(camera)[0])):
                data = np.frombuffer(publish.packed(frame), np.uint8)
                picture.put(Frame(frame.width, frame.height, 0, data, None))
        pictures.append(clock.picture())
    return pictures


def is_sent(tick: int) -> bool:
    """Whether a camera that sends `SENT` pictures a second has sent a new one since the tick before."""
    return tick * SENT // FPS > (tick - 1) * SENT // FPS


def x264_alone(pictures: list[av.VideoFrame], stopping: threading.Event) -> float:
    """Cores that x264 needs for these pictures in real time, until told to stop: beside the recorder, under the same load."""
    context = Encoder(Path(os.devnull), WIDTH, HEIGHT, FPS).open_x264(0)
    began, used_before, tick = time.monotonic(), time.thread_time(), 0
    while not stopping.wait(max(0.0, began + tick / FPS - time.monotonic())):
        frame = pictures[tick % len(pictures)]
        frame.pts, frame.time_base = tick, Fraction(1, FPS)
        context.encode(frame)
        tick += 1
    return (time.thread_time() - used_before) * FPS / tick


def lengthened(recording: Path, target: Path) -> float:
    """A part as a recorder leaves it, `LONG` seconds of the same over and over; returns how many seconds closing it took."""
    with av.open(target, "w", format="mp4", options=CONTAINER) as output:
        streams: dict[str, av.stream.Stream] = {}
        end = Fraction(0)
        while end < LONG:
            with av.open(recording) as media:
                end = files.append(media, output, streams, end)
        began = time.monotonic()
    return time.monotonic() - began


def stopping(recording: Path, folder: Path) -> tuple[float, float, float]:
    """Seconds from the last picture to the finished file, seconds to copy it twice (durably, too), and its MB; the best of three."""
    part, out = folder / "long.part.mp4", folder / "long.mp4"
    closing = lengthened(recording, part)
    finishing, copying = [], []
    for _ in range(3):
        out.unlink(missing_ok=True)
        shutil.copyfile(part, files.part_path(out))
        began = time.monotonic()
        files.finish(files.part_path(out), out)
        finishing.append(time.monotonic() - began)
        began = time.monotonic()
        for number in range(2):
            copy = folder / f"copy{number}"
            shutil.copyfile(out, copy)
            files.sync(copy)
        copying.append(time.monotonic() - began)
    return closing + min(finishing), min(copying), out.stat().st_size / 1e6


async def compare(url: str, folder: Path) -> list[Figure]:
    """Every run, with x264 beside it."""
    made = []
    for number, (title, count, layer, options, allowed) in enumerate(RUNS):
        pictures, done = shown(count, layer), threading.Event()
        yardstick = asyncio.create_task(asyncio.to_thread(x264_alone, pictures, done))
        try:
            out = folder / f"{number}.mp4"
            cores, resident, late = await asyncio.to_thread(recorded, url, count, options, SECONDS, out)
        finally:
            done.set()
            alone = await yardstick
        ours = f"{cores:.2f} core, {resident:.0f} MB, {late:.0f} pictures late"
        reached = cores <= allowed and cores <= RATIO * alone and resident <= MEMORY
        goal = f"≤ {RATIO:g} ×, ≤ {allowed} core, ≤ {MEMORY} MB"
        told = f"x264 alone {alone:.2f} core"
        made.append(Figure(f"recorder, {title}", ours, told, f"{cores / alone:.2f} ×", goal, reached))
    return made


def figures() -> Iterator[Figure]:
    """A row for each run, and one for making a file of `LONG` seconds whole."""
    with tempfile.TemporaryDirectory(prefix="convene-bench-") as name, livekit_server() as engine:
        folder = Path(name)
        yield from asyncio.run(compare(engine.url, folder))
        ours, copies, size = stopping(folder / "1.mp4", folder)
    told = f"copying its {size:.0f} MB twice {copies:.2f} s"
    what = f"last picture → whole MP4, {LONG // 60} minutes, the file alone"
    yield Figure(
        what, f"{ours:.2f} s", told, f"{ours / copies:.2f} ×", f"≤ {STOP_RATIO:g} ×", ours <= STOP_RATIO * copies
    )
