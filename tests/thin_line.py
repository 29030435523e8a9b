"""A line between one browser and the platform that can be thin, leaky, cut or moved: a relay of datagrams, and of TCP to the page."""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from playwright.async_api import BrowserContext

from tests.platform import Platform

Address = tuple[str, int]
HERE = "127.0.0.1"
ELSEWHERE = "127.0.0.2"
QUEUE_SECONDS = 0.3  # what waits longer is lost, as in a router
PIECE = 64 * 1024  # bytes
ONLY_THROUGH = """
const tcp = / tcp /i;
const through = (text) => text.split('\\r\\n').filter((line) => BY_TCP || !(/candidate:/.test(line) && tcp.test(line)))
  .map((line) => line.replace(/(candidate:\\S+ \\d+ udp \\d+ )\\S+ \\d+/i, '$1HERE RELAY')).join('\\r\\n');
const peer = RTCPeerConnection.prototype;
const { addIceCandidate, setRemoteDescription, createOffer, createAnswer } = peer;
peer.addIceCandidate = function (one) {
  if (!one?.candidate) return addIceCandidate.call(this, one);
  const candidate = through(one.candidate);
  if (!candidate) return Promise.resolve();
  const { sdpMid, sdpMLineIndex, usernameFragment } = one;
  return addIceCandidate.call(this, { candidate, sdpMid, sdpMLineIndex, usernameFragment });
};
peer.setRemoteDescription = function ({ type, sdp }) { return setRemoteDescription.call(this, { type, sdp: through(sdp) }); };
// The engine is not told where this browser is: it would find a way around the line. A later offer or answer would tell, too.
Object.defineProperty(peer, 'onicecandidate', { set() {} });
const untold = ({ type, sdp }) => ({ type, sdp: sdp.replace(/^a=candidate:.*\\r\\n/gm, '') });
peer.createOffer = async function (...given) { return untold(await createOffer.apply(this, given)); };
peer.createAnswer = async function (...given) { return untold(await createAnswer.apply(this, given)); };
"""


@dataclass
class Way:
    """One direction of the media. `rate` in bits a second (None: any), `loss` the share of datagrams that vanish."""

    rate: float | None = None
    loss: float = 0.0
    free_at: float = 0.0

    def delay(self, size: int) -> float | None:
        """Seconds until a datagram of so many bytes is through; None when it is lost."""
        if random.random() < self.loss:
            return None
        if self.rate is None:
            return 0.0
        now = asyncio.get_running_loop().time()
        begin = max(now, self.free_at)
        if begin - now > QUEUE_SECONDS:
            return None
        self.free_at = begin + size * 8 / self.rate
        return self.free_at - now


@dataclass
class ThinLine:
    """What goes from a browser to the engine (`up`) and back (`down`); `page` has what goes to the page and its signalling.

    `by_tcp`: media may go around the line by TCP, as where a firewall stops UDP alone.
    """

    page: "_Pages"
    media: "_Media"
    up: Way = field(default_factory=Way)
    down: Way = field(default_factory=Way)
    by_tcp: bool = False

    async def lead(self, context: BrowserContext) -> None:
        """From now on this browser's media goes over this line alone. Before its first page."""
        given = {"HERE": HERE, "RELAY": str(self.media.port), "BY_TCP": str(self.by_tcp).lower()}
        script = ONLY_THROUGH
        for word, value in given.items():
            script = script.replace(word, value)
        await context.add_init_script(f"{{{script}}}")

    def link(self, url: str) -> str:
        """The same page by this line."""
        return url.replace(f":{self.page.beyond}/", f":{self.page.port}/")

    def cut(self) -> None:
        """Nothing gets through; TCP is held, as it would be by the senders' retransmissions."""
        self.up.loss = self.down.loss = 1.0
        self.page.whole.clear()

    def mend(self) -> None:
        """Everything gets through again."""
        self.up, self.down = Way(), Way()
        self.page.whole.set()

    def move(self) -> None:
        """Another network: connections end, media comes from another address, and what is sent to the old one is lost."""
        self.page.end()
        self.media.leave(ELSEWHERE)

    def send(self, to: asyncio.DatagramTransport, data: bytes, address: Address | None, way: Way) -> None:
        """A datagram on its way."""
        delay = way.delay(len(data) + 28)  # with the headers of IP and UDP
        if delay is not None:
            asyncio.get_running_loop().call_later(delay, lambda: None if to.is_closing() else to.sendto(data, address))


@dataclass
class _Pages:
    """TCP from browsers to the platform."""

    beyond: int
    whole: asyncio.Event = field(default_factory=asyncio.Event)
    port: int = 0
    writers: set[asyncio.StreamWriter] = field(default_factory=set)
    pipes: set[asyncio.Task[None]] = field(default_factory=set)

    async def open(self) -> asyncio.Server:
        self.whole.set()
        server = await asyncio.start_server(self._connected, HERE, 0)
        self.port = server.sockets[0].getsockname()[1]
        return server

    def end(self) -> None:
        """Every connection ends."""
        for writer in self.writers:
            writer.transport.abort()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        onward, back = await asyncio.open_connection(HERE, self.beyond)
        for source, target in ((reader, back), (onward, writer)):
            self.writers.add(target)
            pipe = asyncio.create_task(self._passed(source, target))
            self.pipes.add(pipe)
            pipe.add_done_callback(self.pipes.discard)

    async def _passed(self, source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
        """One direction of a connection, to its end."""
        try:
            while piece := await source.read(PIECE):
                await self.whole.wait()
                target.write(piece)
                await target.drain()
        except OSError:
            pass
        finally:
            self.writers.discard(target)
            target.close()


class _Media(asyncio.DatagramProtocol):
    """Takes what browsers send. Each of their sockets gets one of its own towards the engine, which tells people apart by it."""

    def __init__(self, engine_port: int):
        self.engine_port = engine_port
        self.source = HERE
        self.outer: dict[Address, asyncio.Task[asyncio.DatagramTransport]] = {}
        self.line: ThinLine | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport: asyncio.DatagramTransport = transport  # type: ignore[assignment]

    @property
    def port(self) -> int:
        return int(self.transport.get_extra_info("sockname")[1])

    def connection_lost(self, error: Exception | None) -> None:
        self.leave(self.source)

    def leave(self, source: str) -> None:
        """Gives up the sockets towards the engine; the next ones have this address."""
        self.source = source
        for opened in self.outer.values():
            if opened.done():
                opened.result().close()
            else:
                opened.cancel()
        self.outer.clear()

    def datagram_received(self, data: bytes, address: Address) -> None:
        assert self.line is not None
        if address not in self.outer:
            self.outer[address] = asyncio.create_task(self._open(address))
        if self.outer[address].done():  # else lost: ICE asks again
            self.line.send(self.outer[address].result(), data, None, self.line.up)

    async def _open(self, address: Address) -> asyncio.DatagramTransport:
        loop, remote = asyncio.get_running_loop(), (HERE, self.engine_port)
        made = await loop.create_datagram_endpoint(
            lambda: _Outer(self, address), remote_addr=remote, local_addr=(self.source, 0)
        )
        return made[0]


class _Outer(asyncio.DatagramProtocol):
    """Takes what the engine sends to one browser's socket."""

    def __init__(self, media: _Media, browser: Address):
        self.media, self.browser = media, browser

    def datagram_received(self, data: bytes, _address: Address) -> None:
        if line := self.media.line:
            line.send(self.media.transport, data, self.browser, line.down)


@asynccontextmanager
async def thin_line(convene: Platform) -> AsyncIterator[ThinLine]:
    """A line to the platform and its engine, at first a perfect one."""
    port, udp = (int(convene.settings[f"CONVENE_{name}"]) for name in ("PORT", "ENGINE_UDP_PORT"))
    pages, media = _Pages(port), _Media(udp)
    server = await pages.open()
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(lambda: media, local_addr=(HERE, 0))
    media.line = line = ThinLine(pages, media)
    try:
        yield line
    finally:
        transport.close()
        server.close()
        pages.end()
        for pipe in pages.pipes:
            pipe.cancel()
