"""Parts, torn parts and several parts, written by the real encoder."""

from pathlib import Path

import av
import numpy as np
import pytest

from convene.compositor import files
from convene.compositor.encoder import CONTAINER, PRESETS, Encoder, Shot
from convene.compositor.voice import BLOCK, RATE

FPS = 25


def write(path: Path, seconds: float) -> None:
    """A recording of noise that moves."""
    encoder = Encoder(path, 320, 180, FPS)
    texture = np.random.default_rng(1).integers(30, 220, 320 * 180 * 3 // 2, np.uint8)
    for tick in range(int(seconds * FPS)):
        encoder.show(np.roll(texture, tick * 7), tick)
        encoder.taken += 1  # nobody is behind here
        for position in range(tick * RATE // FPS // BLOCK, (tick + 1) * RATE // FPS // BLOCK):
            encoder.hear(np.full(BLOCK, 1000, np.int16), position * BLOCK)
    encoder.start()
    encoder.finish()
    assert encoder.error is None


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


@pytest.mark.parametrize("keep", [0.9, 0.7, 0.5])
def test_a_torn_part(out: Path, keep: float) -> None:
    part = files.part_path(out)
    write(part, 6)
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
    whole = out.read_bytes()
    out.write_bytes(whole[: len(whole) // 2])
    files.trim(out)
    video, audio = decoded(out)
    assert len(video) >= 25
    assert audio
    out.write_bytes(whole)
    files.trim(out)
    assert out.read_bytes() == whole


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
        encoder.items.put(Shot(np.roll(texture, tick * 7), tick))
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
        encoder.show(np.zeros(1, np.uint8), tick)
    ticks = [item.tick for item in encoder.items.queue]
    assert ticks[:13] == list(range(13))
    assert set(np.diff(ticks[13:])) == {2}
    assert len(ticks) == 25
    assert encoder.skipped == 175
