"""A receiver of callbacks: a real HTTP server on loopback that keeps what it got and answers well, badly, or never.

The first segment of the path says how it answers (`http://127.0.0.1:1234/500/hook`); `modes[path]` overrides that;
an event whose id is in `bad` always fails.
`python -m tests.receiver` runs one as a process: it prints its port, then one line of JSON for each request.
"""

import asyncio
import json
import socket
import ssl
import struct
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

BLOCK = b"x" * 65536


@dataclass(frozen=True, slots=True)
class Request:
    """What came: `at` is monotonic seconds; headers in lower case."""

    at: float
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> dict[str, object]:
        return json.loads(self.body)  # type: ignore[no-any-return]


@dataclass
class Receiver:
    """`requests` in the order in which they were read; `accepted` counts TCP connections; `sent` bytes of answers."""

    requests: list[Request] = field(default_factory=list)
    modes: dict[str, str] = field(default_factory=dict)
    bad: set[str] = field(default_factory=set)
    accepted: int = 0
    sent: int = 0
    port: int = 0
    aloud: bool = False
    scheme: str = "http"

    def url(self, path: str = "/ok") -> str:
        return f"{self.scheme}://127.0.0.1:{self.port}{path}"

    def at(self, path: str) -> list[Request]:
        return [request for request in self.requests if request.path == path]

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, kept alive."""
        self.accepted += 1
        with suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            while (request := await self._read(reader)) is not None:
                self.requests.append(request)
                if self.aloud:
                    told = {"id": request.headers["webhook-id"], "path": request.path, **request.json}
                    print(json.dumps(told), flush=True)
                mode = self.mode(request)
                if not await self._answer(mode, reader, writer):
                    break
        writer.close()

    def mode(self, request: Request) -> str:
        """How this request is answered."""
        if request.headers.get("webhook-id") in self.bad:
            return "500"
        return self.modes.get(request.path, request.path.split("?")[0].split("/")[1])

    async def _read(self, reader: asyncio.StreamReader) -> Request | None:
        head = await reader.readuntil(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").strip().split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        body = await reader.readexactly(int(headers.get("content-length", "0")))
        return Request(time.monotonic(), first.split(" ")[1], headers, body)

    async def _answer(self, mode: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Answers in a mode; whether the connection lives on."""
        if mode == "hang":
            await reader.read()  # until the other side gives up
            return False
        if mode == "reset":
            raw = writer.get_extra_info("socket")
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            writer.transport.abort()
            return False
        if mode == "garbage":
            writer.write(b"\x00\x01\x02 this is not HTTP\r\n\r\n")
            return False
        if mode in ("drip", "endless", "huge"):
            await self._stream(mode, writer)
            return False
        writer.write(_short(mode))
        await writer.drain()
        return True

    async def _stream(self, mode: str, writer: asyncio.StreamWriter) -> None:
        size = {"drip": 100, "endless": None, "huge": 10 * 10**9}[mode]
        length = "transfer-encoding: chunked" if size is None else f"content-length: {size}"
        writer.write(f"HTTP/1.1 200 OK\r\n{length}\r\n\r\n".encode())
        if mode == "drip":
            for _ in range(100):
                writer.write(b"x")
                await writer.drain()
                await asyncio.sleep(1)
            return
        block = BLOCK if size is not None else b"10000\r\n" + BLOCK + b"\r\n"
        while size is None or self.sent < size:
            writer.write(block)
            self.sent += len(BLOCK)
            await writer.drain()


def _short(mode: str) -> bytes:
    if mode == "429":
        return b"HTTP/1.1 429 Too Many Requests\r\nretry-after: 120\r\ncontent-length: 4\r\n\r\nslow"
    if mode == "302":
        return b"HTTP/1.1 302 Found\r\nlocation: /ok/elsewhere\r\ncontent-length: 0\r\n\r\n"
    if mode == "rude":  # what a log must survive
        text = b"\x00\x1b[31mno\xff\xfe" + b"y" * 5000
        return b"HTTP/1.1 500 No\r\ncontent-length: %d\r\n\r\n" % len(text) + text
    if mode.isdigit():
        text = f"answer {mode}"
        return f"HTTP/1.1 {mode} Said\r\ncontent-length: {len(text)}\r\n\r\n{text}".encode()
    return b"HTTP/1.1 204 No Content\r\n\r\n"


@asynccontextmanager
async def receiving(
    *, port: int = 0, aloud: bool = False, tls: ssl.SSLContext | None = None
) -> AsyncIterator[Receiver]:
    """A receiver on a free port of 127.0.0.1."""
    receiver = Receiver(aloud=aloud, scheme="https" if tls else "http")
    server = await asyncio.start_server(receiver.serve, "127.0.0.1", port, ssl=tls, backlog=1000)
    receiver.port = server.sockets[0].getsockname()[1]
    try:
        yield receiver
    finally:
        server.close()


async def _main() -> None:
    async with receiving(aloud="--quiet" not in sys.argv) as receiver:
        print(json.dumps({"port": receiver.port}), flush=True)
        await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)  # until our parent is gone


if __name__ == "__main__":
    asyncio.run(_main())
