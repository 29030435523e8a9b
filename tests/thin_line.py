"""A line between one browser and the media engine that can be thin, leaky or cut: a relay of its datagrams."""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import cast

from playwright.async_api import BrowserContext

from tests.platform import Platform

QUEUE_SECONDS = 0.3  # what waits longer is lost, as in a router
ONLY_THROUGH = """
const through = (text) => text.split('\\r\\n').filter((line) => !/candidate:\\S+ \\d+ tcp/i.test(line)).join('\\r\\n')
  .replace(/(candidate:\\S+ \\d+ udp \\d+ \\S+ )ENGINE /gi, '$1RELAY ');
const peer = RTCPeerConnection.prototype;
const { addIceCandidate, setRemoteDescription } = peer;
peer.addIceCandidate = function (one) {
  if (!one?.candidate) return addIceCandidate.call(this, one);
  if (/ tcp /i.test(one.candidate)) return Promise.resolve();
  const { sdpMid, sdpMLineIndex, usernameFragment } = one;
  return addIceCandidate.call(this, { candidate: through(one.candidate), sdpMid, sdpMLineIndex, usernameFragment });
};
peer.setRemoteDescription = function ({ type, sdp }) { return setRemoteDescription.call(this, { type, sdp: through(sdp) }); };
// The engine is not told where this browser is: it would find a way around the line.
Object.defineProperty(peer, 'onicecandidate', { set() {} });
"""


@dataclass
class Way:
    """One direction. `rate` in bits a second (None: any), `loss` the share of datagrams that vanish."""

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
    """What goes from a browser to the engine (`up`) and back (`down`)."""

    engine_port: int
    up: Way = field(default_factory=Way)
    down: Way = field(default_factory=Way)
    port: int = 0
    _own: asyncio.DatagramTransport | None = None
    _beyond: "dict[tuple[str, int], asyncio.DatagramTransport]" = field(default_factory=dict)

    async def lead(self, context: BrowserContext) -> None:
        """From now on this browser's media goes over this line alone. Before its first page."""
        script = ONLY_THROUGH.replace("ENGINE", str(self.engine_port)).replace("RELAY", str(self.port))
        await context.add_init_script(script)

    def cut(self) -> None:
        """Nothing gets through."""
        self.up.loss = self.down.loss = 1.0

    def mend(self) -> None:
        """Everything gets through again."""
        self.up, self.down = Way(), Way()

    async def from_browser(self, data: bytes, browser: tuple[str, int]) -> None:
        if browser not in self._beyond:
            loop = asyncio.get_running_loop()
            beyond = _End(lambda answer, _: self._send(self._own, answer, browser, self.down))
            made, _ = await loop.create_datagram_endpoint(lambda: beyond, remote_addr=("127.0.0.1", self.engine_port))
            self._beyond[browser] = made
        self._send(self._beyond[browser], data, None, self.up)

    def _send(
        self, to: asyncio.DatagramTransport | None, data: bytes, address: tuple[str, int] | None, way: Way
    ) -> None:
        delay = way.delay(len(data) + 28)  # with the headers of IP and UDP
        if to is not None and delay is not None:
            asyncio.get_running_loop().call_later(delay, lambda: None if to.is_closing() else to.sendto(data, address))

    def close(self) -> None:
        for transport in (self._own, *self._beyond.values()):
            if transport:
                transport.close()


class _End(asyncio.DatagramProtocol):
    def __init__(self, heard: "object"):
        self._heard = heard

    def datagram_received(self, data: bytes, address: "tuple[str, int]") -> None:
        self._heard(data, address)  # type: ignore[operator]


@asynccontextmanager
async def thin_line(convene: Platform) -> AsyncIterator[ThinLine]:
    """A line to the platform's engine, at first a perfect one."""
    line = ThinLine(int(convene.settings["CONVENE_ENGINE_UDP_PORT"]))
    loop = asyncio.get_running_loop()
    tasks: set[asyncio.Task[None]] = set()

    def heard(data: bytes, browser: tuple[str, int]) -> None:
        task = loop.create_task(line.from_browser(data, browser))
        tasks.add(task)
        task.add_done_callback(tasks.discard)

    transport, _ = await loop.create_datagram_endpoint(lambda: _End(heard), local_addr=("127.0.0.1", 0))
    line._own = cast(asyncio.DatagramTransport, transport)
    line.port = transport.get_extra_info("sockname")[1]
    try:
        yield line
    finally:
        line.close()
