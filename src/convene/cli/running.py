"""How commands run: their units of work, what they print, and times as people type them."""

import argparse
import asyncio
import dataclasses
import json
import sys
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime
from typing import Any, TypeVar

from convene.config import Settings

T = TypeVar("T")


def loop(work: Coroutine[Any, Any, T]) -> T:
    import uvloop

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(work)


def asks(settings: Settings, asked: argparse.Namespace, verb: Callable[..., T], *args: Any, **kwargs: Any) -> T:
    """Runs one product function for the chosen application, in a transaction of its own."""
    from convene import access
    from convene.db import Tx

    def unit(tx: Tx) -> T:
        return verb(tx, asked.app or access.first_application(tx), *args, **kwargs)

    return runs(settings, unit)


def runs(settings: Settings, unit: Callable[[Any], T]) -> T:
    """Runs a unit of work in a transaction of its own."""
    from convene.db import Database

    async def run() -> T:
        db = Database(settings.database)
        await db.open()
        try:
            return await db.write(unit)
        finally:
            await db.close()

    return loop(run())


def show(row: Any) -> None:
    print(json.dumps(dataclasses.asdict(row), default=str, ensure_ascii=False))


def moment(text: str) -> datetime:
    """A time of the command line, UTC unless it says otherwise; ends the command when it is none."""
    try:
        given = datetime.fromisoformat(text)
    except ValueError:
        sys.exit(f"convene: {text} is not a time like 2026-03-01T08:00:00Z")
    return given if given.tzinfo else given.replace(tzinfo=UTC)
