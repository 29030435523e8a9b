"""The Application API v2: what provisioning scripts and the vendor's SDKs send, and what they read from the answers."""

import asyncio
import uuid
from datetime import timedelta
from typing import Any

import jwt
import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

from convene import access, applications, events, rooms, tables, themes
from convene.db import Tx
from convene.errors import NotFound
from convene.rooms import RoomType, Spec
from tests.platform import until
from tests.world import World, key_pair

PATH = "/v2/applications"
HOOKS = {
    "room_changed": {"address": "https://example.org/rooms", "http_method": "POST"},
    "session_changed": {"address": "https://example.org/sessions", "http_method": "POST"},
    "recording_changed": {"address": "https://example.org/recordings", "http_method": "POST"},
}


def body(**more: Any) -> dict[str, Any]:
    given = {"name": "demo", "keys": {"public_key": key_pair().public_key}}
    return given | {"capabilities": {"meetings": {"webhooks": HOOKS}}} | more


async def create(world: World, **more: Any) -> dict[str, Any]:
    made = await world.client.post(PATH, json=body(**more), headers=world.auth)
    assert made.status_code == 201, made.text
    return made.json()  # type: ignore[no-any-return]


def bearer(world: World, application_id: str, private_key: str) -> dict[str, str]:
    claims = {"application_id": application_id, "iat": int(world.now.timestamp()), "jti": str(uuid.uuid4())}
    return {"Authorization": f"Bearer {jwt.encode(claims, private_key, 'RS256')}"}


def wrong(answer: Any) -> set[str]:
    assert answer.status_code == 400, answer.text
    problem = answer.json()
    assert problem["title"] == "Bad Request" and problem["instance"] and problem["type"].endswith("-validation")
    return {one["name"] for one in problem["invalid_parameters"]}


# --- The five calls -------------------------------------------------------------------------------------------------


async def test_an_application_is_made_shown_changed_and_deleted(world: World) -> None:
    made = await create(world)
    assert uuid.UUID(made["id"])
    assert made["_links"]["self"]["href"] == f"http://localhost:8000{PATH}/{made['id']}"
    assert made["capabilities"] == {"meetings": {"webhooks": HOOKS}}
    assert made["keys"] == {"public_key": key_pair().public_key}
    one = f"{PATH}/{made['id']}"
    assert (await world.client.get(one, headers=world.auth)).json() == made

    fewer = {"meetings": {"webhooks": {"room_changed": HOOKS["room_changed"]}}}
    changed = await world.client.put(one, json=made | {"name": "renamed", "capabilities": fewer}, headers=world.auth)
    assert changed.status_code == 200
    assert changed.json() == made | {"name": "renamed", "capabilities": fewer}
    application = await world.db.read(access.application, made["id"])
    assert (application.rooms_url, application.sessions_url) == ("https://example.org/rooms", None)

    gone = await world.client.delete(one, headers=world.auth)
    assert (gone.status_code, gone.content) == (204, b"")
    for answer in (
        await world.client.get(one, headers=world.auth),
        await world.client.put(one, json=body(), headers=world.auth),
        await world.client.delete(one, headers=world.auth),
    ):
        assert answer.status_code == 404
        assert answer.headers["content-type"] == "application/json"
        assert set(answer.json()) == {"type", "title", "detail", "instance"} and made["id"] in answer.json()["detail"]


async def test_without_a_key_one_is_made_and_its_private_half_told_once(world: World) -> None:
    made = await create(world, keys={})
    private_key = made["keys"].pop("private_key")
    assert (await world.client.get(f"{PATH}/{made['id']}", headers=world.auth)).json() == made
    headers = bearer(world, made["id"], private_key)
    room = await world.client.post("/v1/meetings/rooms", json={"display_name": "x"}, headers=headers)
    assert room.status_code == 201
    mine = await world.client.get("/v1/meetings/rooms", headers=world.auth)
    assert mine.json()["total_items"] == 0  # the room is the new application's, and nobody else's


async def test_another_public_key_takes_the_place_of_the_one_before_at_once(world: World) -> None:
    made = await create(world)
    other = await asyncio.to_thread(access.new_key_pair)
    given = body(keys={"public_key": other.public_key})
    changed = await world.client.put(f"{PATH}/{made['id']}", json=given, headers=world.auth)
    assert changed.json()["keys"] == {"public_key": other.public_key}
    for private_key, status in ((key_pair().private_key, 401), (other.private_key, 200)):
        headers = bearer(world, made["id"], private_key)
        assert (await world.client.get("/v1/meetings/rooms", headers=headers)).status_code == status


async def test_a_change_without_keys_and_capabilities_leaves_them(world: World) -> None:
    made = await create(world)
    changed = await world.client.put(f"{PATH}/{made['id']}", json={"name": "renamed"}, headers=world.auth)
    assert changed.json() == made | {"name": "renamed"}


async def test_pages(world: World) -> None:
    ids = [world.application_id]
    for number in range(4):
        world.later(seconds=1)
        ids.append((await create(world, name=f"n{number}"))["id"])
    first = (await world.client.get(PATH, params={"page_size": 2}, headers=world.auth)).json()
    assert {name: first[name] for name in ("page_size", "page", "total_items", "total_pages")} == {
        "page_size": 2,
        "page": 1,
        "total_items": 5,
        "total_pages": 3,
    }
    assert set(first["_links"]) == {"self", "first", "last", "next"}
    found, page = [], first
    while True:
        found += [one["id"] for one in page["_embedded"]["applications"]]
        if "next" not in page["_links"]:
            break
        page = (await world.client.get(page["_links"]["next"]["href"], headers=world.auth)).json()
    assert found == ids and set(page["_links"]) == {"self", "first", "last", "prev"}
    beyond = (await world.client.get(PATH, params={"page": 9}, headers=world.auth)).json()
    assert beyond["_embedded"]["applications"] == [] and "next" not in beyond["_links"]


async def test_what_is_said_for_other_products_is_answered_back(world: World) -> None:
    voice = {
        "webhooks": {"answer_url": {"address": "https://example.org/a", "http_method": "GET"}},
        "region": "eu-west",
    }
    made = await create(world, capabilities={"voice": voice, "vbc": {}}, privacy={"improve_ai": True})
    assert made["capabilities"] == {"voice": voice, "vbc": {}, "meetings": {"webhooks": {}}}
    assert made["privacy"] == {"improve_ai": True}
    assert (await create(world))["privacy"] == {"improve_ai": False}


async def test_signed_callbacks_ask_for_the_vendors_signature(world: World) -> None:
    made = await create(world, capabilities={"meetings": {"signed_callbacks": True}})
    assert made["capabilities"]["meetings"] == {"webhooks": {}, "signed_callbacks": True}
    assert (await world.db.read(access.application, made["id"])).callback_signature == "vonage"


async def test_the_vendors_other_names_of_webhooks(world: World) -> None:
    hooks = {"rooms_url": HOOKS["room_changed"], "sessions_url": None, "recording_url": {"address": ""}}
    made = await create(world, capabilities={"meetings": {"webhooks": hooks}})
    assert made["capabilities"]["meetings"]["webhooks"] == {"room_changed": HOOKS["room_changed"]}


async def test_a_repeated_creation_makes_one_application_and_keeps_no_private_key(world: World) -> None:
    headers = world.auth | {"Idempotency-Key": "one"}
    given = body(keys={})
    first, second = [await world.client.post(PATH, json=given, headers=headers) for _ in range(2)]
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.json()["id"] == second.json()["id"]
    assert "PRIVATE" in first.json()["keys"]["private_key"] and "private_key" not in second.json()["keys"]
    assert (await world.client.get(PATH, headers=world.auth)).json()["total_items"] == 2
    kept = await world.db.read(lambda tx: [row.body for row in tx.all(sa.select(tables.kept_answer.c.body))])
    assert len(kept) == 1 and "PRIVATE" not in kept[0]


# --- What is refused ------------------------------------------------------------------------------------------------


async def test_every_fault_is_named(world: World) -> None:
    async def post(given: object) -> set[str]:
        return wrong(await world.client.post(PATH, json=given, headers=world.auth))

    assert await post({}) == {"name"}
    assert await post({"name": " ", "keys": 1, "capabilities": [], "privacy": "x"}) == {
        "name",
        "keys",
        "capabilities",
        "privacy",
    }
    hooks = {"room_changed": {"address": "ftp://x", "http_method": "GET"}, "typo": {}, "session_changed": "https://x"}
    given = body(
        keys={"public_key": "-----BEGIN"}, capabilities={"meetings": {"webhooks": hooks, "signed_callbacks": 1}}
    )
    assert await post(given) == {
        "keys.public_key",
        "capabilities.meetings.webhooks.room_changed.address",
        "capabilities.meetings.webhooks.room_changed.http_method",
        "capabilities.meetings.webhooks.typo",
        "capabilities.meetings.webhooks.session_changed",
        "capabilities.meetings.signed_callbacks",
    }
    assert (await world.client.get(PATH, headers=world.auth)).json()["total_items"] == 1


@pytest.mark.parametrize(
    "content", [b"{", b'{"name":"a","privacy":{"x":1e999}}', b'{"name":"\\u0000"}', b"[]", b"\xff"]
)
async def test_bodies_that_cannot_be_kept(world: World, content: bytes) -> None:
    answer = await world.client.post(PATH, content=content, headers=world.auth)
    assert answer.status_code == 400 and answer.json()["title"] == "Bad Request"
    assert (await world.client.post(PATH, content=b"x" * 70_000, headers=world.auth)).status_code == 413


@pytest.mark.parametrize("query", ["page_size=101", "page_size=0", "page=0", "page=x", "page=99999999999999999999"])
async def test_pages_that_are_none(world: World, query: str) -> None:
    answer = await world.client.get(f"{PATH}?{query}", headers=world.auth)
    assert wrong(answer) == {query.partition("=")[0]}
    assert answer.json()["type"].endswith("#list-validation")


async def test_only_the_account_itself_may_ask(world: World) -> None:
    key_id = str(uuid.uuid4())
    for headers in ({}, bearer(world, world.application_id, key_pair().private_key), {"Authorization": "Basic eA=="}):
        for method, path in (
            ("GET", PATH),
            ("POST", PATH),
            ("PUT", f"{PATH}/{key_id}"),
            ("DELETE", f"{PATH}/{key_id}"),
        ):
            answer = await world.client.request(method, path, headers=headers)
            assert answer.status_code == 401, (method, path)
            assert answer.json()["title"] == "Invalid credentials supplied"
            assert answer.headers["www-authenticate"].startswith("Basic")


async def test_another_accounts_application_is_unknown(world: World) -> None:
    other = await world.db.write(access.create_first, "Bob", key_pair())
    one = f"{PATH}/{other.application_id}"
    for answer in (
        await world.client.get(one, headers=world.auth),
        await world.client.put(one, json=body(), headers=world.auth),
        await world.client.delete(one, headers=world.auth),
    ):
        assert answer.status_code == 404
    listed = (await world.client.get(PATH, headers=world.auth)).json()["_embedded"]["applications"]
    assert [one["id"] for one in listed] == [world.application_id]
    assert (await world.db.read(access.application, other.application_id)).name == "Bob"


async def test_other_methods_and_paths(world: World) -> None:
    answer = await world.client.patch(PATH, headers=world.auth)
    assert (answer.status_code, answer.json()["title"]) == (405, "Request method not allowed")
    assert (await world.client.get(f"{PATH}/a/b", headers=world.auth)).status_code == 404
    assert (await world.client.get(f"{PATH}/", headers=world.auth)).status_code == 200


# --- Deleting -------------------------------------------------------------------------------------------------------


async def test_deleting_ends_rooms_meetings_and_keys_and_frees_addresses(world: World) -> None:
    made = await create(world)
    long = await a_room(world, made["id"], RoomType.LONG_TERM, expires_at=world.now + timedelta(days=30))
    instant = await a_room(world, made["id"], RoomType.INSTANT)
    mine = await a_room(world, world.application_id, RoomType.INSTANT)
    joined = await world.client.post("/api/meeting/join", json={"code": long.meeting_code, "name": "Ann"})
    assert joined.status_code == 200, joined.text
    await world.db.write(a_theme, made["id"], "acme")

    assert (await world.client.delete(f"{PATH}/{made['id']}", headers=world.auth)).status_code == 204

    headers = bearer(world, made["id"], key_pair().private_key)
    assert (await world.client.get("/v1/meetings/rooms", headers=headers)).status_code == 401
    for room in (long, instant):
        found = await world.db.read(rooms.get, made["id"], room.id)
        assert not rooms.is_available(found, world.now)
        look = await world.client.post("/api/meeting/look", json={"code": room.meeting_code})
        assert look.status_code == 404
    told = await world.db.read(events.latest, made["id"])
    assert sorted(event.room_id for event in told if event.type == "room:expired") == sorted([long.id, instant.id])
    live = sa.select(tables.session.c.state).where(tables.session.c.room_id == long.id)
    assert await world.db.read(lambda tx: [row.state for row in tx.all(live)]) == ["ended"]
    assert (await world.client.post("/api/meeting/look", json={"code": mine.meeting_code})).status_code == 200
    await world.db.write(a_theme, world.application_id, "acme")  # the address is free again


async def test_an_account_whose_default_was_deleted_gets_a_new_one_with_its_next_application(world: World) -> None:
    await world.client.delete(f"{PATH}/{world.application_id}", headers=world.auth)
    assert (await world.client.get("/v1/meetings/rooms", headers=world.auth)).status_code == 401
    assert (await world.client.get(PATH, headers=world.auth)).json()["total_items"] == 0
    made = await world.client.post(PATH, json=body(), headers=world.auth | {"Idempotency-Key": "x"})
    assert made.status_code == 201
    room = await world.client.post("/v1/meetings/rooms", json={"display_name": "x"}, headers=world.auth)
    assert room.status_code == 201
    assert (await world.db.read(rooms.get, made.json()["id"], room.json()["id"])).display_name == "x"


async def test_nothing_is_reached_that_came_while_it_was_deleted(world: World) -> None:
    made = await create(world)
    headers = bearer(world, made["id"], key_pair().private_key)
    long = [
        await a_room(world, made["id"], RoomType.LONG_TERM, expires_at=world.now + timedelta(days=30)) for _ in range(5)
    ]
    joins = [world.client.post("/api/meeting/join", json={"code": room.meeting_code, "name": "Ann"}) for room in long]
    rooms_ = [world.client.post("/v1/meetings/rooms", json={"display_name": "x"}, headers=headers) for _ in range(5)]
    gone = world.client.delete(f"{PATH}/{made['id']}", headers=world.auth)
    answers = await asyncio.gather(*joins[:3], *rooms_[:3], gone, *joins[3:], *rooms_[3:])
    # 410: who came while his room was still open, and was overtaken before he was in.
    assert {answer.status_code for answer in answers} <= {200, 201, 204, 401, 404, 410}
    created = [answer.json()["meeting_code"] for answer in answers if answer.status_code == 201]
    world.later(minutes=1)  # joins that came too late were counted as wrong codes
    for code in [*created, *(room.meeting_code for room in long)][:9]:  # as many as one address may try
        assert (await world.client.post("/api/meeting/look", json={"code": code})).status_code == 404
    live = sa.select(tables.session.c.id).where(
        tables.session.c.application_id == made["id"], tables.session.c.state != "ended"
    )
    assert await world.db.read(lambda tx: tx.all(live)) == []


async def test_a_failing_deletion_leaves_everything(world: World) -> None:
    room = await a_room(world, world.application_id, RoomType.INSTANT)

    def half(tx: Tx) -> None:
        applications.delete(tx, world.first.api_key, world.application_id)
        raise ValueError("the power is gone")

    with pytest.raises(ValueError, match="power"):
        await world.db.write(half)
    assert rooms.is_available(await world.db.read(rooms.get, world.application_id, room.id), world.now)
    assert (await world.client.get("/v1/meetings/rooms", headers=world.auth)).status_code == 200


async def a_room(world: World, application_id: str, kind: RoomType, **more: Any) -> rooms.Room:
    def unit(tx: Tx) -> rooms.Room:
        owner = access.application(tx, application_id)
        return rooms.create(tx, owner, Spec("Weekly", type=kind, **more), limit=1000, digits=12)

    return await world.db.write(unit)


def a_theme(tx: Tx, application_id: str, short: str | None = None) -> str:
    row = {"id": tables.new_id(), "application_id": application_id, "name": tables.new_id(), "created_at": tx.now}
    row |= {"main_color": "#123456", "brand_text": "Acme", "short_company_url": short}
    tx.execute(sa.insert(tables.theme), row)
    return str(row["id"])


async def test_a_deletion_takes_themes_before_the_application(world: World) -> None:
    """As the deletion of a theme does: two at once wait for each other in one direction only."""
    if world.db.is_sqlite:
        return  # one writer
    made = await create(world)
    spec = themes.Spec(name="Night", main_color="#000", brand_text="Night")
    theme = await world.db.write(themes.create, made["id"], spec, limit=10)
    await world.db.write(applications.set_default_theme, made["id"], theme.id)
    engine = create_async_engine(world.db.url.replace("postgresql:", "postgresql+asyncpg:"))
    async with engine.connect() as other, engine.connect() as watcher:
        row, application = tables.theme.c.id == theme.id, tables.application.c.id == made["id"]
        await other.execute(sa.select(tables.theme.c.id).where(row).with_for_update())
        async with asyncio.TaskGroup() as group:
            deleting = group.create_task(world.db.write(applications.delete, world.first.api_key, made["id"]))
            await until(lambda: _somebody_waits(watcher), why="the deletion does not wait for the theme")
            free = await other.execute(
                sa.select(tables.application.c.id).where(application).with_for_update(nowait=True)
            )
            assert free.one() and not deleting.done()
            await other.rollback()
        assert deleting.exception() is None
    await engine.dispose()
    with pytest.raises(NotFound):
        await world.db.read(access.application, made["id"])


async def _somebody_waits(connection: AsyncConnection) -> bool:
    waiting = "select count(*) from pg_locks join pg_stat_activity using (pid) where not granted and datname = current_database()"
    found = await connection.scalar(sa.text(waiting))
    await connection.rollback()
    return bool(found)
