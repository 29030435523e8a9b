"""/session and /login, as programs written for ConnectyCube ask for them."""

import hmac
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from convene import clients, users, worker
from convene.users import Spec
from convene.web.connectycube import signatures
from tests import world as worlds
from tests.estate import another
from tests.world import World

PASSWORD = "s3cret-pw"
MISSING = {"errors": {"base": ["Required session does not exist"]}}


async def ada(world: World, **given: object) -> users.User:
    """A user with a password."""
    spec = Spec({"login": "ada.l", "email": "ada@example.org", "full_name": "Ada L", **given}, users.hashed(PASSWORD))
    return await world.db.write(users.create, world.application_id, spec)


async def asks(world: World, **more: Any) -> httpx.Response:
    return await world.client.post("/session.json", json=world.cube.credentials | more)


async def opened(world: World) -> None:
    await world.db.write(lambda tx: clients.change(tx, world.application_id, opens_users=True))


def token_of(answer: httpx.Response) -> dict[str, str]:
    assert answer.status_code == 201, answer.text
    return {"CB-Token": answer.json()["session"]["token"]}


# --- What a session looks like --------------------------------------------------------------------------------------


async def test_a_session_of_the_application_alone(world: World) -> None:
    session = (await asks(world, nonce=777)).json()["session"]
    assert session["user_id"] is None and "user" not in session and session["nonce"] == 777
    assert session["application_id"] == world.cube.client.number and session["ts"] == int(world.now.timestamp())
    assert session["created_at"] == session["updated_at"] == "2026-03-01T08:00:00Z"
    shown = await world.client.get("/session", headers={"CB-Token": session["token"]})
    assert shown.status_code == 200 and shown.json() == {"session": session}


@pytest.mark.parametrize(
    "name", [{"login": "ada.l"}, {"email": "Ada@Example.org"}, {"login": "ada.l", "email": "x@y.z"}]
)
async def test_a_session_of_a_user(world: World, name: dict[str, str]) -> None:
    user = await ada(world)
    session = (await asks(world, user=name | {"password": PASSWORD})).json()["session"]
    assert session["id"] == session["user_id"] == session["user"]["id"] == user.number
    shown = session["user"]
    assert list(shown) == [
        *("id", "full_name", "email", "login", "phone", "website", "created_at", "updated_at", "last_request_at"),
        *("external_user_id", "external_id", "facebook_id", "twitter_id", "blob_id", "custom_data", "avatar"),
        *("user_tags", "timezone", "is_guest"),
    ]
    assert (shown["login"], shown["full_name"], shown["is_guest"]) == ("ada.l", "Ada L", None)
    assert "password" not in str(session)


async def test_the_number_of_the_application_may_be_a_text(world: World) -> None:
    assert (await asks(world, application_id=str(world.cube.client.number))).status_code == 201


async def test_a_stale_token_in_the_header_does_no_harm(world: World) -> None:
    for stale in ("gone", ""):
        answer = await world.client.post("/session", json=world.cube.credentials, headers={"CB-Token": stale})
        assert answer.status_code == 201


# --- Refusals -------------------------------------------------------------------------------------------------------


async def test_the_refusals_that_programs_know(world: World) -> None:
    await ada(world)
    wrong = await asks(world, user={"login": "ada.l", "password": "not this one"})
    assert (wrong.status_code, wrong.json()) == (401, {"errors": ["Invalid password"]})
    unknown = await asks(world, user={"login": "nobody", "password": PASSWORD})
    assert (unknown.status_code, unknown.json()) == (404, {"errors": ["User not found"]})
    for answer in (await world.client.get("/session"), await world.client.get("/session", headers={"CB-Token": "x"})):
        assert (answer.status_code, answer.json()) == (401, MISSING)


@pytest.mark.parametrize(
    "body",
    [
        {"application_id": None},
        {"application_id": "42; drop"},
        {"application_id": 1.5},
        {"auth_key": None},
        {"auth_key": ["x"]},
        {"user": "ada"},
        {"user": {"login": "ada.l"}},
        {"user": {"password": PASSWORD}},
        {"user": {"login": 7, "password": {}}},
        {"provider": "firebase_email", "firebase_email": {"project_id": "p", "access_token": "t"}},
    ],
)
async def test_what_cannot_be_is_refused(world: World, body: dict[str, Any]) -> None:
    answer = await asks(world, **body)
    assert answer.status_code == 422 and answer.json()["errors"]["base"]


@pytest.mark.parametrize("body", [b"[", b"[]", b'"x"', b'{"user":{"login":"\\u0000"}}', b"\xff", b'{"a":1e999}'])
async def test_what_cannot_be_read_is_refused(world: World, body: bytes) -> None:
    answer = await world.client.post("/session", content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 400 and answer.json()["errors"]["base"]


async def test_a_wrong_key_or_number_opens_nothing(world: World) -> None:
    bob = await another(world, "Bob")
    for wrong in ({"auth_key": "wrong"}, {"auth_key": bob.cube.client.auth_key}, {"application_id": 99}):
        assert (await asks(world, **wrong)).status_code == 401


async def test_a_form_is_read_like_json(world: World) -> None:
    await ada(world)
    form = {key: str(value) for key, value in world.cube.credentials.items()}
    form |= {"user[login]": "ada.l", "user[password]": PASSWORD}
    assert (await world.client.post("/session", data=form)).status_code == 201


# --- New users ------------------------------------------------------------------------------------------------------


async def test_an_unknown_login_makes_a_user_where_the_operator_wants_that(world: World) -> None:
    await opened(world)
    first = (await asks(world, user={"login": "new.one", "password": PASSWORD})).json()["session"]
    again = (await asks(world, user={"login": "new.one", "password": PASSWORD})).json()["session"]
    assert first["user_id"] == again["user_id"] and first["token"] != again["token"]
    assert (await asks(world, user={"login": "new.one", "password": "another one"})).status_code == 401
    assert (await asks(world, user={"login": "other", "password": "short"})).json()["errors"]["password"]


async def test_a_guest_is_there_for_a_day(world: World) -> None:
    answer = await asks(world, user={"guest": "1", "full_name": "Visitor One"})
    session = answer.json()["session"]
    assert session["user"]["is_guest"] is True and session["user"]["full_name"] == "Visitor One"
    assert session["user"]["login"].startswith("guest_login_")
    assert answer.headers["cb-token-expirationdate"] == "2026-03-02 08:00:00 UTC"
    refused = await asks(world, user={"login": session["user"]["login"], "password": PASSWORD})
    assert refused.status_code == 401

    world.later(hours=23)
    assert (await world.client.get("/session", headers=token_of(answer))).status_code == 200
    world.later(hours=1)
    assert (await world.client.get("/session", headers=token_of(answer))).status_code == 401
    await worker.Worker(world.runtime).tidy()
    assert await world.db.read(users.some, world.application_id, [session["user_id"]]) == {}


# --- How long a token lives -----------------------------------------------------------------------------------------


async def test_a_token_lives_on_with_its_use(world: World) -> None:
    token = token_of(await asks(world))
    told = (await world.client.get("/session", headers=token)).headers["cb-token-expirationdate"]
    assert told == "2026-03-01 10:00:00 UTC"
    for _ in range(3):
        world.later(minutes=119)
        answer = await world.client.get("/session", headers=token)
        assert answer.status_code == 200
        until = datetime.fromisoformat(answer.headers["cb-token-expirationdate"].replace(" UTC", "Z"))
        assert until == world.now + timedelta(hours=2)
    world.later(minutes=121)
    assert (await world.client.get("/session", headers=token)).json() == MISSING


async def test_its_use_is_written_once_a_minute(world: World) -> None:
    token = token_of(await asks(world))
    world.later(seconds=59)
    early = await world.client.get("/session", headers=token)
    world.later(seconds=1)
    late = await world.client.get("/session", headers=token)
    assert early.headers["cb-token-expirationdate"] == "2026-03-01 10:00:00 UTC"
    assert late.headers["cb-token-expirationdate"] == "2026-03-01 10:01:00 UTC"


async def test_ended_tokens_are_forgotten(world: World) -> None:
    await asks(world)
    world.later(hours=3)
    kept = await asks(world)
    await worker.Worker(world.runtime).tidy()
    rows = await world.db.read(lambda tx: tx.connection.exec_driver_sql("select count(*) from user_token").scalar())
    assert rows == 1
    assert (await world.client.get("/session", headers=token_of(kept))).status_code == 200


async def test_a_session_ends_when_it_is_deleted(world: World) -> None:
    token = token_of(await asks(world))
    assert (await world.client.delete("/session.json", headers=token)).status_code == 200
    assert (await world.client.get("/session", headers=token)).json() == MISSING


# --- /login ---------------------------------------------------------------------------------------------------------


async def test_one_token_changes_hands(world: World) -> None:
    user = await ada(world)
    token = token_of(await asks(world))
    forbidden = await world.client.get("/users/v2?login=ada.l", headers=token)
    assert (forbidden.status_code, forbidden.json()) == (403, {"errors": {"base": ["Forbidden. Need user."]}})
    answer = await world.client.post("/login", json={"login": "ada.l", "password": PASSWORD}, headers=token)
    assert answer.status_code == 201 and answer.json()["user"]["id"] == user.number
    assert (await world.client.get("/session", headers=token)).json()["session"]["user_id"] == user.number
    assert (await world.client.delete("/login", headers=token)).status_code == 200
    assert (await world.client.get("/session", headers=token)).json()["session"]["user_id"] is None


async def test_nobody_logs_in_without_a_session(world: World) -> None:
    await ada(world)
    assert (await world.client.post("/login", json={"login": "ada.l", "password": PASSWORD})).json() == MISSING


# --- Guessing -------------------------------------------------------------------------------------------------------


async def test_passwords_of_one_login_can_be_tried_so_often(world: World) -> None:
    await ada(world)
    for _ in range(users.TRIES - 1):
        await world.db.write(users.failed, world.application_id, users.Name("ada.l"))
    assert (await asks(world, user={"login": "ada.l", "password": "the last try"})).status_code == 401
    right = await asks(world, user={"login": "ADA.L", "password": PASSWORD})
    assert right.status_code == 429 and int(right.headers["retry-after"]) > 0
    assert (await asks(world, user={"login": "somebody.else", "password": PASSWORD})).status_code == 404
    world.later(minutes=1)
    assert (await asks(world, user={"login": "ada.l", "password": PASSWORD})).status_code == 201


async def test_logins_can_be_tried_so_often_from_one_address(database_url: str, tmp_path: Path) -> None:
    async with worlds.world(database_url, tmp_path, auth_failures_per_minute=3) as tight:
        answers = [await asks(tight, user={"login": f"somebody {n}", "password": PASSWORD}) for n in range(5)]
        assert [answer.status_code for answer in answers] == [404, 404, 404, 429, 429]
        await ada(tight)
        right = {"login": "ada.l", "password": PASSWORD}
        assert (await asks(tight, user=right)).status_code == 429, "a right guess does not stand out"
        tokens = [await tight.cube.token() for _ in range(2)]
        assert (await tight.client.post("/login", json=right, headers=tokens[0])).status_code == 429
        assert (await asks(tight)).status_code == 201, "who shows no password guesses none"
        tight.later(minutes=1)
        assert (await asks(tight, user=right)).status_code == 201
        assert (await tight.client.post("/login", json=right, headers=tokens[1])).status_code == 201


# --- Signatures -----------------------------------------------------------------------------------------------------

SECRET = "demo-secret"
SIGNED = {"application_id": 42, "auth_key": "demo-auth-key", "nonce": 777, "timestamp": 1767225600}
AT = datetime.fromtimestamp(1767225600, UTC)
VECTORS = [
    ({}, "a20e15eb833f65282e0e73b41ac99ae633912bbd"),
    ({"user": {"login": "ada.l", "password": "s3cret-pw"}}, "5119fb64058a1039a168756e2eb186896ef82307"),
    ({"user": {"guest": "1", "full_name": "Visitor One"}}, "83cdd5b7846447223b65a6c7523fe9c8e02c8618"),
]


@pytest.mark.parametrize(("more", "signature"), VECTORS)
def test_signatures_of_the_vendors_own_programs(more: dict[str, Any], signature: str) -> None:
    body = SIGNED | more | {"signature": signature}
    assert signatures.is_signed(body, SECRET, AT)
    assert signatures.is_signed(body, SECRET, AT + timedelta(minutes=60))
    assert not signatures.is_signed(body, SECRET, AT + timedelta(minutes=61))
    assert not signatures.is_signed(body, SECRET, AT - timedelta(minutes=61))
    assert not signatures.is_signed(body, "another", AT)
    assert not signatures.is_signed(body | {"nonce": 778}, SECRET, AT)
    assert not signatures.is_signed(body | {"signature": None}, SECRET, AT)


@pytest.mark.parametrize("algorithm", ["sha1", "sha256"])
async def test_a_signed_session(world: World, algorithm: str) -> None:
    await ada(world)
    body = {**world.cube.credentials, "timestamp": int(world.now.timestamp()), "nonce": 5}
    body |= {"user": {"login": "ada.l", "password": PASSWORD}}
    secret = world.cube.client.auth_secret
    sign = hmac.new(secret.encode(), signatures.signed_text(body).encode(), algorithm).hexdigest()
    for _ in range(2):  # the same nonce may come again
        assert (await asks(world, **body, signature=sign)).status_code == 201
    forged = await asks(world, **body | {"nonce": 6}, signature=sign)
    assert (forged.status_code, forged.json()) == (422, {"errors": ["Unexpected signature"]})
    world.later(minutes=61)
    assert (await asks(world, **body, signature=sign)).json() == {"errors": ["Unexpected signature"]}
