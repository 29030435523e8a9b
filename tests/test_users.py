"""Users of an application: their names, passwords, and their end."""

import asyncio

import pytest

from convene import applications, logins, users, worker
from convene.errors import Conflict, Invalid, NotFound, TooMany
from convene.users import Condition, Name, Spec
from tests.estate import another, sister
from tests.world import World


def test_passwords() -> None:
    kept = users.hashed("s3cret-pw")
    assert kept.startswith("$argon2id$") and "s3cret-pw" not in kept and kept != users.hashed("s3cret-pw")
    assert users.matches(kept, "s3cret-pw")
    for hash, password in ((kept, "s3cret-pW"), (kept, ""), (None, "s3cret-pw"), ("no hash", "s3cret-pw")):
        assert not users.matches(hash, password)


async def test_names_are_unique_in_an_application(world: World) -> None:
    bob = await another(world, "Bob")
    await world.cube.user("ada.l", email="ada@example.org")
    await bob.cube.user("ada.l", email="ada@example.org")
    for given, field in (({"login": "ada.l"}, "login"), ({"login": "x.y", "email": "ADA@Example.org"}, "email")):
        with pytest.raises(Conflict) as refused:
            await world.db.write(users.create, world.application_id, Spec(given))
        assert refused.value.field == field


async def test_of_many_who_claim_a_name_at_once_one_gets_it(world: World) -> None:
    made = await asyncio.gather(*(world.cube.user("ada.l") for _ in range(8)), return_exceptions=True)
    assert sum(isinstance(one, users.User) for one in made) == 1
    assert sum(isinstance(one, Conflict) for one in made) == 7


async def test_a_user_has_a_name(world: World) -> None:
    for given in ({}, {"login": ""}, {"full_name": "Ada"}):
        with pytest.raises(Invalid):
            await world.db.write(users.create, world.application_id, Spec(given))
    ada = await world.db.write(users.create, world.application_id, Spec({"email": "ada@example.org"}))
    with pytest.raises(Invalid):
        await world.db.write(users.update, world.application_id, ada.number, {"email": None, "login": None})


async def test_an_address_is_verified_by_the_operator_alone(world: World) -> None:
    own, ada = world.application_id, await world.cube.user("ada.l", email="a@example.org", verified=True)
    assert ada.email_verified
    same = await world.db.write(users.update, own, ada.number, {"email": "A@example.org"})
    assert same.email_verified
    other = await world.db.write(users.update, own, ada.number, {"email": "b@example.org"})
    assert not other.email_verified
    again = await world.db.write(
        lambda tx: users.update(tx, own, ada.number, {"email": "b@example.org"}, verified=True)
    )
    assert again.email_verified


async def test_users_of_others_are_nobody(world: World) -> None:
    bob = await another(world, "Bob")
    ada = await world.cube.user("ada.l")
    assert await world.db.read(users.some, bob.application_id, [ada.number, 2**70, -1]) == {}
    assert list(await world.db.read(users.some, world.application_id, [ada.number, 99])) == [ada.number]
    for ask in (users.get, users.delete, users.own_door):
        with pytest.raises(NotFound):
            await world.db.write(ask, bob.application_id, ada.number)
    with pytest.raises(NotFound):
        await world.db.write(users.update, bob.application_id, ada.number, {"full_name": "Mine"})
    assert await world.db.read(users.door, bob.application_id, Name("ada.l")) is None


async def test_wrong_passwords_are_counted_by_name_and_application(world: World) -> None:
    bob = await another(world, "Bob")
    for _ in range(users.TRIES):
        await world.db.read(users.door, world.application_id, Name("ada.l"))
        await world.db.write(users.failed, world.application_id, Name("Ada.L"))
    with pytest.raises(TooMany):
        await world.db.read(users.door, world.application_id, Name("ada.l"))
    await world.db.read(users.door, world.application_id, Name("bob"))
    await world.db.read(users.door, bob.application_id, Name("ada.l"))
    world.later(minutes=1)
    await world.db.read(users.door, world.application_id, Name("ada.l"))


async def test_of_a_deleted_user_nothing_is_left(world: World) -> None:
    ada = await world.cube.user("ada.l", email="ada@example.org", full_name="Ada Lovelace")
    await world.cube.token(ada)
    await world.db.write(users.delete, world.application_id, ada.number)
    count = "select (select count(*) from app_user) + (select count(*) from user_token)"
    assert await world.db.read(lambda tx: tx.connection.exec_driver_sql(count).scalar()) == 0
    follows = await world.cube.user("ada.l", email="ada@example.org")
    assert follows.number > ada.number  # what others keep of a user is his number: it names nobody else


async def test_the_end_of_an_application_is_the_end_of_its_users(world: World) -> None:
    other = await sister(world, "Sister")
    ada = await other.cube.user("ada.l")
    mine = await world.cube.user("ada.l")
    token, own = (await other.cube.token(ada)), await world.cube.token(mine)
    await world.db.write(applications.delete, world.first.api_key, other.application_id)
    assert (await world.client.get("/session", headers=token)).status_code == 401
    await worker.Worker(world.runtime).tidy()
    assert await world.db.read(users.some, other.application_id, [ada.number]) == {}
    assert await world.db.read(users.some, world.application_id, [mine.number])
    assert (await world.client.get("/session", headers=own)).status_code == 200


async def test_guests_are_deleted_after_a_day(world: World) -> None:
    guests = [await world.db.write(users.create_guest, world.application_id, None) for _ in range(3)]
    stays = await world.cube.user("ada.l")
    for guest in guests:
        await world.db.write(logins.mint, world.application_id, guest.number, users.GUEST_LIFE)
    world.later(days=1)
    with pytest.raises(NotFound):
        await world.db.read(users.get, world.application_id, guests[0].number)
    assert await world.db.write(users.forget_guests) == 3
    assert await world.db.write(users.forget_guests) == 0
    everybody = [one.number for one in (*guests, stays)]
    assert list(await world.db.read(users.some, world.application_id, everybody)) == [stays.number]


async def test_a_search_meets_all_conditions(world: World) -> None:
    ada, bob = await world.cube.user("ada.l", full_name="A_da"), await world.cube.user("bob", full_name="Ada")

    async def found(*conditions: Condition) -> list[int]:
        def unit(tx: object) -> list[int]:
            rows, total = users.search(
                tx,
                world.application_id,
                conditions,
                order=("number", False),
                page=(10, 0),  # type: ignore[arg-type]
            )
            assert total == len(rows)
            return [one.number for one in rows]

        return await world.db.read(unit)

    assert await found() == [ada.number, bob.number]
    assert await found(Condition("full_name", "start_with", ["a_d"])) == [ada.number]  # `_` is no wildcard
    assert await found(Condition("number", "in", [ada.number, 2**70])) == [ada.number]
    assert await found(Condition("login", "ne", ["bob"]), Condition("number", "gte", [ada.number])) == [ada.number]
    assert await found(Condition("phone", "nin", ["1"])) == [ada.number, bob.number]
    assert await found(Condition("login", "in", [])) == []
