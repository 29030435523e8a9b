"""Two hundred times the same call at once: one winner, one event, and for all others an answer that is defined."""

import asyncio
from collections import Counter
from datetime import timedelta
from typing import Any

import httpx
import pytest

from convene import events, recordings, rooms, sessions
from convene.db import Tx
from convene.engine import EngineEvent
from convene.worker import Worker
from tests.faults.test_several_processes import DUE, many_due
from tests.people import code_of
from tests.world import World

PARALLEL = 200
GRACE = timedelta(seconds=20)
ROOMS = "/v1/meetings/rooms"


async def a_room(world: World, **fields: Any) -> dict[str, Any]:
    answer = await world.client.post(ROOMS, json={"display_name": "Weekly sync", **fields}, headers=world.auth)
    return answer.raise_for_status().json()  # type: ignore[no-any-return]


async def join(world: World, room: dict[str, Any], *, host: bool = False) -> httpx.Response:
    body = {"code": code_of(room), "name": "Hanna"}
    if host:
        body["participant_token"] = room["_links"]["host_url"]["href"].rpartition("participant_token=")[2]
    return await world.client.post("/api/meeting/join", json=body)


async def a_host(world: World, room: dict[str, Any]) -> dict[str, str]:
    """The host is in; the header that proves it."""
    joined = (await join(world, room, host=True)).raise_for_status().json()
    (engine_room,) = world.engine.rooms
    world.engine.enter(engine_room, joined["admission"]["id"], "Hanna")
    for event in world.engine.take_events():
        await world.db.write(_take_in, event)
    return {"Authorization": f"Bearer {joined['admission']['id']}.{joined['admission']['key']}"}


def _take_in(tx: Tx, event: EngineEvent) -> None:
    recordings.follow(tx, sessions.apply(tx, event, GRACE))


async def told(world: World, kind: str) -> int:
    stored = await world.db.read(events.page, world.application_id, limit=100_000)
    return sum(event.type == kind for event in stored)


async def at_once(world: World, method: str, path: str, proof: dict[str, str]) -> Counter[int]:
    """The statuses of so many identical requests."""
    calls = (world.client.request(method, path, headers=proof) for _ in range(PARALLEL))
    return Counter(answer.status_code for answer in await asyncio.gather(*calls))


async def test_the_host_ends_it(world: World) -> None:
    proof = await a_host(world, await a_room(world))
    statuses = await at_once(world, "POST", "/api/meeting/end", proof)
    assert set(statuses) <= {204, 410} and statuses[204] >= 1  # 204 also for one that found it just ended
    assert (await told(world, "session:ended"), await told(world, "session:participant:left")) == (1, 1)


async def test_a_recording_is_started(world: World) -> None:
    proof = await a_host(world, await a_room(world))
    assert await at_once(world, "POST", "/api/meeting/recording", proof) == {201: 1, 409: PARALLEL - 1}
    (session,) = await world.db.read(sessions.live)
    assert len(await world.db.read(recordings.of_session, world.application_id, session.id)) == 1


async def test_a_recording_is_stopped(world: World) -> None:
    proof = await a_host(world, await a_room(world))
    await world.client.post("/api/meeting/recording", headers=proof)
    claim = await world.db.write(recordings.claim, "machine-1")
    assert claim is not None
    await world.db.write(recordings.started, claim.recording.id, claim.attempt, world.now)
    assert await at_once(world, "DELETE", "/api/meeting/recording", proof) == {202: PARALLEL}
    assert await world.db.write(recordings.finished, claim.recording.id, claim.attempt, recordings.Capture(5))
    assert (await told(world, "recording:started"), await told(world, "recording:ended")) == (1, 1)


async def test_a_room_is_deleted(world: World) -> None:
    room = await a_room(world)
    await a_host(world, room)
    statuses = await at_once(world, "DELETE", f"{ROOMS}/{room['id']}", world.auth)
    assert set(statuses) <= {204, 404} and statuses[204] >= 1
    assert (await told(world, "room:expired"), await told(world, "session:ended")) == (1, 1)


@pytest.mark.parametrize("kind", ["instant", "long_term"])
async def test_people_come_in_the_last_millisecond(world: World, kind: str) -> None:
    """Half of them come before the room's time and half at it, while the sweep runs again and again."""
    at = world.now + timedelta(minutes=20)
    room = await a_room(
        world, type=kind, **({"expires_at": f"{at:%Y-%m-%dT%H:%M:%S.000Z}"} if kind == "long_term" else {})
    )
    closing = world.now + timedelta(minutes=10) if kind == "instant" else at
    world.now = closing - timedelta(milliseconds=1)

    async def sweep() -> int:
        return await world.db.write(rooms.expire_due)

    async def strikes() -> None:
        world.now = closing

    early = [join(world, room, host=True) for _ in range(PARALLEL // 2)]
    late = [join(world, room, host=True) for _ in range(PARALLEL // 2)]
    answers = await asyncio.gather(*early, strikes(), *late, *(sweep() for _ in range(20)))
    await sweep()
    came = [answer for answer in answers if isinstance(answer, httpx.Response)]
    assert {answer.status_code for answer in came} <= {200, 410}
    entered = {answer.json()["session_id"] for answer in came if answer.status_code == 200}
    live = {session.id for session in await world.db.read(sessions.live)}
    assert entered == live and len(live) <= 1
    assert await told(world, "room:expired") == (0 if kind == "instant" and live else 1)


async def test_many_rooms_that_are_due_at_once_are_announced_once(world: World) -> None:
    await world.db.write(many_due, world.application_id, "http://127.0.0.1:9/nobody")
    workers = [Worker(world.runtime), Worker(world.runtime)]
    while any(await asyncio.gather(*(worker.sweep() for worker in workers))):
        continue
    stored = await world.db.read(events.page, world.application_id, limit=100_000)
    assert (len(stored), len({event.room_id for event in stored})) == (DUE, DUE)
    assert {event.type for event in stored} == {"room:expired"}
