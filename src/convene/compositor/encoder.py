"""Pictures and sound to a fragmented MP4, on a thread of its own.

Fragments of one second, flushed: what `kill -9` leaves plays. `delay_moov` (not `empty_moov`) lets the muxer write the
edit lists that keep sound and picture in step. `hybrid_fragmented` writes an index of all of them at the end of a file that
is closed in order, and turns it by its last eight bytes into a plain MP4.
"""

import logging
import queue
import threading
import time
from fractions import Fraction
from pathlib import Path
from typing import NamedTuple

import av
from av.codec.context import Flags
from av.video.codeccontext import VideoCodecContext

from convene.compositor.voice import RATE, Samples

log = logging.getLogger(__name__)

CONTAINER = {
    "movflags": "hybrid_fragmented+frag_keyframe+delay_moov+default_base_moof",
    "frag_duration": "1000000",
    "flush_packets": "1",
}
PRESETS = ("veryfast", "superfast", "ultrafast")
CRF = 26
GROUP_SECONDS = 2
MAX_WAITING = 25  # pictures; each is 1.4 MB at 720p
PATIENCE = 2.0  # seconds of falling behind before the next faster preset


class Sound(NamedTuple):
    samples: Samples
    position: int


class Shot(NamedTuple):
    frame: av.VideoFrame
    tick: int


class Encoder(threading.Thread):
    """`error` holds what ended the thread early. `seconds` counts what is written, on the recording's timeline."""

    def __init__(self, path: Path, width: int, height: int, fps: int) -> None:
        super().__init__(name="encode", daemon=True)
        self.path, self.width, self.height, self.fps = path, width, height, fps
        self.items: queue.Queue[Sound | Shot | None] = queue.Queue()
        self.given = 0  # pictures; written by the clock thread alone
        self.taken = 0  # pictures; written by this thread alone
        self.skipped = 0
        self.preset = 0
        self.behind_since: float | None = None
        self.first = threading.Event()
        self.seconds = 0.0
        self.error: Exception | None = None

    @property
    def waiting(self) -> int:
        return self.given - self.taken

    @property
    def pressed(self) -> bool:
        return self.waiting > MAX_WAITING // 2

    def show(self, frame: av.VideoFrame, tick: int) -> None:
        """Takes the picture of this tick (it is kept: do not write to it again). Clock thread only.

        An encoder that falls behind is given every second picture, and none when it is a second behind: the picture
        before lasts longer.
        """
        if self.waiting >= MAX_WAITING or (self.pressed and tick % 2):
            self.skipped += 1
            return
        self.given += 1
        self.items.put(Shot(frame, tick))

    def hear(self, samples: Samples, position: int) -> None:
        self.items.put(Sound(samples, position))

    def finish(self) -> None:
        """Encodes what waits and closes the file. Waits for it."""
        self.items.put(None)
        self.join()

    def run(self) -> None:
        try:
            self.write()
        except Exception as error:  # any failure ends the recording as failed: nobody else would see it here
            self.error = error

    def write(self) -> None:
        with av.open(self.path, "w", format="mp4", options=CONTAINER) as self.container:
            self.open_streams()
            while (item := self.items.get()) is not None:
                if isinstance(item, Shot):
                    self.taken += 1
                    self.relieve()
                    self.encode_shot(item)
                else:
                    self.encode_sound(item)
            self.mux_picture(None)
            self.container.mux(self.sound.encode(None))

    def open_streams(self) -> None:
        self.picture = self.container.add_stream("libx264", rate=self.fps)
        self.settings(self.picture.codec_context, 0)
        self.picture.codec_context.open()
        # The file's header names the parameter sets of every preset (each has an id of its own), so that changing it keeps the file whole.
        others = [self.open_x264(preset).extradata or b"" for preset in range(1, len(PRESETS))]
        self.picture.codec_context.extradata = b"".join([self.picture.codec_context.extradata or b"", *others])
        self.x264 = self.picture.codec_context
        fast = {"aac_coder": "fast"}  # half the cost of the default, meant for 64 kbit/s a channel and more
        self.sound = self.container.add_stream("aac", rate=RATE, layout="mono", bit_rate=64_000, options=fast)
        self.sound.codec_context.time_base = Fraction(1, RATE)

    def open_x264(self, preset: int) -> VideoCodecContext:
        context = VideoCodecContext.create("libx264", "w")
        self.settings(context, preset)
        context.open()
        return context

    def settings(self, context: VideoCodecContext, preset: int) -> None:
        context.width, context.height, context.pix_fmt = self.width, self.height, "yuv420p"
        context.time_base, context.framerate = Fraction(1, self.fps), Fraction(self.fps)
        context.thread_count = 1
        context.flags |= Flags.global_header
        context.options = {
            "preset": PRESETS[preset],
            "crf": str(CRF),
            "g": str(GROUP_SECONDS * self.fps),
            "x264-params": f"bframes=0:sps-id={preset}",
        }
        # BT.601, limited range
        context.color_range, context.colorspace, context.color_primaries, context.color_trc = 1, 6, 6, 6

    def relieve(self) -> None:
        """Steps to a faster preset after `PATIENCE` seconds under pressure."""
        now = time.monotonic()
        if not self.pressed:
            self.behind_since = None
        elif self.behind_since is None:
            self.behind_since = now
        elif now - self.behind_since > PATIENCE and self.preset + 1 < len(PRESETS):
            self.mux_picture(None)
            self.preset += 1
            self.behind_since = None
            self.x264 = self.open_x264(self.preset)
            log.warning("too slow, now %s", PRESETS[self.preset], extra={"event": "encoder_behind"})

    def encode_shot(self, shot: Shot) -> None:
        shot.frame.pts, shot.frame.time_base = shot.tick, Fraction(1, self.fps)
        self.mux_picture(shot.frame)

    def mux_picture(self, frame: av.VideoFrame | None) -> None:
        for packet in self.x264.encode(frame):
            assert packet.pts is not None
            self.seconds = (packet.pts + 1) / self.fps
            packet.stream = self.picture
            self.container.mux(packet)
            self.first.set()

    def encode_sound(self, sound: Sound) -> None:
        frame = av.AudioFrame.from_ndarray(sound.samples.reshape(1, -1), "s16", "mono")
        frame.sample_rate, frame.pts, frame.time_base = RATE, sound.position, Fraction(1, RATE)
        self.container.mux(self.sound.encode(frame))
