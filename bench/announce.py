"""Media event → first byte at a healthy receiver: through the real platform, at the rate of a busy one.

The engine's part is played: 500 admitted people come in at 50 a second, by signed engine events over HTTP, as the engine sends
them. From the first byte of an event sent to the first byte of its `session:participant:joined` at the receiver.
"""

import asyncio
import hashlib
import json
import sqlite3
import statistics
import tempfile
import time
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path

import aiohttp
import jwt
import uvloop

from bench.callbacks import P50, P99, RATE, Sink, sinks, until
from bench.figure import Figure
from tests.people import code_of
from tests.platform import Platform, platform

ROOMS, PEOPLE = 25, 20  # in each room
JOINED = "session:participant:joined"
# People who are not in the engine must not be missed there while we measure.
SETTINGS = {"reconcile_seconds": 3600}


async def admitted(convene: Platform, page: aiohttp.ClientSession, receiver: Sink) -> list[tuple[str, str]]:
    """Everybody who will come: engine room and identity, one room after the other."""
    urls = {"sessions_callback_url": f"http://127.0.0.1:{receiver.port}/"}
    people = []
    for room in [await convene.room(callback_urls=urls) for _ in range(ROOMS)]:
        for number in range(PEOPLE):
            asked = {"code": code_of(room), "name": f"Person {number}"}
            async with page.post("/api/meeting/join", json=asked) as answer:
                joined = await answer.json()
            claims = jwt.decode(joined["engine"]["token"], options={"verify_signature": False})
            people.append((claims["video"]["room"], joined["admission"]["id"]))
    return people[::PEOPLE] + [one for number, one in enumerate(people) if number % PEOPLE]


def engine_event(room: str, identity: str, keys: dict[str, str]) -> tuple[bytes, dict[str, str]]:
    """A webhook as the engine sends it: the body, and the headers with its signature."""
    now = int(time.time())
    person = {"sid": f"PA_{identity}", "identity": identity, "name": "Ann", "joinedAt": str(now), "state": "ACTIVE"}
    event = {"event": "participant_joined", "room": {"name": room, "sid": f"RM_{room}"}, "participant": person}
    body = json.dumps(event | {"id": f"EV_{identity}", "createdAt": str(now)}).encode()
    claims = {"iss": keys["key"], "exp": now + 300, "sha256": b64encode(hashlib.sha256(body).digest()).decode()}
    headers = {"Authorization": jwt.encode(claims, keys["secret"]), "Content-Type": "application/webhook+json"}
    return body, headers


async def waits(convene: Platform) -> list[float]:
    """Milliseconds from each event to its callback, shortest first."""
    keys = json.loads((convene.data / "engine.json").read_text())
    sent: dict[str, float] = {}

    async def send(page: aiohttp.ClientSession, room: str, identity: str) -> None:
        body, headers = engine_event(room, identity, keys)
        sent[identity] = time.time()
        async with page.post("/internal/engine-events", data=body, headers=headers) as answer:
            answer.raise_for_status()

    async with sinks(1) as [receiver], aiohttp.ClientSession(convene.url) as page:
        people = await admitted(convene, page, receiver)
        begin = time.time()
        async with asyncio.TaskGroup() as group:
            for number, (room, identity) in enumerate(people):
                await asyncio.sleep(max(0.0, begin + number / RATE - time.time()))
                group.create_task(send(page, room, identity))
        await until(lambda: len(receiver.arrived) >= len(people) + ROOMS)  # each room's session:started as well
        told = announced(convene.data / "convene.db")
        return sorted((receiver.arrived[told[identity]] - at) * 1000 for identity, at in sent.items())


def announced(database: Path) -> dict[str, str]:
    """The id of the event that says that this person has joined."""
    connection = sqlite3.connect(f"file:{database}?mode=ro", uri=True)
    rows = connection.execute("select id, body from event where type = ?", [JOINED]).fetchall()
    connection.close()
    return {json.loads(body)["participant_id"]: event for event, body in rows}


def figures() -> Iterator[Figure]:
    """One row."""
    with tempfile.TemporaryDirectory(prefix="convene-bench-") as folder, platform(Path(folder), **SETTINGS) as convene:
        took = uvloop.run(waits(convene))
    p50, p99 = statistics.median(took), took[int(len(took) * 0.99)]
    what, goal = f"media event → first byte at the receiver, {RATE}/s", f"≤ {P50}, ≤ {P99} ms"
    yield Figure(what, f"p50 {p50:.1f}, p99 {p99:.1f} ms", goal=goal, reached=p50 <= P50 and p99 <= P99)
