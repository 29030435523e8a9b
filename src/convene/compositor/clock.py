"""The clock: 25 times a second it draws what has arrived and mixes what is old enough, whatever the room does."""

import threading
import time
from collections.abc import Sequence

from convene.compositor import lettering
from convene.compositor.encoder import Encoder, blank
from convene.compositor.planes import Planes, opaque
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
        self.packed = blank(encoder.width, encoder.height)
        self.canvas = Planes.of(self.packed, encoder.width, encoder.height)
        self.card = opaque(lettering.card(title, encoder.width, encoder.height))
        self.tiles: Sequence[Tile] = ()  # replaced as a whole by the main thread
        self.drawn: Sequence[Tile] | None = None
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
        self.draw()
        self.encoder.show(self.packed.copy(), self.tick)
        self.mixer.mix_until(now - CUSHION, self.encoder.hear)
        self.tick += 1

    def draw(self) -> None:
        tiles = self.tiles
        if tiles is not self.drawn:
            self.drawn = tiles
            if tiles:
                self.canvas.fill(lettering.GROUND)
                for tile in tiles:
                    tile.drawn = None
            else:
                self.canvas.paste(self.card)
        for tile in tiles:
            tile.draw(self.canvas, self.scene.speakers)
