"""Rooms in time: when they close, who wins a race, and that each is announced once."""

import asyncio
import json
from collections import Counter
from datetime import datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from convene import access, rooms, sessions, tables, themes
from convene.db import Tx
from convene.engine import Person
from convene.errors import Conflict, Forbidden, Invalid, NotFound
from convene.lifecycle import RoomType
from convene.rooms import Room, Spec
from tests.world import World

PARALLEL = 200


async def make(world: World, *, limit: int = 1000, digits: int = 12, **fields: Any) -> Room:
    def work(tx: Tx) -> Room:
        application = access.application(tx, world.application_id)
        return rooms.create(
            tx, application, Spec(**{"display_name": "Weekly sync", **fields}), limit=limit, digits=digits
        )

    return await world.db.write(work)


async def make_long(world: World, **fields: Any) -> Room:
    return await make(world, **{"type": RoomType.LONG_TERM, "expires_at": world.now + timedelta(days=30), **fields})


async def again(world: World, room: Room) -> Room:
    return await world.db.read(rooms.get, world.application_id, room.id)


async def available(world: World, room: Room) -> bool:
    return rooms.is_available(await again(world, room), world.now)


async def announced(world: World) -> list[dict[str, Any]]:
    rows = await world.db.read(lambda tx: tx.all(sa.select(tables.event.c.body).order_by(tables.event.c.id)))
    return [json.loads(row.body) for row in rows]


async def sweep(world: World) -> int:
    return await world.db.write(rooms.expire_due)


async def used(world: World, room: Room) -> None:
    """Somebody enters, and leaves after five minutes."""
    session, person, _ = await world.db.write(sessions.admit, await again(world, room), "Ann", sessions.GUEST, None)
    stay = Person(f"PA_{person.id}", person.id, "Ann", world.now, False)
    await world.db.write(sessions.observe, session.id, [stay], timedelta(seconds=20))
    world.later(minutes=5)
    await world.db.write(sessions.close, room.id)


def wire(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03}Z"


# --- Time -----------------------------------------------------------------------------------------------------------


async def test_an_unused_instant_room_lives_ten_minutes(world: World) -> None:
    room = await make(world)
    assert room.expires_at == room.created_at + timedelta(minutes=10)
    world.later(minutes=9, seconds=59.999)
    assert await sweep(world) == 0
    assert await available(world, room)
    world.later(milliseconds=1)
    assert not await available(world, room), "on time, with no worker"
    assert await announced(world) == []
    assert await sweep(world) == 1
    assert await sweep(world) == 0
    told = {"room_id": room.id, "room_type": "instant", "expires_at": wire(room.expires_at)}
    assert await announced(world) == [{"event": "room:expired", **told, "created_at": wire(room.created_at)}]


async def test_an_instant_room_lives_as_long_as_it_is_used_and_ten_minutes(world: World) -> None:
    room = await make(world)
    assert await world.db.write(rooms.entered, room.id)
    world.later(hours=5)
    assert await sweep(world) == 0
    assert await available(world, room)
    await world.db.write(rooms.emptied, room.id, world.now)
    assert (await again(world, room)).expires_at == world.now + timedelta(minutes=10)
    world.later(minutes=9)
    await used(world, room)
    world.later(minutes=10)
    assert not await available(world, room)
    assert await sweep(world) == 1


@pytest.mark.parametrize(("after_use", "lives"), [(False, timedelta(days=30)), (True, timedelta(minutes=15))])
async def test_a_long_term_room_lives_to_its_time_or_to_its_use(
    world: World, after_use: bool, lives: timedelta
) -> None:
    room = await make_long(world, expire_after_use=after_use)
    world.later(minutes=30)
    assert await available(world, room), "unused"
    begins = world.now
    await used(world, room)
    assert (await again(world, room)).expires_at == room.expires_at
    end = min(begins + lives, room.expires_at)
    world.now = end - timedelta(milliseconds=1)
    assert await available(world, room)
    world.now = end
    assert not await available(world, room)
    assert await sweep(world) == 1


async def test_a_long_term_room_closes_at_its_time_while_it_is_used(world: World) -> None:
    room = await make_long(world, expire_after_use=True)
    await world.db.write(rooms.entered, room.id)
    world.now = room.expires_at
    assert await sweep(world) == 1
    await world.db.write(rooms.emptied, room.id, world.now + timedelta(hours=1))
    assert not await available(world, room)
    assert await sweep(world) == 0


async def test_a_session_that_nobody_entered_leaves_no_trace(world: World) -> None:
    room = await make(world)
    await world.db.write(rooms.entered, room.id)
    world.later(minutes=2)
    await world.db.write(rooms.released, room.id)
    assert await again(world, room) == room


async def test_a_later_expiry_does_not_stop_the_ten_minutes_after_use(world: World) -> None:
    room = await make_long(world, expire_after_use=True)
    await used(world, room)
    later = {"expires_at": room.expires_at + timedelta(days=1)}
    assert await world.db.write(rooms.update, world.application_id, room.id, later)
    world.later(minutes=10)
    assert not await available(world, room)


async def test_a_room_that_no_longer_expires_after_use_lives_on(world: World) -> None:
    room = await make_long(world, expire_after_use=True)
    await used(world, room)
    await world.db.write(rooms.update, world.application_id, room.id, {"expire_after_use": False})
    world.later(minutes=10)
    assert await available(world, room)


async def test_what_is_over_stays_over(world: World) -> None:
    room = await make_long(world)
    world.now = room.expires_at
    assert not await world.db.write(rooms.entered, room.id)
    with pytest.raises(NotFound):
        await world.db.write(rooms.update, world.application_id, room.id, {"display_name": "x"})
    await world.db.write(rooms.delete, world.application_id, room.id)
    await world.db.write(rooms.delete, world.application_id, room.id)
    assert await sweep(world) == 0
    assert len(await announced(world)) == 1


async def test_wrong_times(world: World) -> None:
    for minutes in (-1, 0, 10):
        with pytest.raises(Invalid, match="more than 10 minutes") as refusal:
            await make_long(world, expires_at=world.now + timedelta(minutes=minutes))
        assert refusal.value.field == "expires_at"
    with pytest.raises(Invalid, match="5 years"):
        await make_long(world, expires_at=world.now + timedelta(days=5 * 366 + 1))
    await make_long(world, expires_at=world.now + timedelta(minutes=10, milliseconds=1))
    with pytest.raises(Invalid, match="is required"):
        await make_long(world, expires_at=None)
    with pytest.raises(Invalid, match="is not allowed"):
        await make(world, expires_at=world.now + timedelta(days=1))
    with pytest.raises(Conflict, match="because of its type: temporary"):
        await world.db.write(rooms.update, world.application_id, (await make(world)).id, {"display_name": "x"})


# --- Codes, limits, tenants -----------------------------------------------------------------------------------------


async def test_codes_are_digits_that_never_come_back(world: World) -> None:
    codes = [(await make(world, digits=1)).meeting_code for _ in range(9)]
    assert sorted(codes) == list("123456789"), "eight of nine creations met a taken code"
    long = [(await make(world, digits=12)).meeting_code for _ in range(20)]
    assert all(len(code) == 12 and code.isdigit() and code[0] != "0" for code in long)
    room = await world.db.read(rooms.by_code, long[0])
    assert room is not None
    assert room.meeting_code == long[0]
    assert await world.db.read(rooms.by_code, "000000000000") is None


async def test_the_limit_counts_available_rooms(world: World) -> None:
    made = [await make(world, limit=3) for _ in range(3)]
    with pytest.raises(Forbidden):
        await make(world, limit=3)
    await world.db.write(rooms.delete, world.application_id, made[0].id)
    await make(world, limit=3)
    world.later(minutes=10)
    await make(world, limit=3)


async def test_another_application_sees_nothing(world: World) -> None:
    room = await make_long(world)
    other = (await world.db.write(access.create_first, "Bob", access.KeyPair("", ""))).application_id
    for verb, *given in ((rooms.get,), (rooms.update, {"display_name": "x"}), (rooms.delete,)):
        with pytest.raises(NotFound):
            await world.db.write(verb, other, room.id, *given)  # type: ignore[arg-type]
    page = await world.db.read(lambda tx: rooms.page(tx, other, start_id=None, end_id=None, page_size=20))
    assert (page.total, page.rooms) == (0, [])
    assert await again(world, room) == room


# --- Races ----------------------------------------------------------------------------------------------------------


async def test_two_hundred_deletions_are_one(world: World) -> None:
    room = await make(world)
    found = await asyncio.gather(
        *(world.db.write(rooms.delete, world.application_id, room.id) for _ in range(PARALLEL))
    )
    assert {answer.expired_at for answer in found} == {world.now}
    assert len(await announced(world)) == 1


async def test_sweeps_and_deletions_at_once_announce_each_room_once(world: World) -> None:
    made = [await make(world) for _ in range(20)]
    world.later(minutes=10)
    deletions = [world.db.write(rooms.delete, world.application_id, room.id) for room in made for _ in range(9)]
    await asyncio.gather(*deletions, *(sweep(world) for _ in range(20)))
    assert Counter(event["room_id"] for event in await announced(world)) == {room.id: 1 for room in made}


async def test_at_the_last_millisecond_either_the_join_or_the_expiry_wins(world: World) -> None:
    made = [await make(world) for _ in range(50)]
    early, late = made[:25], made[25:]

    async def all_at_once(some: list[Room]) -> list[Any]:
        joins = [world.db.write(rooms.entered, room.id) for room in some for _ in range(4)]
        sweeps = [sweep(world) for _ in range(PARALLEL - len(joins))]
        return (await asyncio.gather(*joins, *sweeps))[: len(joins)]

    world.now = made[0].closes_at - timedelta(milliseconds=1)  # type: ignore[operator]
    assert all(await all_at_once(early)), "not yet over: everybody comes in"
    world.later(milliseconds=1)
    assert not any(await all_at_once(late)), "over: nobody does"
    assert Counter(event["room_id"] for event in await announced(world)) == {room.id: 1 for room in late}
    assert all([await available(world, room) for room in early])


async def test_the_last_places_are_given_once(world: World) -> None:
    async def one() -> bool:
        try:
            await make(world, limit=7)
        except Forbidden:
            return False
        return True

    assert sum(await asyncio.gather(*(one() for _ in range(PARALLEL)))) == 7


async def test_changes_of_different_fields_are_all_kept(world: World) -> None:
    room = await make_long(world)
    changes = [{"features": {name: not default}} for name, default in rooms.FEATURES.items()]
    changes += [{"display_name": "Daily"}, {"auto_record": True}, {"language": "fr"}, {"metadata": "m"}]
    await asyncio.gather(*(world.db.write(rooms.update, world.application_id, room.id, change) for change in changes))
    now = await again(world, room)
    assert now.features == {name: not default for name, default in rooms.FEATURES.items()}
    assert (now.display_name, now.auto_record, now.language, now.metadata) == ("Daily", True, "fr", "m")


# --- Many -----------------------------------------------------------------------------------------------------------


async def fill(world: World, count: int) -> None:
    """Rooms by the thousand, past the limits of the verb."""
    one = await make(world)
    row = {name: getattr(one, name) for name in Room.__slots__}
    rows = [row | {"id": tables.new_id(), "meeting_code": str(number)} for number in range(count - 1)]

    def work(tx: Tx) -> None:
        tx.execute(sa.insert(tables.room), rows)
        rooms.count(tx, world.application_id, len(rows))

    await world.db.write(work)


async def test_ten_thousand_rooms_expire_in_a_few_sweeps(world: World) -> None:
    await fill(world, 10_000)
    world.later(minutes=10)
    swept = []
    while not swept or swept[-1]:
        swept.append(await world.db.write(rooms.expire_due, 2_500))
    assert swept == [2_500] * 4 + [0]
    told = await announced(world)
    assert len({event["room_id"] for event in told}) == len(told) == 10_000


async def test_the_total_is_exact_when_many_make_rooms_at_once(world: World) -> None:
    await asyncio.gather(*(make(world, limit=1000) for _ in range(150)))

    def work(tx: Tx) -> tuple[int, int]:
        total = rooms.page(tx, world.application_id, start_id=None, end_id=None, page_size=1).total
        return total, tx.connection.scalar(sa.select(sa.func.count()).select_from(tables.room)) or 0

    assert await world.db.read(work) == (150, 150)


async def test_a_room_that_was_not_made_is_not_counted(world: World) -> None:
    for _ in range(3):
        await make(world, limit=3)
    with pytest.raises(Forbidden):
        await make(world, limit=3)
    page = await world.db.read(rooms.page, world.application_id, start_id=None, end_id=None, page_size=10)
    assert (page.total, len(page.rooms)) == (3, 3)


def new_theme(tx: Tx, application_id: str) -> themes.Theme:
    return themes.create(tx, application_id, themes.Spec("#0a7d4f", "Acme"), limit=1000)


async def test_the_rooms_of_a_theme(world: World) -> None:
    blue, red = [(await world.db.write(new_theme, world.application_id)).id for _ in range(2)]
    own = [await make(world, theme_id=(blue, red, None)[n % 3]) for n in range(12)]
    blues = [room.id for room in own[::3]]

    async def page(start: int | None, theme: str = blue) -> rooms.Page:
        def work(tx: Tx) -> rooms.Page:
            return rooms.page(tx, world.application_id, start_id=start, end_id=None, page_size=3, theme_id=theme)

        return await world.db.read(work)

    first = await page(None)
    assert ([room.id for room in first.rooms], first.total, first.previous) == (blues[:3], 4, None)
    assert first.next_id is not None
    last = await page(first.next_id)
    assert ([room.id for room in last.rooms], last.total, last.next_id) == (blues[3:], 4, None)
    assert last.previous is not None and last.previous[1] == 3
    assert (await page(None, tables.new_id())).rooms == []


async def walk(world: World, page_size: int, end_id: int | None = None) -> list[rooms.Page]:
    """All pages, forwards, while others make rooms."""
    pages: list[rooms.Page] = []
    start: int | None = None
    while not pages or pages[-1].next_id is not None:
        start = pages[-1].next_id if pages else None

        def work(tx: Tx, start: int | None = start) -> rooms.Page:
            return rooms.page(tx, world.application_id, start_id=start, end_id=end_id, page_size=page_size)

        pages.append(await world.db.read(work))
        if len(pages) < 5:
            await make(world, limit=10_000)
    return pages


async def test_pages_miss_nothing_and_repeat_nothing_while_rooms_are_made(world: World) -> None:
    await fill(world, 1_000)
    pages = await walk(world, 50)
    ids = [room.id for page in pages for room in page.rooms]
    assert len(ids) == len(set(ids)) == pages[-1].total == 1_004
    assert {len(page.rooms) for page in pages[:-1]} == {50}
    sizes = [page.previous and page.previous[1] for page in pages]
    assert sizes == [None] + [50] * (len(pages) - 1)


async def test_pages_have_bounds(world: World) -> None:
    await fill(world, 30)
    first = (await walk(world, 10))[0]
    assert first.next_id is not None
    serials = first.next_id - 10

    async def ids(**asked: int | None) -> list[str]:
        given = {"start_id": None, "end_id": None, "page_size": 100, **asked}
        return [
            room.id for room in (await world.db.read(lambda tx: rooms.page(tx, world.application_id, **given))).rooms
        ]  # type: ignore[arg-type]

    everything = await ids()
    assert await ids(end_id=serials + 5) == everything[:5]
    assert await ids(start_id=serials + 5) == everything[5:]
    assert await ids(start_id=serials + 5, end_id=serials + 9) == everything[5:9]
    assert await ids(start_id=serials + 9, end_id=serials + 5) == []
    assert await ids(start_id=serials + 999) == []
