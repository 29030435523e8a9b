"""Retention and deletion: what goes, what stays, that it is really gone, and that each step is a small bite."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import pytest
import sqlalchemy as sa

from convene import access, callbacks, events, recordings, retention, rooms, sessions, tables
from convene.callbacks import Tried
from convene.courier import Outcome, OutcomeKind
from convene.db import Tx
from convene.errors import NotFound
from convene.lifecycle import RecordingState, RoomType
from convene.recorder import Recorder
from convene.retention import BITE, Days
from convene.worker import Worker
from tests.test_sessions import a_room, enter, joined, left, tell
from tests.world import World

CANARY = "Kanarienvogel"
URL = "http://127.0.0.1:9/callbacks"
KEEP = Days(rooms=10, recordings=5, chat=0, events=30)


async def keep(world: World, **days: int | None) -> None:
    await world.db.write(retention.keep, world.application_id, {f"keep_{name}_days": n for name, n in days.items()})


async def tidy(world: World) -> None:
    """The worker's step, and the recorder's that erases files, until nothing is left to do."""
    await Worker(world.runtime).tidy()
    recorder = Recorder(world.runtime)
    while await recorder.step():
        pass
    while await recorder.show():
        pass
    await Worker(world.runtime).tidy()


async def a_past_session(world: World, room: rooms.Room, name: str = CANARY) -> str:
    """Somebody came, was a while in, and left; one more only knocked at the door. The session's id."""
    session, person, _ = await enter(world, room, name)
    sid = tables.new_id()
    await tell(world, joined(world, session, person, sid))
    world.later(minutes=3)
    await tell(world, left(world, session, person, sid))
    await world.db.write(sessions.close, room.id)
    await world.db.write(sessions.cleared, [session.id])
    row = {
        "id": tables.new_id(),
        "room_id": room.id,
        "application_id": room.application_id,
        "key_hash": "",
        "name": name,
    }
    row |= {"state": "denied", "asked_at": world.now, "seen_at": world.now, "session_id": session.id}
    await world.db.write(lambda tx: tx.execute(sa.insert(tables.knock), row))
    return session.id


async def a_file(world: World, session: str) -> tuple[str, Path]:
    """An uploaded recording of the session with a file in the storage."""
    id = tables.new_id()

    def work(tx: Tx) -> None:
        room_id = sessions.get(tx, session).room_id
        row = {"id": id, "session_id": session, "room_id": room_id, "application_id": world.application_id}
        row |= {"state": RecordingState.UPLOADED, "automatic": False, "requested_at": tx.now, "started_at": tx.now}
        row |= {"ended_at": tx.now, "stored_at": tx.now, "attempt": 1, "showing": False}
        tx.execute(sa.insert(tables.recording), row)

    await world.db.write(work)
    assert world.runtime.storage.folder is not None
    path = world.runtime.storage.folder.path / world.application_id / f"{id}.mp4"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"a film")
    return id, path


async def delivered(world: World) -> None:
    """All that is due arrives."""

    def work(tx: Tx) -> int:
        claims = callbacks.claim(tx, held={}, room=100).claims
        if claims:
            callbacks.settle(tx, [Tried(one, tx.now, Outcome(OutcomeKind.DELIVERED, 204, 1)) for one in claims])
        return len(claims)

    while await world.db.write(work):
        pass


async def rows(world: World, *found: sa.Table) -> dict[str, int]:
    """How many rows these tables have."""
    counts = {table.name: sa.select(sa.func.count()).select_from(table) for table in found}
    return await world.db.read(lambda tx: {name: tx.connection.scalar(one) or 0 for name, one in counts.items()})


async def holds(world: World, text: str) -> list[str]:
    """The tables in which this text stands anywhere."""

    def work(tx: Tx) -> list[str]:
        return [
            table.name
            for table in tables.metadata.sorted_tables
            if any(text in str(value) for row in tx.all(sa.select(table)) for value in row)
        ]

    return await world.db.read(work)


async def call_back(world: World) -> None:
    await world.db.write(
        lambda tx: access.set_callback_urls(tx, world.application_id, rooms=URL, sessions=URL, recordings=URL)
    )


async def test_an_old_room_goes_with_everything_of_it(world: World) -> None:
    await keep(world, rooms=10)
    await call_back(world)
    room = await a_room(world, metadata=CANARY)
    session = await a_past_session(world, room)
    _, path = await a_file(world, session)
    kept = await a_room(world, type=RoomType.LONG_TERM, expires_at=world.now + timedelta(days=900))
    await delivered(world)
    world.later(minutes=11)
    await world.db.write(rooms.expire_due)
    await delivered(world)
    assert set(await holds(world, CANARY)) == {"room", "admission", "participant", "knock", "event"}
    world.later(days=9)
    await tidy(world)
    assert path.exists() and "room" in await holds(world, CANARY), "not its time yet"
    world.later(days=1)
    await tidy(world)
    assert await holds(world, CANARY) == []
    assert not path.exists()
    left_over = await rows(world, tables.session, tables.recording, tables.delivery, tables.attempt, tables.event)
    assert set(left_over.values()) == {0}
    page = await world.db.read(rooms.page, world.application_id, start_id=None, end_id=None, page_size=20)
    assert ([one.id for one in page.rooms], page.total) == ([kept.id], 1)


async def test_what_was_deleted_is_not_in_the_files(world: World, tmp_path: Path) -> None:
    await keep(world, rooms=1)
    await a_past_session(world, await a_room(world, metadata=CANARY))
    world.later(minutes=11)
    await world.db.write(rooms.expire_due)
    world.later(days=4)
    await tidy(world)
    assert await holds(world, CANARY) == []
    if world.db.is_sqlite:
        await world.db.close()  # writes what is in the log into the file, and drops the log
        found = [path.name for path in tmp_path.rglob("convene.db*") if CANARY.encode() in path.read_bytes()]
        assert found == []
        await world.db.open()


async def test_nothing_goes_where_everything_is_kept(world: World) -> None:
    await keep(world, events=0)
    room = await a_room(world)
    session = await a_past_session(world, room)
    _, path = await a_file(world, session)
    world.later(minutes=11)
    await world.db.write(rooms.expire_due)
    before = await rows(world, *tables.metadata.sorted_tables)
    world.later(days=4000)
    await tidy(world)
    after = await rows(world, *tables.metadata.sorted_tables)
    forgotten = {"engine_event"}
    assert {name: n for name, n in before.items() if name not in forgotten} == {
        name: n for name, n in after.items() if name not in forgotten
    } | {"knock": before["knock"]}
    assert path.exists()


async def test_an_open_room_and_a_running_session_stay(world: World) -> None:
    await keep(world, rooms=1)
    room = await a_room(world, type=RoomType.LONG_TERM, expires_at=world.now + timedelta(days=1))
    session, ann, _ = await enter(world, room)
    await tell(world, joined(world, session, ann, "PA_1"))
    world.later(days=9)
    await world.db.write(rooms.expire_due)
    world.later(days=2)
    await tidy(world)
    assert (await world.db.read(sessions.get, session.id)).ended_at is None, "people who stay are not put out"


async def test_old_recordings_go_files_first(world: World) -> None:
    await keep(world, recordings=5)
    session = await a_past_session(world, await a_room(world))
    id, path = await a_file(world, session)
    world.later(days=2)
    young, young_path = await a_file(world, session)
    world.later(days=3)
    await Worker(world.runtime).tidy()
    with pytest.raises(NotFound):
        await world.db.read(recordings.get, world.application_id, id)
    assert path.exists() and (await rows(world, tables.recording))["recording"] == 2, "the file goes before the row"
    await tidy(world)
    assert not path.exists() and young_path.exists()
    found = await world.db.read(recordings.of_session, world.application_id, session)
    assert [one.id for one in found] == [young]
    assert (await rows(world, tables.recording))["recording"] == 1
    await tidy(world)
    assert (await rows(world, tables.recording))["recording"] == 1, "done twice it is the same"


async def test_events_go_after_their_days_but_none_that_is_still_tried(world: World) -> None:
    await keep(world, events=1)
    await call_back(world)
    room = await a_room(world)
    await a_past_session(world, room)
    await delivered(world)
    old = {event.id for event in await world.db.read(events.latest, world.application_id)}
    waiting_room = await a_room(world)
    await a_past_session(world, waiting_room)  # nobody takes these
    waiting = {event.id for event in await world.db.read(events.latest, world.application_id)} - old
    world.later(days=2)
    await tidy(world)
    found = {event.id for event in await world.db.read(events.latest, world.application_id)}
    assert found == old | waiting, "so that its delivery can be looked at, each is kept for the 72 hours of trying"
    world.later(days=2)
    await tidy(world)
    found = {event.id for event in await world.db.read(events.latest, world.application_id)}
    assert found == waiting, "as long as one is tried, it is kept"
    await delivered(world)
    replayed = await world.db.write(callbacks.replay, world.application_id, min(waiting))
    assert replayed == 1
    await delivered(world)
    await tidy(world)
    left_over = {event.id for event in await world.db.read(events.latest, world.application_id)}
    assert left_over == {min(waiting)}, "one that was just sent again can be looked at"
    world.later(days=4)
    await tidy(world)
    assert set((await rows(world, tables.event, tables.delivery, tables.attempt)).values()) == {0}


async def test_an_opening_that_nobody_entered_is_forgotten(world: World) -> None:
    room = await a_room(world, type=RoomType.LONG_TERM, expires_at=world.now + timedelta(days=100))
    session, _, _ = await enter(world, room, CANARY)
    world.later(minutes=3)
    await world.db.write(sessions.close_due)
    await world.db.write(sessions.cleared, [session.id])
    await tidy(world)
    assert await holds(world, CANARY) == ["admission"]
    world.later(days=1)
    await tidy(world)
    assert await holds(world, CANARY) == []
    assert (await rows(world, tables.session))["session"] == 0


async def test_nothing_of_a_deleted_application_is_kept(world: World) -> None:
    room = await a_room(world, metadata=CANARY)
    session = await a_past_session(world, room)
    _, path = await a_file(world, session)
    await world.db.write(rooms.expire_all, world.application_id)
    world.later(minutes=1)
    gone = sa.update(tables.application).values(deleted_at=world.now)
    await world.db.write(lambda tx: tx.execute(gone))
    await tidy(world)
    assert await holds(world, CANARY) == []
    assert not path.exists()


async def test_deleting_a_session_at_once(world: World) -> None:
    await call_back(world)
    room = await a_room(world, type=RoomType.LONG_TERM, expires_at=world.now + timedelta(days=100))
    session, other = await a_past_session(world, room), await a_past_session(world, room, "Ben")
    id, path = await a_file(world, session)
    address = f"/v1/meetings/sessions/{session}"
    assert (await world.client.delete(address, headers=world.auth)).status_code == 204
    assert await holds(world, CANARY) == [], "also from events that were not delivered yet"
    for gone in (address, f"{address}/recordings", f"{address}/participants", f"/v1/meetings/recordings/{id}"):
        assert (await world.client.get(gone, headers=world.auth)).status_code == 404, gone
    assert (await world.client.delete(address, headers=world.auth)).status_code == 404
    world.later(days=1)
    await tidy(world)
    assert not path.exists()
    assert await rows(world, tables.session, tables.recording) == {"session": 1, "recording": 0}
    assert (await world.client.get(f"/v1/meetings/sessions/{other}", headers=world.auth)).status_code == 200


async def test_an_attempt_that_is_under_way_while_its_event_is_deleted(world: World) -> None:
    await call_back(world)
    room = await a_room(world, type=RoomType.LONG_TERM, expires_at=world.now + timedelta(days=100))
    session, other = await a_past_session(world, room), await a_past_session(world, room, "Ben")
    deliveries = callbacks.Deliveries(world.db, world.runtime.courier)
    turn = await world.db.write(lambda tx: callbacks.claim(tx, held={}, room=100))
    assert {one.event_id for one in turn.claims}
    await world.db.write(retention.forget_session, world.application_id, session)
    tried = [Tried(one, world.now, Outcome(OutcomeKind.DELIVERED, 204, 1)) for one in turn.claims]
    await deliveries._settle_each(tried)  # what the loop does when the whole turn cannot be settled
    states = {
        e.session_id: e.state for e in await world.db.read(events.latest, world.application_id) if e.sequence == 1
    }
    assert states == {other: "delivered"}


async def test_a_session_that_goes_on_is_not_deleted(world: World) -> None:
    room = await a_room(world)
    session, ann, _ = await enter(world, room)
    await tell(world, joined(world, session, ann, "PA_1"))
    address = f"/v1/meetings/sessions/{session.id}"
    running = await world.client.delete(address, headers=world.auth)
    assert (running.status_code, running.json()["name"]) == (409, "ConflictError")
    await world.db.write(recordings.request, session.id)
    values = {"state": RecordingState.UPLOADING}
    await world.db.write(lambda tx: tx.execute(sa.update(tables.recording).values(**values)))
    await world.db.write(sessions.close, room.id)
    storing = await world.client.delete(address, headers=world.auth)
    assert storing.status_code == 409, "a file is still on its way"


async def many(world: World, room: rooms.Room, count: int) -> None:
    """A past session of the room with so many people."""
    session = await a_past_session(world, room)
    row = {"session_id": session, "person_id": "p", "name": CANARY, "is_host": False, "joined_at": world.now}
    stays = [row | {"sid": f"{room.id}-{n}", "left_at": world.now} for n in range(count)]
    await world.db.write(lambda tx: tx.execute(sa.insert(tables.participant), stays))


async def test_much_goes_in_small_bites(world: World) -> None:
    room = await a_room(world)
    await many(world, room, 2 * BITE + 10)
    world.later(minutes=11)
    await world.db.write(rooms.expire_due)
    world.later(days=20)
    [plan] = await world.db.read(retention.plans, KEEP)
    people = [(await rows(world, tables.participant))["participant"]]
    for step in retention.steps([plan]):
        while await world.db.write(step):
            people.append((await rows(world, tables.participant))["participant"])
    assert max(before - after for before, after in pairwise(people)) <= BITE
    assert people[-1] == 0
    assert (await rows(world, tables.room))["room"] == 0


async def test_several_workers_delete_and_count_each_room_once(world: World) -> None:
    for _ in range(45):
        await a_room(world)
    world.later(minutes=11)
    await world.db.write(rooms.expire_due)
    kept = [await a_room(world) for _ in range(3)]
    world.later(days=20)
    await keep(world, rooms=10)
    await asyncio.gather(*(Worker(world.runtime).tidy() for _ in range(4)))
    page = await world.db.read(rooms.page, world.application_id, start_id=None, end_id=None, page_size=20)
    assert (len(page.rooms), page.total) == (len(kept), len(kept))


async def test_the_setting_counts_where_the_application_says_nothing(world: World) -> None:
    settings = replace(world.runtime.settings, keep_rooms_days=3)
    said = retention.days(settings)
    assert said == Days(rooms=3, recordings=0, chat=0, events=30)
    [plan] = await world.db.read(retention.plans, said)
    assert (plan.rooms, plan.recordings) == (world.now - timedelta(days=3), None)
    await keep(world, rooms=0, recordings=1)
    [plan] = await world.db.read(retention.plans, said)
    assert (plan.rooms, plan.recordings, plan.events) == (
        None,
        world.now - timedelta(days=1),
        world.now - timedelta(days=30),
    )


async def test_another_tenants_session_cannot_be_deleted(world: World) -> None:
    session = await a_past_session(world, await a_room(world))
    with pytest.raises(NotFound):
        await world.db.write(retention.forget_session, "another", session)
    assert CANARY in str(await world.db.read(lambda tx: tx.all(sa.select(tables.participant))))
