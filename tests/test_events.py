"""Events: written in the transaction of what they tell, in the contract's words, in order."""

import json
from datetime import timedelta

import pytest
import sqlalchemy as sa

from convene import access, clients, events, rooms, tables
from convene.db import Tx
from convene.errors import NotFound
from convene.events import FIELDS, Announcement, EventType
from convene.lifecycle import RoomType
from tests.announcements import EIGHT, announcement
from tests.world import World

URLS = {family: f"http://127.0.0.1:9/{family}" for family in ("rooms", "sessions", "recordings")}


async def a_room(world: World, **fields: object) -> rooms.Room:
    def create(tx: Tx) -> rooms.Room:
        spec = rooms.Spec("Weekly sync", **fields)  # type: ignore[arg-type]
        return rooms.create(tx, access.application(tx, world.application_id), spec, limit=20000, digits=12)

    return await world.db.write(create)


async def a_session(world: World, room: rooms.Room) -> str:
    session = tables.new_session_id()
    row = {"id": session, "room_id": room.id, "application_id": world.application_id, "generation": 1}
    row |= {"engine_room": session, "state": "ended", "opened_at": world.now, "ended_by_host": False, "clearing": False}
    await world.db.write(lambda tx: tx.execute(sa.insert(tables.session), row | {"sequence": 0}))
    return session


async def emit(world: World, *told: Announcement) -> list[str]:
    return await world.db.write(events.emit, *told)


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        (
            EventType.ROOM_EXPIRED,
            '{"event":"room:expired","room_id":"r","room_type":"the room_type",'
            '"expires_at":"2026-03-01T08:00:00.003Z","created_at":"2026-03-01T08:00:00.000Z"}',
        ),
        (
            EventType.SESSION_STARTED,
            '{"event":"session:started","session_id":"1_s","room_id":"r","started_at":"2026-03-01T08:00:00.001Z"}',
        ),
        (
            EventType.SESSION_ENDED,
            '{"event":"session:ended","session_id":"1_s","room_id":"r",'
            '"started_at":"2026-03-01T08:00:00.001Z","ended_at":"2026-03-01T08:00:00.002Z"}',
        ),
        (
            EventType.PARTICIPANT_JOINED,
            '{"event":"session:participant:joined","participant_id":"the participant_id","session_id":"1_s",'
            '"room_id":"r","name":"Ann","type":"Guest","is_host":true}',
        ),
        (
            EventType.PARTICIPANT_LEFT,
            '{"event":"session:participant:left","participant_id":"the participant_id","session_id":"1_s",'
            '"room_id":"r","name":"Ann","type":"Guest","is_host":true}',
        ),
        (
            EventType.RECORDING_STARTED,
            '{"event":"recording:started","recording_id":"the recording_id","session_id":"1_s"}',
        ),
        (
            EventType.RECORDING_ENDED,
            '{"event":"recording:ended","recording_id":"the recording_id","session_id":"1_s",'
            '"started_at":"2026-03-01T08:00:00.001Z","ended_at":"2026-03-01T08:00:00.002Z","duration":2040}',
        ),
        (
            EventType.RECORDING_UPLOADED,
            '{"event":"recording:uploaded","recording_id":"the recording_id","session_id":"1_s","room_id":"r",'
            '"started_at":"2026-03-01T08:00:00.001Z","ended_at":"2026-03-01T08:00:00.002Z","duration":2040,'
            '"url":"the url"}',
        ),
        (
            EventType.MEETING_RECORDED,
            '{"meeting":"the meeting","hostUser":"the hostUser","callRecords":"the callRecords"}',
        ),
    ],
)
def test_body_is_the_contracts_to_the_letter(kind: EventType, text: str) -> None:
    assert events.body(announcement(kind, "r")) == text


def test_every_event_has_its_sample() -> None:
    assert len(EventType) == len(FIELDS) == 9


@pytest.mark.parametrize("name", ["Ada \u05d0\u05d1", "\x00\r\n", "\ud800", '"\\', "\u2028"])
def test_any_name_becomes_ascii_that_reads_the_same(name: str) -> None:
    told = announcement(EventType.PARTICIPANT_JOINED, "r")
    text = events.body(Announcement(told.type, told.room_id, told.session_id, dict(told.fields) | {"name": name}))
    assert text.isascii() and "\n" not in text and "\x00" not in text
    assert json.loads(text)["name"] == name


@pytest.mark.parametrize("change", [{"more": 1}, {"room_id": None}])
def test_fields_that_are_not_the_contracts_are_refused(change: dict[str, object]) -> None:
    told = announcement(EventType.SESSION_STARTED, "r")
    fields = {k: v for k, v in (dict(told.fields) | change).items() if v is not None}
    with pytest.raises(ValueError, match="has the fields"):
        events.body(Announcement(told.type, "r", "1_s", fields))


async def targets(world: World) -> list[tuple[str, str]]:
    """(event type, URL) of every delivery in its order."""
    d, e, n = tables.delivery, tables.event, tables.endpoint
    statement = sa.select(e.c.type, n.c.url).select_from(d.join(e).join(n)).order_by(d.c.serial)
    return [(row.type, row.url) for row in await world.db.read(Tx.all, statement)]


async def test_each_family_goes_to_its_url_and_the_rooms_own_wins(world: World) -> None:
    room = await a_room(world, rooms_url="https://example.org/own")
    session = await a_session(world, room)
    await world.db.write(access.set_callback_urls, world.application_id, **URLS)
    await emit(world, *[announcement(kind, room.id, session) for kind in EIGHT])
    expected = []
    for kind in EIGHT:
        family = kind.value.split(":")[0] + "s"
        expected.append((kind.value, "https://example.org/own" if family == "rooms" else URLS[family]))
    assert await targets(world) == expected


async def test_the_report_of_a_meeting_goes_to_the_clients_url_in_the_lane_of_its_session(world: World) -> None:
    room = await a_room(world, recordings_url="https://example.org/own")
    session = await a_session(world, room)
    await world.db.write(clients.create, world.application_id)
    told = [announcement(kind, room.id, session) for kind in (EventType.RECORDING_UPLOADED, EventType.MEETING_RECORDED)]
    await emit(world, *told)
    await world.db.write(lambda tx: clients.change(tx, world.application_id, recorded_url="https://example.org/report"))
    _, second = await emit(world, *told)
    event = await world.db.read(events.get, world.application_id, second)
    assert (event.type, event.session_id, event.sequence) == ("meeting:recorded", session, 4)
    own = ("recording:uploaded", "https://example.org/own")
    assert await targets(world) == [own, own, ("meeting:recorded", "https://example.org/report")]


async def test_an_event_without_url_is_stored_all_the_same(world: World) -> None:
    room = await a_room(world)
    [event_id] = await emit(world, announcement(EventType.ROOM_EXPIRED, room.id))
    event = await world.db.read(events.get, world.application_id, event_id)
    assert (event.type, event.state, event.sequence) == ("room:expired", "unaddressed", None)
    assert await targets(world) == []


async def test_sequence_has_no_gaps_and_a_rolled_back_change_announces_nothing(world: World) -> None:
    room = await a_room(world)
    first, second = await a_session(world, room), await a_session(world, room)
    joined = EventType.PARTICIPANT_JOINED

    def fails(tx: Tx) -> None:
        events.emit(tx, announcement(joined, room.id, first))
        raise ZeroDivisionError

    await emit(world, *[announcement(joined, room.id, session) for session in (first, second, first)])
    with pytest.raises(ZeroDivisionError):
        await world.db.write(fails)
    await emit(world, announcement(joined, room.id, first))
    stored = await world.db.read(events.page, world.application_id)
    assert [(e.session_id, e.sequence) for e in stored] == [(first, 1), (second, 1), (first, 2), (first, 3)]


async def test_unknown_room_or_session_is_an_error(world: World) -> None:
    room = await a_room(world)
    with pytest.raises(KeyError):
        await emit(world, announcement(EventType.ROOM_EXPIRED, "nobody"))
    with pytest.raises(KeyError):
        await emit(world, announcement(EventType.SESSION_STARTED, room.id, "1_nobody"))


async def test_ten_thousand_rooms_in_one_transaction(world: World) -> None:
    await world.db.write(access.set_callback_urls, world.application_id, **URLS)
    spec = {"expires_at": world.now + timedelta(days=1), "type": RoomType.LONG_TERM}
    room = await a_room(world, **spec)
    row = dict((await world.db.read(Tx.all, sa.select(tables.room)))[0]._mapping) | {"closes_at": world.now}
    more = [
        row | {"serial": room_serial, "id": f"room-{room_serial}", "meeting_code": f"code-{room_serial}"}
        for room_serial in range(100, 10100)
    ]
    await world.db.write(lambda tx: tx.execute(sa.insert(tables.room), more))
    ids = await emit(world, *[announcement(EventType.ROOM_EXPIRED, r["id"]) for r in more])
    assert room.id == row["id"] and len(set(ids)) == 10000 and ids == sorted(ids)
    assert [url for _, url in await targets(world)] == [URLS["rooms"]] * 10000


async def test_pages_are_the_applications_own(world: World) -> None:
    room = await a_room(world)
    ids = await emit(world, *[announcement(EventType.ROOM_EXPIRED, room.id)] * 5)
    world.later(seconds=1)
    ids += await emit(world, announcement(EventType.ROOM_EXPIRED, room.id))
    mine = world.application_id
    first = await world.db.read(events.page, mine, limit=4)
    rest = await world.db.read(events.page, mine, after=first[-1].id, limit=4)
    assert [event.id for event in first + rest] == ids
    assert [event.id for event in await world.db.read(events.latest, mine, limit=2)] == [ids[5], ids[4]]
    assert await world.db.read(events.page, "another") == []
    with pytest.raises(NotFound):
        await world.db.read(events.get, "another", ids[0])
