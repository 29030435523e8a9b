"""The connection check's door: who may begin one, what its tokens open and for how long, and that nothing of it is kept or told.
Also who is named to somebody who looks."""

from datetime import timedelta
from typing import Any

import httpx
import pytest
import sqlalchemy as sa

from convene import checks, tables
from convene.db import Tx
from convene.engine import Pass, Person
from convene.errors import Forbidden
from convene.web.engine import _check
from convene.worker import Worker, observe
from tests.api.test_join import host_token, inside, join, make
from tests.world import World


async def begin(world: World, room: dict[str, Any], **more: Any) -> httpx.Response:
    return await world.client.post("/api/meeting/check", json={"code": room["meeting_code"], **more})


async def rows(world: World, *of: sa.Table) -> list[int]:
    def work(tx: Tx) -> list[int]:
        return [int(tx.connection.scalar(sa.select(sa.func.count()).select_from(one)) or 0) for one in of]

    return await world.db.read(work)


async def test_a_check_opens_a_room_of_its_own_for_two_ends(world: World) -> None:
    room = await make(world)
    answer = await begin(world, room)
    assert answer.status_code == 201
    body = answer.json()
    sender, listener = (world.engine.read_token(body[end]) for end in ("sender", "listener"))
    assert sender.room == listener.room
    assert sender.identity != listener.identity
    assert checks.is_check(sender.room)
    assert world.engine.rooms[sender.room].places == 2
    settings = world.runtime.settings
    ports = {"address": settings.engine_address, "udp": settings.engine_udp_port, "tcp": settings.engine_tcp_port}
    assert (body["url"], body["ports"]) == (None, ports)


async def test_nothing_of_a_check_is_kept_or_told(world: World) -> None:
    room = await make(world, callback_urls={"sessions_callback_url": "http://127.0.0.1:9/heard"})
    kept = (tables.session, tables.participant, tables.admission, tables.event, tables.engine_event)
    before = await rows(world, *kept)
    claims = world.engine.read_token((await begin(world, room)).json()["sender"])
    stay = world.engine.enter(claims.room, claims.identity)
    world.engine.leave(claims.room, stay.sid)
    for event in world.engine.take_events():
        body, signature = world.engine.post(event)
        answer = await world.client.post("/internal/engine-events", content=body, headers={"Authorization": signature})
        assert answer.status_code == 200
    assert await rows(world, *kept) == before


@pytest.mark.parametrize("code", ["999999999999", "abc", "٣٣٣", "f" * 24])
async def test_a_wrong_code_begins_nothing_and_is_counted_as_a_look_is(world: World, code: str) -> None:
    answer = await world.client.post("/api/meeting/check", json={"code": code})
    looked = await world.client.post("/api/meeting/look", json={"code": code})
    assert (answer.status_code, answer.json()) == (looked.status_code, looked.json())
    assert await world.engine.list_rooms() == []
    for _ in range(world.runtime.settings.code_misses_address):
        answer = await world.client.post("/api/meeting/check", json={"code": code})
    assert (answer.status_code, answer.json()["error"]["code"]) == (429, "slow_down")


async def test_an_expired_meeting_is_not_checked(world: World) -> None:
    room = await make(world)
    world.later(minutes=10)
    assert (await begin(world, room)).status_code == 404
    assert (await begin(world, room, participant_token=host_token(room))).status_code == 410


async def test_an_address_begins_so_many_in_a_minute(world: World) -> None:
    room = await make(world)
    statuses = [(await begin(world, room)).status_code for _ in range(checks.A_MINUTE + 1)]
    assert statuses == [201] * checks.A_MINUTE + [429]
    assert len(await world.engine.list_rooms()) == checks.A_MINUTE
    world.later(minutes=1)
    assert (await begin(world, room)).status_code == 201


async def test_an_engine_that_is_away_is_told(world: World) -> None:
    room = await make(world)
    world.engine.away = True
    answer = await begin(world, room)
    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "engine_unavailable")


@pytest.mark.parametrize("body", [b"", b"[]", b'{"code": 7}', b'{"code": "1", "extra": 1}'])
async def test_a_bad_body_is_refused(world: World, body: bytes) -> None:
    answer = await world.client.post("/api/meeting/check", content=body, headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "invalid")


async def test_the_gate_lets_a_check_through_as_long_as_it_lasts(world: World) -> None:
    """Tokens are renewed by the engine for who is connected: it is the room that ends."""
    claims = world.engine.read_token((await begin(world, await make(world))).json()["sender"])
    await _check(world.runtime, claims)
    world.now += checks.LIFE
    with pytest.raises(Forbidden):
        await _check(world.runtime, claims)


async def test_who_stays_in_a_checks_room_is_put_out(world: World) -> None:
    claims = world.engine.read_token((await begin(world, await make(world))).json()["sender"])
    world.engine.enter(claims.room, claims.identity)
    await Worker(world.runtime).reconcile()
    assert [room.name for room in await world.engine.list_rooms()] == [claims.room]
    world.now += checks.LIFE
    await Worker(world.runtime).reconcile()
    assert await world.engine.list_rooms() == []


async def test_the_stream_beats_for_a_checks_token_alone(world: World) -> None:
    room = await make(world)
    token = (await begin(world, room)).json()["listener"]
    heard = await world.client.get("/api/meeting/check", headers={"Authorization": f"Bearer {token}"})
    assert heard.headers["content-type"].startswith("text/event-stream")
    assert [line for line in heard.text.splitlines() if line.startswith("data:")] == [
        'data: {"left":2}',
        'data: {"left":1}',
        'data: {"left":0}',
    ]
    meeting = (await join(world, room)).json()["engine"]["token"]
    claims = world.engine.read_token(token)
    names = {"room": claims.room, "identity": "eve", "name": "", "is_host": False}
    old = world.engine.join_token(Pass(**names), lifetime=timedelta(seconds=-1))
    for bad, status in ((meeting, 403), (token[:-2], 401), (old, 401), ("", 401), ("a.b", 401)):
        answer = await world.client.get("/api/meeting/check", headers={"Authorization": f"Bearer {bad}"})
        assert answer.status_code == status, bad


# --- Who is inside --------------------------------------------------------------------------------------------------


async def seen(world: World, room: dict[str, Any], token: str | None = None) -> dict[str, Any]:
    body = {"code": room["meeting_code"], "participant_token": token}
    return (await world.client.post("/api/meeting/look", json=body)).json()["session"]  # type: ignore[no-any-return]


async def all_inside(world: World, room: dict[str, Any], names: list[str]) -> str:
    """People who came a second after each other, as the engine lists them now; the session's id."""
    answers = [(await join(world, room, name)).json() for name in names]
    stays = [
        Person(f"PA_{name}", answer["admission"]["id"], name, world.now + timedelta(seconds=i), False)
        for i, (name, answer) in enumerate(zip(names, answers, strict=True))
    ]
    session_id: str = answers[0]["session_id"]
    await world.db.write(observe, session_id, stays, timedelta(seconds=20))
    return session_id


async def test_at_an_open_door_five_of_those_inside_are_named(world: World) -> None:
    room = await make(world)
    people = ["Anna", "Ben", "Cleo", "Dan", "Eva", "Finn"]
    await all_inside(world, room, people)
    assert (await seen(world, room))["people"] == 6
    assert (await seen(world, room))["names"] == people[:5]


@pytest.mark.parametrize("level", ["after_owner_only", "explicit_approval"])
async def test_behind_a_door_only_their_number_is_told(world: World, level: str) -> None:
    room = await make(world, join_approval_level=level)
    await inside(world, room, "Hanna", host=True)
    told, to_host = await seen(world, room), await seen(world, room, host_token(room))
    assert (told["people"], told["names"]) == (1, [])
    assert (to_host["people"], to_host["names"]) == (1, ["Hanna"])
    assert (await seen(world, room, host_token(await make(world))))["names"] == []


async def test_a_locked_room_names_nobody_to_a_guest(world: World) -> None:
    room = await make(world)
    host, _ = await inside(world, room, "Hanna", host=True)
    assert (await seen(world, room))["names"] == ["Hanna"]
    await world.client.post("/api/meeting/lock", json={"locked": True}, headers=host)
    assert (await seen(world, room))["names"] == []
    assert (await seen(world, room, host_token(room)))["names"] == ["Hanna"]


async def test_who_has_left_is_not_named(world: World) -> None:
    room = await make(world)
    await all_inside(world, room, ["Ann", "Ben"])
    left = sa.update(tables.participant).where(tables.participant.c.name == "Ann").values(left_at=world.now)
    await world.db.write(lambda tx: tx.execute(left))
    assert (await seen(world, room))["names"] == ["Ben"]
