"""JSON lines between the recording and the process that started it. The engine token comes in here and goes nowhere else."""

import asyncio
import json
import logging
import os
import select
import sys
from collections.abc import Callable
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Self

log = logging.getLogger(__name__)


class BadOrder(ValueError):
    """The first line does not say what to record."""


@dataclass(frozen=True)
class Order:
    """What to record, and where. `lease` is how many seconds the recording goes on without its parent.

    `metadata`: what the room is to show, in case that the room has not been told yet.
    """

    url: str
    token: str = field(repr=False)
    out: Path
    width: int = 1280
    height: int = 720
    fps: int = 25
    only_owner: bool = False
    metadata: str = ""
    max_seconds: float = 14_400
    min_free_bytes: int = 500_000_000
    title: str = ""
    lease: float = 60

    @classmethod
    def parse(cls, line: bytes) -> Self:
        """Raises `BadOrder`, which names what is wrong and never quotes the line."""
        try:
            given = json.loads(line)
            order = cls(**{**given, "out": Path(given["out"])})
        except (ValueError, TypeError, KeyError, AttributeError):
            raise BadOrder(
                f"one JSON object with some of {[f.name for f in fields(cls)]} is needed; url, token and out always"
            ) from None
        if order.width % 2 or order.height % 2 or order.width < 320 or order.height < 180:
            raise BadOrder("width and height must be even, at least 320 x 180")
        return order


class Parent:
    """The pipes. A parent that does not read, or is gone, never holds up the recording."""

    def __init__(self) -> None:
        self.lines = asyncio.StreamReader()

    async def order(self) -> Order:
        loop = asyncio.get_running_loop()
        await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(self.lines), sys.stdin)
        return Order.parse(await self.lines.readline())

    async def listen(self, obey: Callable[[dict[str, Any]], None]) -> None:
        """Passes on each line; returns when the parent is gone."""
        while line := await self.lines.readline():
            try:
                obey(json.loads(line))
            except (ValueError, TypeError, KeyError, AttributeError):
                log.warning("a line from the parent was no order", extra={"event": "order_ignored"})

    def tell(self, event: str, *, patience: float = 5.0, **facts: Any) -> None:
        """One line to the parent, dropped when it has not made room for it after `patience` seconds."""
        write(sys.stdout.fileno(), {"event": event, **facts}, patience)


def write(descriptor: int, line: dict[str, Any], patience: float) -> None:
    text = json.dumps(line, default=str).encode() + b"\n"
    try:
        # A pipe that select calls writable takes up to PIPE_BUF (4096) bytes at once, without blocking.
        if select.select([], [descriptor], [], patience)[1]:
            os.write(descriptor, text[: select.PIPE_BUF])
    except OSError:  # the reader is gone
        pass
