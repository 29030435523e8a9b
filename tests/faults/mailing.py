"""Real processes that send mail: one that can be killed, and a server that tells what it has accepted."""

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from convene import access, clients, migrations
from convene.access import FirstApplication
from convene.db import Database, Tx
from tests import world as worlds

ROOT = Path(__file__).parents[2]


class Server:
    """An SMTP server in a process of its own. `accepted`: the names of the messages and for whom, in their order."""

    def __init__(self, process: asyncio.subprocess.Process, port: int):
        self._process, self.port = process, port
        self.accepted: list[tuple[str, str]] = []
        self._reading = asyncio.create_task(self._read())

    async def _read(self) -> None:
        assert self._process.stdout is not None
        async for line in self._process.stdout:
            told = json.loads(line)
            self.accepted.append((told["id"], told["to"]))

    async def until(self, count: int, seconds: float = 300) -> None:
        """Waits until it has accepted so many."""
        async with asyncio.timeout(seconds):
            while len(self.accepted) < count:
                await asyncio.sleep(0.01)

    async def close(self) -> None:
        """Ends it; what it accepted until then is in the list."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        await self._process.wait()
        await self._reading


@asynccontextmanager
async def server() -> AsyncIterator[Server]:
    """The server, running."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.postbox"),
        cwd=ROOT,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    made = Server(process, int(await process.stdout.readline()))
    try:
        yield made
    finally:
        await made.close()


@asynccontextmanager
async def convene(database_url: str, folder: Path, smtp_port: int) -> AsyncIterator[asyncio.subprocess.Process]:
    """`convene worker`, or with SQLite `convene serve`; killed with SIGKILL at the end of the block."""
    is_sqlite = database_url.startswith("sqlite")
    given = {
        "database_url": database_url,
        "data": folder,
        "smtp_url": f"smtp://127.0.0.1:{smtp_port}",
        "mail_from": "Meet <meet@example.org>",
        "engine_url": f"ws://127.0.0.1:{worlds.free_port()}",
        "engine_key": "key",
        "engine_secret": "secret" * 8,
        "port": worlds.free_port(),
        "log_level": "warning",
    }
    settings = {f"CONVENE_{name.upper()}": str(value) for name, value in given.items()}
    with (folder / "convene.log").open("ab") as log:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "convene", "serve" if is_sqlite else "worker"),
            cwd=folder,
            env=os.environ | settings,
            stdout=log,
            stderr=log,
        )
        try:
            yield process
        finally:
            if process.returncode is None:
                process.kill()
            await process.wait()


async def prepared(database_url: str) -> FirstApplication:
    """Gives an empty database its schema and an application."""
    await asyncio.to_thread(migrations.upgrade, database_url)
    db = Database(database_url)
    await db.open()

    def work(tx: Tx) -> FirstApplication:
        first = access.create_first(tx, "Alice", worlds.key_pair())
        clients.create(tx, first.application_id)
        return first

    first = await db.write(work)
    await db.close()
    return first
