"""I420 pictures as three numpy planes, and things that are laid over them. Colours are BT.601, limited range, as browsers send."""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from av import VideoFrame
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

    @classmethod
    def within(cls, frame: VideoFrame) -> "Planes":
        """Views of a frame in yuv420p."""
        return cls(
            *(np.frombuffer(memoryview(p), np.uint8).reshape(p.height, p.line_size)[:, : p.width] for p in frame.planes)
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


class Layer(NamedTuple):
    """What lies over one plane: at these places (counted line by line) the plane keeps so many 256ths and gets `patch` added."""

    where: npt.NDArray[np.intp]
    keep: npt.NDArray[np.uint16]
    patch: npt.NDArray[np.uint16]

    @classmethod
    def joined(cls, layers: Sequence["Layer"]) -> "Layer":
        where, keep, patch = zip(*layers, strict=True)
        return cls(np.concatenate(where), np.concatenate(keep), np.concatenate(patch))


class Overlay(NamedTuple):
    """RGBA images that do not overlap, ready to be laid over a picture in one go. Only what they cover costs anything."""

    layers: tuple[Layer, Layer, Layer]

    @classmethod
    def of(cls, image: Image.Image, x: int, y: int, width: int) -> "Overlay":
        """Of even size and place, for pictures of this width."""
        alpha = np.asarray(image.convert("RGBA"), np.float32)[..., 3] / 255
        luma, *chroma = channels(image) * alpha
        return cls(
            (
                layer(alpha, luma, x, y, width),
                layer(quarter(alpha), quarter(chroma[0]), x // 2, y // 2, width // 2),
                layer(quarter(alpha), quarter(chroma[1]), x // 2, y // 2, width // 2),
            )
        )

    @classmethod
    def joined(cls, overlays: Iterable["Overlay"]) -> "Overlay":
        y, u, v = (Layer.joined(layers) for layers in zip(*(overlay.layers for overlay in overlays), strict=True))
        return cls((y, u, v))

    def lay(self, picture: Planes) -> None:
        """The planes' lines must follow each other without a gap."""
        for plane, (where, keep, patch) in zip(picture, self.layers, strict=True):
            flat = plane.view()
            flat.shape = (plane.size,)  # raises where a reshape would copy
            flat[where] = (flat[where] * keep >> 8) + patch


NOTHING = Overlay((Layer(np.zeros(0, np.intp), np.zeros(0, np.uint16), np.zeros(0, np.uint16)),) * 3)


def layer(alpha: Values, patch: Values, x: int, y: int, width: int) -> Layer:
    rows, columns = alpha.nonzero()
    keep = np.round(256 * (1 - alpha[rows, columns])).astype(np.uint16)
    return Layer((rows + y) * width + columns + x, keep, np.round(patch[rows, columns]).astype(np.uint16))


def channels(image: Image.Image) -> Values:
    """Its colours as luma and two chromas of full size."""
    matrix = np.array([[0.257, -0.148, 0.439], [0.504, -0.291, -0.368], [0.098, 0.439, -0.071]], np.float32)
    found = np.asarray(image.convert("RGB"), np.float32) @ matrix + np.array([16, 128, 128], np.float32)
    return np.moveaxis(found, -1, 0)


def quarter(values: Values) -> Values:
    """The mean of each 2 x 2 block: luma's size to chroma's."""
    height, width = values.shape
    blocks: Values = values.reshape(height // 2, 2, width // 2, 2)
    return np.asarray(blocks.mean(axis=(1, 3)))


def opaque(image: Image.Image) -> Planes:
    """An image of even size as planes."""
    luma, *chroma = channels(image)
    return Planes(*(np.round(plane).astype(np.uint8) for plane in (luma, *map(quarter, chroma))))
