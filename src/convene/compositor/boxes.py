"""The boxes of our own MP4s (ISO 14496-12 §4.2), for the two things that libav has no call for."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

CONTAINERS = (b"trak", b"mdia", b"minf", b"stbl")
OFFSETS = {b"stco": ">u4", b"co64": ">u8"}  # tables of where the media lies, and the type of an entry


class Box(NamedTuple):
    kind: bytes
    at: int
    size: int


def outline(path: Path) -> list[Box]:
    """The whole boxes of the file, in order; a torn one at its end is left out."""
    found, at, size = [], 0, path.stat().st_size
    with path.open("rb") as file:
        while len(head := file.read(16)) >= 8:
            length = int.from_bytes(head[:4])
            length = int.from_bytes(head[8:16]) if length == 1 else length
            if length < 8 or at + length > size:
                break
            found.append(Box(head[4:8], at, length))
            at += length
            file.seek(at)
    return found


def trim(path: Path) -> None:
    """Cuts off a fragment (`moof` and `mdat`) that the disk had no room to finish."""
    ends = [box.at + box.size for box in outline(path) if box.kind != b"moof"]
    os.truncate(path, ends[-1] if ends else 0)


def index_first(path: Path, target: Path) -> bool:
    """Copies a closed file, one that ends in its index, with the index in front; the media's bytes stay as they are.

    False, and nothing is written, when the file was never closed. Raises OSError.
    """
    boxes = outline(path)
    kinds = [box.kind for box in boxes]
    if kinds[:1] != [b"ftyp"] or kinds[-2:] != [b"mdat", b"moov"] or b"moof" in kinds:
        return False
    first, index = boxes[0], boxes[-1]
    with path.open("rb") as file:
        head = file.read(first.size)
        file.seek(index.at)
        moov = bytearray(file.read(index.size))
        if not moved(moov):
            return False
        with target.open("wb", buffering=0) as copy:
            copy.write(head + moov)
            at = first.size
            while at < index.at:
                at += os.sendfile(copy.fileno(), file.fileno(), at, index.at - at)
    return True


def moved(moov: bytearray) -> bool:
    """Adds the index's own length to all that it points at; False when that does not fit into its tables."""
    for table, entry in tables(moov, 8, len(moov)):
        count = int.from_bytes(moov[table + 12 : table + 16])
        offsets = np.frombuffer(moov, entry, count, table + 16)
        if count and int(offsets.max()) + len(moov) > np.iinfo(offsets.dtype).max:
            return False
        offsets += len(moov)
    return True


def tables(moov: bytearray, at: int, end: int) -> Iterator[tuple[int, str]]:
    """Where in the index each table of offsets begins, and the type of its entries."""
    while at < end:
        size, kind = int.from_bytes(moov[at : at + 4]), bytes(moov[at + 4 : at + 8])
        if kind in OFFSETS:
            yield at, OFFSETS[kind]
        elif kind in CONTAINERS:
            yield from tables(moov, at + 8, at + size)
        at += max(8, size)
