"""What a theme's pictures must be (contract §3.4): PNG, at most 1 MiB, small, on a transparent background.

Everything is looked at in the bytes themselves. The size in pixels is read from the file's first chunk and judged before
anything is decoded, so that a small file cannot become a huge picture.
"""

import io
import struct
from typing import Literal

import numpy as np
from PIL import Image

Kind = Literal["white", "colored", "favicon"]
Fault = Literal["exceeds_size", "type", "dimensions", "transparent_bg"]

LARGEST = 1024 * 1024  # bytes
LOGO_SIDES = range(1, 301)
FAVICON_SIDES = range(16, 33)
_START = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"
_OPAQUE = 128  # alpha from which on a point of the background hides what is below it


def fault(kind: Kind, data: bytes) -> Fault | None:
    """The first rule that a picture breaks."""
    if len(data) > LARGEST:
        return "exceeds_size"
    if not data.startswith(_START) or len(data) < 24:
        return "type"
    width, height = struct.unpack(">II", data[16:24])
    if not _fits(kind, width, height):
        return "dimensions"
    try:
        picture = _decoded(data)
    except Exception:  # a decoder that stumbles over a broken file may raise anything: IndexError, struct.error …
        return "type"
    if picture is None:
        return "type"
    return None if _shows_the_ground(picture) else "transparent_bg"


def _fits(kind: Kind, width: int, height: int) -> bool:
    if kind == "favicon":
        return width == height and width in FAVICON_SIDES
    return width in LOGO_SIDES and height in LOGO_SIDES


def _decoded(data: bytes) -> Image.Image | None:
    """All points with their alpha; None for a picture that moves: a page should not."""
    with Image.open(io.BytesIO(data), formats=("PNG",)) as file:
        file.verify()  # every chunk is whole, and the last one is there
    with Image.open(io.BytesIO(data), formats=("PNG",)) as file:
        if getattr(file, "is_animated", False):
            return None
        file.load()
        return _with_key(file, depth=data[24]).convert("RGBA")


def _with_key(file: Image.Image, *, depth: int) -> Image.Image:
    """A file without an alpha channel may name one colour that stands for "nothing". It does so in the file's own depth, and
    Pillow's points have 8 bits (of 16 the upper ones), so that it would not find it."""
    key = file.info.get("transparency")
    picture = Image.fromarray((np.asarray(file) >> 8).astype(np.uint8)) if file.mode == "I;16" else file
    if picture.mode == "L" and isinstance(key, int):
        picture.info["transparency"] = _narrow(key, depth)
    elif picture.mode == "RGB" and isinstance(key, tuple):
        picture.info["transparency"] = tuple(_narrow(part, depth) for part in key)
    return picture


def _narrow(value: int, depth: int) -> int:
    return value >> 8 if depth == 16 else int(value * 255 // (2**depth - 1))


def _shows_the_ground(picture: Image.Image) -> bool:
    """Whether the page's own colour is seen somewhere along the edge. A hole in a filled rectangle is no background."""
    alpha = picture.getchannel("A")
    width, height = picture.size
    sides = ((0, 0, width, 1), (0, height - 1, width, height), (0, 0, 1, height), (width - 1, 0, width, height))
    return min(min(alpha.crop(side).tobytes()) for side in sides) < _OPAQUE
