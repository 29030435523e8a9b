"""The compositor, and people for it to record, as the real processes that they are."""

import json
import os
import queue
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

from livekit import api

from tests.judge import is_calm
from tests.livekit_server import KEY, SECRET

ROOT = Path(__file__).parents[2]
DEADLINE = 60.0

Line = dict[str, Any]


async def open_room(url: str, room: str) -> None:
    """Needed where the engine makes no room by itself. The room ends 3 s after its last person."""
    async with api.LiveKitAPI(url.replace("ws", "http", 1), KEY, SECRET) as client:
        await client.room.create_room(api.CreateRoomRequest(name=room, empty_timeout=60, departure_timeout=3))


async def show(url: str, room: str, metadata: str) -> None:
    """What the platform shows everybody in the room."""
    async with api.LiveKitAPI(url.replace("ws", "http", 1), KEY, SECRET) as client:
        await client.room.update_room_metadata(api.UpdateRoomMetadataRequest(room=room, metadata=metadata))


async def close_room(url: str, room: str) -> None:
    async with api.LiveKitAPI(url.replace("ws", "http", 1), KEY, SECRET) as client:
        await client.room.delete_room(api.DeleteRoomRequest(room=room))


def hidden_token(room: str) -> str:
    grants = api.VideoGrants(
        room_join=True, room=room, can_publish=False, can_publish_data=False, hidden=True, recorder=True
    )
    token = api.AccessToken(KEY, SECRET).with_identity("recorder").with_kind("egress").with_grants(grants)
    return token.with_ttl(timedelta(hours=1)).to_jwt()


@contextmanager
def small_disk(folder: Path, kilobytes: int) -> Iterator[Path]:
    """An empty file system of its own, for any user: it lives in a mount namespace, and is seen through its holder's /proc."""
    mount = f'mount -t tmpfs -o size={kilobytes}k tmpfs "$0" && echo mounted && exec cat'
    holder = subprocess.Popen(
        ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", mount, folder],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert holder.stdout and holder.stderr
    with holder:  # leaving ends its input, that ends it, and the file system with it
        answer = holder.stdout.readline()
        assert answer, f"this test needs user namespaces for a small disk: {holder.stderr.read().strip()}"
        yield Path(f"/proc/{holder.pid}/root{folder}")


class People:
    """`publish.py`, and the orders that it takes; `late` is the file of its late steps."""

    def __init__(self, process: "subprocess.Popen[str]", late: Path) -> None:
        self.process, self.late = process, late

    def starved(self, running: "Compositor") -> list[float]:
        """When the machine had no time for people or recorder, in seconds of the recording."""
        return [float(moment) - running.start for moment in self.late.read_text().split()] + running.behind

    def do(self, order: str) -> None:
        assert self.process.stdin and self.process.stdout
        self.process.stdin.write(order + "\n")
        self.process.stdin.flush()
        assert self.process.stdout.readline().strip() == f"done {order}"


@contextmanager
def people(url: str, room: str, count: int, *options: str) -> Iterator[People]:
    late = Path(tempfile.mkdtemp(prefix="convene-people-")) / "late"
    where = ["--url", url, "--room", room, "--key", KEY, "--secret", SECRET, "-n", str(count), "--late", str(late)]
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.publish", *where, *options],
        cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
    )  # fmt: skip
    try:
        assert process.stdout
        assert process.stdout.readline().strip() == "ready"
        yield People(process, late)
    finally:
        process.kill()
        process.wait()
        shutil.rmtree(late.parent)


class Compositor:
    """One running recording; `lines` holds what it has said so far."""

    def __init__(self, url: str, room: str, out: Path, **order: Any) -> None:
        self.out = out
        self.lines: list[Line] = []
        self.coming: queue.Queue[Line | None] = queue.Queue()
        self.process = subprocess.Popen(
            [sys.executable, "-m", "convene.compositor"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT,
            stderr=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": str(ROOT / "src")},
        )  # fmt: skip
        self.log: list[str] = []
        self.readers = [threading.Thread(target=read, daemon=True) for read in (self.read_lines, self.read_log)]
        for reader in self.readers:
            reader.start()
        self.say(url=url, token=hidden_token(room), out=str(out), **{"min_free_bytes": 1_000_000, **order})

    def read_lines(self) -> None:
        assert self.process.stdout
        for line in self.process.stdout:
            self.coming.put(json.loads(line))
        self.coming.put(None)

    def read_log(self) -> None:
        assert self.process.stderr
        self.log.extend(self.process.stderr)

    def say(self, **line: Any) -> None:
        assert self.process.stdin
        self.process.stdin.write(json.dumps(line) + "\n")
        self.process.stdin.flush()

    def wait(self, event: str, deadline: float = DEADLINE, **facts: Any) -> Line:
        """The next line of this kind; with `seconds=…`, one that has come at least that far."""
        until = time.monotonic() + deadline
        while True:
            line = self.coming.get(timeout=max(0.01, until - time.monotonic()))
            assert line is not None, f"ended without {event}: {self.lines[-3:]} {''.join(self.log)[-2000:]}"
            self.lines.append(line)
            if line["event"] == event and all(line[key] >= value for key, value in facts.items()):
                return line

    @property
    def start(self) -> float:
        """Position 0 of the recording on the monotonic clock."""
        at = next(line["at"] for line in self.lines if line["event"] == "started")
        return time.monotonic() - time.time() + datetime.fromisoformat(at).timestamp()

    @property
    def behind(self) -> list[float]:
        """About when several pictures came too late, in seconds of the recording."""
        told = [line for line in self.lines if line["event"] == "progress"]
        return [b["seconds"] for a, b in pairwise(told) if b["late"] + b["skipped"] - a["late"] - a["skipped"] > 2]

    def until_calm(self, present: People, *, seconds: int, skip: int) -> list[float]:
        """Records until the machine had time for so many whole seconds after the first `skip`; returns when it had none."""
        until = time.monotonic() + 2 * DEADLINE
        while True:
            now, starved = int(self.now()), present.starved(self)
            if sum(is_calm(second, starved) for second in range(skip, now)) >= seconds:
                return starved
            assert time.monotonic() < until, f"the machine is too busy to judge: {len(starved)} late steps in {now} s"

    def until(self, seconds: float) -> Line:
        """Waits until so much is written."""
        return self.wait("progress", deadline=DEADLINE + seconds, seconds=seconds)

    def now(self) -> float:
        """How much is written, by its newest word."""
        while True:
            line = self.wait("progress")
            if self.coming.empty():
                return float(line["seconds"])

    def stop(self) -> Line:
        self.say(do="stop")
        return self.ended()

    def ended(self) -> Line:
        """The last word, after the process is gone."""
        line = self.wait("finished")
        assert self.process.wait(DEADLINE) == 0
        return line

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()


@contextmanager
def compositor(url: str, room: str, out: Path, **order: Any) -> Iterator[Compositor]:
    running = Compositor(url, room, out, **order)
    try:
        yield running
    finally:
        running.process.kill()
        running.process.wait()
        for pipe in (running.process.stdin, running.process.stdout, running.process.stderr):
            for reader in running.readers:
                reader.join(DEADLINE)
            if pipe:
                pipe.close()
