"""The courier: right about every answer, bounded in time and memory, and deaf to every way into the inside."""

import asyncio
import resource
import socket
import ssl
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest

from convene import config
from convene.courier import ANSWER_KEPT, Courier, OutcomeKind, is_public
from tests.receiver import Receiver, receiving

BAD = [
    *("127.0.0.1", "10.0.0.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "192.0.0.170", "192.88.99.1", "198.18.0.1"),
    *("224.0.0.1", "240.0.0.1", "255.255.255.255", "203.0.113.5", "::1", "::", "::ffff:127.0.0.1", "64:ff9b::7f00:1"),
    *("64:ff9b::a9fe:a9fe", "64:ff9b:1::7f00:1", "2002:7f00:1::", "2001:0:7f00:1::", "fe80::1", "febf::1", "fec0::1"),
    *("fd00:ec2::254", "2001:db8::1", "3fff::1", "100::1", "5f00::1", "ff02::1", "::127.0.0.1", "::ffff:0:127.0.0.1"),
]
GOOD = ["1.1.1.1", "8.8.8.8", "2001:4860:4860::8888", "::ffff:8.8.8.8", "2606:4700::1111"]
TO_THIS_MACHINE = [
    *("127.0.0.1", "127.0.0.2", "localhost", "localhost.", "LOCALHOST", "127.1", "2130706433", "0x7f000001"),
    *("017700000001", "0", "0.0.0.0", "[::1]", "[::ffff:127.0.0.1]", "[::]", "[::127.0.0.1]"),
    *("①②⑦.0.0.1", "127。0。0。1", "127.0.0.1%2f@x", "x@127.0.0.1", "x:y@127.0.0.1"),
]


@asynccontextmanager
async def courier(timeout: float = 10, **settings: object) -> AsyncIterator[Courier]:
    chosen = replace(config.load({}, Path("/nowhere")), **settings)  # type: ignore[arg-type]
    made = Courier(chosen, timeout=timedelta(seconds=timeout))
    await made.open()
    try:
        yield made
    finally:
        await made.close()


def inside(timeout: float = 10):  # type: ignore[no-untyped-def]
    return courier(timeout, allow_loopback_callbacks=True)


def test_there_are_31_forms() -> None:
    assert len(set(BAD)) == 31


@pytest.mark.parametrize("text", BAD)
async def test_bad_address_is_blocked_before_any_packet(text: str) -> None:
    address = f"[{text}]" if ":" in text else text
    async with courier(timeout=30) as closed:
        for scheme in ("http", "https"):
            outcome = await closed.post(f"{scheme}://{address}:9/", {}, b"{}")
            assert (outcome.kind, outcome.status) == (OutcomeKind.BLOCKED, None)


@pytest.mark.parametrize("text", GOOD)
def test_public_address_is_public(text: str) -> None:
    address = ip_address(text)
    assert is_public(getattr(address, "ipv4_mapped", None) or address)


@pytest.mark.parametrize("host", TO_THIS_MACHINE)
async def test_canary_on_this_machine_is_never_touched(host: str) -> None:
    with socket.create_server(("::", 0), family=socket.AF_INET6, dualstack_ipv6=True) as canary:
        canary.setblocking(False)
        port = canary.getsockname()[1]
        async with courier() as closed:
            for scheme in ("http", "https"):
                outcome = await closed.post(f"{scheme}://{host}:{port}/", {}, b"{}")
                assert outcome.kind in (OutcomeKind.BLOCKED, OutcomeKind.UNRESOLVED)
        with pytest.raises(BlockingIOError):
            canary.accept()


async def test_canary_hears_when_the_operator_allows_loopback() -> None:
    async with receiving() as receiver, inside() as opened:
        for host in ("127.0.0.1", "localhost", "0x7f000001"):
            outcome = await opened.post(f"http://{host}:{receiver.port}/ok", {}, b"{}")
            assert outcome.kind is OutcomeKind.DELIVERED
        assert receiver.accepted == 3


async def test_networks_that_the_operator_opens() -> None:
    async with receiving() as receiver:
        async with courier(callback_networks="127.0.0.0/30, 10.1.0.0/16") as opened:
            assert (await opened.post(receiver.url(), {}, b"{}")).kind is OutcomeKind.DELIVERED
            assert (await opened.post("http://127.0.0.5:9/", {}, b"{}")).kind is OutcomeKind.BLOCKED
        async with courier(callback_networks="10.1.0.0/16") as opened:
            assert (await opened.post(receiver.url(), {}, b"{}")).kind is OutcomeKind.BLOCKED
    assert receiver.accepted == 1


@pytest.mark.parametrize("url", ["http://1.1.1.1:9/", "http://[2606:4700::1111]:9/"])
async def test_plain_http_does_not_leave_the_opened_networks(url: str) -> None:
    async with inside() as opened:
        assert (await opened.post(url, {}, b"{}")).kind is OutcomeKind.BLOCKED


@pytest.mark.parametrize(
    "url",
    ["ftp://127.0.0.1/", "file:///etc/passwd", "http://", "http:///x", "//127.0.0.1/", "", "x", "http://[::1", "http://a:99999/",
     "http://u@127.0.0.1/", "http://u:p@127.0.0.1/", "http://:p@127.0.0.1/", "http://@127.0.0.1/", "http://a b/", "http://\x00/"],
)  # fmt: skip
async def test_what_is_no_callback_url(url: str) -> None:
    async with inside() as opened:
        outcome = await opened.post(url, {}, b"{}")
        assert outcome.kind in (OutcomeKind.BLOCKED, OutcomeKind.UNRESOLVED, OutcomeKind.UNREACHABLE)
        assert outcome.status is None


async def test_proxies_of_the_environment_are_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    async with receiving() as receiver, receiving() as proxy:
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, proxy.url("/ok"))
        async with inside() as opened:
            assert (await opened.post(receiver.url(), {}, b"{}")).kind is OutcomeKind.DELIVERED
    assert (receiver.accepted, proxy.accepted) == (1, 0)


# --- Each kind of receiver (F8) -------------------------------------------------------------------------------------

MODES = {
    "ok": (OutcomeKind.DELIVERED, 204),
    "200": (OutcomeKind.DELIVERED, 200),
    "299": (OutcomeKind.DELIVERED, 299),
    "302": (OutcomeKind.REDIRECTED, 302),
    "308": (OutcomeKind.REDIRECTED, 308),
    "400": (OutcomeKind.REFUSED, 400),
    "410": (OutcomeKind.REFUSED, 410),
    "429": (OutcomeKind.REFUSED, 429),
    "500": (OutcomeKind.REFUSED, 500),
    "rude": (OutcomeKind.REFUSED, 500),
    "hang": (OutcomeKind.TIMEOUT, None),
    "drip": (OutcomeKind.TIMEOUT, None),
    "endless": (OutcomeKind.DELIVERED, 200),
    "huge": (OutcomeKind.DELIVERED, 200),
    "reset": (OutcomeKind.UNREACHABLE, None),
    "garbage": (OutcomeKind.BROKEN, None),
}


@pytest.mark.parametrize("mode", MODES)
async def test_every_answer_has_its_class(mode: str) -> None:
    async with receiving() as receiver, inside(timeout=2) as opened:
        outcome = await opened.post(receiver.url(f"/{mode}"), {"x-mark": "a"}, b'{"a":1}')
        assert (outcome.kind, outcome.status) == MODES[mode]
        assert [(r.path, r.headers["x-mark"], r.body) for r in receiver.requests] == [(f"/{mode}", "a", b'{"a":1}')]
        assert outcome.retry_after == (timedelta(seconds=120) if mode == "429" else None)


async def test_nothing_is_followed_and_no_cookie_comes_back() -> None:
    async with receiving() as receiver, inside() as opened:
        await opened.post(receiver.url("/302"), {}, b"{}")
        await opened.post(receiver.url("/ok"), {}, b"{}")
        assert [request.path for request in receiver.requests] == ["/302", "/ok"]
        assert "cookie" not in receiver.requests[1].headers


async def test_an_answer_is_kept_short_and_printable() -> None:
    async with receiving() as receiver, inside() as opened:
        answer = (await opened.post(receiver.url("/rude"), {}, b"{}")).answer
        assert (
            answer is not None and answer.startswith("\ufffd\ufffd[31mno") and len(answer.encode()) <= ANSWER_KEPT * 3
        )
        assert "\x00" not in answer and "\x1b" not in answer
        assert (await opened.post(receiver.url("/500"), {}, b"{}")).answer == "answer 500"


async def test_greedy_answers_cost_no_memory() -> None:
    async with receiving() as receiver, inside(timeout=60) as opened:
        await asyncio.gather(*[opened.post(receiver.url("/huge"), {}, b"{}") for _ in range(10)])
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        modes = ["/huge", "/endless"] * 20
        outcomes = await asyncio.gather(*[opened.post(receiver.url(mode), {}, b"{}") for mode in modes])
        assert {outcome.kind for outcome in outcomes} == {OutcomeKind.DELIVERED}
        grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before  # kB; 40 at once, both ends of them
        assert grown < 40 * 1024


async def test_connections_are_kept_for_the_next_delivery() -> None:
    async with receiving() as receiver, inside() as opened:
        for _ in range(5):
            await opened.post(receiver.url(), {}, b"{}")
        assert receiver.accepted == 1


async def test_no_server_and_no_such_name() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        async with inside() as opened:
            refused = await opened.post(f"http://127.0.0.1:{unused.getsockname()[1]}/", {}, b"{}")
            nameless = await opened.post("https://nobody.invalid/", {}, b"{}")
    assert (refused.kind, nameless.kind) == (OutcomeKind.UNREACHABLE, OutcomeKind.UNRESOLVED)


@asynccontextmanager
async def with_certificate(folder: Path) -> AsyncIterator[tuple[Receiver, Path]]:
    certificate, key = folder / "certificate.pem", folder / "key.pem"
    command = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=localhost"
    names = ["-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", "-keyout", str(key), "-out", str(certificate)]
    subprocess.run([*command.split(), *names], check=True, capture_output=True)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate, key)
    async with receiving(tls=tls) as receiver:
        yield receiver, certificate


async def test_a_certificate_that_nobody_vouches_for_is_refused(tmp_path: Path) -> None:
    async with with_certificate(tmp_path) as (receiver, _), inside() as opened:
        assert (await opened.post(receiver.url(), {}, b"{}")).kind is OutcomeKind.UNTRUSTED
        assert receiver.requests == []


async def test_https_with_a_certificate_of_a_known_authority(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with with_certificate(tmp_path) as (receiver, certificate):
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        async with inside() as opened:
            assert (await opened.post(receiver.url(), {}, b"{}")).kind is OutcomeKind.DELIVERED
            assert (
                await opened.post(f"http://127.0.0.1:{receiver.port}/", {}, b"{}")
            ).kind is not OutcomeKind.DELIVERED
