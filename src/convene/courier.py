"""The one way out: POSTs callbacks, and never lets a URL reach an address that the operator did not open.

The filter sits at the socket: it sees each resolved address just before `connect`, so neither an odd spelling of an
address nor a name that is bound anew after a check slips past it.
"""

import asyncio
import errno
import socket
import ssl
import time
import unicodedata
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from email.utils import parsedate_to_datetime
from enum import StrEnum
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

from convene.config import Settings

ANSWER_READ = 64 * 1024  # bytes of an answer that we read; the rest is cut off
ANSWER_KEPT = 1024  # bytes of it that the log keeps
KEEP_ALIVE = 1.5  # seconds; shorter than any usual server's, so that none closes a connection as we use it
RESOLVERS = 100  # names resolved at the same time: a dead name server of one receiver must not hold up the others

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

LOOPBACK: tuple[Network, ...] = (ip_network("127.0.0.0/8"), ip_network("::1/128"))
# Addresses that Python calls global although they embed an IPv4 address, stay on the link, or are not routed.
NOT_GLOBAL: tuple[Network, ...] = tuple(
    ip_network(text)
    for text in (
        "192.88.99.0/24",  # 6to4 relays (RFC 7526)
        "64:ff9b::/96",  # NAT64 (RFC 6052)
        "64:ff9b:1::/48",  # local NAT64 (RFC 8215)
        "2002::/16",  # 6to4 (RFC 3056)
        "2001::/32",  # Teredo (RFC 4380)
        "::/96",  # IPv4-compatible (RFC 4291)
        "::ffff:0:0:0/96",  # IPv4-translated (RFC 2765)
        "fec0::/10",  # site-local (RFC 3879)
        "100::/64",  # discard (RFC 6666)
        "3fff::/20",  # documentation (RFC 9637)
        "5f00::/16",  # segment routing (RFC 9602)
    )
)


class OutcomeKind(StrEnum):
    """What became of one attempt. Only `delivered` is a success."""

    DELIVERED = "delivered"  # any 2xx
    REFUSED = "refused"  # any other status
    REDIRECTED = "redirected"  # 3xx, never followed
    TIMEOUT = "timeout"  # no connection, no answer, or not the whole of it in time
    UNRESOLVED = "unresolved"  # the name has no address
    UNREACHABLE = "unreachable"  # refused or broken connection
    UNTRUSTED = "untrusted"  # TLS failed
    BLOCKED = "blocked"  # a URL or an address that we do not call
    BROKEN = "broken"  # an answer that is not HTTP, or a request that we could not make


@dataclass(frozen=True, slots=True)
class Outcome:
    """`status`: of HTTP, if one came; `answer`: its first 1 kB, printable; `retry_after`: as the receiver asked."""

    kind: OutcomeKind
    status: int | None
    milliseconds: int
    answer: str | None = None
    retry_after: timedelta | None = None


def is_public(address: Address) -> bool:
    """Whether anybody on the internet may be meant by it."""
    embeds = any(address in network for network in NOT_GLOBAL if network.version == address.version)
    return address.is_global and not address.is_multicast and not embeds


def opened_networks(settings: Settings) -> tuple[Network, ...]:
    """The networks that the operator opened for callbacks; only these may be called by plain http."""
    listed = tuple(ip_network(part.strip()) for part in settings.callback_networks.split(",") if part.strip())
    return listed + (LOOPBACK if settings.allow_loopback_callbacks else ())


class Courier:
    """POSTs to receivers. `timeout` (connect: half of it) is for the whole exchange, body included."""

    def __init__(self, settings: Settings, *, timeout: timedelta = timedelta(seconds=10)):
        self._opened = opened_networks(settings)
        self._timeout = aiohttp.ClientTimeout(
            total=timeout.total_seconds(), sock_connect=timeout.total_seconds() / 2, ceil_threshold=60
        )
        self._sessions: dict[str, aiohttp.ClientSession] = {}

    async def open(self) -> None:
        """Nothing is connected yet."""
        self._resolver = _Resolver()

    async def close(self) -> None:
        """Ends all connections."""
        for session in self._sessions.values():
            await session.close()
        await self._resolver.close()

    async def post(self, url: str, headers: Mapping[str, str], body: bytes) -> Outcome:
        """One attempt. Never raises for anything that a URL or a receiver may do."""
        start = time.monotonic()
        kind, status, answer, retry_after = OutcomeKind.BLOCKED, None, None, None
        target = _target(url)
        if target is not None:
            try:
                kind, status, answer, retry_after = await self._exchange(target, headers, body)
            except Exception as error:  # whatever it is, it is this receiver's, and the next attempt's
                kind = _kind(error)
        return Outcome(kind, status, round((time.monotonic() - start) * 1000), answer, retry_after)

    async def _exchange(
        self, url: URL, headers: Mapping[str, str], body: bytes
    ) -> tuple[OutcomeKind, int, str, timedelta | None]:
        session = self._pool(url.scheme)
        async with session.post(url, headers=headers, data=body, allow_redirects=False) as response:
            begin = await _beginning(response)
            if response.status // 100 == 2:
                kind = OutcomeKind.DELIVERED
            elif response.status // 100 == 3:
                kind = OutcomeKind.REDIRECTED
            else:
                kind = OutcomeKind.REFUSED
            return kind, response.status, _printable(begin), _retry_after(response.headers)

    def _pool(self, scheme: str) -> aiohttp.ClientSession:
        """The connections of http or https, made when first needed: whom to trust takes 20 ms to read, and many never ask."""
        if scheme not in self._sessions:
            trust = ssl.create_default_context() if scheme == "https" else True
            self._sessions[scheme] = self._session(trust, public=scheme == "https")
        return self._sessions[scheme]

    def _session(self, trust: ssl.SSLContext | bool, *, public: bool) -> aiohttp.ClientSession:
        def guarded(info: tuple[int, int, int, str, tuple[str | int, ...]]) -> socket.socket:
            """Called by the connector for each address that it is about to connect to, literal or resolved."""
            family, kind, protocol, _, place = info
            if not self._allowed(str(place[0]), public=public):
                raise OSError(errno.EACCES, "blocked address")
            return socket.socket(family, kind, protocol)

        connector = aiohttp.TCPConnector(
            socket_factory=guarded,
            resolver=self._resolver,
            use_dns_cache=False,
            ssl=trust,
            limit=0,
            keepalive_timeout=KEEP_ALIVE,
        )
        return aiohttp.ClientSession(
            connector=connector,
            timeout=self._timeout,
            trust_env=False,
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,  # what we count is what came
            headers={"accept-encoding": "identity"},
        )

    def _allowed(self, text: str, *, public: bool) -> bool:
        address = ip_address(text.partition("%")[0])
        if isinstance(address, IPv6Address) and address.ipv4_mapped:
            address = address.ipv4_mapped
        if any(address in network for network in self._opened if network.version == address.version):
            return True
        return public and is_public(address)


class _Resolver(AbstractResolver):
    """The system's resolver on threads of its own: the few of the loop would soon all wait for dead name servers."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(RESOLVERS, "resolve")

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        loop = asyncio.get_running_loop()
        found = await loop.run_in_executor(
            self._threads, lambda: socket.getaddrinfo(host, port, family, socket.SOCK_STREAM, 0, socket.AI_ADDRCONFIG)
        )
        return [
            ResolveResult(
                hostname=host, host=str(place[0]), port=port, family=kind, proto=protocol, flags=socket.AI_NUMERICHOST
            )
            for kind, _, protocol, _, place in found
        ]

    async def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)


def _target(url: str) -> URL | None:
    """The parsed URL; None for one that we do not call: another scheme, no host, or a user's name in it."""
    try:
        parsed = URL(url)
        fine = parsed.scheme in ("http", "https") and parsed.host and parsed.port and parsed.raw_authority.isprintable()
    except ValueError:
        return None
    return None if not fine or parsed.raw_user is not None or parsed.raw_password is not None else parsed


async def _beginning(response: aiohttp.ClientResponse) -> bytes:
    """The answer's body up to ANSWER_READ; of a longer one the connection is closed. A torn body is what had come."""
    read: list[bytes] = []
    size = 0
    try:
        while size < ANSWER_READ:
            chunk = await response.content.read(ANSWER_READ - size)
            if not chunk:
                return b"".join(read)[:ANSWER_KEPT]
            read.append(chunk)
            size += len(chunk)
    except (aiohttp.ClientPayloadError, aiohttp.ClientConnectionError) as error:
        if isinstance(error, TimeoutError):
            raise
    response.close()
    return b"".join(read)[:ANSWER_KEPT]


def _printable(raw: bytes) -> str:
    """Text that a database and a terminal can take: no control characters but line ends and tabs."""
    text = raw.decode("utf-8", "replace")
    return "".join(c if c in "\n\t" or unicodedata.category(c)[0] != "C" else "\N{REPLACEMENT CHARACTER}" for c in text)


def _retry_after(headers: Mapping[str, str]) -> timedelta | None:
    """RFC 9110 §10.2.3: seconds, or a date, which we compare with the receiver's own `Date`."""
    text = headers.get("Retry-After", "").strip()
    if text.isascii() and text.isdigit():
        return timedelta(seconds=min(int(text[:9]), 10**8))
    try:
        return max(parsedate_to_datetime(text) - parsedate_to_datetime(headers.get("Date", "")), timedelta(0))
    except (ValueError, TypeError):
        return None


def _kind(error: Exception) -> OutcomeKind:
    match error:
        case TimeoutError():
            return OutcomeKind.TIMEOUT
        case aiohttp.ClientConnectorDNSError():
            return OutcomeKind.UNRESOLVED
        case aiohttp.ClientSSLError() | ssl.SSLError():
            return OutcomeKind.UNTRUSTED
        case aiohttp.InvalidURL():
            return OutcomeKind.BLOCKED
        case OSError(errno=errno.EACCES):
            return OutcomeKind.BLOCKED
        case aiohttp.ClientConnectionError() | OSError():
            return OutcomeKind.UNREACHABLE
    return OutcomeKind.BROKEN
