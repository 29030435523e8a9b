"""The files of a recording. Needs no engine: whoever finds the leavings of a killed recorder can finish them.

While it is written, a recording is one or more fragmented MP4s beside its final path: `<out>.part.mp4`, and
`<out>.part2.mp4`, … for each recorder that went on where a killed one had stopped. A part that was closed in order has an
index at its end. Finished, the recording is one MP4 at `<out>` with its index in front. Joining parts closes the gap between
them: nothing was seen or heard in it.
"""

import errno
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
from av.container import InputContainer, OutputContainer
from av.packet import Packet
from av.stream import Stream

from convene.compositor import boxes

ROOM = 16_000_000  # bytes that must stay free beside a second copy


class NothingRecorded(Exception):
    """No part holds a picture."""


@dataclass(frozen=True)
class Recovered:
    seconds: float
    bytes: int


def part_path(out: str | os.PathLike[str], number: int = 1) -> Path:
    return Path(f"{os.fspath(out)}.part{number if number > 1 else ''}.mp4")


def next_part(out: str | os.PathLike[str]) -> Path:
    """Where the next recorder writes: never over what an earlier one left."""
    number = 1
    while part_path(out, number).exists():
        number += 1
    return part_path(out, number)


def finish(part: str | os.PathLike[str], out: str | os.PathLike[str]) -> Recovered:
    """Joins `part` and its followers into one durable MP4 at `out`, then removes them.

    May be repeated after a kill at any point. When the disk has no room for a second copy, a single part becomes the
    recording as it is (browsers play it). Raises `NothingRecorded`, and `OSError` when the file cannot be written.
    """
    out = Path(out)
    parts = existing(Path(part), out)
    if (
        out.exists()
    ):  # Race: killed after the rename and before the parts were removed. The rename came last, so `out` is whole.
        remove(parts)
        return measured(out)
    readable = [path for path in parts if plays(path)]
    if not readable:
        raise NothingRecorded
    whole = out.with_name(out.name + ".tmp")
    try:
        if shutil.disk_usage(out.parent).free < sum(path.stat().st_size for path in readable) + ROOM:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        if len(readable) > 1 or not boxes.index_first(readable[0], whole):
            join(readable, whole)
    except OSError as error:
        if error.errno != errno.ENOSPC or len(readable) > 1:
            raise
        whole.unlink(missing_ok=True)
        whole = readable[0]
        boxes.trim(whole)
    sync(whole)
    os.replace(whole, out)
    sync(out.parent)
    remove(parts)
    return measured(out)


def recover(part: str | os.PathLike[str], out: str | os.PathLike[str]) -> Recovered | None:
    """As `finish`, for what a killed recorder left; None when there is nothing that plays."""
    try:
        return finish(part, out)
    except NothingRecorded:
        return None


def existing(part: Path, out: Path) -> list[Path]:
    parts = [part] if part.exists() else []
    number = 2
    while (path := part_path(out, number)).exists():
        parts.append(path)
        number += 1
    return parts


def remove(parts: list[Path]) -> None:
    for path in parts:
        path.unlink(missing_ok=True)


def sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def measured(path: Path) -> Recovered:
    return Recovered(round(float(length(path)), 3), path.stat().st_size)


def length(path: Path) -> Fraction:
    """Seconds of media in a file that plays."""
    with av.open(path) as media:
        if media.duration:
            return Fraction(media.duration, 1_000_000)
        return max(
            (end(packet) for packet in packets(media)), default=Fraction(0)
        )  # fragments do not say how many they are


def plays(path: Path) -> bool:
    """Whether there is any picture: a recorder killed in its first second leaves none."""
    try:
        with av.open(path) as media:
            return any(packet.stream.type == "video" for packet in packets(media))
    except (av.FFmpegError, ValueError):
        return False


def end(packet: "Packet[Stream]") -> Fraction:
    assert packet.pts is not None and packet.time_base is not None
    return (packet.pts + (packet.duration or 0)) * packet.time_base


def packets(media: InputContainer) -> "Iterator[Packet[Stream]]":
    """The whole packets in order; the torn one at the end of a killed recorder's file is left out."""
    try:
        for packet in media.demux():
            if packet.dts is not None and not packet.is_corrupt:
                yield packet
    except av.FFmpegError:
        return


def join(parts: list[Path], target: Path) -> None:
    """One MP4 from all parts, streams copied, the index in front."""
    with av.open(target, "w", format="mp4", options={"movflags": "+faststart"}) as output:
        streams: dict[str, Stream] = {}
        start = Fraction(0)
        for path in parts:
            with av.open(path) as media:
                start = append(media, output, streams, start)


def append(media: InputContainer, output: OutputContainer, streams: dict[str, Stream], start: Fraction) -> Fraction:
    """Copies one part to `start` seconds of the whole; returns where it ends there."""
    for stream in media.streams:
        if stream.type not in streams:
            streams[stream.type] = output.add_stream_from_template(stream)
    header = parameter_sets(media, streams)
    targets = [streams[stream.type] for stream in media.streams]
    ticks = [stream.time_base or Fraction(1) for stream in media.streams]
    shifts = [int(start / tick) for tick in ticks]
    last = list(shifts)
    # Ten minutes are 45,000 packets: this loop is what finishing costs, so it counts in whole ticks of each stream.
    for packet in packets(media):
        index = packet.stream_index
        target, shift = targets[index], shifts[index]
        assert packet.pts is not None and packet.dts is not None
        if shift:
            packet.pts += shift
            packet.dts += shift
            if packet.dts < shift:  # the encoder's run-in before zero would lie in the part before
                continue
        last[index] = packet.pts + (packet.duration or 0)
        if header and packet.is_keyframe and target.type == "video":
            packet = prefixed(packet, header)
        packet.stream = target
        output.mux(packet)
    return max(count * tick for count, tick in zip(last, ticks, strict=True))


def parameter_sets(media: InputContainer, streams: dict[str, Stream]) -> bytes:
    """What the decoder of this part must be told before each key frame, where it differs from the first part's (a newer
    encoder went on): the SPS and PPS of its avcC (ISO 14496-15 §5.3.3.1), each behind its length in four bytes."""
    own = media.streams.video[0].codec_context.extradata or b""
    if own == streams["video"].codec_context.extradata:
        return b""
    found, at = b"", 5
    for mask in (0x1F, 0xFF):  # the count of SPS shares its byte with five reserved bits, that of PPS does not
        count, at = own[at] & mask, at + 1
        for _ in range(count):
            size = int.from_bytes(own[at : at + 2])
            found += size.to_bytes(4) + own[at + 2 : at + 2 + size]
            at += 2 + size
    return found


def prefixed(packet: "Packet[Stream]", header: bytes) -> "Packet[Stream]":
    longer = Packet(header + bytes(packet))
    longer.pts, longer.dts, longer.time_base, longer.duration = (
        packet.pts,
        packet.dts,
        packet.time_base,
        packet.duration,
    )
    longer.is_keyframe = True
    return longer
