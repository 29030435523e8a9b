"""The engine's webhooks are lost, with us alive or away: comparing with its own list makes our state right."""

import asyncio
from pathlib import Path

from convene import sessions
from tests.faults.evidence import all_events, body, count, database, ended_well, nothing_missing, quiet, urls
from tests.livekit_server import KEY, SECRET, LiveKitServer, livekit_server
from tests.people import Someone, admitted, inside
from tests.platform import Platform, platform, until
from tests.receiver import receiving
from tests.world import free_port

AWAY = 20.0  # seconds: longer than the engine goes on trying


def beside(server: LiveKitServer) -> dict[str, str]:
    """The settings for an engine that runs on its own."""
    return {"engine_url": server.url, "engine_key": KEY, "engine_secret": SECRET}


async def in_now(convene: Platform, session_id: str) -> tuple[set[str], int]:
    """Who is in, by the admissions' ids as the events have it; and how many there are."""
    inside: set[str] = set()
    for event in await all_events(convene):
        if event.type == "session:participant:joined":
            inside.add(body(event)["participant_id"])
        elif event.type == "session:participant:left":
            inside.discard(body(event)["participant_id"])
    async with database(convene) as db:
        return inside, await db.read(sessions.headcount, session_id)


async def only(convene: Platform, *expected: Someone) -> None:
    """Waits until exactly these are in."""
    wanted = {person.admission["id"] for person in expected}, len(expected)

    async def right() -> bool:
        return await in_now(convene, expected[0].session_id) == wanted

    await until(right, why="our state does not come right", seconds=90)


async def test_without_any_webhook(tmp_path: Path) -> None:
    """The engine's events go to a port where nobody listens."""
    with livekit_server("http://127.0.0.1:9/nobody") as server:
        async with receiving() as heard:
            with platform(tmp_path, session_grace_seconds=2, reconcile_seconds=1, **beside(server)) as convene:
                room = await convene.room(callback_urls=urls(heard))
                async with inside(convene, room, "Ann", "Ben") as (ann, ben):
                    await only(convene, ann, ben)
                    await ann.leave()
                    await only(convene, ben)
                await quiet(convene)
                stored = await nothing_missing(convene, heard)
                ended_well(stored)
                assert [event.type for event in stored] == [
                    "session:started",
                    *["session:participant:joined"] * 2,
                    *["session:participant:left"] * 2,
                    "session:ended",
                ]


async def test_people_come_and_go_while_we_are_away(tmp_path: Path) -> None:
    port = free_port()
    with livekit_server(f"http://127.0.0.1:{port}/internal/engine-events") as server:
        async with receiving() as heard:
            with platform(
                tmp_path, port=port, session_grace_seconds=2, reconcile_seconds=1, **beside(server)
            ) as convene:
                room = await convene.room(callback_urls=urls(heard))
                people = [await admitted(convene, room, name) for name in ("Ann", "Ben", "Cem")]
                ann, ben, cem = people
                await ann.connect(server.url)
                await cem.connect(server.url)
                await only(convene, ann, cem)
                convene.kill()
                await ben.connect(server.url)
                await ann.leave()
                await asyncio.sleep(AWAY)
                await asyncio.to_thread(convene.start)
                await only(convene, ben, cem)
                stored = await all_events(convene)
                assert (count(stored, "session:started"), count(stored, "session:ended")) == (1, 0)
                await asyncio.gather(ben.leave(), cem.leave())
                await quiet(convene)
                ended_well(await nothing_missing(convene, heard))
