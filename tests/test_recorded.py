"""Recordings of scheduled meetings: the switch, the files of the list, and the one report after each session."""

import json
from datetime import timedelta
from typing import Any

import pytest
import pytest_asyncio
import sqlalchemy as sa

from convene import access, clients, events, meetings, recordings, rooms, sessions, tables
from convene.db import Tx
from convene.engine import EngineEvent, Person
from convene.errors import NotFound
from convene.lifecycle import RecordingState
from convene.meetings import Meeting, recorded
from convene.recordings import Capture, Recording
from convene.sessions import GUEST, HOST, Right
from tests.test_meetings import Diary
from tests.world import World

GRACE = timedelta(seconds=20)
MACHINE = "machine-1"
REPORT_URL = "http://127.0.0.1:9/recorded"


class Call:
    """A meeting's room with people in it, and its recorder."""

    def __init__(self, world: World, meeting: Meeting):
        self.world, self.meeting, self._count = world, meeting, 0

    async def enter(self, right: Right = GUEST, name: str = "Ann") -> Person:
        def work(tx: Tx) -> tuple[str, str]:
            room = rooms.get(tx, self.meeting.application_id, self.meeting.room_id)
            session, person, _ = sessions.admit(tx, room, name, Right(right.is_host, True, right.user_number), None)
            return session.engine_room, person.id

        engine_room, id = await self.world.db.write(work)
        self._count += 1
        stay = Person(f"PA_{self.meeting.id}_{self._count}", id, name, self.world.now, False)
        await self._told("participant_joined", engine_room, stay)
        return stay

    async def leave(self, stay: Person) -> None:
        live = await self.world.db.read(sessions.live_of, self.meeting.room_id)
        assert live is not None
        await self._told("participant_left", live.engine_room, stay)

    async def _told(self, kind: str, engine_room: str, stay: Person) -> None:
        self._count += 1
        event = EngineEvent(f"EV_{self.meeting.id}_{self._count}", kind, engine_room, "RM", self.world.now, stay)
        await self.world.db.write(lambda tx: recordings.follow(tx, sessions.apply(tx, event, GRACE)))

    async def end(self) -> None:
        await self.world.db.write(lambda tx: recordings.follow(tx, sessions.close(tx, self.meeting.room_id)))

    async def switch(self, on: bool) -> None:
        await self.world.db.write(recorded.switch, self.meeting, on)

    async def live(self) -> Recording | None:
        session = await self.world.db.read(sessions.live_of, self.meeting.room_id)
        return await self.world.db.read(recordings.live, session.id) if session else None

    # --- The recorder ---

    async def begin(self) -> str:
        """The recorder takes what is asked for; the recording's id."""
        claim = await self.world.db.write(recordings.claim, MACHINE)
        assert claim is not None
        assert await self.world.db.write(recordings.started, claim.recording.id, claim.attempt, self.world.now)
        return claim.recording.id

    async def complete(self, id: str, seconds: float = 60) -> None:
        attempt = await self._attempt(id)
        assert await self.world.db.write(recordings.finished, id, attempt, Capture(seconds, ended_at=self.world.now))

    async def store(self, size: int = 3_210_000) -> None:
        claim = await self.world.db.write(recordings.claim_upload, MACHINE)
        assert claim is not None
        stored = await self.world.db.write(
            recordings.uploaded, claim.recording.id, claim.attempt, size=size, url="https://example.org/file"
        )
        assert stored

    async def _attempt(self, id: str) -> int:
        statement = sa.select(tables.recording.c.attempt).where(tables.recording.c.id == id)
        return int(await self.world.db.read(lambda tx: tx.connection.scalar(statement)) or 0)

    async def files(self) -> list[recorded.File]:
        return await self.world.db.read(recorded.files, self.meeting)


@pytest_asyncio.fixture
async def diary(world: World) -> Diary:
    return Diary(world, await world.cube.user("grace", full_name="Grace H", email="grace@example.org"))


async def a_file(call: Call, seconds: float = 60) -> None:
    """A whole session of one person, recorded as the meeting says."""
    await call.enter()
    id = await call.begin()
    call.world.later(seconds=seconds)
    await call.end()
    await call.complete(id, seconds)
    await call.store()


async def reports(world: World) -> list[dict[str, Any]]:
    found = await world.db.read(
        events.latest, world.application_id, limit=100, types=[events.EventType.MEETING_RECORDED]
    )
    return [json.loads(event.body) for event in reversed(found)]


async def report(world: World) -> int:
    """One turn of the step that reports; how many were due."""
    due = await world.db.write(recorded.claim)
    for one in due:
        await world.db.write(recorded.report, one, {file.id: f"https://files/{file.id}" for file in one.files})
    return len(due)


# --- The switch -----------------------------------------------------------------------------------------------------


async def test_between_sessions_the_flag_just_stands(world: World, diary: Diary) -> None:
    call = Call(world, await diary.make())
    await call.switch(True)
    await call.switch(True)
    assert (await diary.room(call.meeting)).auto_record and await call.live() is None
    await call.enter()
    recording = await call.live()
    assert recording is not None and recording.automatic
    await call.end()
    await call.switch(False)
    await call.switch(False)
    await call.enter()
    assert await call.live() is None


async def test_while_people_talk_it_starts_and_stops_at_once(world: World, diary: Diary) -> None:
    call = Call(world, await diary.make())
    await call.enter()
    await call.switch(False)
    assert await call.live() is None
    await call.switch(True)
    await call.switch(True)
    first = await call.begin()
    await call.switch(False)
    await call.switch(False)
    stopping = await call.live()
    assert stopping is not None and (stopping.id, stopping.state) == (first, RecordingState.STOPPING)
    await call.complete(first)
    assert await call.live() is None
    await call.switch(True)
    second = await call.live()
    assert second is not None and second.id != first


@pytest.mark.parametrize("by", ["finished", "failed"])
async def test_switched_on_again_while_the_last_stretch_ends(world: World, diary: Diary, by: str) -> None:
    call = Call(world, await diary.make(record=True))
    await call.enter()
    first = await call.begin()
    await call.switch(False)
    await call.switch(True)
    assert (await call.live()).id == first  # type: ignore[union-attr]
    if by == "finished":
        await call.complete(first)
    else:
        assert await world.db.write(recordings.fail, first, 1, "Gone.")
    second = await call.live()
    assert second is not None and second.id != first and second.automatic


async def test_switched_off_again_while_the_last_stretch_ends(world: World, diary: Diary) -> None:
    call = Call(world, await diary.make(record=True))
    await call.enter()
    first = await call.begin()
    for on in (False, True, False):
        await call.switch(on)
    await call.complete(first)
    assert await call.live() is None


async def test_the_end_of_the_meeting_begins_nothing_new(world: World, diary: Diary) -> None:
    call = Call(world, await diary.make(record=True))
    await call.enter()
    first = await call.begin()
    await call.end()
    await call.complete(first)
    latest = await world.db.read(recordings.get, world.application_id, first)
    assert latest.state is RecordingState.UPLOADING and await world.db.write(recordings.claim, MACHINE) is None


async def test_a_change_of_the_meeting_switches(world: World, diary: Diary) -> None:
    call = Call(world, await diary.make())
    await call.enter()
    await diary.change(call.meeting, record=True)
    assert await call.live() is not None
    await diary.change(call.meeting, record=False)
    assert await call.live() is None  # nobody had begun yet


async def test_a_room_without_a_meeting_owes_no_report(world: World) -> None:
    def work(tx: Tx) -> rooms.Room:
        return rooms.create(tx, access.application(tx, world.application_id), rooms.Spec("Own"), limit=9, digits=12)

    room = await world.db.write(work)
    session, person, _ = await world.db.write(sessions.admit, room, "Ann", HOST, None)
    joined = Person("PA_1", person.id, "Ann", world.now, False)
    event = EngineEvent("EV_1", "participant_joined", session.engine_room, "RM", world.now, joined)
    await world.db.write(sessions.apply, event, GRACE)
    await world.db.write(recordings.request, session.id)
    owed = await world.db.read(lambda tx: tx.all(sa.select(tables.meeting_report)))
    assert list(owed) == []


# --- The files ------------------------------------------------------------------------------------------------------


async def test_files_appear_when_the_session_is_over_with_who_was_there(world: World, diary: Diary) -> None:
    ada = await world.cube.user("ada")
    call = Call(world, await diary.make(record=True))
    host = await call.enter(Right(True, True, diary.host.number))
    first = await call.begin()
    world.later(seconds=61)
    await call.switch(False)
    await call.complete(first, 61.4)
    await call.store()
    assert await call.files() == []
    world.later(seconds=5)
    await call.leave(host)
    await call.enter(Right(False, True, ada.number))
    await call.enter(Right(False, True, ada.number), "Ada's telephone")
    await call.enter(name="A stranger")
    await call.switch(True)
    second = await call.begin()
    world.later(seconds=30)
    await call.end()
    await call.complete(second, 30)
    await call.store(520_000)

    one, two = await call.files()
    assert [one.recording.id, two.recording.id] == [first, second] and one.id < two.id
    assert [file.user_numbers for file in (one, two)] == [(diary.host.number,), (ada.number,)]
    assert [file.headcount for file in (one, two)] == [1, 2]
    assert recorded.told(one, "https://files/1", fine=False) == {
        "_id": one.id,
        "room_id": call.meeting.id,
        "participants_count": 1,
        "participants_ids": [diary.host.number],
        "file_uid": first,
        "duration": 61.0,
        "size": 3.21,
        "created_at": "2026-03-01T08:00:00Z",
        "updated_at": "2026-03-01T08:01:01Z",
        "download_url": "https://files/1",
    }
    fine = recorded.told(two, "https://files/2", fine=True)
    assert (fine["duration"], fine["size"]) == (30_000, 520_000) and isinstance(fine["duration"], int)
    assert len(one.id) == 24 and int(one.id[:8], 16) == int(one.recording.requested_at.timestamp())


async def test_one_file_is_deleted_or_all(world: World, diary: Diary) -> None:
    call, other = Call(world, await diary.make(record=True)), Call(world, await diary.make(record=True))
    for one in (call, call, call, other):
        await a_file(one)
    first, second, third = await call.files()
    await world.db.write(recorded.delete, call.meeting, second.id)
    assert await call.files() == [first, third]
    for gone in (second.id, (await other.files())[0].id):
        with pytest.raises(NotFound):
            await world.db.write(recorded.delete, call.meeting, gone)
    await world.db.write(recorded.delete, call.meeting)
    await world.db.write(recorded.delete, call.meeting)
    assert await call.files() == [] and len(await other.files()) == 1


# --- The report -----------------------------------------------------------------------------------------------------


async def test_one_report_of_all_files_when_everything_is_over(world: World, diary: Diary) -> None:
    await world.db.write(lambda tx: clients.change(tx, world.application_id, recorded_url=REPORT_URL))
    call = Call(world, await diary.make(record=True, notify=True))
    await call.enter(Right(True, True, diary.host.number))
    first = await call.begin()
    world.later(seconds=10)
    await call.switch(False)
    await call.switch(True)
    await call.complete(first, 10)
    second = await call.begin()
    await call.store()
    assert await report(world) == 0  # people talk
    world.later(seconds=20)
    await call.end()
    assert await report(world) == 0  # the second file is being made
    await call.complete(second, 20)
    assert await report(world) == 0  # and stored
    await call.store()
    assert await report(world) == 1
    world.later(hours=1)
    assert await report(world) == 0

    [told] = await reports(world)
    assert list(told) == ["meeting", "hostUser", "callRecords"]
    assert told["meeting"]["_id"] == call.meeting.id and len(told["meeting"]) == 15
    assert (told["hostUser"]["id"], told["hostUser"]["_id"]) == (diary.host.number, diary.host.object_id)
    files = await call.files()
    links = [f"https://files/{file.id}" for file in files]
    assert told["callRecords"] == [
        recorded.told(file, link, fine=False) for file, link in zip(files, links, strict=True)
    ]
    [event] = await world.db.read(events.latest, world.application_id, types=[events.EventType.MEETING_RECORDED])
    assert (event.state, event.session_id) == ("pending", files[0].recording.session_id)
    kinds = await world.db.read(lambda tx: tx.all(sa.select(tables.notice.c.kind)))
    assert [row.kind for row in kinds].count("recorded") == 1


async def test_a_report_is_made_once_whoever_dies_or_is_late(world: World, diary: Diary) -> None:
    call = Call(world, await diary.make(record=True))
    await a_file(call)
    [late] = await world.db.write(recorded.claim)
    assert await world.db.write(recorded.claim) == []  # leased
    world.later(seconds=31)
    [again] = await world.db.write(recorded.claim)
    links = {file.id: "https://files" for file in late.files}
    await world.db.write(recorded.report, late, links)
    assert await reports(world) == []
    await world.db.write(recorded.report, again, links)
    await world.db.write(recorded.report, again, links)
    world.later(seconds=31)
    assert len(await reports(world)) == 1 and await report(world) == 0


async def test_without_a_file_there_is_nothing_to_tell(world: World, diary: Diary) -> None:
    call = Call(world, await diary.make(record=True))
    await call.enter()
    await call.end()  # before anybody began to record
    await a_file(call)
    await world.db.write(recorded.delete, call.meeting)
    assert await report(world) == 0 and await reports(world) == []
    owed = await world.db.read(lambda tx: tx.all(sa.select(tables.meeting_report)))
    assert list(owed) == []


async def test_each_session_has_its_report_also_of_a_meeting_that_is_cancelled(world: World, diary: Diary) -> None:
    call = Call(world, await diary.make(record=True))
    await a_file(call)
    assert await report(world) == 1
    await call.enter()
    second = await call.begin()
    world.later(seconds=7)
    await diary.cancel(call.meeting)
    await call.complete(second, 7)
    await call.store()
    assert await report(world) == 1
    ids = [[one["file_uid"] for one in told["callRecords"]] for told in await reports(world)]
    assert len(ids) == 2 and ids[1] == [second]
    deleted = await world.db.read(lambda tx: meetings.get(tx, world.application_id, call.meeting.id, even_deleted=True))
    assert len(await world.db.read(recorded.files, deleted)) == 2
