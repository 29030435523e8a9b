"""One compositor process, seen from outside: started under a lock, heard, stopped; and the files that it leaves.

The lock is on `<out>.lock`, held by a descriptor that the compositor inherits and that we close. So it is held exactly
as long as that process lives: nobody can start a second one for the same file, and the process number in a file whose
lock is held cannot belong to another process.
"""

import asyncio
import fcntl
import json
import logging
import os
import signal
import sys
import time
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Self

from convene.errors import Unavailable

log = logging.getLogger(__name__)

COMMAND = (sys.executable, "-m", "convene.compositor")
INHERITED = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "TZ", "LD_LIBRARY_PATH", "PYTHONPATH", "RUST_LOG")
SILENCE = 20.0  # seconds without a word, after which a compositor is taken for dead
FINISHING = 300.0  # the same while it completes a long file
ORPHAN_PATIENCE = 90.0  # an orphan ends by itself after 60 s
POLL = 0.1
TIMES = ("started_at", "ended_at")


@dataclass(frozen=True, slots=True)
class Ending:
    """The compositor's last word. `code`: why it ended; `reason`: that for the public, if it failed."""

    code: str
    reason: str | None
    seconds: float  # of the complete file; 0 when there is none
    started_at: datetime | None
    ended_at: datetime | None


class Compositor:
    """A running compositor. `ending` is None until its last word, and stays None when it dies without one."""

    def __init__(self, process: asyncio.subprocess.Process, out: Path, silence: float):
        self._process, self._out, self._silence = process, out, silence
        self._stopping = False
        self.started_at: datetime | None = None
        self.seconds = 0.0  # of media, so far
        self.ending: Ending | None = None

    @classmethod
    async def start(
        cls, order: Mapping[str, Any], out: Path, *, command: Sequence[str] = COMMAND, silence: float = SILENCE
    ) -> Self:
        """Starts one that writes to `out`. Raises Unavailable while a former one still lives (see `release`)."""
        lock = _locked(out)
        if lock is None:
            raise Unavailable("still_recording", "A former recorder of this meeting still runs.")
        with os.fdopen(lock, "w") as holder:
            process = await asyncio.create_subprocess_exec(
                *command,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                env={name: os.environ[name] for name in INHERITED if name in os.environ},  # none of our secrets
                pass_fds=(lock,),
                start_new_session=True,  # Ctrl-C in a terminal is for us; we tell it to stop
            )
            holder.write(str(process.pid))
        self = cls(process, out, silence)
        self._say({**order, "out": str(out)})
        return self

    async def events(self) -> AsyncIterator[str]:
        """What it tells, by name, until it is gone: joined, started, progress, finished, failed. Silence is its end."""
        assert self._process.stdout is not None
        while True:
            try:
                async with asyncio.timeout(self._patience()):
                    line = await self._process.stdout.readline()
            except TimeoutError:
                log.warning("compositor is silent", extra={"event": "compositor_silent", "pid": self._process.pid})
                self.kill()
                continue
            if not line:
                break
            with suppress(ValueError, KeyError, TypeError):  # a torn last line of a killed process
                yield self._take(json.loads(line))
        await self._process.wait()

    def stop(self) -> None:
        """Asks it to end the recording and complete the file."""
        if not self._stopping:
            self._stopping = True
            self._say({"do": "stop"})

    def kill(self) -> None:
        """Ends it at once; the file can be completed from what there is."""
        with suppress(ProcessLookupError):
            self._process.kill()

    def _patience(self) -> float:
        finishing = self._stopping or self._out.with_name(self._out.name + ".tmp").exists()
        return FINISHING if finishing else self._silence

    def _say(self, line: Mapping[str, Any]) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(line).encode() + b"\n")

    def _take(self, line: Mapping[str, Any]) -> str:
        name = str(line["event"])
        if name == "started":
            self.started_at = datetime.fromisoformat(line["at"])
        elif name == "progress":
            self.seconds = float(line["seconds"])
        elif name in ("finished", "failed"):
            failed = name == "failed"
            times = [datetime.fromisoformat(line[key]) if line.get(key) else None for key in TIMES]
            self.ending = Ending(
                code=line["code"] if failed else line["reason"],
                reason=line["reason"] if failed else None,
                seconds=float(line.get("seconds") or 0) if line.get("path") == str(self._out) else 0,
                started_at=times[0],
                ended_at=times[1],
            )
        return name


# --- Processes that outlived their parent ---------------------------------------------------------------------------


async def release(out: Path) -> None:
    """Returns when no compositor writes to `out` any more: an orphan is told to finish, or killed at last."""
    deadline = time.monotonic() + ORPHAN_PATIENCE
    asked = False
    while (lock := _locked(out)) is None:
        if time.monotonic() > deadline:
            _signal(out, signal.SIGKILL)
        elif not asked:
            asked = _signal(out, signal.SIGTERM)
        await asyncio.sleep(POLL)
    os.close(lock)


def _locked(out: Path) -> int | None:
    """The descriptor that holds the lock, or None while somebody else does."""
    descriptor = os.open(_lock_path(out), os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    os.ftruncate(descriptor, 0)  # the number of the last holder says nothing any more
    return descriptor


def _signal(out: Path, number: int) -> bool:
    """False when the holder of the lock has not been written down: it then ends by itself, its parent being gone."""
    try:
        pid = int(_lock_path(out).read_text())
    except (OSError, ValueError):
        return False
    with suppress(ProcessLookupError):
        os.kill(pid, number)
    return True


def _lock_path(out: Path) -> Path:
    return out.with_name(out.name + ".lock")


# --- Files ----------------------------------------------------------------------------------------------------------


def recovered(out: Path) -> float:
    """Completes the file from what a killed compositor left; its seconds, 0 if nothing plays. Raises OSError."""
    from convene.compositor import files  # here: it loads FFmpeg, which a process that never needs it does not carry

    with _alone(out):
        found = files.recover(files.part_path(out), out)
    return found.seconds if found else 0


def make_way(out: Path) -> None:
    """Turns a complete file back into the first part, so that another compositor goes on in it. Raises OSError."""
    from convene.compositor import files

    with _alone(out):
        if out.exists():
            files.recover(files.part_path(out), out)  # removes parts, if it was killed after completing it
            out.replace(files.part_path(out))


@contextmanager
def _alone(out: Path) -> Iterator[None]:
    """Holds the lock. Raises BlockingIOError while somebody else does."""
    with _lock_path(out).open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield


def discard(out: Path) -> None:
    """Deletes everything that belongs to `out`."""
    for path in leavings(out.parent):
        if recording_of(path) == out.stem:
            path.unlink(missing_ok=True)


def leavings(folder: Path, before: float = float("inf")) -> list[Path]:
    """The files of recordings in the folder that were last written before this (seconds since 1970)."""
    return [path for path in folder.iterdir() if ".mp4" in path.name and path.stat().st_mtime < before]


def recording_of(path: Path) -> str:
    """The id of the recording to which one of `leavings` belongs."""
    return path.name.partition(".")[0]
