"""Judges a recording of the people of `publish.py` by its own pixels and sound.

python -m tests.judge FILE -n 4
"""

import argparse
import json
from dataclasses import asdict, dataclass, field
from pathlib import Path

import av
import numpy as np

from convene.compositor.layout import Rect, grid
from tests.publish import FPS, RATE, pitch, tint

WINDOW = RATE // 100
BEEP = 9000 / 32768 / 2  # how strong a beep is that nobody has changed
BEFORE, AFTER = 0.5, 3.0  # seconds for which a machine that stood still is heard: jitter buffers grow, and shrink again


@dataclass
class Heard:
    """`offsets`: milliseconds from each flash to its beep; positive = sound later. `at` holds the flashes' seconds."""

    flashes: int
    beeps: int
    at: list[float] = field(default_factory=list)
    offsets: list[float] = field(default_factory=list)

    def calm(self, starved: list[float]) -> list[float]:
        """The offsets of the moments that none of the `starved` seconds touches (of the recording, as `at`)."""
        return [offset for at, offset in zip(self.at, self.offsets, strict=True) if is_calm(at, starved)]


def is_calm(at: float, starved: list[float]) -> bool:
    """Whether nobody stood still shortly before or at that moment."""
    return not any(-BEFORE < at - moment < AFTER for moment in starved)


@dataclass
class Verdict:
    video_seconds: float
    audio_seconds: float
    missing_pictures: int
    sound_gaps: int
    people: list[Heard]


def judge(path: Path, cells: list[Rect], skip: float = 0.0, who: list[int] | None = None) -> Verdict:
    """`cells` says where the people `who` (default 0, 1, …) are seen; flashes of the first `skip` seconds do not count."""
    who = who if who is not None else list(range(len(cells)))
    seen, heard = [], []
    brightness: list[list[float]] = [[] for _ in cells]
    with av.open(path) as media:
        width = media.streams.video[0].width
        for frame in media.decode(media.streams.video[0], media.streams.audio[0]):
            if isinstance(frame, av.VideoFrame):
                luma = np.frombuffer(frame.planes[0], np.uint8).reshape(frame.height, -1)[:, :width]
                seen.append(float(frame.time))
                for values, cell in zip(brightness, cells, strict=True):
                    values.append(patch(luma, cell))
            else:
                heard.append((float(frame.time), frame.to_ndarray()[0]))
    starts = np.array([start for start, _ in heard])
    sound = np.concatenate([samples for _, samples in heard])
    return Verdict(
        video_seconds=seen[-1] + 1 / FPS,
        audio_seconds=float(starts[-1]) + len(heard[-1][1]) / RATE,
        missing_pictures=int(np.round(np.diff(seen) * FPS - 1).sum()),
        sound_gaps=int((np.abs(np.diff(starts) - 1024 / RATE) > 0.002).sum()),
        people=[
            pair(flashes(seen, values), beeps(sound, pitch(i), starts[0]), skip)
            for i, values in zip(who, brightness, strict=True)
        ],
    )


def patch(luma: np.ndarray, cell: Rect) -> float:
    rows = slice(cell.y + cell.height // 4, cell.y + cell.height // 2, 4)
    columns = slice(cell.x + cell.width // 4, cell.x + 3 * cell.width // 4, 4)
    return float(luma[rows, columns].mean())


def flashes(seen: list[float], values: list[float]) -> list[float]:
    return [seen[k] for k in range(1, len(values)) if values[k] > 185 >= values[k - 1]]


def beeps(sound: np.ndarray, frequency: int, start: float, least: float | None = None) -> list[float]:
    """Seconds at which the tone sets in: its strength in windows of 10 ms; `least`: if it may be missing for long."""
    turned = sound * np.exp(-2j * np.pi * frequency * np.arange(len(sound)) / RATE)
    summed = np.concatenate([[0], np.cumsum(turned)])
    strength = np.abs(summed[WINDOW:] - summed[:-WINDOW]) / WINDOW
    loud = strength > (0.4 * np.percentile(strength, 99) if least is None else least)
    onsets = np.flatnonzero(loud[1:] & ~loud[:-1]) / RATE + start + 0.4 * WINDOW / RATE
    return [float(t) for k, t in enumerate(onsets) if k == 0 or t - onsets[k - 1] > 0.3]


def heard(path: Path, i: int) -> list[float]:
    """The seconds at which person i's beeps set in, if he is heard at all."""
    with av.open(path) as media:
        frames = [(float(frame.time), frame.to_ndarray()[0]) for frame in media.decode(audio=0)]
    return beeps(np.concatenate([samples for _, samples in frames]), pitch(i), frames[0][0], BEEP / 3)


def pair(flashed: list[float], beeped: list[float], skip: float) -> Heard:
    result = Heard(len(flashed), len(beeped))
    for beep in beeped:
        flash = min(flashed, key=lambda t: abs(t - beep), default=None)
        if flash is not None and beep >= skip and abs(flash - beep) < 0.45:
            result.at.append(round(flash, 2))
            result.offsets.append(round((beep - flash) * 1000, 1))
    return result


def picture(path: Path, seconds: float) -> np.ndarray:
    """The RGB picture that is shown at that moment."""
    shown = None
    with av.open(path) as media:
        for frame in media.decode(video=0):
            if shown is not None and frame.time > seconds:
                break
            shown = frame
    assert shown is not None
    return shown.to_ndarray(format="rgb24")


def shows(image: np.ndarray, i: int, spot: tuple[int, int]) -> bool:
    """Whether the colours around `spot` (x, y) are those of person i's camera."""
    x, y = spot
    mean = image[y - 8 : y + 8, x - 8 : x + 8].reshape(-1, 3).mean(axis=0)
    if mean.max() < 30:
        return False
    wanted = np.array(tint(i)) / max(tint(i))
    return bool(np.abs(mean / mean.max() - wanted).max() < 0.2)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("file", type=Path)
    parser.add_argument("-n", type=int, default=4)
    parser.add_argument("--skip", type=float, default=0)
    options = parser.parse_args()
    verdict = judge(options.file, grid(options.n, 1280, 720), options.skip)
    summary = asdict(verdict)
    for person in summary["people"]:
        offsets = np.array(person.pop("offsets") or [np.nan])
        person.pop("at")
        person |= {"mean_ms": round(float(offsets.mean()), 1), "worst_ms": float(offsets[np.abs(offsets).argmax()])}
    print(json.dumps(summary, indent=1))


if __name__ == "__main__":
    main()
