"""What the engine posts: taken once, in any order, as often as it comes, and from the engine alone."""

import random
from datetime import timedelta
from typing import Any

import httpx
import jwt
import pytest
import sqlalchemy as sa

from convene import access, rooms, sessions
from convene.db import Tx
from convene.engine import EngineEvent, body_hash
from convene.web.app import create_app
from convene.web.engine import LARGEST_EVENT
from tests.world import World

PATH = "/internal/engine-events"


async def post(world: World, body: bytes, authorization: str, client: httpx.AsyncClient | None = None) -> int:
    """The status of one post, by default from this machine."""
    headers = {"Authorization": authorization, "Content-Type": "application/webhook+json"}
    return (await (client or world.client).post(PATH, content=body, headers=headers)).status_code


def meeting(tx: Tx, application_id: str) -> tuple[str, str, list[str]]:
    """A fresh session that is open for three people: its id, its engine room, their identities."""
    application = access.application(tx, application_id)
    room = rooms.create(tx, application, rooms.Spec("Demo"), limit=1000, digits=12)
    admitted = [sessions.admit(tx, room, name, sessions.GUEST, None) for name in ("Ann", "Ben", "Cy")]
    return admitted[0][0].id, admitted[0][0].engine_room, [person.id for _session, person, _key in admitted]


async def log_of(world: World, engine_room: str, people: list[str]) -> list[EngineEvent]:
    """A meeting as the engine tells it: three people, one of them twice, one thrown out, a recorder."""
    engine = world.engine
    await engine.create_room(engine_room)
    ann, ben = engine.enter(engine_room, people[0]), engine.enter(engine_room, people[1])
    world.later(seconds=10)
    recorder = engine.enter(engine_room, "recorder-1", is_hidden=True)
    engine.leave(engine_room, ann.sid, reason="CONNECTION_TIMEOUT")
    again, cy = engine.enter(engine_room, people[0]), engine.enter(engine_room, people[2])
    world.later(seconds=10)
    await engine.remove(engine_room, people[2])
    for person in (ben, again, recorder):
        engine.leave(engine_room, person.sid)
    world.later(seconds=10)
    assert cy.sid not in engine.rooms[engine_room].people
    return engine.take_events()


async def state(world: World, session_id: str) -> tuple[Any, ...]:
    """What is true afterwards: the session, its stays, and what was announced."""

    def read(tx: Tx) -> tuple[Any, ...]:
        def rows(statement: str) -> list[Any]:
            return [tuple(row) for row in tx.connection.execute(sa.text(statement), {"id": session_id})]

        return (
            rows("select state, started_at, emptied_at, due_at from session where id = :id"),
            rows("select sid, joined_at, left_at, reason from participant where session_id = :id order by sid"),
            sorted(rows("select type from event where session_id = :id")),
            rows("select count(distinct sequence), count(*), max(sequence) from event where session_id = :id"),
        )

    return await world.db.read(read)


def comparable(found: tuple[Any, ...]) -> tuple[Any, ...]:
    """Without what may differ: the engine's sids (their order does not), and which of the joins was heard first: it
    started the session, and that was announced at once."""
    [(state, started_at, *rest)], stays, announced, sequence = found
    assert started_at in {stay[1] for stay in stays}
    return (state, *rest), [stay[1:] for stay in stays], announced, sequence


async def test_any_order_and_any_repetition_give_the_same_meeting(world: World) -> None:
    """A property: each of 20 shuffles with repeats of a meeting's log ends as its clean log does."""
    begin = world.now
    outcomes = []
    for seed in range(21):
        world.now = begin
        chance = random.Random(seed)
        session_id, engine_room, people = await world.db.write(meeting, world.application_id)
        events = await log_of(world, engine_room, people)
        if seed:
            events += chance.choices(events, k=10)
            chance.shuffle(events)
        for event in events:
            assert await post(world, *world.engine.post(event)) == 200
        outcomes.append(comparable(await state(world, session_id)))
    session, stays, announced, sequence = outcomes[0]
    assert session[0] == "running"
    assert len(stays) == 4
    assert len(announced) == 9  # started, 4 joined, 4 left
    assert sequence == [(9, 9, 9)]
    assert all(outcome == outcomes[0] for outcome in outcomes)


async def test_forged_stale_and_foreign_posts_change_nothing(world: World) -> None:
    session_id, engine_room, people = await world.db.write(meeting, world.application_id)
    await world.engine.create_room(engine_room)
    world.engine.enter(engine_room, people[0])
    joined = world.engine.take_events()[-1]
    body, good = world.engine.post(joined)
    before = await state(world, session_id)
    claims = jwt.decode(good, options={"verify_signature": False})
    other = jwt.encode(claims, "another secret that is as long as the right one", algorithm="HS256")
    assert await post(world, body, other) == 401
    assert await post(world, body, jwt.encode(claims, None, algorithm="none")) == 401
    assert await post(world, body, "") == 401
    assert await post(world, body + b" ", good) == 401
    assert await post(world, body.replace(people[0].encode(), people[1].encode()), good) == 401
    far = httpx.ASGITransport(create_app(world.runtime), client=("203.0.113.9", 40000))
    async with httpx.AsyncClient(transport=far, base_url="http://localhost:8000") as client:
        assert await post(world, body, good, client) == 403
    world.later(minutes=6)
    assert await post(world, *world.engine.post(joined)) == 401  # signed now, but it tells of long ago
    assert await post(world, body, good) == 401  # replayed
    assert await state(world, session_id) == before


async def test_too_large_a_post_is_not_read(world: World) -> None:
    body = b"x" * (LARGEST_EVENT + 1)
    assert await post(world, body, world.engine._sign({"sha256": body_hash(body)}, timedelta(minutes=5))) == 413


async def test_a_failure_is_a_500_so_that_the_engine_sends_again(world: World) -> None:
    """Its webhooks are retried after a 5xx alone."""
    session_id, engine_room, people = await world.db.write(meeting, world.application_id)
    await world.engine.create_room(engine_room)
    world.engine.enter(engine_room, people[0])
    body, authorization = world.engine.post(world.engine.take_events()[-1])
    await world.db.write(lambda tx: tx.execute(sa.text("alter table participant rename to elsewhere")))
    assert await post(world, body, authorization) == 500
    await world.db.write(lambda tx: tx.execute(sa.text("alter table elsewhere rename to participant")))
    assert await post(world, body, authorization) == 200
    assert (await state(world, session_id))[0][0][0] == "running"


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
async def test_only_posts_are_taken(world: World, method: str) -> None:
    assert (await world.client.request(method, PATH)).status_code == 405
