"""Sound: each voice lies on the recording's timeline where it arrived, and is mixed a little later.

The delay of the mixing (`CUSHION`) therefore costs latency and never lip-sync: picture and sound that arrive together stay together.
"""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

RATE = 48_000
BLOCK = 1_024  # samples; AAC takes exactly these
CUSHION = 0.4  # seconds between a moment and its mixing
RING = 2 * RATE
RESYNC = RATE // 100  # a voice that drifts further than 10 ms from its arrivals is moved
JUMP = RATE // 4

Samples = npt.NDArray[np.int16]


class Voice:
    """A ring of samples addressed by timeline position. Written on the native callback thread, read and cleared by the mixer."""

    def __init__(self, mixer: "Mixer") -> None:
        self.mixer = mixer
        self.ring = np.zeros(RING, np.int16)
        self.next: int | None = None
        self.lags: list[int] = []
        self.heard = 0  # samples since it was last compared with its arrivals
        self.shift = 0.0  # seconds that this voice is held back, for lip-sync; set on the main thread
        self.shifted = 0.0  # as far as the ring knows
        self.late = 0

    def write(self, samples: Samples, now: float) -> None:
        """Samples that arrived at `now` (monotonic seconds)."""
        count = len(samples)
        shift = self.shift
        arrived = int((now - self.mixer.start + shift) * RATE) - count
        if self.next is not None:
            self.next += int((shift - self.shifted) * RATE)
        self.shifted = shift
        if self.next is None or abs(arrived - self.next) > JUMP:
            self.next, self.lags, self.heard = arrived, [], 0
        self.heard += count
        self.follow(arrived)
        position, self.next = self.next, self.next + count
        if position < self.mixer.position:
            self.late += 1
        elif position + count <= self.mixer.position + RING:
            at = position % RING
            room = min(count, RING - at)
            self.ring[at : at + room] = samples[:room]
            self.ring[: count - room] = samples[room:]

    def follow(self, arrived: int) -> None:
        """Each second of sound the least delayed arrival tells where the voice truly is."""
        assert self.next is not None
        self.lags.append(arrived - self.next)
        if self.heard >= RATE:
            best = min(self.lags)
            if abs(best) > RESYNC:
                self.next += best
            self.lags, self.heard = [], 0

    def take(self, position: int, mixed: npt.NDArray[np.int32]) -> None:
        """Adds as many samples as `mixed` has and clears them here."""
        at = position % RING
        room = min(len(mixed), RING - at)
        for ours, theirs in ((self.ring[at : at + room], mixed[:room]), (self.ring[: len(mixed) - room], mixed[room:])):
            theirs += ours
            ours[...] = 0


class Mixer:
    """The timeline of the sound: sample 0 is `start` on the monotonic clock; everything before `position` is written."""

    def __init__(self, start: float) -> None:
        self.start = start
        self.position = 0
        self.voices: dict[str, Voice] = {}

    def mix_until(self, seconds: float, put: Callable[[Samples, int], None]) -> None:
        """Mixes every whole block that ends by then; `put(samples, position)` gets them in order."""
        while (count := int(min(RATE, seconds * RATE - self.position)) // BLOCK * BLOCK) > 0:
            # Race: voices are written meanwhile. What comes for these samples from now on is late, and must not stay in a ring.
            begin, self.position = self.position, self.position + count
            mixed = np.zeros(count, np.int32)
            for voice in list(self.voices.values()):
                voice.take(begin, mixed)
            for number, block in enumerate(np.clip(mixed, -32768, 32767).astype(np.int16).reshape(-1, BLOCK)):
                put(block, begin + number * BLOCK)
