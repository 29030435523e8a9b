"""The pictures of one video track: only the newest counts."""

import threading
from dataclasses import dataclass

from convene.compositor.planes import Plane

SMALLEST = 16  # the engine closes a track with key frames of 2 x 2 or 8 x 8


@dataclass(eq=False, slots=True)
class Frame:
    """A packed I420 picture; `owner` keeps the memory behind `data` alive and frees it when the frame is dropped."""

    width: int
    height: int
    quarters: int  # to be turned clockwise, in quarters
    data: Plane
    owner: object


class Picture:
    """Written on the native callback thread, read on the clock's; frames that nobody saw are dropped unscaled.

    The frame shown last is kept, so that a new layout draws it again at once instead of flashing an avatar.
    """

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.new: Frame | None = None
        self.last: Frame | None = None
        self.muted = False
        self.started = False

    def put(self, frame: Frame) -> bool:
        """Whether this was the first frame of the track."""
        if frame.width < SMALLEST or frame.height < SMALLEST:
            return False
        with self.lock:
            if self.muted:  # a frame that was under way when the camera went off would freeze here
                return False
            self.new = frame
            first, self.started = not self.started, True
        return first

    def take(self) -> bool:
        """Makes the newest frame the last one; whether there was one."""
        with self.lock:
            fresh, self.new = self.new, None
            if fresh:
                self.last = fresh
        return fresh is not None

    def mute(self) -> None:
        with self.lock:
            self.muted, self.started, self.new, self.last = True, False, None, None

    def unmute(self) -> None:
        self.muted = False

    def clear(self) -> None:
        """The track is gone."""
        with self.lock:
            self.started, self.new, self.last = False, None, None
