"""Who is told what of a meeting: one mail a person for one change, and nobody who is not concerned."""

from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from convene import access, applications, meetings, outbox, retention, tables, users
from convene.db import Tx
from convene.letters import Kind, Part
from convene.meetings import Attendee, Meeting, Spec, notices
from convene.outbox import State
from tests.world import World

HOST, ADA, BOB, EVE = "grace@example.org", "ada@example.org", "bob@example.net", "eve@example.net"
NINE = int(datetime(2026, 3, 10, 9, 0, tzinfo=UTC).timestamp())
OPEN = timedelta(days=30)

Told = list[tuple[str, str]]


class Scene:
    """A host, a user Ada, and a meeting of theirs."""

    def __init__(self, world: World, host: users.User, ada: users.User):
        self.world, self.host, self.ada, self._seen = world, host, ada, 0

    async def make(self, *emails: str, **spec: Any) -> Meeting:
        invited = (Attendee(self.ada.number), *(Attendee(None, email) for email in emails))
        given = {"start_date": NINE, "end_date": NINE + 3600, "attendees": invited, "notify": True}
        made = Spec("Launch review", **given | spec)

        def work(tx: Tx) -> Meeting:
            application = access.application(tx, self.world.application_id)
            return meetings.create(tx, application, self.host, made, digits=12, open_for=OPEN)

        return await self.world.db.write(work)

    async def change(self, meeting: Meeting, **changes: Any) -> None:
        own = self.world.application_id
        await self.world.db.write(meetings.update, own, meeting.id, changes, open_for=OPEN)

    async def delete(self, meeting: Meeting) -> None:
        await self.world.db.write(meetings.delete, self.world.application_id, meeting.id)

    async def told(self) -> Told:
        """Kind and address of the mails since the last look, sorted."""
        found = await self.world.db.read(outbox.latest, self.world.application_id)
        new = [one for one in found if one.serial > self._seen]
        self._seen = max((one.serial for one in found), default=0)
        return sorted((one.kind, one.address) for one in new if one.state == State.PENDING)

    async def facts(self, address: str) -> dict[str, Any]:
        found = await self.world.db.read(outbox.latest, self.world.application_id)
        serial = next(one.serial for one in found if one.address == address)
        return dict((await self.world.db.read(outbox.get, self.world.application_id, serial)).facts)

    async def sent(self) -> None:
        """The server has taken all."""
        await self.world.db.write(Tx.execute, sa.update(tables.mail).values(state=State.SENT, due_at=None, attempt=1))


async def scene(world: World) -> Scene:
    host = await world.cube.user("grace", email=HOST, full_name="Grace Hopper", language="de")
    return Scene(world, host, await world.cube.user("ada", email=ADA, full_name="Ada L"))


def all_of(kind: str, *more: str) -> Told:
    return sorted((kind, address) for address in (HOST, ADA, *more))


async def test_everybody_is_invited_if_that_is_asked_for(world: World) -> None:
    on = await scene(world)
    await on.make(BOB)
    assert await on.told() == all_of("invitation", BOB)
    facts = await on.facts(ADA)
    assert (facts["name"], facts["start"], facts["end"]) == ("Launch review", NINE, NINE + 3600)
    assert facts["host"] == {"name": "Grace Hopper", "email": HOST}
    assert facts["guests"] == [{"name": "Ada L", "email": ADA}, {"name": None, "email": BOB}]
    await on.make(BOB, notify=False)
    assert await on.told() == []


async def test_nobody_gets_two(world: World) -> None:
    on = await scene(world)
    await on.make(BOB, BOB.upper(), f" {ADA} ", HOST)
    assert await on.told() == all_of("invitation", BOB)


async def test_the_lists_own_address_comes_before_the_users(world: World) -> None:
    on = await scene(world)
    await on.make(attendees=(Attendee(on.ada.number, "work@example.org"),))
    assert await on.told() == [("invitation", HOST), ("invitation", "work@example.org")]


async def test_who_is_added_is_invited_and_who_is_taken_off_is_told(world: World) -> None:
    on = await scene(world)
    meeting = await on.make(BOB)
    await on.told()
    await on.change(meeting, attendees=(Attendee(on.ada.number), Attendee(None, EVE)))
    assert await on.told() == [("cancellation", BOB), ("invitation", EVE)]


async def test_what_everybody_must_know_goes_to_all_once(world: World) -> None:
    on = await scene(world)
    meeting = await on.make(BOB)
    await on.told()
    changes: list[dict[str, Any]] = [
        {"start_date": NINE + 60},
        {"name": "Another"},
        {"end_date": NINE + 7200},
        {"timezone": {"offset": 60, "name": "Europe/Paris"}},
        {"rrule": "FREQ=WEEKLY"},
        {"start_date": NINE, "name": "All at once", "end_date": NINE + 1},
    ]
    for change in changes:
        await on.change(meeting, **change)
        assert await on.told() == all_of("change", BOB), change
    for change in ({"public": True}, {"record": True}, {"scheduled": True}, {}, {"name": "All at once"}):
        await on.change(meeting, **change)
        assert await on.told() == [], change


async def test_a_change_with_a_new_list_is_one_mail_each(world: World) -> None:
    on = await scene(world)
    meeting = await on.make(BOB)
    await on.told()
    await on.change(meeting, name="Moved", attendees=(Attendee(on.ada.number), Attendee(None, EVE)))
    assert await on.told() == sorted([*all_of("change"), ("cancellation", BOB), ("invitation", EVE)])


async def test_switched_on_later_it_invites_and_switched_off_it_is_silent(world: World) -> None:
    on = await scene(world)
    meeting = await on.make(BOB, notify=False)
    await on.change(meeting, notify=True, name="Now")
    assert await on.told() == all_of("invitation", BOB)
    await on.change(meeting, notify=False, name="Off")
    await on.delete(meeting)
    assert await on.told() == []


async def test_deleted_it_is_cancelled_for_all_who_had_heard_of_it(world: World) -> None:
    on = await scene(world)
    meeting = await on.make(BOB)
    await on.sent()
    await on.change(meeting, attendees=(*meeting.attendees, Attendee(None, EVE)))
    await on.told()
    await on.delete(meeting)
    assert await on.told() == all_of("cancellation", BOB)
    assert (await on.facts(BOB))["sequence"] > meeting.sequence
    states = {one.address: one.state for one in await world.db.read(outbox.latest, world.application_id)}
    assert states[EVE] == State.WITHDRAWN


# --- Reminders ------------------------------------------------------------------------------------------------------


async def remind(world: World) -> int:
    return await world.db.write(notices.remind_due)


async def test_all_are_reminded_before_it_begins(world: World) -> None:
    on = await scene(world)
    await on.make(BOB, notify_before={"metric": "hours", "value": 2})
    await on.told()
    world.now = datetime.fromtimestamp(NINE, UTC) - timedelta(hours=2, seconds=1)
    assert await remind(world) == 0
    world.later(seconds=1)
    assert await remind(world) == 1
    assert await on.told() == all_of("reminder", BOB)
    assert await remind(world) == 0


async def test_moved_it_reminds_at_the_new_time(world: World) -> None:
    on = await scene(world)
    meeting = await on.make(notify_before={"metric": "minutes", "value": 10})
    await on.change(meeting, start_date=NINE + 86400)
    await on.told()
    world.now = datetime.fromtimestamp(NINE, UTC)
    assert await remind(world) == 0
    world.later(days=1, minutes=-10)
    await remind(world)
    assert await on.told() == all_of("reminder")
    assert (await on.facts(ADA))["start"] == NINE + 86400


async def test_each_time_of_a_repeating_meeting_is_reminded_of(world: World) -> None:
    on = await scene(world)
    zone = {"offset": 60, "name": "Europe/Berlin"}
    spec = {"rrule": "FREQ=WEEKLY;COUNT=4", "timezone": zone}
    await on.make(notify_before={"metric": "days", "value": 10}, **spec)
    await on.told()
    began = []
    for _ in range(8):
        while await remind(world):
            if await on.told():
                began.append((await on.facts(ADA))["start"])
        world.later(days=7)
    week = 7 * 86400
    assert began == [
        NINE + week,
        NINE + 2 * week,
        NINE + 3 * week - 3600,
    ]  # at the same hour, after the change to summer time


async def test_a_reminder_that_is_late_is_not_for_the_next_time(world: World) -> None:
    on = await scene(world)
    await on.make(notify_before={"metric": "hours", "value": 1}, rrule="FREQ=WEEKLY")
    await on.told()
    world.now = datetime.fromtimestamp(NINE, UTC) + timedelta(minutes=5)
    assert await remind(world) == 1
    assert await on.told() == []


async def test_without_notify_or_deleted_nobody_is_reminded(world: World) -> None:
    on = await scene(world)
    before = {"metric": "hours", "value": 1}
    await on.make(notify=False, notify_before=before)
    await on.delete(await on.make(notify_before=before))
    await on.told()
    world.now = datetime.fromtimestamp(NINE, UTC)
    assert await remind(world) == 0 and await on.told() == []


async def test_milliseconds_are_a_date_and_nonsense_is_none(world: World) -> None:
    on = await scene(world)
    await on.make(start_date=NINE * 1000, end_date=(NINE + 3600) * 1000)
    assert (await on.facts(ADA))["start"] == NINE
    await on.make(start_date=10**17, end_date=-5)
    assert (await on.facts(ADA))["start"] is None


# --- Recordings -----------------------------------------------------------------------------------------------------


async def test_the_host_hears_of_recordings(world: World) -> None:
    on = await scene(world)
    meeting = await on.make(BOB)
    await on.told()
    files = [{"file_uid": "r-1", "duration": 61.0}, {"file_uid": "r-2", "duration": 5.0}]
    await world.db.write(notices.recorded, meeting, files)
    assert await on.told() == [("recorded", HOST)]
    assert [one["id"] for one in (await on.facts(HOST))["recorded"]] == ["r-1", "r-2"]


# --- What stays -----------------------------------------------------------------------------------------------------


async def test_no_secret_is_stored_with_the_facts(world: World) -> None:
    on = await scene(world)
    await on.make(BOB)
    stored = await world.db.read(Tx.all, sa.select(tables.notice.c.facts))
    assert "token" not in str(stored) and "http" not in str(stored)


async def test_a_deleted_applications_mail_goes(world: World) -> None:
    on = await scene(world)
    await on.make(BOB)
    await world.db.write(outbox.put_template, world.application_id, Kind.CHANGE, {Part.TEXT: "x"})
    await on.sent()
    await world.db.write(applications.delete, world.first.api_key, world.application_id)
    world.later(minutes=1)
    for step in retention.steps(await world.db.read(retention.plans, retention.days(world.runtime.settings))):
        while await world.db.write(step):
            pass
    for table in (tables.notice, tables.mail, tables.mail_template):
        assert await world.db.read(Tx.all, sa.select(table)) == []
