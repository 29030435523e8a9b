"""/admin/meetings as administrators speak to it: the seed's own request, and what they had to do without (contract §1.4)."""

from typing import Any

import pytest

from convene import access
from tests import world as worlds
from tests.api.test_cube_meetings import BASIC, KEYS, Phone, phone
from tests.world import World

SEED = {
    "name": "Friday weekly sync",
    "start_date": 1613729948,
    "end_date": 1613731012,
    "attendees": [{"id": 245, "email": "email1@domen.com"}, {"email": "email2@domen.com"}],
    "record": False,
    "chat": False,
}


async def ask(world: World, method: str, path: str, **more: Any) -> tuple[int, Any]:
    headers = world.cube.admin | more.pop("headers", {})
    answer = await world.client.request(method, f"/admin/meetings{path}", headers=headers, **more)
    return answer.status_code, answer.json()


async def test_the_seeds_own_request(world: World) -> None:
    host = await phone(world, "grace")
    status, made = await ask(world, "POST", "", json=SEED | {"user_id": host.user.number})
    assert status == 201
    assert list(made) == KEYS
    moment = "2026-03-01T08:00:00Z"
    rest = {"public": False, "scheduled": False, "created_at": moment, "updated_at": moment, "notify": False}
    rest |= {"host_id": host.user.number, "chat_dialog_id": None, "notify_before": None, "timezone": None}
    said = {key: value for key, value in SEED.items() if key != "chat"}
    assert made == {"_id": made["_id"], **said, **rest}
    assert await host.listed() == [made], "he is its host as if he had made it"
    assert (await host.ask("PUT", f"/meetings/{made['_id']}", json={"record": True})).status_code == 200


@pytest.mark.parametrize("user_id", [None, 0, 999999, -1, "x", True, 2**70, {}])
async def test_a_host_is_needed(world: World, user_id: object) -> None:
    status, body = await ask(world, "POST", "", json=SEED | {"user_id": user_id})
    assert (status, set(body["errors"])) == (422, {"base", "user_id"})
    status, body = await ask(world, "POST", "", json=SEED)
    assert (status, set(body["errors"])) == (422, {"base", "user_id"})


async def test_another_applications_user_is_no_host(world: World) -> None:
    other = await world.db.write(access.create_first, "Mallory", worlds.key_pair())
    stranger = await (await worlds.cube(world.db, other.application_id)).user("mallory")
    status, _body = await ask(world, "POST", "", json=SEED | {"user_id": stranger.number})
    assert status == 422


async def test_a_key_of_administration_is_needed(world: World) -> None:
    host = await phone(world, "grace")
    made = await host.make()
    for headers in ({}, {"CB-Administration-API-Key": "wrong"}, host.headers):
        for method, path in (
            ("POST", ""),
            ("GET", ""),
            ("GET", "/x"),
            ("PUT", f"/{made['_id']}"),
            ("DELETE", f"/{made['_id']}"),
        ):
            answer = await world.client.request(method, f"/admin/meetings{path}", headers=headers, json={"name": 7})
            assert answer.status_code == 401
            assert list(answer.json()["errors"]) == ["base"]
    assert await host.listed() == [made]


async def test_administrators_list_and_read_all(world: World) -> None:
    grace, ada = await phone(world, "grace"), await phone(world, "ada")
    made = [await grace.make(), await ada.make(scheduled=True), await grace.make(start_date=5, end_date=6)]
    assert await ask(world, "GET", "") == (200, made[::-1])
    assert await ask(world, "GET", "?scheduled=true") == (200, [made[1]])
    assert await ask(world, "GET", "?sort_asc=start_date&limit=1") == (200, [made[2]])
    page = {"total_entries": 3, "skip": 2, "limit": 2, "items": [made[0]]}
    assert await ask(world, "GET", "?limit=2&offset=2", headers={"CB-Api-Version": "2"}) == (200, page)
    for path in (f"?_id={made[1]['_id']}", f"/{made[1]['_id']}", f"/{made[1]['_id']}.json"):
        assert await ask(world, "GET", path) == (200, made[1])
    for path in ("?_id=x", "/" + "f" * 24, "/x"):
        assert (await ask(world, "GET", path))[0] == 404


async def test_administrators_change_and_delete_any(world: World) -> None:
    host = await phone(world, "grace")
    made = await host.make()
    path = f"/{made['_id']}"
    assert await ask(world, "PUT", path, json={"public": True, "user_id": 7}) == (200, made | {"public": True})
    status, body = await ask(world, "PUT", path, json={"name": 7})
    assert (status, set(body["errors"])) == (422, {"base", "name"})
    assert (await ask(world, "PUT", "/" + "f" * 24, json={"name": 7}))[0] == 404
    assert await ask(world, "DELETE", path) == (200, {})
    assert (await ask(world, "DELETE", path))[0] == 404
    assert (await ask(world, "GET", path))[0] == 404
    assert await host.listed() == []


async def test_a_key_makes_one_meeting(world: World) -> None:
    host = await phone(world, "grace")
    body, once = SEED | {"user_id": host.user.number}, {"Idempotency-Key": "friday"}
    first = await ask(world, "POST", "", json=body, headers=once)
    assert await ask(world, "POST", "", json=body, headers=once) == first
    await host.ask("POST", "/meetings", json=BASIC, headers=once)
    assert len(await host.listed()) == 2, "a user's key is another key"


async def test_another_applications_administrator_finds_nothing(world: World) -> None:
    host: Phone = await phone(world, "grace")
    made = await host.make(public=True)
    other = await world.db.write(access.create_first, "Mallory", worlds.key_pair())
    headers = (await worlds.cube(world.db, other.application_id)).admin
    assert await ask(world, "GET", "", headers=headers) == (200, [])
    for method in ("GET", "PUT", "DELETE"):
        assert (await ask(world, method, f"/{made['_id']}", headers=headers, json={"name": "stolen"}))[0] == 404
    assert await host.listed() == [made]
