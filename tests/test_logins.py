"""Tokens of client programs: whom they speak for, how long, and what ends them."""

from datetime import timedelta

import pytest

from convene import access, logins, users
from convene.errors import NotFound, Unauthenticated
from convene.logins import Login
from tests.estate import another
from tests.world import World

LIFE = timedelta(hours=2)


async def known(world: World, token: str | None) -> Login | None:
    try:
        return await world.db.read(logins.identified, token)
    except Unauthenticated as refusal:
        assert refusal.code == "session_missing"
        return None


async def test_a_token_is_told_once(world: World) -> None:
    ada = await world.cube.user("ada.l")
    new = await world.db.write(logins.mint, world.application_id, ada.number, LIFE, 7)
    assert new.token not in repr(new)
    rows = await world.db.read(lambda tx: tx.connection.exec_driver_sql("select hash from user_token").all())
    assert [row.hash for row in rows] == [access.hashed(new.token)]
    login = await known(world, new.token)
    assert login == new.login and login.user is not None
    assert (login.user.login, login.nonce, login.expires_at) == ("ada.l", 7, world.now + LIFE)
    assert login.user.last_request_at == world.now
    for wrong in (None, "", new.token.upper(), new.token[:-1], access.hashed(new.token)):
        assert await known(world, wrong) is None


async def test_a_token_without_a_user_speaks_for_the_application(world: World) -> None:
    new = await world.db.write(logins.mint, world.application_id, None, LIFE)
    login = await known(world, new.token)
    assert login is not None and login.user is None and login.application_id == world.application_id


async def test_no_token_for_another_applications_user(world: World) -> None:
    bob = await another(world, "Bob")
    ada = await world.cube.user("ada.l")
    token = await world.db.write(logins.mint, bob.application_id, None, LIFE)
    for unit in (
        lambda tx: logins.mint(tx, bob.application_id, ada.number, LIFE),
        lambda tx: logins.belong(tx, token.login, ada.number),
    ):
        with pytest.raises(NotFound):
            await world.db.write(unit)


async def test_a_token_slides(world: World) -> None:
    new = await world.db.write(logins.mint, world.application_id, None, LIFE)
    assert not new.login.is_due(world.now + timedelta(seconds=59)) and new.login.is_due(
        world.now + timedelta(minutes=1)
    )
    world.later(hours=1)
    assert await world.db.write(logins.slide, new.login, LIFE) == world.now + LIFE
    world.later(minutes=119)
    assert await known(world, new.token)
    world.later(minutes=1)
    assert await known(world, new.token) is None


async def test_a_guests_token_does_not_outlive_him(world: World) -> None:
    guest = await world.db.write(users.create_guest, world.application_id, "Visitor One")
    new = await world.db.write(logins.mint, world.application_id, guest.number, LIFE)
    assert new.login.expires_at == guest.expires_at == world.now + timedelta(days=1)
    world.later(hours=20)
    assert await world.db.write(logins.slide, new.login, LIFE) == guest.expires_at


async def test_a_use_that_is_noted_late_does_not_bring_a_token_back(world: World) -> None:
    new = await world.db.write(logins.mint, world.application_id, None, LIFE)
    await world.db.write(logins.end, new.login)
    await world.db.write(logins.slide, new.login, LIFE)
    assert await known(world, new.token) is None


async def test_what_ends_a_users_tokens(world: World) -> None:
    ada, bob = await world.cube.user("ada.l"), await world.cube.user("bob")
    own = world.application_id
    first, second, his = [await world.db.write(logins.mint, own, one.number, LIFE) for one in (ada, ada, bob)]
    await world.db.write(logins.end_others, first.login)
    assert [bool(await known(world, new.token)) for new in (first, second, his)] == [True, False, True]
    await world.db.write(logins.end_users, own, ada.number)
    assert [bool(await known(world, new.token)) for new in (first, his)] == [False, True]
    await world.db.write(logins.end_all, own)
    assert await known(world, his.token) is None


async def test_ended_tokens_are_forgotten(world: World) -> None:
    for _ in range(3):
        await world.db.write(logins.mint, world.application_id, None, LIFE)
    world.later(hours=2)
    kept = await world.db.write(logins.mint, world.application_id, None, LIFE)
    assert await world.db.write(logins.forget) == 3
    assert await world.db.write(logins.forget) == 0
    assert await known(world, kept.token)
