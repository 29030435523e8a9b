"""I420 pictures as three numpy planes, and things that are laid over them. Colours are BT.601, limited range, as browsers send."""

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from PIL import Image

from convene.compositor.layout import Rect

Plane = npt.NDArray[np.uint8]
Values = npt.NDArray[np.floating[Any]]
Colour = tuple[int, int, int]


class Planes(NamedTuple):
    y: Plane
    u: Plane
    v: Plane

    @classmethod
    def of(cls, packed: Plane, width: int, height: int) -> "Planes":
        """Views of one flat packed I420 buffer of even size."""
        luma, chroma = width * height, width * height // 4
        half = (height // 2, width // 2)
        return cls(
            packed[:luma].reshape(height, width),
            packed[luma : luma + chroma].reshape(half),
            packed[luma + chroma : luma + 2 * chroma].reshape(half),
        )

    @property
    def width(self) -> int:
        return int(self.y.shape[1])

    @property
    def height(self) -> int:
        return int(self.y.shape[0])

    def window(self, rect: Rect) -> "Planes":
        x, y, width, height = rect
        half = np.s_[y // 2 : (y + height) // 2, x // 2 : (x + width) // 2]
        return Planes(self.y[y : y + height, x : x + width], self.u[half], self.v[half])

    def fill(self, colour: Colour) -> None:
        """`colour` is RGB."""
        for plane, value in zip(self, yuv(colour), strict=True):
            plane[...] = value

    def paste(self, source: "Planes") -> None:
        """Lays `source` into the middle; what stands over at the edges is cut off."""
        width, height = min(self.width, source.width), min(self.height, source.height)
        here, there = self.window(middle(self, width, height)), source.window(middle(source, width, height))
        for plane, new in zip(here, there, strict=True):
            plane[...] = new

    def turned(self, quarters: int) -> "Planes":
        """Views turned clockwise by so many quarters."""
        return Planes(*(np.rot90(plane, -quarters) for plane in self))


def middle(planes: Planes, width: int, height: int) -> Rect:
    return Rect((planes.width - width) // 2 & ~1, (planes.height - height) // 2 & ~1, width, height)


def yuv(colour: Colour) -> tuple[int, int, int]:
    red, green, blue = colour
    return (
        round(16 + 0.257 * red + 0.504 * green + 0.098 * blue),
        round(128 - 0.148 * red - 0.291 * green + 0.439 * blue),
        round(128 + 0.439 * red - 0.368 * green - 0.071 * blue),
    )


class Sticker:
    """A small RGBA image of even size, ready to be laid over a picture with its transparency."""

    def __init__(self, image: Image.Image) -> None:
        rgba = np.asarray(image.convert("RGBA"), np.float32)
        alpha = rgba[..., 3] / 255
        matrix = np.array([[0.257, -0.148, 0.439], [0.504, -0.291, -0.368], [0.098, 0.439, -0.071]], np.float32)
        channels = (rgba[..., :3] @ matrix + np.array([16, 128, 128], np.float32)) * alpha[..., None]
        self.width, self.height = image.width, image.height
        self.layers = tuple(
            (np.round(256 * (1 - cover)).astype(np.uint16), np.round(patch).astype(np.uint16))
            for cover, patch in (
                (alpha, channels[..., 0]),
                (quarter(alpha), quarter(channels[..., 1])),
                (quarter(alpha), quarter(channels[..., 2])),
            )
        )

    def lay(self, canvas: Planes, x: int, y: int) -> None:
        """`x` and `y` are even and the sticker lies inside the canvas."""
        window = canvas.window(Rect(x, y, self.width, self.height))
        for plane, (keep, patch) in zip(window, self.layers, strict=True):
            plane[...] = (plane * keep >> 8) + patch


def quarter(values: Values) -> Values:
    """The mean of each 2 x 2 block: luma's size to chroma's."""
    height, width = values.shape
    blocks: Values = values.reshape(height // 2, 2, width // 2, 2)
    return np.asarray(blocks.mean(axis=(1, 3)))


def opaque(image: Image.Image) -> Planes:
    """An image of even size as planes."""
    rgb = image.convert("RGB")
    planes = Planes.of(np.zeros(rgb.width * rgb.height * 3 // 2, np.uint8), rgb.width, rgb.height)
    Sticker(rgb).lay(planes, 0, 0)
    return planes
