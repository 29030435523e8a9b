"""The first line, the SDK's private doors, and what is imported."""

import asyncio
import json
import subprocess
import sys
from pathlib import Path

import pytest

from convene.compositor.native import Direct, Stock, delivers, open_source
from convene.compositor.parent import BadOrder, Order

TOKEN = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJyIn0.c2lnbmF0dXJl"


def test_an_order() -> None:
    order = Order.parse(json.dumps({"url": "ws://x", "token": TOKEN, "out": "/r/1.mp4", "only_owner": True}).encode())
    assert (order.out, order.only_owner, order.fps, order.lease) == (Path("/r/1.mp4"), True, 25, 60)
    assert TOKEN not in repr(order)


@pytest.mark.parametrize(
    "line",
    [
        b"", b"{", b"[]", b'"x"', b"{}", b'{"url": "ws://x", "token": "t"}',
        b'{"url": "ws://x", "token": "t", "out": "r.mp4", "colour": 1}',
        b'{"url": "ws://x", "token": "t", "out": "r.mp4", "width": 1281}',
    ],
)  # fmt: skip
def test_a_bad_order_is_named_without_its_secrets(line: bytes) -> None:
    with pytest.raises(BadOrder) as problem:
        Order.parse(line)
    assert "ws://x" not in str(problem.value)


def test_a_bad_order_ends_the_process() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "convene.compositor"], input=b"nonsense\n", capture_output=True, check=False
    )
    assert done.returncode == 1
    last = json.loads(done.stdout.splitlines()[-1])
    assert (last["event"], last["code"], last["path"]) == ("failed", "bad_order", None)


async def test_the_sdk_still_has_its_private_doors() -> None:
    """When this fails after an upgrade of livekit, recordings still work, at about twice the cost of the sound."""
    source = await open_source()
    assert isinstance(source, Direct)
    source.uninstall()


async def test_the_public_streams_deliver_too() -> None:
    assert await delivers(Stock())
    for task in asyncio.all_tasks() - {asyncio.current_task()}:
        task.cancel()


def test_files_can_be_finished_without_the_engine_client() -> None:
    code = "import sys, convene.compositor.files; assert not [m for m in sys.modules if m.startswith('livekit')]"
    subprocess.run([sys.executable, "-c", code], check=True)
