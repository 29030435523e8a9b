"""A compositor without a meeting: speaks the same lines, writes the same kind of files faster than time, fails as told.

    python stand_in.py MODE < orders

MODE: `works`; `absent`: cannot join; `full:N`: the disk is full after N seconds of media; and, if it is the first one
to write this recording, `dies:N`, `hangs:N`, `room_ends:N`.
"""

import json
import os
import signal
import sys
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import av
import numpy as np

from convene.compositor import files

FPS = 5
PACE = 0.02  # seconds of ours for one of media


def tell(event: str, **facts: object) -> None:
    try:
        print(json.dumps({"event": event, **facts}), flush=True)
    except BrokenPipeError:  # the parent is gone
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)


def stamp(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


class Film:
    """One second of media after the other."""

    def __init__(self, path: Path):
        options = {
            "movflags": "frag_keyframe+delay_moov+default_base_moof",
            "frag_duration": "1000000",
            "flush_packets": "1",
        }
        self.output = av.open(path, "w", format="mp4", options=options)
        self.stream = self.output.add_stream(
            "libx264", rate=FPS, options={"bf": "0", "g": str(FPS), "preset": "ultrafast"}
        )
        self.stream.width, self.stream.height, self.stream.pix_fmt = 64, 64, "yuv420p"
        self.seconds = 0

    def second(self) -> None:
        for n in range(FPS):
            picture = av.VideoFrame.from_ndarray(
                np.full((64, 64, 3), (self.seconds * FPS + n) % 256, np.uint8), "rgb24"
            )
            picture.pts = self.seconds * FPS + n
            self.output.mux(self.stream.encode(picture))
        self.seconds += 1

    def close(self) -> None:
        self.output.mux(self.stream.encode())
        self.output.close()


class Orders:
    """Sets `over` on stop, SIGTERM; notes when the parent is gone."""

    def __init__(self) -> None:
        self.over: str | None = None
        signal.signal(signal.SIGTERM, lambda *_: setattr(self, "over", "signal"))
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        for line in sys.stdin:
            if json.loads(line)["do"] == "stop":
                self.over = "stopped"


def main(mode: str) -> int:
    order = json.loads(sys.stdin.readline())
    assert set(order) >= {"url", "token", "out", "only_owner", "max_seconds", "min_free_bytes", "title"}
    out, orders = Path(order["out"]), Orders()
    first, part = files.part_path(out), files.next_part(out)
    name, _, after = mode.partition(":")
    fails = name if part == first or name in ("full", "absent") else "works"
    if fails == "absent":
        time.sleep(PACE)
        tell(
            "failed",
            code="cannot_join",
            reason="The recorder could not join the meeting.",
            path=None,
            seconds=0,
            bytes=0,
        )
        return 1
    film, started_at = Film(part), datetime.now(UTC)
    tell("joined")
    while orders.over is None:
        film.second()
        if film.seconds == 2:
            tell("started", at=stamp(started_at))
        tell("progress", seconds=film.seconds, bytes=part.stat().st_size, people=1)
        if after and film.seconds >= int(after):
            if fails == "dies":
                os.kill(os.getpid(), signal.SIGKILL)
            elif fails == "hangs":
                time.sleep(3600)
            elif fails in ("full", "room_ends"):
                orders.over = fails
        elif film.seconds >= order["max_seconds"]:
            orders.over = "max_length"
        time.sleep(PACE)
    film.close()
    kept = files.recover(first, out)
    facts = {
        "path": str(out) if kept else None,
        "seconds": kept.seconds if kept else 0,
        "bytes": kept.bytes if kept else 0,
    }
    if orders.over == "full":
        tell("failed", code="disk_full", reason="The disk of the recording machine is full.", **facts)
        return 1
    ended_at = started_at + timedelta(seconds=film.seconds)
    reason = "room_ended" if orders.over == "room_ends" else orders.over
    tell("finished", reason=reason, started_at=stamp(started_at), ended_at=stamp(ended_at), **facts)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
