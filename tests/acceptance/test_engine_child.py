"""The media engine as our child, on the real binary: it starts, comes back, says what is wrong, and leaves nothing."""

import asyncio
import logging
import os
import random
import signal
import socket
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import aiohttp
import pytest

from convene.embedded import EngineChild, EngineChildSpec, EngineFailed
from tests.livekit_server import binary

DEADLINE = 60.0
SECRET = "a-secret-of-the-tests-that-is-long-enough"


def free_port(kind: socket.SocketKind = socket.SOCK_STREAM) -> int:
    """A free port below the range from which the kernel serves everybody else's connections meanwhile."""
    while True:
        with socket.socket(socket.AF_INET, kind) as probe, suppress(OSError):
            probe.bind(("127.0.0.1", random.randrange(20_000, 32_000)))
            return int(probe.getsockname()[1])


def spec_of(**changed: object) -> EngineChildSpec:
    values: dict[str, object] = {
        "binary": binary(),
        "http_port": free_port(),
        "udp_port": free_port(socket.SOCK_DGRAM),
        "tcp_port": free_port(),
        "node_ip": "127.0.0.1",
        "api_key": "API_test",
        "api_secret": SECRET,
        "webhook_url": "http://127.0.0.1:9/",
    }
    return EngineChildSpec(**(values | changed))  # type: ignore[arg-type]


@contextmanager
def taken(kind: socket.SocketKind) -> Iterator[int]:
    """A port that another program holds."""
    with socket.socket(socket.AF_INET, kind) as holder:
        holder.bind(("127.0.0.1", 0))
        if kind == socket.SOCK_STREAM:
            holder.listen()
        yield int(holder.getsockname()[1])


async def nothing() -> None:
    """For a child that is not restarted in its test."""


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(DEADLINE):
        while not condition():
            await asyncio.sleep(0.05)


def alive(pid: int) -> bool:
    """Whether there is such a process; one that is dead and not yet reaped does not count."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


async def health(port: int) -> int:
    async with aiohttp.ClientSession() as session, session.get(f"http://127.0.0.1:{port}/") as answer:
        return answer.status


async def test_it_starts_and_stop_leaves_nothing() -> None:
    spec = spec_of()
    child = EngineChild(spec, on_restart=nothing)
    await child.start()
    pid = child.pid
    assert pid and alive(pid) and await health(spec.http_port) == 200

    await child.stop()

    assert child.pid is None and not alive(pid)
    with pytest.raises(aiohttp.ClientConnectionError):
        await health(spec.http_port)


async def test_the_secret_is_neither_on_the_command_line_nor_on_disk() -> None:
    child = EngineChild(spec_of(), on_restart=nothing)
    await child.start()
    try:
        assert SECRET.encode() not in Path(f"/proc/{child.pid}/cmdline").read_bytes()
        assert Path(f"/proc/{child.pid}/cmdline").read_bytes().rstrip(b"\0") == str(binary()).encode()
    finally:
        await child.stop()


async def test_killed_it_comes_back_and_says_so() -> None:
    spec, restarted = spec_of(), asyncio.Event()
    health_when_told: list[int] = []

    async def on_restart() -> None:
        health_when_told.append(await health(spec.http_port))
        restarted.set()

    child = EngineChild(spec, on_restart=on_restart)
    await child.start()
    watching = asyncio.create_task(child.watch())
    try:
        for _ in range(3):
            before = child.pid
            assert before
            restarted.clear()
            os.kill(before, signal.SIGKILL)
            async with asyncio.timeout(DEADLINE):
                await restarted.wait()
            assert child.pid not in (None, before)
        assert health_when_told == [200, 200, 200]
    finally:
        last = child.pid
        await child.stop()
    async with asyncio.timeout(DEADLINE):
        await watching
    assert last and not alive(last)


async def test_a_failing_word_after_a_restart_does_not_end_the_watch() -> None:
    calls = 0

    async def on_restart() -> None:
        nonlocal calls
        calls += 1
        raise ConnectionError("the database is away")

    child = EngineChild(spec_of(), on_restart=on_restart)
    await child.start()
    watching = asyncio.create_task(child.watch())
    try:
        for round_ in (1, 2):
            assert child.pid
            os.kill(child.pid, signal.SIGKILL)
            await until(lambda wanted=round_: calls == wanted)
    finally:
        await child.stop()
    await watching


async def test_it_waits_for_its_port_to_come_free_and_then_comes_back() -> None:
    spec, restarted = spec_of(), asyncio.Event()

    async def on_restart() -> None:
        restarted.set()

    child = EngineChild(spec, on_restart=on_restart)
    await child.start()
    assert child.pid
    os.kill(child.pid, signal.SIGKILL)
    await until(lambda: child.pid is None)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as holder:
        holder.bind(("127.0.0.1", spec.udp_port))
        watching = asyncio.create_task(child.watch())
        await asyncio.sleep(1)
        assert not restarted.is_set()
    try:
        async with asyncio.timeout(DEADLINE):
            await restarted.wait()
    finally:
        await child.stop()
    await watching


@pytest.mark.parametrize(
    ("field", "kind", "words"),
    [
        ("udp_port", socket.SOCK_DGRAM, ("UDP port {port}", "engine_udp_port")),
        ("tcp_port", socket.SOCK_STREAM, ("TCP port {port}", "engine_tcp_port")),
        ("http_port", socket.SOCK_STREAM, ("TCP port {port}", "engine_port")),
    ],
)
async def test_a_busy_port_is_one_clear_line(field: str, kind: socket.SocketKind, words: tuple[str, ...]) -> None:
    with taken(kind) as port:
        child = EngineChild(spec_of(**{field: port}), on_restart=nothing)
        with pytest.raises(EngineFailed) as failure:
            await child.start()
    text = str(failure.value)
    assert "\n" not in text and all(word.format(port=port) in text for word in words), text
    assert child.pid is None


@pytest.mark.parametrize(
    ("content", "word"), [(None, "No such file"), ("not a program", "does not run"), ("#!/bin/true", "exit code 0")]
)
async def test_a_bad_binary_is_one_clear_line(tmp_path: Path, content: str | None, word: str) -> None:
    program = tmp_path / "livekit-server"
    if content:
        program.write_text(content)
        program.chmod(0o755)
    child = EngineChild(spec_of(binary=program), on_restart=nothing)
    with pytest.raises(EngineFailed, match=word) as failure:
        await child.start()
    assert "\n" not in str(failure.value) and child.pid is None


async def test_tokens_do_not_reach_our_log(caplog: pytest.LogCaptureFixture) -> None:
    spec = spec_of()
    child = EngineChild(spec, on_restart=nothing)
    forged = "eyJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJtZSJ9.c2lnbmF0dXJl"
    with caplog.at_level(logging.DEBUG, "convene.engine"):
        await child.start()
        try:
            url = f"http://127.0.0.1:{spec.http_port}/rtc/validate"
            async with aiohttp.ClientSession() as session, session.get(url, params={"access_token": forged}) as answer:
                assert answer.status == 401
        finally:
            await child.stop()
    assert "starting LiveKit server" in caplog.text
    assert forged not in caplog.text and SECRET not in caplog.text


async def test_it_dies_with_a_parent_that_is_killed(tmp_path: Path) -> None:
    spec = spec_of()
    program = f"""
        import asyncio
        from pathlib import Path
        from convene.embedded import EngineChild, EngineChildSpec

        async def nothing(): ...

        async def main():
            child = EngineChild(EngineChildSpec(
                binary=Path({str(spec.binary)!r}), http_port={spec.http_port}, udp_port={spec.udp_port},
                tcp_port={spec.tcp_port}, node_ip="127.0.0.1", api_key="API_test", api_secret={SECRET!r},
                webhook_url={spec.webhook_url!r}), on_restart=nothing)
            await child.start()
            print(child.pid, flush=True)
            await child.watch()

        asyncio.run(main())
    """
    parent = subprocess.Popen([sys.executable, "-c", textwrap.dedent(program)], stdout=subprocess.PIPE, text=True)
    try:
        assert parent.stdout
        pid = int(await asyncio.to_thread(parent.stdout.readline))
        assert alive(pid)
    finally:
        parent.kill()
        parent.communicate()
    await until(lambda: not alive(pid))
