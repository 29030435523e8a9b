"""A stretch of network that can be cut: what passes through it is held or lost, and nobody is told.

TCP is held as it would be by the senders' retransmissions; UDP is lost.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

Address = tuple[str, int]
HERE = "127.0.0.1"
PIECE = 64 * 1024  # bytes


@dataclass
class Relay:
    """`web` and `media` are the ports through which one comes to the platform and to its engine's media."""

    whole: asyncio.Event = field(default_factory=asyncio.Event)
    web: int = 0
    media: int = 0

    def cut(self) -> None:
        """From now on nothing passes."""
        self.whole.clear()

    def mend(self) -> None:
        """From now on everything passes again."""
        self.whole.set()


@asynccontextmanager
async def relay(web: int, media: int) -> AsyncIterator[Relay]:
    """A relay to these ports, whole at first."""
    made, loop = Relay(), asyncio.get_running_loop()
    made.mend()
    pipes: set[asyncio.Task[None]] = set()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        onward, back = await asyncio.open_connection(HERE, web)
        for source, target in ((reader, back), (onward, writer)):
            pipe = asyncio.create_task(_passed(made, source, target))
            pipes.add(pipe)
            pipe.add_done_callback(pipes.discard)

    server = await asyncio.start_server(connected, HERE, 0)
    inner, _ = await loop.create_datagram_endpoint(lambda: _Inner(made, media), local_addr=(HERE, 0))
    made.web = server.sockets[0].getsockname()[1]
    made.media = inner.get_extra_info("sockname")[1]
    try:
        yield made
    finally:
        inner.close()
        server.close()
        for pipe in pipes:
            pipe.cancel()


async def _passed(way: Relay, source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    """One direction of a TCP connection, to its end."""
    try:
        while piece := await source.read(PIECE):
            await way.whole.wait()
            target.write(piece)
            await target.drain()
    except OSError:
        pass
    finally:
        target.close()


class _Inner(asyncio.DatagramProtocol):
    """Takes what browsers send. Each of their sockets gets one of its own towards the engine, which tells people apart by it."""

    def __init__(self, way: Relay, media: int):
        self.way, self.media = way, media
        self.outer: dict[Address, asyncio.Task[asyncio.DatagramTransport]] = {}

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport: asyncio.DatagramTransport = transport  # type: ignore[assignment]

    def connection_lost(self, error: Exception | None) -> None:
        for opened in self.outer.values():
            if opened.done():
                opened.result().close()

    def datagram_received(self, data: bytes, address: Address) -> None:
        if not self.way.whole.is_set():
            return
        if address not in self.outer:
            self.outer[address] = asyncio.create_task(self._open(address))
        if self.outer[address].done():  # else lost: ICE asks again
            self.outer[address].result().sendto(data)

    async def _open(self, address: Address) -> asyncio.DatagramTransport:
        loop, remote = asyncio.get_running_loop(), (HERE, self.media)
        return (await loop.create_datagram_endpoint(lambda: _Outer(self, address), remote_addr=remote))[0]


class _Outer(asyncio.DatagramProtocol):
    """Takes what the engine sends to one browser's socket."""

    def __init__(self, inner: _Inner, address: Address):
        self.inner, self.address = inner, address

    def datagram_received(self, data: bytes, _address: Address) -> None:
        if self.inner.way.whole.is_set():
            self.inner.transport.sendto(data, self.address)
