"""The clock: 25 times a second it draws what has arrived and mixes what is old enough, whatever the room does."""

import threading
import time
from collections.abc import Sequence
from fractions import Fraction

import numpy as np
from av import VideoFrame
from av.video.reformatter import VideoReformatter

from convene.compositor import lettering
from convene.compositor.encoder import Encoder
from convene.compositor.planes import NOTHING, Overlay, Planes, opaque
from convene.compositor.scene import Scene
from convene.compositor.tile import Tile
from convene.compositor.voice import CUSHION, Mixer


class Clock(threading.Thread):
    """Picture `k` belongs to `mixer.start + k / fps`. A late tick is skipped, never queued: the picture before lasts longer.

    `error` holds what ended the thread early.
    """

    def __init__(self, scene: Scene, mixer: Mixer, encoder: Encoder, title: str) -> None:
        super().__init__(name="clock", daemon=True)
        self.scene, self.mixer, self.encoder = scene, mixer, encoder
        self.canvas = Canvas(encoder.width, encoder.height, Fraction(1))
        self.card = opaque(lettering.card(title, encoder.width, encoder.height))
        self.tiles: Sequence[Tile] = ()  # replaced as a whole by the main thread
        self.drawn: Sequence[Tile] | None = None
        self.overlay: Overlay | None = None
        self.heard: frozenset[str] = frozenset()  # the speakers for whom `overlay` was made
        self.tick = 0
        self.late = 0
        self.stopping = threading.Event()
        self.error: Exception | None = None

    def stop(self) -> None:
        """Ends after the current picture and mixes the sound up to it. Waits for it."""
        self.stopping.set()
        self.join()

    def run(self) -> None:
        try:
            while not self.stopping.is_set():
                self.step()
            self.mixer.mix_until(self.tick / self.encoder.fps, self.encoder.hear)
        except Exception as error:  # any failure ends the recording as failed: nobody else would see it here
            self.error = error

    def step(self) -> None:
        fps, start = self.encoder.fps, self.mixer.start
        time.sleep(max(0.0, start + self.tick / fps - time.monotonic()))
        now = time.monotonic() - start
        behind = max(0, int(now * fps) - self.tick)
        self.late += behind
        self.tick += behind
        self.encoder.show(self.picture(), self.tick)
        self.mixer.mix_until(now - CUSHION, self.encoder.hear)
        self.tick += 1

    def picture(self) -> VideoFrame:
        """What is to be seen now; nobody else has it, and nobody writes to it again."""
        tiles, speakers = self.tiles, self.scene.speakers
        if tiles is not self.drawn:
            self.lay_out(tiles)
        if self.overlay is None or speakers is not self.heard:
            self.overlay, self.heard = overlay(tiles, speakers), speakers
        for tile in tiles:
            tile.draw(self.canvas.planes)
        frame = self.canvas.enlarged()
        planes = Planes.within(frame)
        for tile in tiles:
            tile.cover(planes)
        self.overlay.lay(planes)
        return frame

    def lay_out(self, tiles: Sequence[Tile]) -> None:
        self.drawn, self.overlay = tiles, None
        scale = tiles[0].place.scale if tiles else Fraction(1)
        if scale != self.canvas.scale:
            self.canvas = Canvas(self.encoder.width, self.encoder.height, scale)
        if tiles:
            self.canvas.planes.fill(lettering.GROUND)
            for tile in tiles:
                tile.drawn = None
        else:
            self.canvas.planes.paste(self.card)


class Canvas:
    """Where the cameras' pictures are put together, in `scale` times the size of the picture."""

    def __init__(self, width: int, height: int, scale: Fraction) -> None:
        self.size, self.scale = (width, height), scale
        inner = int(width * scale), int(height * scale)
        self.packed = np.zeros(inner[0] * inner[1] * 3 // 2, np.uint8)
        self.planes = Planes.of(self.packed, *inner)
        self.lines = self.packed.reshape(-1, inner[0])
        self.frame = VideoFrame.from_numpy_buffer(self.lines, "yuv420p")
        self.scaler = VideoReformatter()

    def enlarged(self) -> VideoFrame:
        """A copy in the picture's size."""
        if self.scale == 1:
            return VideoFrame.from_numpy_buffer(self.lines.copy(), "yuv420p")
        return self.scaler.reformat(self.frame, *self.size, interpolation="FAST_BILINEAR", threads=1)


def overlay(tiles: Sequence[Tile], speakers: frozenset[str]) -> Overlay:
    people = [tile for tile in tiles if not tile.place.is_screen]
    return Overlay.joined([NOTHING, *(tile.edges[tile.place.key[0] in speakers] for tile in people)])
