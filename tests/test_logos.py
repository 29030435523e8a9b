"""What is taken for a logo: each rule of the contract at both of its edges, and files that were made to do harm."""

import struct
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from convene.logos import LARGEST, fault
from tests.pngs import (
    COLOUR,
    END,
    GREY,
    GREY_ALPHA,
    PALETTE,
    START,
    chunk,
    favicon,
    head,
    logo,
    plain,
    png,
    sized,
)

SIDE = 20
COLOURS = chunk(b"PLTE", b"\x01\x02\x03\x04\x05\x06")


@pytest.mark.parametrize("kind", ["white", "colored"])
def test_sizes_of_logos(kind: str) -> None:
    for width, height in ((1, 1), (300, 300), (300, 1), (1, 300), (120, 40)):
        assert fault(kind, plain(width, height)) is None, (width, height)  # type: ignore[arg-type]
    for width, height in ((301, 1), (1, 301), (301, 301), (5000, 5000)):
        assert fault(kind, plain(width, height)) == "dimensions", (width, height)  # type: ignore[arg-type]


def test_sizes_of_favicons() -> None:
    assert [fault("favicon", favicon(side)) for side in (16, 24, 32)] == [None, None, None]
    for width, height in ((15, 15), (33, 33), (16, 32), (32, 16), (1, 1), (300, 300)):
        assert fault("favicon", plain(width, height)) == "dimensions", (width, height)


def test_the_largest_file() -> None:
    assert fault("white", sized(logo(), LARGEST)) is None
    assert fault("white", sized(logo(), LARGEST + 1)) == "exceeds_size"
    assert fault("white", b"\0" * (LARGEST + 1)) == "exceeds_size"


# --- Transparency ---------------------------------------------------------------------------------------------------


def rows(row: bytes) -> list[bytes]:
    return [row] * SIDE


TRANSPARENT = {
    "alpha": plain(SIDE, SIDE),
    "a logo": logo(),
    "half transparent": plain(SIDE, SIDE, b"\0\0\0\x7f"),
    "16 bits": png(rows(b"\xff\xff" * 3 * SIDE + b""), SIDE, chunk(b"tRNS", b"\xff\xff" * 3), depth=16, colour=COLOUR),
    "16 bits with alpha": png(rows(b"\xff\xff\xff\xff\xff\xff\0\0" * SIDE), SIDE, depth=16),
    "grey with alpha": png(rows(b"\x12\0" * SIDE), SIDE, colour=GREY_ALPHA),
    "grey with alpha, 16 bits": png(rows(b"\x12\x34\0\0" * SIDE), SIDE, depth=16, colour=GREY_ALPHA),
    "palette": png(rows(b"\1" * SIDE), SIDE, COLOURS, chunk(b"tRNS", b"\xff\0"), colour=PALETTE),
    "palette, 1 bit": png(rows(b"\xff\xff\xff"), SIDE, COLOURS, chunk(b"tRNS", b"\xff\0"), depth=1, colour=PALETTE),
    "one colour is none": png(rows(b"\x12" * 3 * SIDE), SIDE, chunk(b"tRNS", b"\0\x12" * 3), colour=COLOUR),
    "one grey is none": png(rows(b"\x12" * SIDE), SIDE, chunk(b"tRNS", b"\0\x12"), colour=GREY),
    "one grey of 4 is none": png(rows(b"\x55" * 5), SIDE, chunk(b"tRNS", b"\0\1"), depth=2, colour=GREY),
    "one grey of 16 is none": png(rows(b"\x33" * 10), SIDE, chunk(b"tRNS", b"\0\3"), depth=4, colour=GREY),
    "black is none, 1 bit": png(rows(b"\0\0\0"), SIDE, chunk(b"tRNS", b"\0\0"), depth=1, colour=GREY),
    "one grey of 65536 is none": png(
        rows(b"\x12\x34" * SIDE), SIDE, chunk(b"tRNS", b"\x12\x34"), depth=16, colour=GREY
    ),
}
OPAQUE = {
    "alpha, all of it full": plain(SIDE, SIDE, b"\0\0\0\xff"),
    "no alpha": png(rows(b"\x12" * 3 * SIDE), SIDE, colour=COLOUR),
    "16 bits with alpha": png(rows(b"\xff" * 8 * SIDE), SIDE, depth=16),
    "grey": png(rows(b"\x12" * SIDE), SIDE, colour=GREY),
    "palette": png(rows(b"\0" * SIDE), SIDE, COLOURS, colour=PALETTE),
    "a transparent colour that is nowhere": png(
        rows(b"\0" * SIDE), SIDE, COLOURS, chunk(b"tRNS", b"\xff\0"), colour=PALETTE
    ),
    "a colour that is nowhere": png(rows(b"\x12" * 3 * SIDE), SIDE, chunk(b"tRNS", b"\0\x13" * 3), colour=COLOUR),
    "a hole, no background": png(
        [b"\0\0\0\xff" * SIDE, *[b"\0\0\0\xff" + b"\0" * 4 * (SIDE - 2) + b"\0\0\0\xff"] * 18, b"\0\0\0\xff" * SIDE],
        SIDE,
    ),
}


@pytest.mark.parametrize("name", TRANSPARENT)
def test_what_is_transparent(name: str) -> None:
    assert fault("colored", TRANSPARENT[name]) is None


@pytest.mark.parametrize("name", OPAQUE)
def test_what_is_not_transparent(name: str) -> None:
    assert fault("colored", OPAQUE[name]) == "transparent_bg"


# --- Files that are none, or were made to do harm --------------------------------------------------------------------

GOOD = plain(SIDE, SIDE)
BAD = {
    "nothing": b"",
    "a path": b"/home/alice/logo.png",
    "a jpeg": b"\xff\xd8\xff\xe0\0\x10JFIF\0",
    "a gif": b"GIF89a" + b"\0" * 100,
    "an svg with a script": b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>',
    "the signature alone": START,
    "the first chunk alone": head(SIDE, SIDE),
    "cut in the middle": GOOD[: len(GOOD) // 2],
    "without its last chunk": GOOD[: -len(END)],
    "a flipped bit": GOOD[:50] + bytes([GOOD[50] ^ 1]) + GOOD[51:],
    "points are missing": head(SIDE, SIDE) + chunk(b"IDAT", zlib.compress(b"\0" * 30)) + END,
    "no such kind of colour": png(rows(b"\xff" * SIDE), SIDE, colour=7),
    "it moves": png(rows(b"\0" * 4 * SIDE), SIDE, chunk(b"acTL", struct.pack(">II", 2, 0))),
    "texts that unpack to 100 MB": png(
        rows(b"\0" * 4 * SIDE),
        SIDE,
        *(chunk(b"zTXt", b"k%d\0\0" % n + zlib.compress(b"a" * 1_000_000)) for n in range(100)),
    ),
    "a profile that unpacks to 50 MB": png(
        rows(b"\0" * 4 * SIDE), SIDE, chunk(b"iCCP", b"k\0\0" + zlib.compress(b"a" * 50_000_000))
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_what_is_no_png(name: str) -> None:
    assert fault("colored", BAD[name]) == "type"


@pytest.mark.parametrize("side", [301, 65_535, 2**31 - 1])
def test_a_small_file_that_says_it_is_huge_is_not_opened(side: int) -> None:
    row = zlib.compress(b"\0" * 10_000_000)
    assert fault("colored", head(side, side) + chunk(b"IDAT", row) + END) == "dimensions"


@given(st.integers(0, len(GOOD) - 1), st.integers(0, 255))
def test_no_changed_byte_raises(place: int, value: int) -> None:
    assert fault("favicon", GOOD[:place] + bytes([value]) + GOOD[place + 1 :]) in (None, "type", "dimensions")


@given(st.integers(0, len(GOOD) - 5))  # without its last check sum it would still be whole
def test_no_cut_raises(length: int) -> None:
    assert fault("colored", GOOD[:length]) == "type"


@given(st.binary(max_size=200))
def test_no_file_raises(rest: bytes) -> None:
    assert fault("colored", GOOD[:33] + rest) in (None, "type", "transparent_bg")
