"""Recordings as rows: every verb, on both databases, and races between those who stop, claim, finish and delete."""

import asyncio
import json
from dataclasses import dataclass, replace
from datetime import timedelta

import pytest
import pytest_asyncio

from convene import access, events, lifecycle, powers, recordings, rooms, sessions
from convene.db import Tx
from convene.engine import EngineEvent, Person
from convene.errors import Conflict, Forbidden, NotFound
from convene.lifecycle import RecordingNext, RecordingState
from convene.recordings import Capture
from tests.world import World

GRACE = timedelta(seconds=20)
HERE, THERE = "machine-1", "machine-2"
MINUTE = timedelta(minutes=1)


@dataclass
class Meeting:
    """A running session with one person in it."""

    world: World
    session: sessions.Session
    person: sessions.Admission

    async def end(self) -> None:
        """The last person leaves, and the grace is over."""
        stay = Person("PA_1", self.person.id, "Ann", self.world.now, False)
        await self._apply(
            EngineEvent("EV_2", "participant_left", self.session.engine_room, "RM_1", self.world.now, stay)
        )
        self.world.later(seconds=21)
        await self.world.db.write(lambda tx: recordings.follow(tx, sessions.close_due(tx)))

    async def begin(self) -> None:
        stay = Person("PA_1", self.person.id, "Ann", self.world.now, False)
        await self._apply(
            EngineEvent("EV_1", "participant_joined", self.session.engine_room, "RM_1", self.world.now, stay)
        )

    async def _apply(self, event: EngineEvent) -> None:
        await self.world.db.write(lambda tx: recordings.follow(tx, sessions.apply(tx, event, GRACE)))


async def a_meeting(world: World, **fields: object) -> Meeting:
    """A meeting in a new room; it is running."""

    def create(tx: Tx) -> rooms.Room:
        application = access.application(tx, world.application_id)
        return rooms.create(tx, application, rooms.Spec("Weekly sync", **fields), limit=1000, digits=12)  # type: ignore[arg-type]

    room = await world.db.write(create)
    session, person, _ = await world.db.write(sessions.admit, room, "Ann", sessions.HOST, None)
    meeting = Meeting(world, session, person)
    await meeting.begin()
    return meeting


@pytest_asyncio.fixture
async def meeting(world: World) -> Meeting:
    return await a_meeting(world)


async def told(world: World) -> list[dict[str, object]]:
    """The bodies of all recording events, oldest first."""
    found = await world.db.read(events.latest, world.application_id, limit=500)
    bodies = [json.loads(event.body) for event in reversed(found)]
    return [body for body in bodies if body["event"].startswith("recording:")]


async def test_the_whole_way_of_a_recording(world: World, meeting: Meeting) -> None:
    db, session_id = world.db, meeting.session.id
    asked = await db.write(recordings.request, session_id)
    assert (asked.state, asked.automatic, asked.started_at) == (RecordingState.REQUESTED, False, None)
    claim = await db.write(recordings.claim, HERE)
    assert claim is not None and claim.recording.id == asked.id and claim.engine_room == meeting.session.engine_room
    assert claim.recording.state is RecordingState.STARTING and not claim.only_owner and claim.attempt == 1

    began = world.now = world.now + timedelta(seconds=3)
    assert await db.write(recordings.started, asked.id, 1, began)
    assert await db.write(recordings.started, asked.id, 1, began + MINUTE)  # told twice: announced once
    assert await told(world) == [{"event": "recording:started", "recording_id": asked.id, "session_id": session_id}]
    world.later(minutes=34)
    assert (await db.write(recordings.stop, session_id)).state is RecordingState.STOPPING
    assert (await db.write(recordings.stop, session_id)).state is RecordingState.STOPPING
    assert await db.write(recordings.progress, asked.id, 1, alive=True) is RecordingState.STOPPING
    assert await db.write(recordings.finished, asked.id, 1, Capture(2040.4, began, began + 34 * MINUTE))
    assert await db.read(recordings.live, session_id) is None

    claim = await db.write(recordings.claim_upload, HERE)
    assert claim is not None
    assert await db.write(recordings.uploaded, asked.id, claim.attempt, size=5, url="https://example.org/file")
    done = await db.read(recordings.get, world.application_id, asked.id)
    assert (done.state, done.bytes, done.seconds, done.reason) == (RecordingState.UPLOADED, 5, 2040, None)
    assert (
        done.key == f"{world.application_id}/{asked.id}.mp4" and done.filename == "Weekly sync 2026-03-01T08-00-03Z.mp4"
    )
    span = {"started_at": "2026-03-01T08:00:03.000Z", "ended_at": "2026-03-01T08:34:03.000Z", "duration": 2040}
    about = {"recording_id": asked.id, "session_id": session_id}
    assert (await told(world))[1:] == [
        {"event": "recording:ended", **about, **span},
        {"event": "recording:uploaded", **about, "room_id": asked.room_id, **span, "url": "https://example.org/file"},
    ]
    assert await db.write(recordings.claim, HERE) is None and await db.write(recordings.claim_upload, HERE) is None


async def test_who_may_ask(world: World, meeting: Meeting) -> None:
    db, session_id = world.db, meeting.session.id
    with pytest.raises(NotFound):
        await db.write(recordings.request, "1_MX4-unknown-fg")
    with pytest.raises(NotFound, match="not being recorded"):
        await db.write(recordings.stop, session_id)
    await db.write(recordings.request, session_id)
    with pytest.raises(Conflict) as refused:
        await db.write(recordings.request, session_id)
    assert refused.value.code == "recording_running"
    await meeting.end()
    with pytest.raises(Conflict) as refused:
        await db.write(recordings.request, session_id)
    assert refused.value.code == "not_started"


async def test_a_room_that_does_not_offer_recording(world: World) -> None:
    meeting = await a_meeting(world, features={"is_recording_available": False})
    with pytest.raises(Forbidden) as refused:
        await world.db.write(recordings.request, meeting.session.id)
    assert refused.value.code == "recording_unavailable"


async def test_a_room_that_records_by_itself(world: World) -> None:
    meeting = await a_meeting(world, auto_record=True)
    recording = await world.db.read(recordings.live, meeting.session.id)
    assert recording is not None and recording.automatic
    with pytest.raises(Conflict) as refused:
        await world.db.write(recordings.stop, meeting.session.id)
    assert refused.value.code == "recording_automatic"
    await world.db.write(recordings.claim, HERE)
    await meeting.end()
    assert (await world.db.read(recordings.latest, meeting.session.id)).state is RecordingState.STOPPING  # type: ignore[union-attr]


@pytest.mark.parametrize("by", ["host", "end"])
async def test_stopped_before_anybody_began(world: World, meeting: Meeting, by: str) -> None:
    await world.db.write(recordings.request, meeting.session.id)
    await (world.db.write(recordings.stop, meeting.session.id) if by == "host" else meeting.end())
    recording = await world.db.read(recordings.latest, meeting.session.id)
    assert recording is not None and recording.state is RecordingState.FAILED
    assert recording.reason == (recordings.STOPPED_EARLY if by == "host" else recordings.ENDED_EARLY)
    assert await world.db.write(recordings.claim, HERE) is None
    assert [(body["event"], body["failure_reason"]) for body in await told(world)] == [
        ("recording:ended", recording.reason)
    ]


async def test_failed_before_it_ran_announces_its_end_and_why(world: World, meeting: Meeting) -> None:
    asked = await world.db.write(recordings.request, meeting.session.id)
    await world.db.write(recordings.claim, HERE)
    assert await world.db.write(recordings.fail, asked.id, 1, "The recorder could not join the meeting.")
    failed = await world.db.read(recordings.get, world.application_id, asked.id)
    assert (failed.state, failed.reason) == (RecordingState.FAILED, "The recorder could not join the meeting.")
    now = "2026-03-01T08:00:00.000Z"
    assert await told(world) == [
        {
            "event": "recording:ended",
            "recording_id": asked.id,
            "session_id": meeting.session.id,
            "started_at": now,
            "ended_at": now,
            "duration": 0,
            "failure_reason": "The recorder could not join the meeting.",
        }
    ]
    assert await world.db.write(recordings.request, meeting.session.id)  # the way is free for another try


async def test_failed_after_it_ran_announces_its_end(world: World, meeting: Meeting) -> None:
    asked = await world.db.write(recordings.request, meeting.session.id)
    await world.db.write(recordings.claim, HERE)
    await world.db.write(recordings.started, asked.id, 1, world.now)
    world.later(seconds=90)
    await world.db.write(recordings.progress, asked.id, 1, alive=True)
    world.later(seconds=200)
    assert await world.db.write(recordings.fail, asked.id, 1, "Gone.")
    ended = (await told(world))[-1]
    assert (ended["event"], ended["ended_at"], ended["duration"]) == ("recording:ended", "2026-03-01T08:01:30.000Z", 90)
    assert ended["failure_reason"] == "Gone."


async def test_a_bad_end_with_a_file_is_failed_and_stored(world: World, meeting: Meeting) -> None:
    asked = await world.db.write(recordings.request, meeting.session.id)
    await world.db.write(recordings.claim, HERE)
    await world.db.write(recordings.started, asked.id, 1, world.now)
    await world.db.write(recordings.finished, asked.id, 1, Capture(60, fault="The disk is full."))
    claim = await world.db.write(recordings.claim_upload, HERE)
    assert claim is not None
    assert await world.db.write(recordings.uploaded, asked.id, claim.attempt, size=9, url="https://example.org/file")
    failed = await world.db.read(recordings.get, world.application_id, asked.id)
    assert (failed.state, failed.reason, failed.bytes) == (RecordingState.FAILED, "The disk is full.", 9)
    assert failed.stored_at == world.now
    assert [(body["event"], body.get("failure_reason")) for body in await told(world)] == [
        ("recording:started", None),
        ("recording:ended", "The disk is full."),
        ("recording:uploaded", "The disk is full."),
    ]


async def test_a_dead_recorder_is_claimed_again_and_the_old_one_can_change_nothing(
    world: World, meeting: Meeting
) -> None:
    db = world.db
    asked = await db.write(recordings.request, meeting.session.id)
    await db.write(recordings.claim, HERE)
    await db.write(recordings.started, asked.id, 1, world.now)
    assert await db.write(recordings.claim, HERE) is None
    world.now += lifecycle.RECORDING_LEASE
    assert await db.write(recordings.claim, THERE) is None  # the file lies here
    again = await db.write(recordings.claim, HERE)
    assert again is not None and again.attempt == 2 and again.recording.state is RecordingState.ACTIVE
    assert await db.write(recordings.progress, asked.id, 1, alive=True) is None
    for verb, rest in (
        (recordings.started, (world.now,)),
        (recordings.finished, (Capture(9),)),
        (recordings.fail, ("No.",)),
    ):
        assert await db.write(verb, asked.id, 1, *rest) is False  # type: ignore[call-arg, arg-type]
    assert await db.write(recordings.lost, asked.id, 1, had_media=True) is None
    assert await db.write(recordings.progress, asked.id, 2, alive=True) is RecordingState.ACTIVE
    assert [body["event"] for body in await told(world)] == ["recording:started"]


async def test_another_machine_takes_over_when_the_first_is_away_for_long(world: World, meeting: Meeting) -> None:
    await world.db.write(recordings.request, meeting.session.id)
    await world.db.write(recordings.claim, HERE)
    world.now += lifecycle.RECORDING_LEASE + lifecycle.FILE_RESERVED
    claim = await world.db.write(recordings.claim, THERE)
    assert claim is not None and claim.attempt == 2
    assert await world.db.write(recordings.lost, claim.recording.id, 2, had_media=False) is RecordingNext.GO_ON
    world.later(minutes=1)
    assert await world.db.write(recordings.claim, HERE) is None  # the new file lies there now


async def test_a_finished_file_waits_for_its_machine_for_a_day(world: World, meeting: Meeting) -> None:
    asked = await world.db.write(recordings.request, meeting.session.id)
    await world.db.write(recordings.claim, HERE)
    await world.db.write(recordings.finished, asked.id, 1, Capture(9))
    world.later(hours=23)
    assert await world.db.write(recordings.claim_upload, THERE) is None
    world.later(hours=2)
    claim = await world.db.write(recordings.claim_upload, THERE)
    assert claim is not None and await world.db.write(recordings.fail, asked.id, claim.attempt, "Gone.")
    ends = [body.get("failure_reason") for body in await told(world) if body["event"] == "recording:ended"]
    assert ends == [None, "Gone."], "whoever waits for the file is told that none will come"


async def test_a_lost_compositor_goes_on_until_patience_is_over(world: World, meeting: Meeting) -> None:
    db = world.db
    asked = await db.write(recordings.request, meeting.session.id)
    first = await db.write(recordings.claim, HERE)
    assert first is not None
    assert await db.write(recordings.lost, asked.id, 1, had_media=True) is RecordingNext.GO_ON
    assert await db.write(recordings.progress, asked.id, 1, alive=True) is None  # a renewal that comes too late
    second = await db.write(recordings.claim, HERE)  # at once
    assert second is not None
    assert await db.write(recordings.lost, asked.id, second.attempt, had_media=False) is RecordingNext.GO_ON
    assert await db.write(recordings.claim, HERE) is None  # after a pause
    world.now += lifecycle.RECORDING_PATIENCE
    third = await db.write(recordings.claim, HERE)
    assert third is not None
    assert await db.write(recordings.lost, asked.id, third.attempt, had_media=False) is RecordingNext.GIVE_UP
    await db.write(recordings.stop, meeting.session.id)
    assert await db.write(recordings.lost, asked.id, third.attempt, had_media=True) is RecordingNext.COMPLETE


async def test_a_restarted_recorder_has_its_work_back_at_once(world: World, meeting: Meeting) -> None:
    asked = await world.db.write(recordings.request, meeting.session.id)
    await world.db.write(recordings.claim, HERE)
    await world.db.write(recordings.reclaim, THERE)
    assert await world.db.write(recordings.claim, HERE) is None
    await world.db.write(recordings.reclaim, HERE)
    assert await world.db.read(recordings.kept, HERE) == {asked.id}
    assert await world.db.write(recordings.claim, HERE) is not None


async def test_uploads_are_tried_for_ever(world: World, meeting: Meeting) -> None:
    asked = await world.db.write(recordings.request, meeting.session.id)
    await world.db.write(recordings.claim, HERE)
    await world.db.write(recordings.finished, asked.id, 1, Capture(9))
    for _ in range(60):
        claim = await world.db.write(recordings.claim_upload, HERE)
        assert claim is not None
        assert await world.db.write(recordings.not_stored, asked.id, claim.attempt)
        assert await world.db.write(recordings.claim_upload, HERE) is None
        world.now += lifecycle.LONGEST_UPLOAD_WAIT


async def test_delete(world: World, meeting: Meeting) -> None:
    db, ours = world.db, world.application_id
    asked = await db.write(recordings.request, meeting.session.id)
    with pytest.raises(Conflict) as refused:
        await db.write(recordings.delete, ours, asked.id)
    assert refused.value.code == "not_uploaded"
    await db.write(recordings.claim, HERE)
    await db.write(recordings.finished, asked.id, 1, Capture(9))
    claim = await db.write(recordings.claim_upload, HERE)
    assert claim is not None
    await db.write(recordings.uploaded, asked.id, claim.attempt, size=9, url="https://example.org/file")
    assert (await db.read(recordings.stored, asked.id)).id == asked.id
    await db.write(recordings.delete, ours, asked.id)
    for read in (recordings.get, recordings.delete):
        with pytest.raises(NotFound):
            await db.write(read, ours, asked.id)
    with pytest.raises(NotFound):
        await db.read(recordings.stored, asked.id)
    assert await db.read(recordings.of_session, ours, meeting.session.id) == []
    claim = await db.write(recordings.claim_erase, THERE)
    assert claim is not None and claim.recording.key == asked.key
    assert await db.write(recordings.erased, asked.id, claim.attempt)
    world.later(days=1)
    assert await db.write(recordings.claim_erase, HERE) is None


async def test_another_tenant_sees_nothing(world: World, meeting: Meeting) -> None:
    asked = await world.db.write(recordings.request, meeting.session.id)
    with pytest.raises(NotFound):
        await world.db.read(recordings.get, "another", asked.id)
    with pytest.raises(NotFound):
        await world.db.read(recordings.of_session, "another", meeting.session.id)
    with pytest.raises(NotFound):
        await world.db.write(recordings.delete, "another", asked.id)
    assert await world.db.read(recordings.of_session, world.application_id, meeting.session.id) == [asked]


async def test_the_page_is_told_of_the_lock_until_it_has_been(world: World, meeting: Meeting) -> None:
    db, session = world.db, meeting.session
    for locked in (True, False):
        await db.write(powers.lock, session, locked=locked)
        (notice,) = await db.read(recordings.notices)
        told = json.loads(notice.metadata)
        assert (told["recording"], told["locked"]) == (None, locked)
        await db.write(powers.lock, session, locked=not locked)
        await db.write(recordings.shown, notice)
        (newer,) = await db.read(recordings.notices)  # the truth had moved on meanwhile
        assert json.loads(newer.metadata)["locked"] is not locked
        await db.write(recordings.shown, newer)
        assert await db.read(recordings.notices) == []


async def test_what_the_page_is_told(world: World, meeting: Meeting) -> None:
    db, session_id = world.db, meeting.session.id
    offered = {"recording": True, "chat": True, "whiteboard": True, "locale_switcher": False, "captions": False}
    told = {"recording": None, "locked": False, "features": offered}
    assert json.loads(await db.read(recordings.engine_metadata, session_id)) == told
    assert await db.read(recordings.notices) == []
    asked = await db.write(recordings.request, session_id)
    (notice,) = await db.read(recordings.notices)
    seen = json.loads(notice.metadata)["recording"]
    assert seen == {"id": asked.id, "state": "requested", "started_at": None, "reason": None, "automatic": False}
    await db.write(recordings.claim, HERE)  # in between
    await db.write(recordings.shown, notice)
    (notice,) = await db.read(recordings.notices)
    assert json.loads(notice.metadata)["recording"]["state"] == "starting"
    await db.write(recordings.shown, notice)
    assert await db.read(recordings.notices) == []


async def test_two_hundred_who_ask_at_once(world: World, meeting: Meeting) -> None:
    answers = await asyncio.gather(
        *(world.db.write(recordings.request, meeting.session.id) for _ in range(200)), return_exceptions=True
    )
    assert sum(isinstance(answer, recordings.Recording) for answer in answers) == 1
    assert {type(answer) for answer in answers} == {recordings.Recording, Conflict}
    claims = await asyncio.gather(*(world.db.write(recordings.claim, f"machine-{n}") for n in range(50)))
    assert sum(claim is not None for claim in claims) == 1


async def test_a_stop_an_end_and_a_finish_at_once(world: World, meeting: Meeting) -> None:
    """They take locks in the same order: no deadlock, one end."""
    asked = await world.db.write(recordings.request, meeting.session.id)
    await world.db.write(recordings.claim, HERE)
    await world.db.write(recordings.started, asked.id, 1, world.now)
    ended = [sessions.Change("ended", meeting.session.id, asked.room_id)]
    works = [
        *(world.db.write(recordings.finished, asked.id, 1, Capture(9)) for _ in range(10)),
        *(world.db.write(recordings.follow, ended) for _ in range(10)),
        *(world.db.write(recordings.fail, asked.id, 1, "No.") for _ in range(10)),
        *(world.db.write(recordings.progress, asked.id, 1, alive=True) for _ in range(10)),
    ]
    answers = await asyncio.gather(*works)
    assert answers.count(True) == 1
    assert [body["event"] for body in await told(world)] == ["recording:started", "recording:ended"]


@pytest.mark.parametrize(
    ("name", "plain"),
    [
        ("../../etc/passwd", "..-..-etc-passwd"),
        ("a\r\nSet-Cookie: b", "aSet-Cookie- b"),
        ("\u202eevil", "evil"),
        ("x" * 300, "x" * 80),
        ("Übung 日本", "Übung 日本"),
        ("\0", "Recording"),
        ("..", "Recording"),
    ],
)
async def test_file_names_are_harmless(world: World, meeting: Meeting, name: str, plain: str) -> None:
    asked = await world.db.write(recordings.request, meeting.session.id)
    assert replace(asked, display_name=name).filename == f"{plain.strip(' .')}.mp4"
