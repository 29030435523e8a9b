"""PNG files, made chunk by chunk: good ones, and such as no painting program writes."""

import struct
import zlib
from collections.abc import Sequence

START = b"\x89PNG\r\n\x1a\n"
GREY, COLOUR, PALETTE, GREY_ALPHA, COLOUR_ALPHA = 0, 2, 3, 4, 6
END = b"\0\0\0\0IEND\xaeB`\x82"


def chunk(kind: bytes, data: bytes) -> bytes:
    """One chunk with its check sum."""
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def head(width: int, height: int, depth: int = 8, colour: int = COLOUR_ALPHA) -> bytes:
    """The first chunk, after the signature."""
    return START + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0))


def png(rows: Sequence[bytes], width: int, *extra: bytes, depth: int = 8, colour: int = COLOUR_ALPHA) -> bytes:
    """A file with these rows of packed points; `extra`: chunks before them."""
    points = chunk(b"IDAT", zlib.compress(b"".join(b"\0" + row for row in rows)))
    return head(width, len(rows), depth, colour) + b"".join(extra) + points + END


def plain(width: int, height: int, point: bytes = b"\x0a\x7d\x4f\x00") -> bytes:
    """One colour all over: red, green, blue, alpha."""
    return png([point * width] * height, width)


def logo(width: int = 120, height: int = 40) -> bytes:
    """A filled bar on a transparent background."""
    clear, bar = b"\0\0\0\0", b"\x0a\x7d\x4f\xff"
    side = width // 6
    middle = clear * side + bar * (width - 2 * side) + clear * side
    edge = height // 4
    return png([clear * width] * edge + [middle] * (height - 2 * edge) + [clear * width] * edge, width)


def favicon(side: int = 32) -> bytes:
    """A small square logo."""
    return logo(side, side)


def sized(data: bytes, size: int) -> bytes:
    """The same picture in a file of so many bytes: filled up with a chunk that no one reads."""
    filled = chunk(b"teSt", b"\0" * (size - len(data) - 12))
    return data[: -len(END)] + filled + END
