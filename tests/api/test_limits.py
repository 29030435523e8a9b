"""How often an application may ask, and how often an address may be wrong: over all processes, however it is spelt."""

import asyncio
import base64
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import httpx
import jwt
import pytest
import pytest_asyncio
import sqlalchemy as sa

from convene import access, allowances, keys, tables
from convene.access import KeyPair
from convene.db import Tx
from convene.web.app import create_app
from convene.worker import Worker
from tests import world as worlds
from tests.world import World

LIMIT, FAILURES = 30, 5
ROOMS = "/v1/meetings/rooms"
AT_ONCE = 36  # three for each connection to PostgreSQL: of many more, a busy machine tells some 503, and this is not about that


@pytest_asyncio.fixture
async def tight(database_url: str, tmp_path: Path) -> AsyncIterator[World]:
    """A world with few requests a minute."""
    limits = {"requests_per_minute": LIMIT, "auth_failures_per_minute": FAILURES}
    async with worlds.world(database_url, tmp_path, **limits) as made:
        yield made


@pytest.fixture
def shared_url(postgres_url: str) -> str:
    """An empty PostgreSQL database, for several machines."""
    return worlds.emptied(postgres_url)


@asynccontextmanager
async def beside(world: World, *, address: str = "127.0.0.1", **settings: object) -> AsyncIterator[httpx.AsyncClient]:
    """A client of a further process on the same database."""
    runtime = replace(world.runtime, settings=replace(world.runtime.settings, **settings))
    transport = httpx.ASGITransport(create_app(runtime), client=(address, 1))
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost:8000") as client:
        yield client


async def ask(client: httpx.AsyncClient, headers: dict[str, str], count: int = 1) -> Counter[int]:
    """How many requests were answered how; AT_ONCE of them at the same time."""
    places = asyncio.Semaphore(AT_ONCE)

    async def one() -> int:
        async with places:
            return (await client.get(ROOMS, headers=headers)).status_code

    return Counter(await asyncio.gather(*(one() for _ in range(count))))


def wrong(number: int = 0) -> dict[str, str]:
    return {"Authorization": f"Basic {base64.b64encode(f'00000000:{number}'.encode()).decode()}"}


# --- Applications ---------------------------------------------------------------------------------------------------


async def test_every_answer_tells_how_the_caller_stands(tight: World) -> None:
    tight.later(seconds=18)
    seen = [await tight.client.get(ROOMS, headers=tight.auth) for _ in range(LIMIT)]
    assert {answer.status_code for answer in seen} == {200}
    assert {answer.headers["RateLimit-Limit"] for answer in seen} == {str(LIMIT)}
    assert [int(answer.headers["RateLimit-Remaining"]) for answer in seen] == list(range(LIMIT))[::-1]
    assert {answer.headers["RateLimit-Reset"] for answer in seen} == {"42"}
    over = await tight.client.post(ROOMS, headers=tight.auth, json={"display_name": "x"})
    told = {"message": f"More than {LIMIT} requests in a minute", "name": "TooManyRequestsError", "status": 429}
    assert (over.status_code, over.json()) == (429, told)
    assert (over.headers["Retry-After"], over.headers["RateLimit-Remaining"]) == ("42", "0")
    assert over.headers["content-type"] == "application/json"
    assert await tight.db.read(lambda tx: tx.all(sa.select(tables.room.c.id))) == []
    tight.later(seconds=41)
    assert await ask(tight.client, tight.auth) == {429: 1}
    tight.later(seconds=1)
    assert await ask(tight.client, tight.auth, LIMIT + 5) == {200: LIMIT, 429: 5}


async def test_refusals_are_counted_and_told_too(tight: World) -> None:
    told = []
    for method, path, body in (
        ("GET", f"{ROOMS}/x", None),
        ("POST", ROOMS, '{"wrong": 1}'),
        ("POST", ROOMS, "{"),
        ("GET", f"{ROOMS}?page_size=x", None),
        ("DELETE", f"{ROOMS}/x", None),
    ):
        answer = await tight.client.request(method, path, headers=tight.auth, content=body)
        assert answer.status_code in (400, 404)
        told.append(int(answer.headers["RateLimit-Remaining"]))
    assert told == [LIMIT - 1 - number for number in range(5)]
    nobody = await tight.client.get(ROOMS)
    assert nobody.status_code == 401
    assert "RateLimit-Limit" not in nobody.headers


async def test_processes_share_the_limit(tight: World) -> None:
    async with AsyncExitStack() as stack:
        clients = [await stack.enter_async_context(beside(tight)) for _ in range(4)]
        answers = await asyncio.gather(*(ask(client, tight.auth, LIMIT // 2) for client in clients))
        total = sum(answers, Counter())
        assert total == {200: LIMIT, 429: LIMIT}
        tight.later(minutes=1)
        assert await ask(clients[0], tight.auth, LIMIT // 3) == {200: LIMIT // 3}
        others = [await ask(clients[number % 3 + 1], tight.auth) for number in range(LIMIT)]
        given = sum(others, Counter())
        assert given[200] <= LIMIT - LIMIT // 3, "never more than the limit together"
        assert given[200] >= LIMIT - LIMIT // 3 - 2, "and hardly less: what the first process holds unspent"


async def test_two_machines_on_one_postgresql_share_the_limit(shared_url: str, tmp_path: Path) -> None:
    few = {"requests_per_minute": 200}
    async with worlds.world(shared_url, tmp_path, **few) as one, worlds.world(shared_url, tmp_path, **few) as two:
        answers = await asyncio.gather(ask(one.client, one.auth, 150), ask(two.client, one.auth, 150))
        assert sum(answers, Counter()) == {200: 200, 429: 100}
        assert await ask(one.client, two.auth) == {200: 1}, "another application has its own"


async def test_an_account_has_a_limit_of_its_own_over_all_processes(tight: World) -> None:
    async def asks(client: httpx.AsyncClient, count: int) -> Counter[int]:
        answers = await asyncio.gather(*(client.get("/v2/applications", headers=tight.auth) for _ in range(count)))
        assert all(answer.headers["RateLimit-Limit"] == str(LIMIT) for answer in answers)
        return Counter(answer.status_code for answer in answers)

    async with beside(tight) as other:
        given = await asks(tight.client, LIMIT // 2) + await asks(other, LIMIT)
        assert given == {200: LIMIT, 429: LIMIT // 2}
        assert await ask(tight.client, tight.auth) == {200: 1}, "its applications have their own"
        over = await tight.client.delete(f"/v2/applications/{tight.application_id}", headers=tight.auth)
        assert (over.status_code, over.json()["title"]) == (429, "Rate Limit Hit")
        assert await ask(other, tight.auth) == {200: 1}, "and what was refused has changed nothing"
        tight.later(minutes=1)
        assert await asks(other, 1) == {200: 1}


async def test_no_spelling_gets_round_the_limit(tight: World) -> None:
    other = await tight.db.write(keys.add, tight.application_id, keys.Wish("other"))
    basic = base64.b64encode(f"{other.key.id}:{other.secret}".encode()).decode()
    claims = {"application_id": tight.application_id, "iat": tight.now.timestamp()}
    token = jwt.encode(claims, tight.first.private_key, "RS256")
    assert await ask(tight.client, tight.auth, LIMIT) == {200: LIMIT}
    tries = {
        "another key": (ROOMS, {"Authorization": f"Basic {basic}"}),
        "a token": (ROOMS, {"Authorization": f"Bearer {token}"}),
        "another case of the header": (ROOMS, {"AUTHORIZATION": tight.auth["Authorization"]}),
        "another case of the scheme": (ROOMS, {"authorization": tight.auth["Authorization"].replace("Basic", "bAsIC")}),
        "another base path": ("/beta/meetings/rooms", tight.auth),
        "the shortest base path": ("/meetings/rooms/", tight.auth),
        "two slashes": ("//v1//meetings//rooms", tight.auth),
        "a query": (f"{ROOMS}?page_size=1", tight.auth),
        "another path": ("/v1/meetings/recordings/x", tight.auth),
        "another host": (ROOMS, {**tight.auth, "Host": "example.org"}),
        "a forwarded address": (
            ROOMS,
            {**tight.auth, "X-Forwarded-For": "203.0.113.7", "Forwarded": "for=203.0.113.7"},
        ),
        "a real address": (ROOMS, {**tight.auth, "X-Real-IP": "203.0.113.7"}),
        "another method": (ROOMS, {**tight.auth, "X-HTTP-Method-Override": "DELETE"}),
        "a key for once": (ROOMS, {**tight.auth, "Idempotency-Key": "1"}),
    }
    for name, (path, headers) in tries.items():
        assert (await tight.client.get(path, headers=headers)).status_code == 429, name
        assert (await tight.client.post(path, headers=headers, content="{")).status_code in (429, 405), name
    head = await tight.client.head(ROOMS, headers=tight.auth)
    assert head.status_code in (405, 429), "no rooms for nothing"
    assert await tight.db.read(lambda tx: tx.all(sa.select(tables.room.c.id))) == []


async def test_applications_do_not_share(tight: World) -> None:
    other = worlds.basic(await tight.db.write(access.create_first, "Bob", worlds.key_pair()))
    assert await ask(tight.client, tight.auth, LIMIT + 1) == {200: LIMIT, 429: 1}
    assert await ask(tight.client, other, LIMIT) == {200: LIMIT}


async def test_the_meetings_page_is_not_limited(tight: World) -> None:
    room = (await tight.client.post(ROOMS, headers=tight.auth, json={"display_name": "Standup"})).json()
    await ask(tight.client, tight.auth, LIMIT)
    assert await ask(tight.client, tight.auth) == {429: 1}
    for number in range(LIMIT + 5):
        join = {"code": room["meeting_code"], "name": f"Guest {number}"}
        assert (await tight.client.post("/api/meeting/join", json=join)).status_code == 200
    assert (await tight.client.get("/health/ready")).status_code != 429


async def test_zero_is_no_limit(database_url: str, tmp_path: Path) -> None:
    async with worlds.world(database_url, tmp_path, requests_per_minute=0, auth_failures_per_minute=0) as free:
        assert await ask(free.client, free.auth, 50) == {200: 50}
        assert await ask(free.client, wrong(), 100) == {401: 100}
        assert "RateLimit-Limit" not in (await free.client.get(ROOMS, headers=free.auth)).headers


async def test_past_minutes_are_dropped(tight: World) -> None:
    def rows(tx: object) -> int:
        return len(tx.all(sa.select(tables.allowance.c.minute)))  # type: ignore[attr-defined]

    for _ in range(5):
        await ask(tight.client, tight.auth)
        tight.later(minutes=1)
    assert await tight.db.read(rows) == 5
    await Worker(tight.runtime).tidy()
    assert await tight.db.read(rows) == 1


# --- Wrong credentials ----------------------------------------------------------------------------------------------


async def test_an_address_may_be_wrong_only_so_often_and_shuts_out_nobody_else(tight: World) -> None:
    """Behind a proxy whose addresses are not trusted all callers have one address: one of them must not stop the others."""
    assert [sorted(await ask(tight.client, wrong(number)))[0] for number in range(FAILURES + 3)] == [401] * FAILURES + [
        429
    ] * 3
    refused = await tight.client.get(ROOMS, headers=wrong())
    assert refused.json()["name"] == "TooManyRequestsError"
    assert refused.headers["Retry-After"] == "60"
    assert await ask(tight.client, tight.auth) == {200: 1}, "nobody guesses a key"
    assert (await tight.client.get("/v2/applications", headers=tight.auth)).status_code == 200
    async with beside(tight, address="198.51.100.1") as elsewhere:
        assert await ask(elsewhere, wrong()) == {401: 1}
    tight.later(minutes=1)
    assert await ask(tight.client, wrong()) == {401: 1}


async def test_what_is_refused_for_being_too_many_writes_nothing(tight: World) -> None:
    def counted(tx: Tx) -> int:
        return allowances.failures(tx, "127.0.0.1")

    await ask(tight.client, wrong(), 100)
    before = await tight.db.read(counted)
    assert await ask(tight.client, wrong(), 100) == {429: 100}
    assert await tight.db.read(counted) == before


async def test_no_header_is_no_guess(tight: World) -> None:
    assert await ask(tight.client, {}, 50) == {401: 50}
    assert await ask(tight.client, tight.auth) == {200: 1}


async def test_forged_tokens_are_guesses(tight: World) -> None:
    claims = {"application_id": tight.application_id, "iat": tight.now.timestamp()}
    forged = {"Authorization": f"Bearer {jwt.encode(claims, foreign().private_key, 'RS256')}"}
    answers = await ask(tight.client, forged, 100)
    assert answers == {401: FAILURES, 429: 100 - FAILURES}


def foreign() -> KeyPair:
    return access.new_key_pair()


async def test_processes_share_the_failures(tight: World) -> None:
    async with beside(tight) as one, beside(tight) as two:
        answers = await asyncio.gather(ask(one, wrong(), 20), ask(two, wrong(), 20))
        assert sum(answers, Counter())[401] == FAILURES


@pytest.mark.parametrize("header", ["X-Forwarded-For", "Forwarded", "X-Real-IP", "True-Client-IP"])
async def test_an_address_cannot_be_made_up(tight: World, header: str) -> None:
    answers = Counter[int]()
    for number in range(FAILURES * 3):
        answers += await ask(tight.client, {**wrong(), header: f"203.0.113.{number}"})
    assert answers == {401: FAILURES, 429: FAILURES * 2}


async def test_behind_a_proxy_each_address_counts_for_itself(tight: World) -> None:
    async with beside(tight, trusted_proxies=1) as client:
        for number in range(FAILURES * 2):
            spoofed = {**wrong(), "X-Forwarded-For": f"198.51.100.{number}, 203.0.113.1"}
            assert await ask(client, spoofed) == {401 if number < FAILURES else 429: 1}
        assert await ask(client, {**tight.auth, "X-Forwarded-For": "203.0.113.2"}) == {200: 1}


async def test_one_machines_ipv6_addresses_are_one(tight: World) -> None:
    async with beside(tight, trusted_proxies=1) as client:
        for number in range(FAILURES * 2):
            answer = await ask(client, {**wrong(), "X-Forwarded-For": f"2001:db8:1:2::{number + 1:x}"})
            assert answer == {401 if number < FAILURES else 429: 1}
        assert await ask(client, {**tight.auth, "X-Forwarded-For": "2001:db8:1:3::1"}) == {200: 1}


# --- Handfuls -------------------------------------------------------------------------------------------------------


async def test_handfuls_never_exceed_the_limit(world: World) -> None:
    taken = await asyncio.gather(*(world.db.write(allowances.take, world.application_id, 1000) for _ in range(300)))
    assert sum(handful.count for handful in taken) == 1000
    assert min(handful.left for handful in taken) == 0
    sizes = sorted((handful.count for handful in taken), reverse=True)
    assert sizes[0] == 51
    assert sizes[-1] == 0
    assert (await world.db.write(allowances.take, world.application_id, 1000)).count == 0
    assert (await world.db.write(allowances.take, world.application_id, 10)).left == 0, "a limit that was lowered"
    world.now += timedelta(minutes=1)
    assert (await world.db.write(allowances.take, world.application_id, 1000)).count == 51
