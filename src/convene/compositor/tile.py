"""One rectangle of the picture: a person's camera or avatar with name plate and speaker's border, or a shared screen."""

import numpy as np
from av import VideoFrame
from av.video.reformatter import VideoReformatter
from PIL import Image

from convene.compositor import lettering
from convene.compositor.layout import Rect, fit
from convene.compositor.picture import Frame
from convene.compositor.planes import Plane, Planes, Sticker, opaque
from convene.compositor.scene import Place

MARGIN = (
    4  # between cell and tile: the picture is cut by it, not scaled, so that a layer of the cell's size is only copied
)
RADIUS = 12
RING = 4
INSET = 10  # of the name plate


class Tile:
    """Made on the main thread (fonts are slow), drawn on the clock's."""

    def __init__(self, place: Place) -> None:
        self.place = place
        self.rect = place.cell if place.is_screen else place.cell.inset(MARGIN)
        self.scaler = VideoReformatter()
        self.drawn: tuple[bool, bool] | None = None  # (video or not, speaking or not), as it stands in the picture
        width, height = self.rect.width, self.rect.height
        if not place.is_screen:
            self.avatar = opaque(lettering.avatar(place.name, width, height))
            self.edges = {on: edges(place.name, width, height, RING if on else 0) for on in (False, True)}

    def draw(self, canvas: Planes, speakers: frozenset[str]) -> None:
        """Draws what changed since the last call."""
        fresh = self.place.picture.take()
        frame = self.place.picture.last
        speaking = not self.place.is_screen and self.place.key[0] in speakers
        now = frame is not None, speaking
        if not fresh and now == self.drawn:
            return
        self.drawn = now
        window = canvas.window(self.rect)
        if frame:
            self.show(frame, window)
        elif self.place.is_screen:
            window.fill(lettering.GROUND)
        else:
            window.paste(self.avatar)
        if not self.place.is_screen:
            self.decorate(window, speaking)

    def show(self, frame: Frame, window: Planes) -> None:
        turned = frame.quarters % 2
        size = (frame.height, frame.width) if turned else (frame.width, frame.height)
        width, height = fit(*size, self.place.cell)
        if width < window.width or height < window.height:
            window.fill(lettering.GROUND if self.place.is_screen else lettering.TILE)
        scaled = self.scale(frame, *((height, width) if turned else (width, height)))
        window.paste(scaled.turned(frame.quarters) if frame.quarters else scaled)

    def scale(self, frame: Frame, width: int, height: int) -> Planes:
        packed, own_width, own_height = evened(frame)
        if (own_width, own_height) == (width, height):
            return Planes.of(packed, width, height)
        source = VideoFrame.from_numpy_buffer(packed.reshape(own_height * 3 // 2, own_width), "yuv420p")
        scaled = self.scaler.reformat(source, width, height, "yuv420p", interpolation="FAST_BILINEAR", threads=1)
        return Planes(
            *(
                np.frombuffer(memoryview(p), np.uint8).reshape(p.height, p.line_size)[:, : p.width]
                for p in scaled.planes
            )
        )

    def decorate(self, window: Planes, speaking: bool) -> None:
        right, bottom = window.width, window.height
        if speaking:
            for edge in (
                Rect(0, 0, right, RING),
                Rect(0, bottom - RING, right, RING),
                Rect(0, 0, RING, bottom),
                Rect(right - RING, 0, RING, bottom),
            ):
                window.window(edge).fill(lettering.SPEAKING)
        above, below = self.edges[speaking]
        above.lay(window, 0, 0)
        below.lay(window, 0, bottom - below.height)


def edges(name: str, width: int, height: int, ring: int) -> tuple[Sticker, Sticker]:
    """What lies over a picture, as two strips of its width (few large layers cost less than many small ones): the upper
    corners, and the lower ones with the name plate."""
    corners, plate = lettering.corners(RADIUS, ring), lettering.plate(name, width, height)
    above = Image.new("RGBA", (width, RADIUS))
    below = Image.new("RGBA", (width, plate.height + INSET))
    below.paste(plate, (INSET, 0))
    low = below.height - RADIUS
    for strip, corner, spot in (
        (above, 0, (0, 0)), (above, 1, (width - RADIUS, 0)), (below, 2, (width - RADIUS, low)), (below, 3, (0, low)),
    ):  # fmt: skip
        strip.alpha_composite(corners[corner], spot)
    return Sticker(above), Sticker(below)


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
