"""Several keys of one application: what each may do, when it ends, when it was last used, and how one takes another's place."""

import asyncio
import base64
from datetime import timedelta
from functools import cache
from typing import Any

import httpx
import jwt
import pytest
import sqlalchemy as sa
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from convene import access, keys, tables
from convene.db import Tx
from convene.errors import Conflict, Invalid, NotFound
from convene.keys import Key, New, Wish
from tests import world as worlds
from tests.world import World

ROOMS = "/v1/meetings/rooms"


@cache
def second_pair() -> access.KeyPair:
    return access.new_key_pair()


@cache
def foreign_pair() -> access.KeyPair:
    return access.new_key_pair()


async def add(world: World, **wish: Any) -> New:
    return await world.db.write(keys.add, world.application_id, Wish(**{"name": "further", **wish}))


async def all_of(world: World) -> list[Key]:
    return await world.db.read(keys.of_application, world.application_id)


def basic(new: New) -> dict[str, str]:
    text = base64.b64encode(f"{new.key.id}:{new.secret}".encode()).decode()
    return {"Authorization": f"Basic {text}"}


def bearer(world: World, pair: access.KeyPair, **header: Any) -> dict[str, str]:
    claims = {"application_id": world.application_id, "iat": world.now.timestamp()}
    return {"Authorization": f"Bearer {jwt.encode(claims, pair.private_key, 'RS256', header or None)}"}


async def ask(world: World, headers: dict[str, str], method: str = "GET", path: str = ROOMS) -> httpx.Response:
    content = '{"display_name": "x"}'
    return await world.client.request(method, path, headers=headers, content=content)


async def status(world: World, headers: dict[str, str]) -> int:
    return (await ask(world, headers)).status_code


# --- What a key may do ----------------------------------------------------------------------------------------------


async def test_all_live_keys_speak_for_the_application(world: World) -> None:
    secret = await add(world)
    second = await add(world, public_key=second_pair().public_key)
    room = (await ask(world, world.auth, "POST")).json()["id"]
    for headers in (
        basic(secret),
        bearer(world, worlds.key_pair()),
        bearer(world, second_pair()),
        bearer(world, second_pair(), kid=second.key.id),
        bearer(world, second_pair(), kid=(await all_of(world))[0].id),  # tried first, not alone
        bearer(world, second_pair(), kid="another system's name for it"),
    ):
        answer = await ask(world, headers, path=f"{ROOMS}/{room}")
        assert answer.status_code == 200
    assert await status(world, bearer(world, foreign_pair(), kid=second.key.id)) == 401
    wrong = base64.b64encode(f"{secret.key.id}:{world.first.api_secret}".encode()).decode()
    assert await status(world, {"Authorization": f"Basic {wrong}"}) == 401
    rsa_as_secret = base64.b64encode(f"{second.key.id}:".encode()).decode()
    assert await status(world, {"Authorization": f"Basic {rsa_as_secret}"}) == 401


async def test_a_key_of_another_application_is_none(world: World) -> None:
    other = await world.db.write(access.create_first, "Bob", foreign_pair())
    named = (await world.db.read(keys.of_application, other.application_id))[0].id
    assert await status(world, bearer(world, foreign_pair(), kid=named)) == 401
    theirs = await world.db.write(keys.add, other.application_id, Wish("theirs"))
    room = (await ask(world, world.auth, "POST")).json()["id"]
    assert (await ask(world, basic(theirs), path=f"{ROOMS}/{room}")).status_code == 404
    for verb, *more in ((keys.get,), (keys.expire,), (keys.rotate, timedelta(days=1), None)):
        with pytest.raises(NotFound):
            await world.db.write(verb, world.application_id, theirs.key.id, *more)  # type: ignore[arg-type]


CALLS = {
    "rooms:read": [("GET", ROOMS), ("GET", f"{ROOMS}/x"), ("GET", f"{ROOMS}?page_size=x")],
    "rooms:write": [("POST", ROOMS), ("PATCH", f"{ROOMS}/x"), ("DELETE", f"{ROOMS}/x")],
    "recordings:read": [("GET", "/v1/meetings/recordings/x"), ("GET", "/v1/meetings/sessions/x/recordings")],
    "recordings:write": [("DELETE", "/v1/meetings/recordings/x")],
}


@pytest.mark.parametrize("scope", keys.SCOPES)
async def test_a_scope_opens_its_routes_alone(world: World, scope: str) -> None:
    headers = basic(await add(world, scopes=(scope,)))
    noun, _, verb = scope.partition(":")
    for needed, calls in CALLS.items():
        opens = scope in ("*", needed) or (verb == "write" and needed == f"{noun}:read")
        for method, path in calls:
            answer = await ask(world, headers, method, path)
            if opens:
                assert answer.status_code in (200, 201, 400, 404), (scope, method, path)
            else:
                told = {"message": f"This key may not do {needed}", "name": "ForbiddenError", "status": 403}
                assert (answer.status_code, answer.json()) == (403, told), (scope, method, path)


async def test_scopes_hold_for_tokens_by_the_key_that_signed(world: World) -> None:
    await add(world, public_key=second_pair().public_key, scopes=("rooms:read", "themes:write"))
    reading = bearer(world, second_pair())
    assert (await ask(world, reading)).status_code == 200
    assert (await ask(world, reading, "POST")).status_code == 403
    first = (await all_of(world))[0].id
    stolen_name = bearer(world, second_pair(), kid=first)
    assert (await ask(world, stolen_name, "POST")).status_code == 403, "the name of a mightier key helps nobody"
    assert (await ask(world, bearer(world, worlds.key_pair()), "POST")).status_code == 201


# --- Time -----------------------------------------------------------------------------------------------------------


async def test_a_key_ends(world: World) -> None:
    ends = world.now + timedelta(hours=1)
    secret = await add(world, expires_at=ends)
    await add(world, public_key=second_pair().public_key, expires_at=ends)
    world.now = ends - timedelta(milliseconds=1)
    assert await status(world, basic(secret)) == await status(world, bearer(world, second_pair())) == 200
    world.now = ends
    assert await status(world, basic(secret)) == await status(world, bearer(world, second_pair())) == 401
    assert await status(world, bearer(world, worlds.key_pair())) == 200
    assert len(await all_of(world)) == 3


async def test_a_key_is_ended_by_hand(world: World) -> None:
    secret = await add(world)
    later = world.now + timedelta(days=1)
    assert (await world.db.write(keys.expire, world.application_id, secret.key.id, later)).expires_at == later
    assert await status(world, basic(secret)) == 200
    assert (await world.db.write(keys.expire, world.application_id, secret.key.id)).expires_at == world.now
    assert await status(world, basic(secret)) == 401


async def test_rotation_without_an_outage(world: World) -> None:
    old = await add(world, scopes=("rooms:read",), public_key=second_pair().public_key)
    pem = foreign_pair().public_key
    new = await world.db.write(keys.rotate, world.application_id, old.key.id, timedelta(hours=24), pem)
    assert (new.key.name, list(new.key.scopes), new.key.expires_at) == ("further", ["rooms:read"], None)
    assert new.key.id != old.key.id
    world.later(hours=23, minutes=59)
    for pair in (second_pair(), foreign_pair()):
        assert await status(world, bearer(world, pair)) == 200
    world.later(minutes=1)
    assert await status(world, bearer(world, second_pair())) == 401
    assert await status(world, bearer(world, foreign_pair())) == 200

    secret = await add(world, expires_at=world.now + timedelta(hours=2))
    second = await world.db.write(keys.rotate, world.application_id, secret.key.id, timedelta(hours=24), None)
    assert second.secret not in (None, secret.secret)
    world.later(hours=2)
    assert [await status(world, basic(key)) for key in (secret, second)] == [401, 200], (
        "it does not live longer by that"
    )
    for key, pem_given in ((second.key, pem), (new.key, None)):
        with pytest.raises(Invalid, match="of kind"):
            await world.db.write(keys.rotate, world.application_id, key.id, timedelta(0), pem_given)


async def test_the_last_use_is_right_to_the_minute(world: World) -> None:
    first = (await add(world)).key
    second = await add(world)
    third = await add(world, public_key=second_pair().public_key)

    async def uses() -> dict[str, Any]:
        return {key.id: key.last_used_at for key in await all_of(world)}

    assert set((await uses()).values()) == {None}
    for seconds in (0, 20, 50, 70, 600):
        world.later(seconds=seconds)
        for headers in (basic(second), bearer(world, second_pair())):
            assert await status(world, headers) == 200
        told = await uses()
        assert told[first.id] is None
        for key in (second.key, third.key):
            assert timedelta(0) <= world.now - told[key.id] < timedelta(minutes=1)
    wrong = base64.b64encode(f"{first.id}:wrong".encode()).decode()
    await status(world, {"Authorization": f"Basic {wrong}"})
    assert (await uses())[first.id] is None, "who shows a wrong secret has not used the key"


async def test_a_use_is_not_written_with_each_request(world: World) -> None:
    secret = await add(world)
    await status(world, basic(secret))
    await world.db.write(lambda tx: tx.execute(sa.update(tables.api_key).values(last_used_at=None)))
    for _ in range(20):
        assert await status(world, basic(secret)) == 200
    assert {key.last_used_at for key in await all_of(world)} == {None}
    world.later(minutes=1)
    await status(world, basic(secret))
    assert {key.last_used_at for key in await all_of(world)} == {None, world.now}


# --- Making keys ----------------------------------------------------------------------------------------------------


def pem_of(key: Any) -> str:
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    return key.public_key().public_bytes(serialization.Encoding.PEM, form).decode()  # type: ignore[no-any-return]


async def test_what_a_key_must_be(world: World) -> None:
    weak = rsa.generate_private_key(public_exponent=65537, key_size=1024)
    wrong: list[tuple[dict[str, Any], str]] = [
        ({"name": ""}, "name"),
        ({"name": "x" * 101}, "name"),
        ({"name": "two\nlines"}, "name"),
        ({"scopes": ()}, "scopes"),
        ({"scopes": ("rooms",)}, "scopes"),
        ({"scopes": ("rooms:read", "rooms:delete")}, "scopes"),
        ({"scopes": ("**",)}, "scopes"),
        ({"expires_at": world.now}, "expires_at"),
        ({"public_key": "nonsense"}, "public_key"),
        ({"public_key": foreign_pair().private_key}, "public_key"),
        ({"public_key": pem_of(ec.generate_private_key(ec.SECP256R1()))}, "public_key"),
        ({"public_key": pem_of(weak)}, "public_key"),
    ]
    for wish, field in wrong:
        with pytest.raises(Invalid) as refusal:
            await add(world, **wish)
        assert refusal.value.field == field, wish
        assert "PRIVATE" not in refusal.value.message
    assert len(await all_of(world)) == 1
    pkcs1 = second_key_in_its_old_form()
    await add(world, public_key=pkcs1)
    assert await status(world, bearer(world, second_pair())) == 200
    with pytest.raises(NotFound):
        await world.db.write(keys.add, tables.new_id(), Wish("x"))


def second_key_in_its_old_form() -> str:
    key = serialization.load_pem_public_key(second_pair().public_key.encode())
    form = serialization.PublicFormat.PKCS1
    return key.public_bytes(serialization.Encoding.PEM, form).decode()


async def test_ten_keys_live_at_most(world: World) -> None:
    async def one() -> bool:
        try:
            await add(world)
        except Conflict as refusal:
            assert refusal.code == "keys_limit"
            return False
        return True

    assert sum(await asyncio.gather(*(one() for _ in range(15)))) == keys.LIVE_LIMIT - 1
    ended = (await all_of(world))[-1]
    await world.db.write(keys.expire, world.application_id, ended.id)
    assert await one()
    assert not await one()


async def test_secrets_are_not_kept_and_not_shown(world: World) -> None:
    new = await add(world)
    assert new.secret is not None
    assert len(base64.urlsafe_b64decode(new.secret + "==")) == 32

    def everything(tx: Tx) -> str:
        return str([tx.all(sa.select(table)) for table in tables.metadata.sorted_tables])

    assert new.secret not in await world.db.read(everything)
    assert new.secret not in f"{new!r} {await all_of(world)!r}"
