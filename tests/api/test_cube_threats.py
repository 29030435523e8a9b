"""What strangers and careless clients send to the ConnectyCube door: guesses, texts that are programs elsewhere, other tenants' names."""

import logging
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio

from convene import users
from tests import world as worlds
from tests.cube_parsers import refusal
from tests.world import World

STARTS = 1_900_000_000
PROGRAMS = [
    '<img src=x onerror="alert(1)">',
    '"><script>alert(1)</script>',
    "</title><svg/onload=alert(1)>",
    "{{constructor.constructor('alert(1)')()}}",
    "{% for x in ().__class__.__mro__ %}{{ x }}{% endfor %}",
    "#{7*7} !{7*7} ${7*7}",
    "a\r\nBcc: victim@example.org\r\n\r\nbody",
    "a\nEND:VEVENT\nATTENDEE:mailto:victim@example.org",
    "__proto__",
    "\u202egnp.exe",
    "' or 1=1 --",
]
PASSWORD = "s3cret-pw"


@pytest_asyncio.fixture
async def whole(database_url: str, tmp_path: Path) -> AsyncIterator[World]:
    """A world in which an address may fail as often as it likes: what is left is what guards one login."""
    async with worlds.world(database_url, tmp_path, requests_per_minute=0, auth_failures_per_minute=0) as made:
        yield made


async def session(world: World, address: str = "203.0.113.9", **user: Any) -> httpx.Response:
    body = world.cube.credentials | ({"user": user} if user else {})
    return await world.client.post("/session", json=body, headers={"X-Forwarded-For": address})


async def known(world: World, login: str, **given: Any) -> users.User:
    """A user with a password."""
    spec = users.Spec({"login": login, **given}, password_hash=users.hashed(PASSWORD))
    return await world.db.write(users.create, world.application_id, spec)


async def meeting(world: World, host: users.User, **fields: Any) -> httpx.Response:
    plan = {"name": "Launch", "start_date": STARTS, "end_date": STARTS + 3600, "attendees": []}
    return await world.client.post("/meetings", json=plan | fields, headers=await world.cube.token(host))


# --- Guesses --------------------------------------------------------------------------------------------------------


async def test_a_password_is_not_guessed_from_many_addresses(whole: World) -> None:
    await known(whole, "ada.l", email="ada@example.org")
    tries = [await session(whole, f"203.0.113.{n}", login="ada.l", password=f"guess-{n:03}") for n in range(60)]
    statuses = [answer.status_code for answer in tries]
    assert statuses[0] == 401 and statuses[-1] == 429
    assert set(statuses) == {401, 429} and statuses.count(401) <= 2 * users.TRIES
    assert int(tries[-1].headers["retry-after"]) <= 60
    refusal(tries[-1], 429)
    whole.later(minutes=2)
    assert (await session(whole, login="ada.l", password=PASSWORD)).status_code == 201, (
        "its owner is not shut out for long"
    )


async def test_nobody_learns_by_the_limit_which_logins_there_are(whole: World) -> None:
    """Unknown logins are told as such by the contract; but tries at them end as well, and `POST /login` counts with them."""
    await known(whole, "ada.l")
    token = {"CB-Token": (await session(whole)).json()["session"]["token"]}
    for login in ("ada.l", "no.body"):
        statuses = set()
        for n in range(60):
            body = {"login": login, "password": f"guess-{n:03}"}
            statuses.add((await whole.client.post("/login", json=body, headers=token)).status_code)
        assert 429 in statuses, login


async def test_an_address_that_guesses_keys_is_told_so_and_shuts_out_nobody_else(world: World) -> None:
    limit = world.runtime.settings.auth_failures_per_minute
    statuses = []
    for n in range(limit + 5):
        headers = {"CB-Administration-API-Key": f"guess-{n}"}
        statuses.append((await world.client.get("/admin/meetings", headers=headers)).status_code)
    assert statuses[0] == 401 and statuses[-1] == 429
    assert (await world.client.get("/admin/meetings", headers=world.cube.admin)).status_code == 200
    await known(world, "ada.l")
    assert (await session(world)).status_code == 201
    assert (await session(world, login="ada.l", password=PASSWORD)).status_code == 429, "but passwords are guessed"
    world.later(minutes=2)
    assert (await session(world, login="ada.l", password=PASSWORD)).status_code == 201


async def test_credentials_of_the_other_doors_open_nothing_here(world: World) -> None:
    ada = await known(world, "ada.l")
    token = (await world.cube.token(ada))["CB-Token"]
    for path in ("/meetings", "/users/v2?login=ada.l", "/session", "/chat/Dialog", "/admin/meetings"):
        for headers in (
            world.auth,
            {"Authorization": f"Bearer {token}"},
            {"Cookie": f"CB-Token={token}; cb-token={token}"},
            {"CB-Token": world.cube.administration_key},
            {"CB-Administration-API-Key": token},
            {"CB-Administration-API-Key": world.cube.client.auth_key},
            {"CB-Administration-API-Key": world.cube.client.auth_secret},
        ):
            answer = await world.client.get(path, headers=headers)
            assert answer.status_code in (401, 404), f"{path} {headers}: {answer.status_code}"  # 404: the other door's
    for headers in (world.cube.admin, {"CB-Token": token}):
        assert (await world.client.get("/v1/meetings/rooms", headers=headers)).status_code == 401
        assert (await world.client.get("/api/application", headers=headers)).status_code == 401
    for query in (f"?cb-token={token}", f"?CB-Token={token}", f"?token={token}"):
        assert (await world.client.get(f"/session{query}")).status_code == 401


async def test_users_are_not_made_by_strangers_unless_the_operator_wants_it(world: World) -> None:
    answer = await session(world, login="somebody", password=PASSWORD)
    assert refusal(answer, 404) == ["User not found"]
    headers = {"CB-AuthKey": "wrong"}
    body = {"user": {"login": "somebody", "password": PASSWORD}}
    refusal(await world.client.post("/users", json=body, headers=headers), 401)
    refusal(await world.client.post("/users", json=body), 401)


async def test_nobody_makes_himself_somebody_else(world: World) -> None:
    """Fields that only the operator decides on: an address is verified, a user is of another application, is no guest."""
    ada = await known(world, "ada.l")
    headers = await world.cube.token(ada)
    body = {"user": {"email_verified": True, "id": 1, "number": 1, "application_id": "x", "is_guest": False,
                     "password_hash": "x", "object_id": "0" * 24, "full_name": "Ada"}}  # fmt: skip
    answer = await world.client.put(f"/users/{ada.number}", json=body, headers=headers)
    assert answer.status_code in (200, 422)
    after = await world.db.read(users.get, world.application_id, ada.number)
    kept = ("number", "object_id", "application_id", "email_verified", "is_guest")
    assert [getattr(after, name) for name in kept] == [getattr(ada, name) for name in kept]


async def test_an_address_is_no_proof(world: World) -> None:
    """Meetings to which an address was invited are seen by whom the operator says it belongs to, and by nobody else."""
    host, eve = await known(world, "ada.l"), await known(world, "eve.e", email="boss@example.org")
    made = (await meeting(world, host, attendees=[{"email": "Boss@example.org"}])).json()
    headers = await world.cube.token(eve)
    assert (await world.client.get("/meetings", headers=headers)).json() == []
    refusal(await world.client.get(f"/meetings?_id={made['_id']}", headers=headers), 404)
    boss = await world.cube.user("boss.b", verified=True, email="boss2@example.org")
    headers = await world.cube.token(boss)
    moved = {"user": {"email": "boss@example.net"}}
    assert (await world.client.put(f"/users/{boss.number}", json=moved, headers=headers)).status_code == 200
    other = (await meeting(world, host, attendees=[{"email": "boss@example.net"}])).json()
    listed = [one["_id"] for one in (await world.client.get("/meetings", headers=headers)).json()]
    assert other["_id"] not in listed, "whoever changes his address has to prove it anew"


# --- Texts ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", PROGRAMS)
async def test_texts_stay_texts(world: World, text: str) -> None:
    host = await known(world, "ada.l", full_name=text)
    people = [{"email": "guest@example.net"}]
    answer = await meeting(world, host, name=text, attendees=people, chat=True, notify=True)
    assert answer.status_code in (201, 422), answer.text
    if answer.status_code == 201:
        headers = await world.cube.token(host)
        assert answer.json()["name"] == text
        [dialog] = (await world.client.get("/chat/Dialog", headers=headers)).json()["items"]
        assert dialog["name"] == text
        said = {"chat_dialog_id": dialog["_id"], "message": text}
        told = await world.client.post("/chat/Message", json=said, headers=headers)
        assert told.status_code == 201
        assert told.json()["message"] == text.replace("\r\n", "\n").lstrip("\u202e"), "controls are left out there"
    wrong = await meeting(world, host, attendees=[{"email": text}])
    assert wrong.status_code in (201, 422), wrong.text


@pytest.mark.parametrize("text", ["\x00", "a\x00b", "\ud800", "x" * 60_000])
async def test_no_text_breaks_the_door(world: World, text: str) -> None:
    host = await known(world, "ada.l")
    headers = await world.cube.token(host) | {"Content-Type": "application/json"}
    mine = (await meeting(world, host, chat=True)).json()
    for method, path, body in (
        ("POST", "/meetings", {"name": text, "start_date": STARTS, "end_date": STARTS, "attendees": [{"email": text}]}),
        ("PUT", f"/meetings/{mine['_id']}", {"name": text, "timezone": {"offset": 0, "name": text}}),
        ("POST", "/session", world.cube.credentials | {"user": {"login": text, "password": text}}),
        ("POST", "/session", world.cube.credentials | {"nonce": text, "signature": text, "timestamp": text}),
        ("POST", "/session", {"application_id": text, "auth_key": text}),
        ("POST", "/login", {"login": text, "password": text}),
        ("POST", "/users", {"user": {"login": text, "password": text, "tag_list": text}}),
        ("PUT", f"/users/{host.number}", {"user": {"full_name": text, "custom_data": text, "timezone": text}}),
        ("POST", "/chat/Message", {"chat_dialog_id": text, "message": text}),
        ("POST", "/chat/Message", {"chat_dialog_id": mine["chat_dialog_id"], "message": text}),
    ):
        answer = await world.client.request(method, path, content=_json(body), headers=headers)
        assert answer.status_code < 500, f"{method} {path} {text[:9]!r}: {answer.text}"
        assert answer.status_code in (200, 201, 400, 401, 403, 404, 422, 429), f"{method} {path}: {answer.status_code}"


def _json(value: Any) -> bytes:
    import json

    return json.dumps(value).encode()


@pytest.mark.parametrize(
    "query",
    ["limit=" + "9" * 400, "x=" + "y" * 60_000, "&" * 20_000, "_id=%00", "_id[in]=" + ",".join(["0" * 24] * 2000),
     "start_date[gte]=1&" * 900, "start_date[in]=" + "1," * 20_000, "%ff=%fe", "start_date[$gt]=1", "[[[[=1", "_id[in][][][]=1"],
)  # fmt: skip
async def test_no_query_breaks_a_list(world: World, query: str) -> None:
    ada = await known(world, "ada.l")
    headers = await world.cube.token(ada)
    for path, sent in (
        ("/meetings", headers),
        ("/users/v2", headers),
        ("/chat/Dialog", headers),
        ("/admin/meetings", world.cube.admin),
    ):
        answer = await world.client.get(f"{path}?{query}", headers=sent)
        assert answer.status_code in (200, 400, 404, 422), f"{path}: {answer.status_code} {answer.text[:200]}"


# --- What leaks -----------------------------------------------------------------------------------------------------


async def test_no_log_line_holds_a_key_a_token_or_a_password(world: World, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    host = await known(world, "ada.l")
    secret = "canary-password"
    tokens = [(await session(world)).json()["session"]["token"], (await world.cube.token(host))["CB-Token"]]
    await session(world, login="ada.l", password=secret)
    for headers in ({"CB-Token": tokens[0]}, {"CB-Token": tokens[1]}, world.cube.admin, {"CB-Token": "canary-token"}):
        for path in (
            "/meetings",
            "/admin/meetings",
            "/session",
            "/users/v2?login=canary-query",
            "/nothing",
            "/meetings/x",
        ):
            await world.client.get(path, headers=headers)
            await world.client.post(path, content=b'{"password": "canary-password"', headers=headers)
    text = "\n".join(str(record.__dict__) for record in caplog.records if record.name.startswith("convene"))
    told = [*tokens, world.cube.administration_key, world.cube.client.auth_secret, "canary"]
    assert "request" in text and not [word for word in told if word in text]


async def test_other_sites_may_read_this_door_and_no_other(world: World) -> None:
    ada = await known(world, "ada.l")
    origin, token = {"Origin": "https://app.example"}, await world.cube.token(ada)
    assert "access-control-allow-origin" in (await world.client.get("/meetings", headers=origin | token)).headers
    for path, headers in (
        ("/v1/meetings/rooms", world.auth),
        ("/meetings/rooms", world.auth),
        ("/api/events", world.auth),
        ("/v2/applications", world.auth),
        ("/api/meeting/session", {}),
        ("/openapi.json", {}),
        ("/health/live", {}),
        ("/", {}),
        ("/0123456789abcdef01234567", {}),
    ):
        answer = await world.client.get(path, headers=headers | origin)
        assert not [name for name in answer.headers if name.startswith("access-control")], path


async def test_answers_may_not_be_framed_sniffed_or_kept(world: World) -> None:
    ada = await known(world, "ada.l")
    for answer in (await world.client.get("/meetings", headers=await world.cube.token(ada)), await session(world)):
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
        assert "set-cookie" not in answer.headers
