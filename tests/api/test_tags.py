"""`ETag`, `If-Match`, `If-None-Match`: nobody overwrites what he has not seen, and nobody loads what he has."""

import asyncio
import json
from collections import Counter
from typing import Any

import httpx
import sqlalchemy as sa

from convene import rooms, tables
from tests.world import World

ROOMS = "/v1/meetings/rooms"


async def call(world: World, method: str, path: str, body: Any = None, **headers: str) -> httpx.Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    content = None if body is None else json.dumps(body)
    return await world.client.request(method, path, content=content, headers=world.auth | named)


async def long_term(world: World) -> httpx.Response:
    body = {"display_name": "Weekly sync", "type": "long_term", "expires_at": "2026-04-01T08:00:00.000Z"}
    answer = await call(world, "POST", ROOMS, body)
    assert answer.status_code == 201, answer.text
    return answer


def path_of(answer: httpx.Response) -> str:
    return f"{ROOMS}/{answer.json()['id']}"


def named(name: str) -> dict[str, Any]:
    return {"update_details": {"display_name": name}}


async def test_one_state_has_one_tag_everywhere(world: World) -> None:
    made = await long_term(world)
    world.later(minutes=5)
    read = await call(world, "GET", path_of(made))
    assert read.json()["_links"]["host_url"] != made.json()["_links"]["host_url"], "a fresh token"
    assert read.headers["ETag"] == made.headers["ETag"]
    assert read.headers["ETag"][0] == read.headers["ETag"][-1] == '"'
    changed = await call(world, "PATCH", path_of(made), named("Daily"))
    assert changed.headers["ETag"] != made.headers["ETag"]
    again = await call(world, "GET", path_of(made))
    assert again.headers["ETag"] == changed.headers["ETag"]
    back = await call(world, "PATCH", path_of(made), named("Weekly sync"))
    assert back.headers["ETag"] == made.headers["ETag"]
    assert (await long_term(world)).headers["ETag"] != made.headers["ETag"]


async def test_every_field_changes_the_tag(world: World) -> None:
    made = await long_term(world)
    tags = [made.headers["ETag"]]
    for change in (
        {"display_name": '"host_url":{"href":"x"}'},
        {"display_name": '"host_url":{"href":"y"}'},
        {"metadata": "m"},
        {"expires_at": "2026-04-02T08:00:00.000Z"},
        {"expire_after_use": True},
        {"recording_options": {"auto_record": True}},
        {"theme_id": None, "join_approval_level": "explicit_approval"},
        {"initial_join_options": {"microphone_state": "off"}},
        {"available_features": {"is_chat_available": False}},
        {"ui_settings": {"language": "fr"}},
        {"callback_urls": {"rooms_callback_url": "https://example.org"}},
    ):
        answer = await call(world, "PATCH", path_of(made), {"update_details": change})
        assert answer.status_code == 200, answer.text
        tags.append(answer.headers["ETag"])
    assert len(set(tags)) == len(tags)


async def test_a_room_that_has_closed_has_another_tag(world: World) -> None:
    made = await long_term(world)
    world.later(days=60)
    read = await call(world, "GET", path_of(made), If_None_Match=made.headers["ETag"])
    assert (read.status_code, read.json()["is_available"]) == (200, False), "though no worker ran"


async def test_what_was_seen_is_not_sent_again(world: World) -> None:
    made = await long_term(world)
    tag = made.headers["ETag"]
    for known in (tag, f"W/{tag}", f'"other", {tag}', "*", f'{tag},"x"'):
        answer = await call(world, "GET", path_of(made), If_None_Match=known)
        assert (answer.status_code, answer.content, answer.headers["ETag"]) == (304, b"", tag), known
        assert "RateLimit-Remaining" in answer.headers
    for other in ('"other"', tag.strip('"'), "", 'W/"x"', tag[:-2] + '"'):
        answer = await call(world, "GET", path_of(made), If_None_Match=other)
        assert (answer.status_code, answer.json()["id"]) == (200, made.json()["id"]), other
    assert (
        await call(world, "GET", f"{ROOMS}/{'0' * 8}-0000-0000-0000-{'0' * 12}", If_None_Match="*")
    ).status_code == 404


async def test_a_change_may_ask_for_the_state_it_has_seen(world: World) -> None:
    made = await long_term(world)
    seen = made.headers["ETag"]
    changed = await call(world, "PATCH", path_of(made), named("Daily"), If_Match=seen)
    assert (changed.status_code, changed.json()["display_name"]) == (200, "Daily")
    message = "It was changed since: its ETag is another than that of If-Match"
    told = {"message": message, "name": "PreconditionFailedError", "status": 412}
    for old in (seen, f"W/{changed.headers['ETag']}", '"x"', "", "nonsense"):
        for method in ("PATCH", "DELETE"):
            late = await call(world, method, path_of(made), named("Hourly"), If_Match=old)
            assert (late.status_code, late.json()) == (412, told), (method, old)
    now = await call(world, "GET", path_of(made))
    assert (now.json()["display_name"], now.json()["is_available"]) == ("Daily", True)
    for right in ("*", f'"x", {now.headers["ETag"]}'):
        answer = await call(world, "PATCH", path_of(made), named("Daily"), If_Match=right)
        assert answer.status_code == 200, right
    gone = await call(world, "DELETE", path_of(made), If_Match=now.headers["ETag"])
    assert gone.status_code == 204


async def test_unknown_things_are_unknown_before_they_are_changed(world: World) -> None:
    for id in ("x", "%00", f"{'0' * 8}-0000-0000-0000-{'0' * 12}"):
        for method in ("PATCH", "DELETE"):
            answer = await call(world, method, f"{ROOMS}/{id}", named("x"), If_Match="*")
            assert answer.status_code == 404, (method, id)


async def test_of_many_changes_at_once_one_has_seen_the_present_state(world: World) -> None:
    made = await long_term(world)
    tag = made.headers["ETag"]
    changes = [call(world, "PATCH", path_of(made), named(f"Name {number}"), If_Match=tag) for number in range(20)]
    deletions = [call(world, "DELETE", path_of(made), If_Match=tag) for _ in range(5)]
    answers = await asyncio.gather(*changes, *deletions)
    seen = Counter(answer.status_code for answer in answers)
    assert seen[200] + seen[204] == 1
    assert seen[412] == 24 or seen[404] + seen[412] == 24, "after a deletion there may be nothing to change"


async def test_a_running_session_does_not_hinder_a_deletion(world: World) -> None:
    made = await long_term(world)
    await world.db.write(rooms.entered, made.json()["id"])
    seen = await call(world, "GET", path_of(made))
    assert (await call(world, "DELETE", path_of(made), If_Match=seen.headers["ETag"])).status_code == 204
    closed = await world.db.read(lambda tx: tx.all(sa.select(tables.room.c.expired_at)))
    assert closed[0].expired_at == world.now
