"""One rectangle of the picture: a person's camera or avatar with name plate and speaker's border, or a shared screen."""

import numpy as np
from av import VideoFrame
from av.video.reformatter import VideoReformatter
from PIL import Image

from convene.compositor import lettering
from convene.compositor.layout import Rect, fit, tile
from convene.compositor.picture import Frame
from convene.compositor.planes import Overlay, Plane, Planes, opaque
from convene.compositor.scene import Place

RADIUS = 12
RING = 4
INSET = 10  # of the name plate


class Tile:
    """Made on the main thread (fonts are slow), drawn on the clock's. `width` is that of the whole picture, in pixels.

    The camera's or screen's picture goes onto the canvas; what lies over it belongs on the enlarged canvas, where it stays sharp.
    """

    def __init__(self, place: Place, width: int) -> None:
        self.place = place
        self.spot = place.cell if place.is_screen else tile(place.cell, place.scale)
        self.rect = self.spot.divided(place.scale)
        self.ground = lettering.GROUND if place.is_screen else lettering.TILE
        self.scaler = VideoReformatter()
        self.drawn: bool | None = None  # is a picture what stands on the canvas
        if not place.is_screen:
            self.avatar = opaque(lettering.avatar(place.name, self.rect.width, self.rect.height))
            self.edges = {on: edges(place.name, self.rect, width, RING if on else 0) for on in (False, True)}

    def draw(self, canvas: Planes) -> None:
        """Draws what changed since the last call."""
        fresh = self.place.picture.take()
        frame = self.place.picture.last
        if fresh or self.drawn != (frame is not None):
            self.drawn = frame is not None
            window = canvas.window(self.spot)
            if frame:
                self.show(frame, window)
            else:
                window.fill(self.ground)

    def cover(self, picture: Planes) -> None:
        """Puts the avatar in the place of a camera's missing picture."""
        if not (self.drawn or self.place.is_screen):
            picture.window(self.rect).paste(self.avatar)

    def show(self, frame: Frame, window: Planes) -> None:
        turned = frame.quarters % 2
        size = (frame.height, frame.width) if turned else (frame.width, frame.height)
        width, height = fit(*size, self.place.cell)
        if width < window.width or height < window.height:
            window.fill(self.ground)
        scaled = self.scale(frame, *((height, width) if turned else (width, height)))
        window.paste(scaled.turned(frame.quarters) if frame.quarters else scaled)

    def scale(self, frame: Frame, width: int, height: int) -> Planes:
        packed, own_width, own_height = evened(frame)
        if (own_width, own_height) == (width, height):
            return Planes.of(packed, width, height)
        source = VideoFrame.from_numpy_buffer(packed.reshape(own_height * 3 // 2, own_width), "yuv420p")
        scaled = self.scaler.reformat(source, width, height, "yuv420p", interpolation="FAST_BILINEAR", threads=1)
        return Planes.within(scaled)


def edges(name: str, rect: Rect, picture_width: int, ring: int) -> Overlay:
    """What lies over a camera's picture: the speaker's border of `ring` pixels, round corners, the name plate."""
    corners, plate = lettering.corners(RADIUS, ring), lettering.plate(name, rect.width, rect.height)
    width, low = rect.width, rect.height - plate.height - INSET
    above, below = (Image.new("RGBA", (width, height)) for height in (RADIUS, plate.height + INSET))
    side = Image.new("RGBA", (ring, low - RADIUS), lettering.SPEAKING)
    foot = below.height - ring
    for strip, border in ((above, (0, 0, width, ring)), (below, (0, foot, width, below.height))):
        for part in (border, (0, 0, ring, strip.height), (width - ring, 0, width, strip.height)):
            strip.paste(lettering.SPEAKING, part)
    below.alpha_composite(plate, (INSET, 0))
    bottom = below.height - RADIUS
    for strip, corner, spot in (
        (above, 0, (0, 0)), (above, 1, (width - RADIUS, 0)), (below, 2, (width - RADIUS, bottom)), (below, 3, (0, bottom)),
    ):  # fmt: skip
        strip.alpha_composite(corners[corner], spot)
    parts = ((above, 0, 0), (below, 0, low), (side, 0, RADIUS), (side, width - ring, RADIUS))
    return Overlay.joined(Overlay.of(image, rect.x + x, rect.y + y, picture_width) for image, x, y in parts)


def evened(frame: Frame) -> tuple[Plane, int, int]:
    """The packed picture without its odd last line and column."""
    width, height = frame.width & ~1, frame.height & ~1
    if (width, height) == (frame.width, frame.height):
        return frame.data, width, height
    half = ((frame.height + 1) // 2, (frame.width + 1) // 2)
    luma, chroma = frame.width * frame.height, half[0] * half[1]
    y = frame.data[:luma].reshape(frame.height, frame.width)[:height, :width]
    u = frame.data[luma : luma + chroma].reshape(half)[: height // 2, : width // 2]
    v = frame.data[luma + chroma : luma + 2 * chroma].reshape(half)[: height // 2, : width // 2]
    return np.concatenate([plane.reshape(-1) for plane in (y, u, v)]), width, height
