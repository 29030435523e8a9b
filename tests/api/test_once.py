"""`Idempotency-Key`: a creation that is sent again, at once or a day later, by the same or by another client."""

import asyncio
import base64
import inspect
import json
from collections import Counter
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
import sqlalchemy as sa
from fastapi import Request, Response
from fastapi.routing import APIRoute

from convene import access, answers, clients, tables
from convene.db import Tx
from convene.errors import Unavailable
from convene.web.app import create_app, doors
from convene.web.caller import Caller
from convene.web.vonage.refusals import VonageRoute
from convene.worker import Worker
from tests import world as worlds
from tests.world import World

ROOMS, BODY = "/v1/meetings/rooms", '{"display_name": "Weekly sync"}'
KEY = "4f9b6c52-6d0c-4c8e-9a3e-2a7a8d1f0b11"


async def post(
    world: World, key: str | None = KEY, body: str = BODY, path: str = ROOMS, **extra: str
) -> httpx.Response:
    headers = world.auth | extra | ({} if key is None else {"Idempotency-Key": key})
    return await world.client.post(path, content=body, headers=headers)


async def count(world: World, table: sa.Table = tables.room) -> int:
    return await world.db.read(lambda tx: len(tx.all(sa.select(table))))


async def test_the_same_request_has_the_same_answer(world: World) -> None:
    first = await post(world)
    assert first.status_code == 201
    assert "Idempotent-Replayed" not in first.headers
    world.later(hours=23, minutes=59)
    again = await post(world)
    assert (again.status_code, again.content) == (201, first.content)
    assert again.headers["Idempotent-Replayed"] == "true"
    assert again.headers["ETag"] == first.headers["ETag"]
    assert again.headers["content-type"] == "application/json"
    assert await count(world) == 1


async def test_without_a_key_each_request_is_its_own(world: World) -> None:
    assert (await post(world, None)).json()["id"] != (await post(world, None)).json()["id"]
    assert (await post(world, "a")).json()["id"] != (await post(world, "b")).json()["id"]
    assert (await post(world, "a")).json()["id"] != (await post(world, "A")).json()["id"], "keys are taken as they are"
    assert await count(world, tables.kept_answer) == 3


async def test_every_spelling_of_the_path_is_the_same_request(world: World) -> None:
    answers = [await post(world, path=path) for path in (ROOMS, "/beta/meetings/rooms/", "/meetings//rooms")]
    assert len({answer.content for answer in answers}) == 1
    assert await count(world) == 1


async def test_another_request_is_refused(world: World) -> None:
    await post(world)
    told = {"message": "This Idempotency-Key was used for another request", "name": "UnprocessableEntityError"}
    for body in ('{"display_name": "Another"}', '{"display_name":"Weekly sync"}', BODY + " "):
        answer = await post(world, body=body)
        assert (answer.status_code, answer.json()) == (422, told | {"status": 422})
    assert await count(world) == 1


async def test_a_day_later_a_key_is_free(world: World) -> None:
    first = await post(world)
    world.later(hours=24)
    second = await post(world, body='{"display_name": "Another"}')
    assert second.status_code == 201
    assert second.json()["id"] != first.json()["id"]
    assert (await post(world, body='{"display_name": "Another"}')).content == second.content


async def test_what_a_key_may_be(world: World) -> None:
    for key in ("x", "x" * 255, '"quoted"', "a,b;c=d", "~!@#$%^&*()"):
        assert (await post(world, key)).status_code == 201, key
    rooms = await count(world)
    for wrong in ("", "x" * 256, "two words", "é", "tab\there", "\x7f"):
        headers = [(name.encode(), value.encode()) for name, value in world.auth.items()]
        headers.append((b"Idempotency-Key", wrong.encode()))
        answer = await world.client.post(ROOMS, content=BODY, headers=headers)
        message = '"Idempotency-Key" must be 1 to 255 visible ASCII characters'
        told = {"message": message, "name": "InputValidationError", "status": 400, "errors": [message]}
        assert (answer.status_code, answer.json()) == (400, told), wrong
    headers = [*world.auth.items(), ("Idempotency-Key", "a"), ("Idempotency-Key", "b")]
    assert (await world.client.post(ROOMS, content=BODY, headers=headers)).status_code == 400, "which of the two?"
    assert await count(world) == rooms
    nobody = await world.client.post(ROOMS, content=BODY, headers={"Idempotency-Key": "two words"})
    assert nobody.status_code == 401


async def test_many_at_once_make_one_room(world: World) -> None:
    answers = await asyncio.gather(*(post(world) for _ in range(50)))
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.content for answer in answers}) == 1
    assert Counter("Idempotent-Replayed" in answer.headers for answer in answers) == {True: 49, False: 1}
    assert await count(world) == 1


async def test_many_at_once_by_several_processes_make_one_room(world: World) -> None:
    clients = [httpx.AsyncClient(transport=httpx.ASGITransport(create_app(world.runtime))) for _ in range(4)]
    url, headers = f"http://localhost:8000{ROOMS}", world.auth | {"Idempotency-Key": KEY}
    answers = await asyncio.gather(*(client.post(url, content=BODY, headers=headers) for client in clients * 5))
    assert len({answer.content for answer in answers}) == 1
    assert await count(world) == 1


async def test_different_requests_at_once_under_one_key_make_one_room(world: World) -> None:
    bodies = [json.dumps({"display_name": f"Room {number}"}) for number in range(20)]
    answers = await asyncio.gather(*(post(world, body=body) for body in bodies))
    assert Counter(answer.status_code for answer in answers) == {201: 1, 422: 19}
    assert await count(world) == 1


async def test_refusals_are_not_kept(world: World) -> None:
    soon = '{"display_name": "x", "type": "long_term", "expires_at": "2026-03-01T08:05:00Z"}'
    assert (await post(world, body=soon)).status_code == 400
    assert (await post(world, body="{")).status_code == 400
    assert (await world.client.post(ROOMS, content=BODY, headers={"Idempotency-Key": KEY})).status_code == 401
    assert await count(world, tables.kept_answer) == 0
    world.now -= timedelta(minutes=10)
    assert (await post(world, body=soon)).status_code == 201, "now it is far enough ahead"
    world.later(minutes=20)
    assert (await post(world, body=soon)).status_code == 201, "kept, though it could not be made any more"


async def test_a_kept_answer_does_not_count_against_the_limit_of_rooms(world: World) -> None:
    first = await post(world)
    row = await world.db.read(lambda tx: dict(tx.all(sa.select(tables.room))[0]._mapping))
    del row["serial"]
    limit = world.runtime.settings.rooms_limit
    others = [row | {"id": tables.new_id(), "meeting_code": str(number)} for number in range(limit - 1)]
    await world.db.write(lambda tx: tx.execute(sa.insert(tables.room), others))
    assert (await post(world, "another")).status_code == 403
    assert (await post(world)).content == first.content
    assert await count(world, tables.kept_answer) == 1


async def test_a_failed_commit_keeps_nothing(world: World) -> None:
    """The change and its answer are one: what breaks after the reservation takes both back."""

    def breaks(tx: Tx) -> None:
        answers.keep(tx, world.application_id, KEY, "x", answers.Kept(201, "{}"))
        raise RuntimeError("power cut")

    with pytest.raises(RuntimeError):
        await world.db.write(breaks)
    assert (await post(world)).status_code == 201


async def test_applications_do_not_share_keys(world: World) -> None:
    first = await post(world)
    other = worlds.basic(await world.db.write(access.create_first, "Bob", worlds.key_pair()))
    theirs = await world.client.post(ROOMS, content=BODY, headers=other | {"Idempotency-Key": KEY})
    assert theirs.status_code == 201
    assert theirs.json()["id"] != first.json()["id"]


async def test_other_methods_take_no_notice(world: World) -> None:
    room = (await post(world)).json()
    for _ in range(2):
        answer = await world.client.get(f"{ROOMS}/{room['id']}", headers=world.auth | {"Idempotency-Key": "k"})
        assert (answer.status_code, "Idempotent-Replayed" in answer.headers) == (200, False)
    assert await count(world, tables.kept_answer) == 1


async def test_old_answers_are_dropped_in_batches(world: World) -> None:
    row = {"application_id": world.application_id, "fingerprint": "x", "status": 201, "body": "{}"}
    old = [
        row | {"key": str(number), "created_at": world.now + timedelta(seconds=number // 7)} for number in range(100)
    ]
    await world.db.write(lambda tx: tx.execute(sa.insert(tables.kept_answer), old))
    world.later(hours=24)
    await post(world)
    world.later(seconds=5)
    left = []
    while await world.db.write(answers.forget, 10):
        left.append(await count(world, tables.kept_answer))
    assert left[0] == 101 - 14, "all of one moment go together"
    assert await count(world, tables.kept_answer) == 101 - 6 * 7
    world.later(hours=25)
    await Worker(world.runtime).tidy()
    assert await count(world, tables.kept_answer) == 0


# --- Effects outside of the transaction -----------------------------------------------------------------------------


def door(world: World, effects: list[str], fails: list[bool]) -> httpx.AsyncClient:
    """A client of a route that does something outside after its commit, as asking the engine to mute somebody."""
    from fastapi import APIRouter, FastAPI

    from convene.web.gate import Gate

    async def act(request: Request) -> Response:
        caller = Caller(request, "sessions:write")

        def unit(tx: Tx) -> dict[str, Any]:
            return {"id": caller.application(tx).id}

        async def effect() -> None:
            effects.append("done")
            if fails.pop():
                raise Unavailable("engine_unavailable", "The engine does not answer.")

        return await caller.once(unit, status=202, after=effect)

    routes = APIRouter(route_class=VonageRoute)
    routes.add_api_route("/act", act, methods=["POST"])
    app = FastAPI()
    app.state.gate = Gate(world.runtime)
    app.router.routes.extend(routes.routes)
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://localhost:8000", headers=world.auth)


async def test_an_effect_outside_happens_once(world: World) -> None:
    effects: list[str] = []
    async with door(world, effects, fails=[False] * 3) as client:
        seen = [await client.post("/act", headers={"Idempotency-Key": "k"}) for _ in range(3)]
        assert {(answer.status_code, answer.content) for answer in seen} == {(202, seen[0].content)}
        assert len(effects) == 1
        assert (await client.post("/act")).status_code == 202
        assert len(effects) == 2


async def test_an_effect_that_failed_may_be_tried_again(world: World) -> None:
    effects: list[str] = []
    async with door(world, effects, fails=[False, True, True]) as client:
        seen = [(await client.post("/act", headers={"Idempotency-Key": "k"})).status_code for _ in range(4)]
    assert (seen, len(effects)) == ([503, 503, 202, 202], 3)


# --- Every POST -----------------------------------------------------------------------------------------------------

PAGES_OWN = "the meeting page's own: no API, and each says the state that it wants, or is dropped when the page is"
NOT_ONCE = {
    "/session": "an answer is a secret, of which only a hash is kept; a second token does nobody any harm",
    "/login": "signs in, which is the same when it is done twice",
    "/admin/users/{number}/tokens": "as /session",
    "/admin/meetings/{meeting_id}/links": "makes nothing: a link is computed, and is a secret",
    "/uploads/logos": "a form of the vendor's, whose fields name the picture: sent again it is the same picture",
}


def is_page(path: str) -> bool:
    return path.startswith("/api/meeting/")


def posts() -> dict[str, Any]:
    """The operations of the document that are POSTs, by path."""
    document = json.loads((Path(__file__).parents[2] / "openapi.json").read_text())
    return {path: methods["post"] for path, methods in document["paths"].items() if "post" in methods}


def test_every_post_takes_a_key_or_has_a_reason_not_to() -> None:
    found = posts()
    take = {path for path, post in found.items() if "Idempotency-Key" in [one["name"] for one in post["parameters"]]}
    assert found.keys() - take == NOT_ONCE.keys() | {path for path in found if is_page(path)}, PAGES_OWN


def test_what_the_document_says_of_keys_is_what_the_routes_do(world: World) -> None:
    routes = {
        route.path: inspect.getsource(getattr(route, "answering", route.endpoint))
        for route in doors(world.runtime).routes
        if isinstance(route, APIRoute) and "POST" in route.methods and route.include_in_schema
    }
    assert routes.keys() >= posts().keys()
    for path in posts():
        assert ("once(" in routes[path]) == (path not in NOT_ONCE and not is_page(path)), path


async def test_an_account_without_an_application_has_keys_of_its_own(world: World) -> None:
    account = await world.db.write(access.open_account, "Empty")
    auth = {"Authorization": "Basic " + base64.b64encode(":".join(account).encode()).decode(), "Idempotency-Key": KEY}
    before = await count(world, tables.application)
    first, again = [await world.client.post("/v2/applications", json={"name": "First"}, headers=auth) for _ in range(2)]
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json()["id"] == again.json()["id"] and again.headers["Idempotent-Replayed"] == "true"
    assert "private_key" in first.json()["keys"] and "private_key" not in again.json()["keys"], "it is kept nowhere"
    other = await world.client.post("/v2/applications", json={"name": "Another"}, headers=auth)
    assert other.status_code == 422
    assert await count(world, tables.application) == before + 1


async def test_users_are_made_once(world: World) -> None:
    await world.db.write(lambda tx: clients.change(tx, world.application_id, opens_users=True))
    for path, headers in (("/admin/users", world.cube.admin), ("/users", {"CB-AuthKey": world.cube.client.auth_key})):
        headers |= {"Idempotency-Key": KEY}
        body = {"user": {"login": f"ada{path.count('/')}", "password": "s3cret-password"}}
        first, again = [await world.client.post(path, json=body, headers=headers) for _ in range(2)]
        assert (first.status_code, again.status_code, again.content) == (201, 201, first.content), path
        assert again.headers["Idempotent-Replayed"] == "true"
        another = {"user": {"login": "eve", "password": "s3cret-password"}}
        assert (await world.client.post(path, json=another, headers=headers)).status_code == 422
    assert await count(world, tables.app_user) == 2


async def test_no_fast_hash_of_a_password_is_kept(world: World) -> None:
    """Whoever reads the database would try passwords against the mark of the request, a thousand times faster than against ours."""
    headers = world.cube.admin | {"Idempotency-Key": KEY}
    for password in ("s3cret-password", "another-password"):
        body = {"user": {"login": "ada", "password": password}}
        assert (await world.client.post("/admin/users", json=body, headers=headers)).status_code == 201
    assert await count(world, tables.app_user) == 1
