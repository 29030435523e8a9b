"""Sessions: what the engine tells, late, twice, in another order or not at all, comes to the same."""

import itertools
import json
import random
from datetime import timedelta

import pytest

from convene import access, events, recordings, rooms, sessions
from convene.db import Tx
from convene.engine import EngineEvent, Person
from convene.errors import Conflict, Forbidden, Gone, Unauthenticated
from convene.lifecycle import RoomType
from tests.world import World

GRACE = timedelta(seconds=20)


async def a_room(world: World, **fields: object) -> rooms.Room:
    def create(tx: Tx) -> rooms.Room:
        application = access.application(tx, world.application_id)
        return rooms.create(tx, application, rooms.Spec("Weekly sync", **fields), limit=1000, digits=9)

    return await world.db.write(create)


async def enter(
    world: World, room: rooms.Room, name: str = "Ann", *, host: bool = False, known: sessions.Admission | None = None
) -> tuple[sessions.Session, sessions.Admission, str]:
    return await world.db.write(sessions.admit, room, name, sessions.Right(host), known)


def joined(
    world: World, session: sessions.Session, person: sessions.Admission, sid: str, *, id: str | None = None
) -> EngineEvent:
    stay = Person(sid, person.id, person.name, world.now, False)
    return EngineEvent(id or f"EV_j_{sid}", "participant_joined", session.engine_room, "RM_1", world.now, stay)


def left(
    world: World, session: sessions.Session, person: sessions.Admission, sid: str, reason: str = "CLIENT_INITIATED"
) -> EngineEvent:
    stay = Person(sid, person.id, person.name, world.now, False)
    return EngineEvent(f"EV_l_{sid}", "participant_left", session.engine_room, "RM_1", world.now, stay, reason)


async def tell(world: World, *told: EngineEvent) -> None:
    for event in told:
        await world.db.write(sessions.apply, event, GRACE)


async def announced(world: World) -> list[str]:
    return [event.type for event in reversed(await world.db.read(events.latest, world.application_id, limit=500))]


async def test_first_join_starts_and_last_leave_ends_after_the_grace(world: World) -> None:
    room = await a_room(world)
    session, ann, _ = await enter(world, room)
    _, ben, _ = await enter(world, room, "Ben", host=True)
    await tell(world, joined(world, session, ann, "PA_1"), joined(world, session, ben, "PA_2"))
    world.later(minutes=30)
    await tell(world, left(world, session, ann, "PA_1"), left(world, session, ben, "PA_2"))
    ended_at = world.now
    world.later(seconds=19)
    assert await world.db.write(sessions.close_due) == []
    world.later(seconds=1)
    assert [change.kind for change in await world.db.write(sessions.close_due)] == ["ended"]
    assert await announced(world) == [
        "session:started",
        "session:participant:joined",
        "session:participant:joined",
        "session:participant:left",
        "session:participant:left",
        "session:ended",
    ]
    assert (await world.db.read(sessions.get, session.id)).ended_at == ended_at
    kept = await world.db.read(rooms.get, world.application_id, room.id)
    assert kept.closes_at == ended_at + timedelta(minutes=10)


async def test_coming_back_within_the_grace_keeps_the_session(world: World) -> None:
    room = await a_room(world)
    session, ann, key = await enter(world, room)
    await tell(world, joined(world, session, ann, "PA_1"), left(world, session, ann, "PA_1"))
    world.later(seconds=10)
    known = await world.db.read(sessions.admission_of, ann.id, key)
    again, same, _ = await enter(world, room, known=known)
    assert (again.id, same.id) == (session.id, ann.id)
    await tell(world, joined(world, session, same, "PA_2"))
    world.later(minutes=5)
    assert await world.db.write(sessions.close_due) == []
    assert (await announced(world)).count("session:started") == 1


async def test_a_second_session_has_an_id_of_its_own(world: World) -> None:
    room = await a_room(world, type=RoomType.LONG_TERM, expires_at=world.now + timedelta(days=1))
    ids = set()
    for number in range(2):
        session, ann, _ = await enter(world, room)
        await tell(world, joined(world, session, ann, f"PA_{number}"), left(world, session, ann, f"PA_{number}"))
        world.later(minutes=1)
        await world.db.write(sessions.close_due)
        ids.add(session.id)
    assert len(ids) == 2


async def test_an_opening_that_nobody_enters_is_given_up_without_a_word(world: World) -> None:
    room = await a_room(world)
    session, _, _ = await enter(world, room)
    assert (await world.db.read(rooms.get, world.application_id, room.id)).closes_at is None
    world.later(minutes=2)
    assert await world.db.write(sessions.close_due) == []
    assert (await world.db.read(sessions.get, session.id)).state == "ended"
    assert (await world.db.read(rooms.get, world.application_id, room.id)).closes_at == room.expires_at
    assert await announced(world) == []


async def test_a_lost_leave_is_found_by_two_misses_apart(world: World) -> None:
    room = await a_room(world)
    session, ann, _ = await enter(world, room)
    await tell(world, joined(world, session, ann, "PA_1"))
    here = [Person("PA_1", ann.id, "Ann", world.now, False)]
    world.later(seconds=5)
    await world.db.write(sessions.observe, session.id, [], GRACE)
    await world.db.write(
        sessions.observe, session.id, [], GRACE
    )  # a second worker at the same moment: not a second miss
    assert await world.db.read(sessions.headcount, session.id) == 1
    world.later(seconds=5)
    await world.db.write(sessions.observe, session.id, here, GRACE)  # seen again: forgiven
    world.later(seconds=5)
    await world.db.write(sessions.observe, session.id, [], GRACE)
    missed = world.now
    world.later(seconds=5)
    await world.db.write(sessions.observe, session.id, [], GRACE)
    assert await world.db.read(sessions.headcount, session.id) == 0
    assert (await world.db.read(sessions.get, session.id)).emptied_at == missed


async def test_a_lost_join_is_found_in_the_engines_list(world: World) -> None:
    room = await a_room(world)
    session, ann, _ = await enter(world, room)
    here = [Person("PA_1", ann.id, "Ann", world.now, False), Person("PA_r", "recorder-1", "", world.now, True)]
    changes = await world.db.write(sessions.observe, session.id, here, GRACE)
    assert [change.kind for change in changes] == ["started"]
    await tell(world, joined(world, session, ann, "PA_1"))
    assert await announced(world) == ["session:started", "session:participant:joined"]


async def test_any_order_of_the_engines_events_with_repeats_tells_the_same(world: World) -> None:
    room = await a_room(world, type=RoomType.LONG_TERM, expires_at=world.now + timedelta(days=1))
    seen = set()
    pieces = random.Random(7)
    orders = list(itertools.permutations(range(4)))
    for round, order in enumerate(pieces.sample(orders, 12)):
        session, ann, _ = await enter(world, room)
        _, ben, _ = await enter(world, room, "Ben")
        log = [joined(world, session, ann, f"A{round}"), left(world, session, ann, f"A{round}")]
        log += [joined(world, session, ben, f"B{round}"), left(world, session, ben, f"B{round}")]
        await tell(world, *(log[i] for i in order), *(log[i] for i in reversed(order)))
        world.later(seconds=21)
        await world.db.write(sessions.close_due)
        told = [
            e for e in await world.db.read(events.latest, world.application_id, limit=20) if e.session_id == session.id
        ]
        names = {ann.id: "ann", ben.id: "ben"}
        who = [(e.type, names.get(json.loads(e.body).get("participant_id"))) for e in told]
        seen.add(tuple(sorted(map(str, who))))
        order_told = [e.type for e in reversed(told)]
        assert (order_told[0], order_told[-1]) == ("session:started", "session:ended")
        assert [e.sequence for e in reversed(told)] == list(range(1, 7))
    assert len(seen) == 1


async def test_events_of_recorders_strangers_and_other_rooms_change_nothing(world: World) -> None:
    room = await a_room(world)
    session, ann, _ = await enter(world, room)
    recorder = Person("PA_r", "recorder-x", "", world.now, True)
    stranger = Person("PA_s", "somebody", "Eve", world.now, False)
    lost = Person("PA_a", ann.id, "Ann", world.now, False)
    told = [(recorder, session.engine_room), (stranger, session.engine_room), (lost, "another room")]
    for number, (person, name) in enumerate(told):
        await tell(world, EngineEvent(f"EV_{number}", "participant_joined", name, "RM_1", world.now, person))
    assert await announced(world) == []


async def test_the_host_ends_it_for_everybody(world: World) -> None:
    room = await a_room(world)
    session, ann, key = await enter(world, room, host=True)
    await tell(world, joined(world, session, ann, "PA_1"))
    world.later(minutes=1)
    changes = await world.db.write(lambda tx: sessions.close(tx, room.id, by_host=True))
    assert [change.kind for change in changes] == ["ended"]
    assert await world.db.write(lambda tx: sessions.close(tx, room.id)) == []
    assert await world.db.read(sessions.to_clear) == [(session.id, session.engine_room)]
    assert not await world.db.read(sessions.may_connect, session.engine_room, ann.id)
    assert (await announced(world))[-2:] == ["session:participant:left", "session:ended"]
    assert (await world.db.read(sessions.admission_of, ann.id, key)).id == ann.id


async def test_who_was_removed_stays_out(world: World) -> None:
    room = await a_room(world)
    session, ann, key = await enter(world, room)
    assert await world.db.read(sessions.may_connect, session.engine_room, ann.id)
    await world.db.write(sessions.remove, session.id, ann.id)
    assert not await world.db.read(sessions.may_connect, session.engine_room, ann.id)
    known = await world.db.read(sessions.admission_of, ann.id, key)
    with pytest.raises(Forbidden, match="removed"):
        await enter(world, room, known=known)
    with pytest.raises(Unauthenticated):
        await world.db.read(sessions.admission_of, ann.id, "wrong")


async def test_an_expired_room_lets_nobody_new_in_but_its_people_back(world: World) -> None:
    room = await a_room(world, type=RoomType.LONG_TERM, expires_at=world.now + timedelta(hours=1))
    session, ann, key = await enter(world, room)
    await tell(world, joined(world, session, ann, "PA_1"))
    world.later(hours=1)
    assert await world.db.write(rooms.expire_due) == 1
    late = await world.db.read(rooms.get, world.application_id, room.id)
    with pytest.raises(Gone):
        await enter(world, late, "Ben")
    known = await world.db.read(sessions.admission_of, ann.id, key)
    assert (await enter(world, late, known=known))[0].id == session.id


async def test_a_locked_room_lets_only_hosts_in(world: World) -> None:
    room = await a_room(world)
    await world.db.write(rooms.lock, room.id, locked=True)
    with pytest.raises(Conflict):
        await enter(world, room)
    assert (await enter(world, room, host=True))[1].is_host


@pytest.mark.parametrize("offered", [True, False])
async def test_auto_record_follows_the_session_whatever_the_page_offers(world: World, offered: bool) -> None:
    room = await a_room(world, auto_record=True, features={"is_recording_available": offered})
    session, ann, _ = await enter(world, room)

    def witness(tx: Tx, event: EngineEvent) -> None:
        recordings.follow(tx, sessions.apply(tx, event, GRACE))

    await world.db.write(witness, joined(world, session, ann, "PA_1"))
    live = await world.db.read(recordings.live, session.id)
    assert live is not None and live.automatic
