"""What client programs of an application are configured with, and its administrators' keys."""

import base64
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Concatenate, ParamSpec, TypeVar

import pytest

from convene import access, applications, clients, config, serve, tables
from convene.db import Database, Tx
from convene.errors import Invalid, NotFound, Unauthenticated
from convene.recent import Recent
from convene.runtime import Runtime, assembled
from tests.estate import another, sister
from tests.world import World, key_pair

P = ParamSpec("P")
T = TypeVar("T")


async def test_every_new_application_has_one(world: World) -> None:
    spec = applications.Spec("Second", key_pair().public_key)
    made = await world.db.write(applications.create, world.first.api_key, spec)
    client = await world.db.read(clients.of, made.id)
    assert client.number != world.cube.client.number and client.auth_key != world.cube.client.auth_key
    assert (client.opens_users, client.meeting_link, client.recorded_url, client.language) == (False, None, None, "en")
    assert await world.db.read(clients.numbered, client.number) == client
    assert await world.db.read(clients.keyed, client.auth_key) == client


async def test_older_applications_get_theirs_at_the_next_start(world: World) -> None:
    first = await world.db.write(access.create_first, "Older", key_pair())
    with pytest.raises(NotFound):
        await world.db.read(clients.of, first.application_id)
    await world.db.write(clients.complete)
    client = await world.db.read(clients.of, first.application_id)
    await world.db.write(clients.complete)
    assert await world.db.read(clients.of, first.application_id) == client
    assert await world.db.read(clients.of, world.application_id) == world.cube.client


async def test_of_a_deleted_application_nothing_is_left(world: World) -> None:
    other = await sister(world, "Sister")
    await world.db.write(applications.delete, world.first.api_key, other.application_id)
    assert await world.db.read(clients.numbered, other.cube.client.number) is None
    assert await world.db.read(clients.keyed, other.cube.client.auth_key) is None
    with pytest.raises(Unauthenticated):
        await world.db.read(clients.administrated, other.cube.administration_key)


@pytest.mark.parametrize("number", [0, -1, 2**31, 10**30])
async def test_no_number_names_nothing(world: World, number: int) -> None:
    assert await world.db.read(clients.numbered, number) is None


async def test_switches_are_changed(world: World) -> None:
    link = "https://meet.example.org/join/%s"
    changes = {"opens_users": True, "meeting_link": link, "recorded_url": "https://example.org/hook", "language": "de"}
    changed = await world.db.write(lambda tx: clients.change(tx, world.application_id, **changes))
    assert {name: getattr(changed, name) for name in changes} == changes
    assert await world.db.write(lambda tx: clients.change(tx, world.application_id)) == changed


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("meeting_link", "https://meet.example.org/"),
        ("meeting_link", "javascript:alert('%s')"),
        ("meeting_link", "https://meet.example.org/%s/%s"),
        ("recorded_url", "ftp://example.org"),
        ("recorded_url", "https://example.org/" + "x" * 2048),
    ],
)
async def test_what_a_switch_cannot_be(world: World, name: str, value: str) -> None:
    with pytest.raises(Invalid) as refused:
        await world.db.write(lambda tx: clients.change(tx, world.application_id, **{name: value}))
    assert refused.value.field == name


# --- Administration keys --------------------------------------------------------------------------------------------


async def known(world: World, key: str | None) -> str | None:
    try:
        return (await world.db.read(clients.administrated, key)).id
    except Unauthenticated:
        return None


async def test_two_keys_live_while_one_takes_the_others_place(world: World) -> None:
    first, own = world.cube.administration_key, world.application_id
    second = await world.db.write(clients.new_administration_key, own, timedelta(hours=1))
    assert [await known(world, key) for key in (first, second)] == [own, own]
    third = await world.db.write(clients.new_administration_key, own, timedelta(hours=1))
    assert [await known(world, key) for key in (first, second, third)] == [None, own, own]
    world.later(minutes=61)
    assert [await known(world, key) for key in (second, third)] == [None, own]


async def test_a_key_speaks_for_its_own_application(world: World) -> None:
    bob = await another(world, "Bob")
    assert await known(world, bob.cube.administration_key) == bob.application_id
    for nothing in (None, "", "wrong", world.cube.client.auth_secret):
        assert await known(world, nothing) is None
    with pytest.raises(NotFound):
        await world.db.write(clients.new_administration_key, "nothing")


# --- The first start ------------------------------------------------------------------------------------------------


class Killed(Exception):
    """As by kill -9: nothing that comes after it happens."""


class Mortal(Database):
    """A database whose process dies in its last transaction but one: as it commits, or right after. `at`: which."""

    at = ""

    async def write(self, work: Callable[Concatenate[Tx, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        def dies(tx: Tx) -> T:
            made = work(tx, *args, **kwargs)
            if self.at == "commit" and work.__name__ == "_first":
                raise Killed
            return made

        made = await super().write(dies)
        if self.at == "after" and work.__name__ == "_first":
            raise Killed
        return made


@asynccontextmanager
async def first_start(database_url: str, folder: Path) -> AsyncIterator[tuple[Runtime, Mortal]]:
    """Of all parts the database alone is needed, open and empty."""
    settings = replace(config.load({}, folder), data=str(folder), database_url=database_url)
    db = Mortal(database_url)
    await db.open()
    try:
        if db.is_sqlite:
            await db.write(lambda tx: tables.metadata.create_all(tx.connection))
        yield replace(assembled(settings, ("", "")), db=db), db
    finally:
        await db.close()


async def test_the_first_start_tells_what_client_programs_need(database_url: str, tmp_path: Path) -> None:
    async with first_start(database_url, tmp_path) as (runtime, db):
        await is_told(await serve.make_first_application(runtime), db)
        assert await serve.make_first_application(runtime) is None


@pytest.mark.parametrize("at", ["commit", "after"])
async def test_a_first_start_that_is_killed_leaves_nothing_or_secrets_that_count(
    database_url: str, tmp_path: Path, at: str
) -> None:
    async with first_start(database_url, tmp_path) as (runtime, db):
        db.at = at
        with pytest.raises(Killed):
            await serve.make_first_application(runtime)
        assert await db.read(access.any_application) is (at == "after")
        db.at = ""
        await is_told(await serve.make_first_application(runtime), db)
        assert sorted(path.suffix for path in tmp_path.glob("first-application*")) == [".curl", ".json"]
        assert await serve.make_first_application(runtime) is None


async def is_told(path: Path | None, db: Database) -> None:
    """The file is there, for its owner alone, and what it tells opens the doors."""
    assert path is not None and path.stat().st_mode & 0o077 == 0
    told = json.loads(path.read_text())
    client = await db.read(clients.of, told["application_id"])
    cube = told["connectycube"]
    assert (cube["application_id"], cube["auth_key"]) == (client.number, client.auth_key)
    assert cube["auth_secret"] == client.auth_secret
    administrated = await db.read(clients.administrated, cube["administration_api_key"])
    assert administrated.id == told["application_id"]
    basic = base64.b64encode(f"{told['api_key']}:{told['api_secret']}".encode()).decode()
    known = await db.read(access.identified, f"Basic {basic}", Recent(db, access.CHANGED))
    assert known.application.id == told["application_id"]
    curl = path.with_suffix(".curl")
    assert told["api_secret"] in curl.read_text() and curl.stat().st_mode & 0o077 == 0
