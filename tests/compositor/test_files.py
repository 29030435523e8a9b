"""Parts, torn parts and several parts, written by the real encoder."""

from pathlib import Path

import av
import numpy as np
import pytest

from convene.compositor import boxes, files
from convene.compositor.encoder import CONTAINER, PRESETS, Encoder, Shot
from convene.compositor.voice import BLOCK, RATE

FPS = 25
HEADER = (8).to_bytes(4) + b"free"  # stands where a closed file has the head of its media


def as_frame(packed: np.ndarray) -> av.VideoFrame:
    return av.VideoFrame.from_numpy_buffer(packed.reshape(270, 320), "yuv420p")


def write(path: Path, seconds: float) -> None:
    """A recording of noise that moves."""
    encoder = Encoder(path, 320, 180, FPS)
    texture = np.random.default_rng(1).integers(30, 220, 320 * 180 * 3 // 2, np.uint8)
    for tick in range(int(seconds * FPS)):
        encoder.show(as_frame(np.roll(texture, tick * 7)), tick)
        encoder.taken += 1  # nobody is behind here
        for position in range(tick * RATE // FPS // BLOCK, (tick + 1) * RATE // FPS // BLOCK):
            encoder.hear(np.full(BLOCK, 1000, np.int16), position * BLOCK)
    encoder.start()
    encoder.finish()
    assert encoder.error is None


def reopen(path: Path) -> None:
    """Takes back the closing of a part: the file as it was a moment before, and as a killed recorder leaves it."""
    *_, media, index = boxes.outline(path)
    assert (media.kind, index.kind) == (b"mdat", b"moov")
    with path.open("r+b") as file:
        file.seek(media.at)
        file.write(HEADER)
        file.truncate(index.at)


def packets(path: Path) -> list[tuple[int, int | None, int | None, int | None, bool, bytes]]:
    with av.open(path) as media:
        return sorted((p.stream_index, p.dts, p.pts, p.duration, p.is_keyframe, bytes(p)) for p in files.packets(media))


def decoded(path: Path) -> tuple[list[float], list[float]]:
    with av.open(path) as media:
        frames = list(media.decode(media.streams.video[0], media.streams.audio[0]))
    video = [float(frame.time) for frame in frames if isinstance(frame, av.VideoFrame)]
    return video, [float(frame.time) for frame in frames if isinstance(frame, av.AudioFrame)]


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "r.mp4"


def test_a_whole_part(out: Path) -> None:
    write(files.part_path(out), 3)
    done = files.finish(files.part_path(out), out)
    assert done.seconds == pytest.approx(3, abs=0.05)
    assert done.bytes == out.stat().st_size
    assert list(out.parent.iterdir()) == [out]
    assert out.read_bytes().index(b"moov") < out.read_bytes().index(b"mdat")
    video, _ = decoded(out)
    assert video == pytest.approx([k / FPS for k in range(75)])


def test_a_closed_part_is_copied_byte_for_byte(out: Path) -> None:
    part, joined = files.part_path(out), out.with_name("joined.mp4")
    write(part, 4)
    before = packets(part)
    files.join([part], joined)
    assert boxes.index_first(part, out)
    assert packets(out) == before == packets(joined)
    assert decoded(out) == decoded(joined)
    assert out.stat().st_size == part.stat().st_size


def test_killed_while_closing(out: Path) -> None:
    """The index is written, and the head of the media is not: the file still plays as fragments."""
    part = files.part_path(out)
    write(part, 3)
    data = bytearray(part.read_bytes())
    at = boxes.outline(part)[-2].at
    data[at : at + 8] = HEADER
    for end in (len(data), len(data) - 500):  # the index whole, and torn
        part.write_bytes(data[:end])
        files.finish(part, out)
        assert decoded(out)[0] == pytest.approx([k / FPS for k in range(75)])
        out.unlink()


def test_an_index_that_cannot_be_moved_is_made_anew(out: Path) -> None:
    part = files.part_path(out)
    write(part, 2)
    index = boxes.outline(part)[-1]
    moov = bytearray(part.read_bytes()[index.at :])
    table, entry = next(boxes.tables(moov, 8, len(moov)))
    assert entry == ">u4"
    moov[table + 16 : table + 20] = b"\xff\xff\xff\x00"  # a file of 4 GB
    part.write_bytes(part.read_bytes()[: index.at] + moov)
    assert not boxes.index_first(part, out)
    assert not out.exists()


@pytest.mark.parametrize("keep", [0.9, 0.7, 0.5])
def test_a_torn_part(out: Path, keep: float) -> None:
    part = files.part_path(out)
    write(part, 6)
    reopen(part)
    data = part.read_bytes()
    part.write_bytes(data[: int(len(data) * keep)])
    done = files.recover(part, out)
    assert done is not None
    assert 6 * keep - 1.5 < done.seconds < 6
    video, audio = decoded(out)  # every picture that is left can be decoded
    assert np.diff(video) == pytest.approx(1 / FPS)
    assert abs(video[-1] - audio[-1]) < 1.2


@pytest.mark.parametrize("left", [b"", b"\0" * 100, b"\0\0\0\x1cftypisom"])
def test_nothing_that_plays(out: Path, left: bytes) -> None:
    part = files.part_path(out)
    part.write_bytes(left)
    assert files.recover(part, out) is None
    assert not out.exists()
    with pytest.raises(files.NothingRecorded):
        files.finish(part, out)


def test_no_part_at_all(out: Path) -> None:
    assert files.recover(files.part_path(out), out) is None


def test_parts_are_joined_in_order(out: Path) -> None:
    for number, seconds in enumerate((3, 2, 2.5), 1):
        assert files.next_part(out) == files.part_path(out, number)
        write(files.next_part(out), seconds)
    torn = files.part_path(out, 2)
    reopen(torn)
    torn.write_bytes(torn.read_bytes()[:-5000])
    files.part_path(out, 4).write_bytes(b"")  # killed before its first fragment
    done = files.finish(files.part_path(out), out)
    assert 6.5 < done.seconds < 7.6
    video, audio = decoded(out)
    assert (np.diff(video) > 0).all()
    assert max(np.diff(video)) < 1.1  # at most what the torn part lost
    assert abs(video[-1] - audio[-1]) < 0.1
    assert list(out.parent.iterdir()) == [out]


def test_a_part_of_another_encoder_is_joined(out: Path) -> None:
    write(files.part_path(out), 2)
    second = files.part_path(out, 2)
    with av.open(second, "w", format="mp4", options=CONTAINER) as other:
        stream = other.add_stream("libx264", rate=FPS, options={"preset": "ultrafast", "x264-params": "bframes=0"})
        stream.width, stream.height = 320, 180
        for k in range(50):
            luma = np.full((270, 320), 40 + k, np.uint8)
            other.mux(stream.encode(av.VideoFrame.from_ndarray(luma, "yuv420p")))
        other.mux(stream.encode(None))
    files.finish(files.part_path(out), out)
    with av.open(out) as media:
        means = [frame.to_ndarray()[:180].mean() for frame in media.decode(video=0)]
    assert len(means) == 100
    assert means[50:] == pytest.approx([40 + k for k in range(50)], abs=3)


def test_killed_after_the_rename(out: Path) -> None:
    part = files.part_path(out)
    write(part, 2)
    left = part.read_bytes()
    done = files.finish(part, out)
    part.write_bytes(left)
    assert files.finish(part, out) == done
    assert not part.exists()


def test_trimming_leaves_whole_fragments(out: Path) -> None:
    write(out, 4)
    closed = out.read_bytes()
    boxes.trim(out)
    assert out.read_bytes() == closed
    reopen(out)
    whole = out.read_bytes()
    boxes.trim(out)
    assert out.read_bytes() == whole
    out.write_bytes(whole[: len(whole) // 2])
    boxes.trim(out)
    video, audio = decoded(out)
    assert len(video) >= 25
    assert audio


def test_the_preset_changes_inside_one_file(out: Path) -> None:
    class Hurried(Encoder):
        """Is told to go one preset faster after each second."""

        @property
        def pressed(self) -> bool:
            self.behind_since = -1e9 if self.taken % FPS == 0 else None
            return self.taken % FPS == 0

    encoder = Hurried(out, 320, 180, FPS)
    texture = np.random.default_rng(1).integers(30, 220, 320 * 180 * 3 // 2, np.uint8)
    encoder.start()
    for tick in range(4 * FPS):
        encoder.given += 1
        encoder.items.put(Shot(as_frame(np.roll(texture, tick * 7)), tick))
    encoder.finish()
    assert encoder.error is None
    assert encoder.preset == len(PRESETS) - 1
    video, _ = decoded(out)
    assert video == pytest.approx([k / FPS for k in range(100)])
    with av.open(out) as media:
        for k, frame in enumerate(media.decode(video=0)):
            wanted = np.roll(texture, k * 7)[: 320 * 180].reshape(180, 320)
            assert np.abs(frame.to_ndarray()[:180].astype(int) - wanted).mean() < 30


def test_an_encoder_that_is_behind_skips_evenly_and_then_altogether(out: Path) -> None:
    encoder = Encoder(out, 320, 180, FPS)
    for tick in range(200):
        encoder.show(as_frame(np.zeros(320 * 270, np.uint8)), tick)
    ticks = [item.tick for item in encoder.items.queue]
    assert ticks[:13] == list(range(13))
    assert set(np.diff(ticks[13:])) == {2}
    assert len(ticks) == 25
    assert encoder.skipped == 175
