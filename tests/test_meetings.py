"""Scheduled meetings in the product: their rooms, who finds them, when people are reminded, and who wins a race."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import pytest_asyncio
import sqlalchemy as sa

from convene import access, chat, meetings, retention, rooms, sessions, tables
from convene.db import Tx
from convene.engine import Person
from convene.errors import NotFound
from convene.meetings import Asked, Attendee, Filter, Meeting, Spec
from convene.rooms import Room
from convene.users import User
from tests.world import START, World, key_pair

OPEN = timedelta(days=30)
TOMORROW = int((START + timedelta(days=1)).timestamp())
HOUR = 3600


class Diary:
    """One host's meetings in a world."""

    def __init__(self, world: World, host: User):
        self.world, self.host = world, host

    async def make(self, **said: Any) -> Meeting:
        spec = Spec(**{"name": "Launch review", "start_date": TOMORROW, "end_date": TOMORROW + HOUR, **said})

        def work(tx: Tx) -> Meeting:
            application = access.application(tx, self.world.application_id)
            return meetings.create(tx, application, self.host, spec, digits=12, open_for=OPEN)

        return await self.world.db.write(work)

    async def change(self, meeting: Meeting, **changes: Any) -> Meeting:
        application_id = self.world.application_id
        return await self.world.db.write(meetings.update, application_id, meeting.id, changes, open_for=OPEN)

    async def again(self, meeting: Meeting) -> Meeting:
        return await self.world.db.read(meetings.get, self.world.application_id, meeting.id)

    async def cancel(self, meeting: Meeting) -> None:
        await self.world.db.write(meetings.delete, self.world.application_id, meeting.id)

    async def room(self, meeting: Meeting) -> Room:
        return await self.world.db.read(rooms.get, self.world.application_id, meeting.room_id)

    async def found(self, user: User | None = None, *filters: Filter, **asked: Any) -> list[str]:
        who = {meetings.EVERYBODY} if user is None else meetings.keys_of(user)
        question = Asked(filters, **asked)
        page = await self.world.db.read(meetings.page, self.world.application_id, who, question)
        return [one.id for one in page]


@pytest_asyncio.fixture
async def diary(world: World) -> AsyncIterator[Diary]:
    yield Diary(world, await world.cube.user("grace"))


async def rows(world: World, table: sa.Table) -> int:
    return int(await world.db.read(lambda tx: tx.connection.scalar(sa.select(sa.func.count()).select_from(table))) or 0)


async def occupants(diary: Diary, meeting: Meeting) -> set[int]:
    assert meeting.dialog_id is not None
    return set((await diary.world.db.read(chat.occupants, [meeting.dialog_id]))[meeting.dialog_id])


# --- Made, changed, deleted -----------------------------------------------------------------------------------------


async def test_a_meeting_is_kept_as_it_was_said(diary: Diary) -> None:
    said: dict[str, Any] = {
        "attendees": (Attendee(7001, "ada@example.org"), Attendee(None, "Guest@Example.net"), Attendee(7002)),
        "public": True,
        "scheduled": True,
        "record": True,
        "notify": True,
        "notify_before": {"metric": "hours", "value": 1},
        "timezone": {"offset": 120, "name": "Europe/Riga"},
        "rrule": "FREQ=WEEKLY",
    }
    made = await diary.make(**said)
    assert await diary.again(made) == made
    assert {name: getattr(made, name) for name in said} == said
    assert made.host_number == diary.host.number
    assert made.id[:8] == f"{int(START.timestamp()):08x}"
    assert (made.created_at, made.updated_at, made.sequence, made.dialog_id) == (START, START, 0, None)


async def test_it_owns_a_room_that_no_limit_counts(diary: Diary) -> None:
    made = await diary.make(record=True)
    room = await diary.room(made)
    assert (room.display_name, room.type, room.auto_record) == ("Launch review", "long_term", True)
    assert room.join_approval_level == "explicit_approval"
    assert await diary.world.db.read(meetings.of_room, room.id) == made
    room = await diary.room(await diary.make(public=True))
    assert room.join_approval_level == "none"

    def work(tx: Tx) -> Room:
        application = access.application(tx, diary.world.application_id)
        return rooms.create(tx, application, rooms.Spec("Weekly sync"), limit=1, digits=12)

    assert await diary.world.db.write(work), "the two rooms before it take no place"


async def test_a_dialog_comes_before_its_meeting_and_goes_with_it(diary: Diary) -> None:
    ada = await diary.world.cube.user("ada")
    made = await diary.make(chat=True, attendees=(Attendee(ada.number), Attendee(None, "guest@example.net")))
    assert made.dialog_id is not None
    assert made.dialog_id < made.id
    assert await occupants(diary, made) == {diary.host.number, ada.number}
    await diary.change(made, attendees=(), name="Postponed")
    assert await occupants(diary, made) == {diary.host.number}
    dialog = await diary.world.db.read(chat.dialog, diary.world.application_id, made.dialog_id)
    assert dialog.name == "Postponed"
    await diary.cancel(made)
    with pytest.raises(NotFound):
        await diary.world.db.read(chat.dialog, diary.world.application_id, made.dialog_id)


async def test_a_change_reaches_the_room(diary: Diary) -> None:
    made = await diary.make()
    diary.world.later(minutes=5)
    changed = await diary.change(made, name="Retrospective", public=True, record=True)
    assert changed == await diary.again(made)
    assert changed.updated_at == START + timedelta(minutes=5)
    room = await diary.room(made)
    assert (room.display_name, room.join_approval_level, room.auto_record) == ("Retrospective", "none", True)


@pytest.mark.parametrize(
    ("changes", "raised"),
    [
        ({"name": "Other"}, 1),
        ({"start_date": TOMORROW + 60}, 1),
        ({"end_date": TOMORROW + 60}, 1),
        ({"attendees": (Attendee(7001),)}, 1),
        ({"timezone": {"offset": 0, "name": "UTC"}}, 1),
        ({"rrule": "FREQ=DAILY"}, 1),
        ({"record": True, "scheduled": True, "public": True, "notify": True}, 0),
        ({"name": "Launch review"}, 0),
    ],
)
async def test_the_sequence_counts_what_calendars_must_know(
    diary: Diary, changes: Mapping[str, Any], raised: int
) -> None:
    assert (await diary.change(await diary.make(), **changes)).sequence == raised


async def test_what_changes_nothing_is_no_change(diary: Diary) -> None:
    made = await diary.make(attendees=(Attendee(7001),))
    diary.world.later(minutes=5)
    assert await diary.change(made, record=False, name=made.name, attendees=(Attendee(7001),)) == made


async def test_a_deleted_meeting_is_gone_but_for_its_recordings(diary: Diary) -> None:
    made = await diary.make(notify=True, notify_before={"metric": "hours", "value": 1})
    room = await diary.room(made)
    session, person, _ = await diary.world.db.write(sessions.admit, room, "Grace", sessions.Right(is_host=True), None)
    here = [Person("PA_1", person.id, "Grace", diary.world.now, False)]
    await diary.world.db.write(sessions.observe, session.id, here, timedelta(seconds=20))
    await diary.cancel(made)
    for work in (diary.again(made), diary.cancel(made), diary.change(made, name="Other")):
        with pytest.raises(NotFound):
            await work
    assert await diary.found(diary.host) == await diary.found() == []
    assert not rooms.is_available(await diary.room(made), diary.world.now)
    assert (await diary.world.db.read(sessions.get, session.id)).ended_at == diary.world.now
    kept = await diary.world.db.read(meetings.get, diary.world.application_id, made.id, even_deleted=True)
    assert (kept.deleted_at, kept.remind_at, kept.sequence) == (diary.world.now, None, 1)
    assert await diary.world.db.read(meetings.of_room, made.room_id) == kept


# --- Time -----------------------------------------------------------------------------------------------------------

YEAR = timedelta(days=365)


@pytest.mark.parametrize(
    ("start", "end", "closes"),
    [
        (START + YEAR, START + YEAR + timedelta(hours=1), START + YEAR + timedelta(hours=1) + OPEN),
        (START + YEAR, START, START + YEAR + OPEN),  # the later of the two
        (START - 5 * YEAR, START - 5 * YEAR, START + OPEN),  # as in the vendor's own example
        (datetime(1970, 1, 21, tzinfo=UTC), datetime(1970, 1, 21, tzinfo=UTC), START + OPEN),
        (START + 11 * YEAR, START + 11 * YEAR, START + OPEN),
        (START + timedelta(days=1), START + 11 * YEAR, START + timedelta(days=1) + OPEN),
    ],
)
async def test_the_room_closes_some_time_after_the_meeting(
    diary: Diary, start: datetime, end: datetime, closes: datetime
) -> None:
    seconds = [int(date.timestamp()) for date in (start, end)]
    assert (await diary.room(await diary.make(start_date=seconds[0], end_date=seconds[1]))).expires_at == closes
    milliseconds = [1000 * number for number in seconds]
    if seconds[0] > 10**9:  # milliseconds of 1970 look like seconds
        made = await diary.make(start_date=milliseconds[0], end_date=milliseconds[1])
        assert (made.start_date, made.end_date) == tuple(milliseconds), "as they were said"
        assert (await diary.room(made)).expires_at == closes


@pytest.mark.parametrize("date", [0, -1, 2**63 - 1, -(2**63), 10**11, 10**11 + 1])
async def test_no_date_is_too_strange(diary: Diary, date: int) -> None:
    made = await diary.make(
        start_date=date,
        end_date=date,
        rrule="FREQ=DAILY;COUNT=3",
        notify=True,
        notify_before={"metric": "weeks", "value": 4},
        timezone={"offset": -720, "name": ""},
    )
    assert (await diary.again(made)).start_date == date
    assert (await diary.room(made)).expires_at == START + OPEN


async def test_the_room_of_a_meeting_that_repeats_lasts_to_its_last_time(diary: Diary) -> None:
    thrice = await diary.make(rrule="FREQ=WEEKLY;COUNT=3")
    last = START + timedelta(days=1, weeks=2, hours=1)
    assert (await diary.room(thrice)).expires_at == last + OPEN
    always = await diary.make(rrule="FREQ=WEEKLY")
    assert (await diary.room(always)).expires_at == START + timedelta(days=3653) + OPEN


async def test_a_moved_meeting_opens_its_room_again(diary: Diary) -> None:
    made = await diary.make()
    diary.world.later(days=60)
    assert await diary.world.db.write(rooms.expire_due) == 1
    await diary.change(made, name="Other")
    assert not rooms.is_available(await diary.room(made), diary.world.now), "a new name moves nothing"
    await diary.change(made, end_date=TOMORROW)
    room = await diary.room(made)
    assert rooms.is_available(room, diary.world.now)
    assert room.expires_at == room.closes_at == diary.world.now + OPEN
    diary.world.later(days=30)
    assert await diary.world.db.write(rooms.expire_due) == 1


def after(**span: float) -> datetime:
    return START + timedelta(days=1) + timedelta(**span)


@pytest.mark.parametrize(
    ("said", "reminded"),
    [
        ({"notify_before": {"metric": "minutes", "value": 10}}, after(minutes=-10)),
        ({"notify_before": {"metric": "hours", "value": 23}}, after(hours=-23)),
        ({"notify_before": {"metric": "days", "value": 1}}, None),  # that is now: the invitation says it
        ({"notify_before": {"metric": "weeks", "value": 1}}, None),
        ({"notify_before": {"metric": "weeks", "value": 1}, "rrule": "FREQ=WEEKLY"}, after()),  # of the second time
        (
            {"notify_before": {"metric": "days", "value": 1}, "start_date": TOMORROW * 1000 + 1000},
            after(days=-1, seconds=1),
        ),
        ({"notify_before": {"metric": "days", "value": 1}, "notify": False, "rrule": "FREQ=WEEKLY"}, None),
        ({"notify_before": None}, None),
        ({"notify_before": {"metric": "minutes", "value": 0}}, after()),
    ],
)
async def test_when_people_are_reminded(diary: Diary, said: Mapping[str, Any], reminded: datetime | None) -> None:
    assert (await diary.make(**{"notify": True, **said})).remind_at == reminded


async def test_a_reminder_moves_with_the_start_and_waits_for_notify(diary: Diary) -> None:
    made = await diary.make(notify_before={"metric": "hours", "value": 1})
    assert made.remind_at is None
    assert (await diary.change(made, notify=True)).remind_at == after(hours=-1)
    assert (await diary.change(made, start_date=TOMORROW + 7200)).remind_at == after(hours=1)
    diary.world.now = after(hours=1)
    assert (await diary.change(made, name="Other")).remind_at == after(hours=1), "due, and still to go out"
    assert (await diary.change(made, notify_before=None)).remind_at is None


# --- Lists ----------------------------------------------------------------------------------------------------------


async def test_who_finds_a_meeting(diary: Diary) -> None:
    cube = diary.world.cube
    ada = await cube.user("ada", email="Ada@Example.org", verified=True)
    bob = await cube.user("bob", email="bob@example.org")
    made = await diary.make(
        attendees=(Attendee(None, "aDa@example.org"), Attendee(None, "bob@example.org")), public=True
    )
    for user in (diary.host, ada, None):
        assert await diary.found(user) == [made.id]
    assert await diary.found(bob) == [], "his address is not verified; and public meetings are in nobody's list"
    both = await diary.change(
        made, attendees=(Attendee(bob.number, "x@example.org"), *made.attendees, Attendee(ada.number))
    )
    for user in (diary.host, ada, bob, None):
        assert await diary.found(user) == [made.id], "once"
    assert [meetings.is_member(both, user) for user in (diary.host, ada, bob)] == [True] * 3
    await diary.change(made, attendees=())
    assert await diary.found(ada) == await diary.found(bob) == []
    assert await diary.found(diary.host) == [made.id]


async def test_filters_and_orders(diary: Diary) -> None:
    made = []
    for number in range(6):
        diary.world.later(seconds=1)
        start = TOMORROW + (number * 5 % 6) * HOUR
        made.append(await diary.make(start_date=start, end_date=start + number, scheduled=number % 2 == 0))
    diary.world.later(seconds=1)
    changed = await diary.change(made[2], name="Other")
    ids = [one.id for one in made]
    by_start = sorted(made, key=lambda one: one.start_date)

    async def found(*filters: tuple[str, str, Any], **asked: Any) -> list[int]:
        given = [Filter(*one) for one in filters]
        return [ids.index(id) for id in await diary.found(diary.host, *given, **asked)]

    newest = [5, 4, 3, 2, 1, 0]
    assert await found() == newest
    assert await found(falling=False) == newest[::-1]
    assert await found(sort="created_at") == newest
    assert (await found(sort="updated_at"))[0] == 2
    assert await found(sort="start_date", falling=False) == [ids.index(one.id) for one in by_start]
    assert await found(sort="end_date", limit=2, offset=1) == [ids.index(one.id) for one in by_start[::-1][1:3]]
    assert await found(("scheduled", "eq", True)) == [4, 2, 0]
    assert await found(("scheduled", "ne", True), limit=2) == [5, 3]
    middle = by_start[2].start_date
    for operator, holds in {
        "eq": lambda x: x == middle,
        "ne": lambda x: x != middle,
        "gt": lambda x: x > middle,
        "gte": lambda x: x >= middle,
        "lt": lambda x: x < middle,
        "lte": lambda x: x <= middle,
    }.items():
        wanted = [place for place in newest if holds(made[place].start_date)]
        assert await found(("start_date", operator, middle)) == wanted, operator
    two = [made[1].start_date, made[4].start_date]
    assert await found(("start_date", "in", two)) == [4, 1]
    assert await found(("start_date", "nin", two)) == [5, 3, 2, 0]
    assert await found(("_id", "in", [ids[0], ids[3], "f" * 24])) == [3, 0]
    assert await found(("_id", "lt", ids[3]), limit=2) == [2, 1]
    assert await found(("_id", "gt", ids[3]), sort="start_date") == sorted([4, 5], key=lambda n: -made[n].start_date)
    assert await found(("created_at", "gt", made[3].created_at)) == [5, 4]
    assert await found(("created_at", "gte", made[3].created_at)) == [5, 4, 3]
    assert await found(("created_at", "lte", made[1].created_at), sort="start_date", falling=False) == [0, 1]
    assert await found(("created_at", "eq", made[1].created_at)) == [1]
    assert await found(("updated_at", "gte", changed.updated_at)) == [2]
    assert await found(("start_date", "gte", middle), ("scheduled", "eq", True), ("_id", "ne", ids[2])) == [
        place for place in (4, 0) if made[place].start_date >= middle
    ]


async def test_a_list_is_the_same_by_whatever_way_it_is_found(diary: Diary) -> None:
    """Few may be sorted, or none: then all lists are walked."""
    ada = await diary.world.cube.user("ada", email="ada@example.org", verified=True)
    people = (Attendee(ada.number), Attendee(None, "ada@example.org"))
    for number in range(12):
        diary.world.later(milliseconds=700)
        await diary.make(
            attendees=people[: 1 + number % 2],
            start_date=TOMORROW + number * 7 % 12,
            end_date=TOMORROW + number * 5 % 12,
            scheduled=number % 3 == 0,
        )
    questions: list[tuple[list[Filter], dict[str, Any]]] = [
        ([Filter("start_date", "gte", TOMORROW + 4)], {}),
        ([Filter("start_date", "gte", TOMORROW + 4)], {"sort": "end_date", "falling": False}),
        ([Filter("scheduled", "eq", False)], {"sort": "start_date", "limit": 3, "offset": 2}),
        ([Filter("created_at", "gt", START + timedelta(seconds=3))], {"sort": "updated_at"}),
        ([Filter("end_date", "in", [TOMORROW, TOMORROW + 7])], {}),
        ([Filter("start_date", "lt", TOMORROW + 9), Filter("scheduled", "ne", True)], {"sort": "end_date"}),
    ]
    for filters, asked in questions:
        given = (diary.world.application_id, meetings.keys_of(ada), Asked(filters, **asked))
        found = await diary.world.db.read(meetings.page, *given)
        assert found
        assert await diary.world.db.read(meetings.page, *given, few=0) == found, asked


async def test_the_total_counts_each_once(diary: Diary) -> None:
    ada = await diary.world.cube.user("ada", email="ada@example.org", verified=True)
    for _ in range(3):
        await diary.make(attendees=(Attendee(ada.number), Attendee(None, "ada@example.org")))
    own = diary.world.application_id
    for who in (meetings.keys_of(ada), meetings.keys_of(diary.host), {meetings.EVERYBODY}):
        assert await diary.world.db.read(meetings.total, own, who, []) == 3
        later = [Filter("start_date", "gt", TOMORROW)]
        assert await diary.world.db.read(meetings.total, own, who, later) == 0


# --- Races ----------------------------------------------------------------------------------------------------------


async def test_changes_at_once_all_count(diary: Diary) -> None:
    made = await diary.make()
    emails = [f"guest{number}@example.net" for number in range(8)]
    await asyncio.gather(
        *(diary.change(made, attendees=(Attendee(None, email),)) for email in emails),
        *(diary.change(made, name=f"Name {number}") for number in range(8)),
    )
    changed = await diary.again(made)
    assert changed.sequence == 16
    assert changed.name.startswith("Name ")
    members = sa.select(tables.meeting_member.c.who).where(tables.meeting_member.c.meeting_id == made.id)
    listed = {row.who for row in await diary.world.db.read(lambda tx: tx.all(members))}
    assert listed == {meetings.EVERYBODY, str(diary.host.number), changed.attendees[0].email}


async def test_of_a_change_and_a_deletion_at_once_the_deletion_is_last(diary: Diary) -> None:
    made = [await diary.make(chat=True) for _ in range(6)]
    moved = [diary.change(one, start_date=TOMORROW + HOUR, attendees=(Attendee(7001),)) for one in made]
    ends = await asyncio.gather(*moved, *(diary.cancel(one) for one in made), return_exceptions=True)
    assert all(end is None or isinstance(end, Meeting | NotFound) for end in ends), ends
    for one in made:
        assert not rooms.is_available(await diary.room(one), diary.world.now)
    assert await diary.found() == []
    assert await rows(diary.world, tables.meeting_member) == 0


# --- Walls and forgetting -------------------------------------------------------------------------------------------


async def test_another_applications_meeting_is_none(diary: Diary) -> None:
    made = await diary.make(public=True)
    other = await diary.world.db.write(access.create_first, "Mallory", key_pair())
    for work in (
        diary.world.db.read(meetings.get, other.application_id, made.id),
        diary.world.db.write(meetings.update, other.application_id, made.id, {"name": "stolen"}, open_for=OPEN),
        diary.world.db.write(meetings.delete, other.application_id, made.id),
    ):
        with pytest.raises(NotFound):
            await work
    for who in (meetings.keys_of(diary.host), {meetings.EVERYBODY}):
        assert await diary.world.db.read(meetings.page, other.application_id, who, Asked()) == []
    assert await diary.again(made) == made


async def test_all_of_a_meeting_is_forgotten_with_its_room(diary: Diary) -> None:
    gone = await diary.make(attendees=(Attendee(None, "guest@example.net"),))
    kept = await diary.make(attendees=(Attendee(None, "guest@example.net"),))
    assert await diary.world.db.write(meetings.forget, [gone.room_id]) == 1
    assert await diary.world.db.write(meetings.forget, [gone.room_id]) == 0
    assert await diary.found() == [kept.id]
    counts = [
        await rows(diary.world, table) for table in (tables.meeting, tables.meeting_attendee, tables.meeting_member)
    ]
    assert counts == [1, 1, 3]


async def test_retention_leaves_nothing_of_a_meeting(diary: Diary) -> None:
    await diary.make(attendees=(Attendee(None, "guest@example.net"),), chat=True)
    held = (tables.meeting, tables.meeting_attendee, tables.meeting_member, tables.dialog, tables.room)
    diary.world.later(days=40)
    assert await diary.world.db.write(rooms.expire_due) == 1
    diary.world.later(days=1)
    own, before = diary.world.application_id, diary.world.now
    for _ in range(20):
        if not await diary.world.db.write(retention.forget_rooms, own, before):
            break
    assert [await rows(diary.world, table) for table in held] == [0] * 5
