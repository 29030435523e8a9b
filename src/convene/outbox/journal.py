"""What a process has handed over, noted in a file before its database knows, so that a `kill -9` sends nothing twice.

One line for each step of a mail: `handed`, just before the server is told that the message is whole, then `accepted` or `refused`. A
line is one `write`, which outlives the process. Each process holds a lock on its own file, by whose name the database knows what it
has claimed; who finds a file that nobody holds settles it.
"""

import fcntl
import os
import secrets
from dataclasses import dataclass, field
from pathlib import Path

from convene.outbox.posting import State

UNHEARD = "The process ended before the server's answer was heard."


@dataclass(slots=True)
class Left:
    """What dead processes left behind. `ended`: serial, state, answer; `holders`: the names of their journals."""

    ended: list[tuple[int, State, str]] = field(default_factory=list)
    holders: list[str] = field(default_factory=list)
    files: list[tuple[Path, int]] = field(default_factory=list)


class Journal:
    """The file of one process, in a folder that processes of one machine may share."""

    def __init__(self, folder: Path):
        self._folder = folder
        self._path: Path | None = None
        self._file = -1

    def open(self) -> None:
        """Makes the file. Raises OSError."""
        self._folder.mkdir(parents=True, exist_ok=True)
        while self._path is None:
            path = self._folder / f"{secrets.token_hex(8)}.journal"
            self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o600)
            if _locked(self._file):  # race: somebody who looks for dead ones was faster; he deletes it
                self._path = path
            else:
                os.close(self._file)

    def close(self) -> None:
        """All in it is settled."""
        if self._path is not None:
            self._path.unlink(missing_ok=True)
            os.close(self._file)
            self._path = None

    @property
    def name(self) -> str:
        """By which claims are known to be ours."""
        return self._path.stem if self._path else ""

    def handed(self, serial: int) -> None:
        """The next thing is that the server learns that the message is whole."""
        self._note(f"handed {serial}\n")

    def accepted(self, serial: int, text: str) -> None:
        """The server has it."""
        self._note(f"accepted {serial} {text}\n")

    def refused(self, serial: int) -> None:
        """It was handed over, but the server does not have it."""
        self._note(f"refused {serial}\n")

    def _note(self, text: str) -> None:
        os.write(self._file, text.encode())

    def clear(self) -> None:
        """The database knows all of it."""
        os.ftruncate(self._file, 0)

    def left(self) -> Left:
        """What dead processes left. Their files stay locked until `done`."""
        found = Left()
        for path in self._folder.glob("*.journal"):
            if path == self._path:
                continue
            try:
                file = os.open(path, os.O_RDWR)
            except FileNotFoundError:
                continue
            if not _locked(file):  # it lives
                os.close(file)
                continue
            found.files.append((path, file))
            found.holders.append(path.stem)
            found.ended += _read(path.read_text(errors="replace"))
        return found

    def done(self, left: Left, *, settled: bool) -> None:
        """Lets go of the files; deletes those that are settled."""
        for path, file in left.files:
            if settled:
                path.unlink(missing_ok=True)
            os.close(file)


def _locked(file: int) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _read(text: str) -> list[tuple[int, State, str]]:
    ended: dict[int, tuple[State, str]] = {}
    for line in text.split("\n")[:-1]:  # a torn last line says nothing
        word, _, rest = line.partition(" ")
        serial, _, told = rest.partition(" ")
        if word == "refused":
            ended.pop(int(serial), None)
        else:
            ended[int(serial)] = (State.SENT, told) if word == "accepted" else (State.UNSURE, UNHEARD)
    return [(serial, *what) for serial, what in ended.items()]
