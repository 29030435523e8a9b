"""A page that listens: one server-sent stream of the app in process, event by event."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from convene.web.app import Asgi, create_app
from tests.world import World

PATIENCE = 30


@dataclass
class Listener:
    """`status` and what came so far; `over` is set when the server has ended the answer."""

    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    events: list[dict[str, Any]] = field(default_factory=list)
    over: bool = False
    body: bytes = b""
    change: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def send(self, message: Any) -> None:
        """ASGI."""
        async with self.change:
            if message["type"] == "http.response.start":
                self.status = message["status"]
                self.headers = {k.decode(): v.decode() for k, v in message["headers"]}
            else:
                self.body += message.get("body", b"")
                self.over = not message.get("more_body", False)
                self._read()
            self.change.notify_all()

    def _read(self) -> None:
        while b"\n\n" in self.body and self.status == 200:
            piece, _, self.body = self.body.partition(b"\n\n")
            lines = dict(line.split(": ", 1) for line in piece.decode().split("\n") if not line.startswith(":"))
            if "data" in lines:
                self.events.append({"event": lines["event"], **json.loads(lines["data"])})

    async def until(self, condition: Callable[["Listener"], object]) -> None:
        """Waits for it."""
        async with asyncio.timeout(PATIENCE), self.change:
            await self.change.wait_for(lambda: condition(self))

    async def shows(self, **facts: Any) -> dict[str, Any]:
        """Waits until the newest event says this; the event."""
        await self.until(lambda me: me.events and facts.items() <= me.events[-1].items())
        return self.events[-1]

    async def lists(self, *names: str) -> list[dict[str, Any]]:
        """Waits until a host's list has these people in this order; they."""
        await self.until(lambda me: me.events and [one["name"] for one in me.events[-1]["people"]] == list(names))
        return list(self.events[-1]["people"])


@asynccontextmanager
async def listening(
    world: World, path: str, headers: dict[str, str], app: Asgi | None = None
) -> AsyncIterator[Listener]:
    """Opens the stream, as a page of another process than `world.client`'s would; hangs up when the block ends."""
    listener, hung_up, asked = Listener(), asyncio.Event(), False

    async def receive() -> dict[str, Any]:
        nonlocal asked
        if not asked:
            asked = True
            return {"type": "http.request", "body": b"", "more_body": False}
        await hung_up.wait()
        return {"type": "http.disconnect"}

    given = [(k.lower().encode(), v.encode()) for k, v in headers.items()]
    scope = {"type": "http", "method": "GET", "path": path, "raw_path": path.encode(), "query_string": b""}
    scope |= {"headers": given, "client": ("127.0.0.1", 1), "server": ("localhost", 8000), "scheme": "http"}
    scope |= {"http_version": "1.1", "root_path": "", "asgi": {"version": "3.0"}}
    task = asyncio.create_task((app or create_app(world.runtime))(scope, receive, listener.send))
    try:
        await listener.until(lambda me: me.status)
        yield listener
    finally:
        hung_up.set()
        async with asyncio.timeout(PATIENCE):
            await task
