"""A machine that lives through room life on the real verbs, beside a model: rooms, sessions, recordings, the engine's telling and
losing, and time, in any order.
"""

import asyncio
import json
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any, TypeVar

import sqlalchemy as sa
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)

from convene import access, events, recordings, rooms, sessions, tables
from convene.db import Database, Tx
from convene.engine import EngineEvent, MemoryEngine, Person
from convene.errors import Conflict, Forbidden, Gone, Invalid, NotFound, Refusal
from convene.lifecycle import RoomType
from tests import world as worlds
from tests.life_model import GRACE, House, Meeting, Stay, Take, Ticket

T = TypeVar("T")
LEASE = timedelta(seconds=20)
SPANS = [0.001, 1, 2.5, 3, 19, 20, 60, 120, 599.999, 600, 3600]  # seconds that the clock moves
MACHINE = "machine-1"


class Life(RuleBasedStateMachine):
    """The verbs of the product over a real database, beside the model."""

    def __init__(self, runner: asyncio.Runner, url: str):
        super().__init__()
        self.runner, self.now = runner, worlds.START
        self.db = Database(url, clock=lambda: self.now)
        self.engine = MemoryEngine(clock=lambda: self.now)
        if self.db.is_sqlite:
            worlds.lay_tables(url)
        self.await_(self.db.open())
        first = self.write(access.create_first, "Alice", worlds.key_pair())
        self.application = self.read(access.application, first.application_id)
        self.houses: list[House] = []
        self.meetings: list[Meeting] = []
        self.tickets: list[Ticket] = []
        self.said: list[EngineEvent] = []  # by the engine, under way to us
        self.taken: set[str] = set()  # ids of those that were applied
        self.glances: list[tuple[Meeting, list[Person]]] = []  # lists of the engine that nobody has compared yet
        self.claims: list[recordings.Claim] = []
        self.told: Counter[tuple[str, str, str | None, str | None]] = Counter()

    # --- Small parts ------------------------------------------------------------------------------------------------

    def await_(self, work: Any) -> Any:
        return self.runner.run(work)

    def write(self, verb: Callable[..., T], *args: Any, **kwargs: Any) -> T:
        return self.await_(self.db.write(verb, *args, **kwargs))  # type: ignore[no-any-return]

    def read(self, verb: Callable[..., T], *args: Any) -> T:
        return self.await_(self.db.read(verb, *args))  # type: ignore[no-any-return]

    def tell(self, kind: str, house: House, meeting: Meeting | None = None, about: str | None = None) -> None:
        self.told[kind, house.id, meeting and meeting.id, about] += 1

    def hear(self) -> None:
        """What the engine said goes on its way."""
        self.said += [event for event in self.engine.take_events() if event.person is not None]

    @property
    def live(self) -> list[Meeting]:
        return [meeting for meeting in self.meetings if meeting.ended_at is None]

    # --- What the model makes of it ---------------------------------------------------------------------------------

    def seen(self, meeting: Meeting, person: Person) -> None:
        if person.sid in meeting.stays:
            return
        starts = not meeting.stays
        meeting.stays[person.sid] = Stay(person.identity, min(person.joined_at, self.now))
        meeting.emptied_at = None
        if starts:
            self.tell("session:started", meeting.room, meeting)
            if meeting.room.auto_record:
                meeting.takes.append(Take("?", True, self.now))
        self.tell("session:participant:joined", meeting.room, meeting, person.identity)

    def gone(self, meeting: Meeting, sid: str, at: datetime) -> None:
        stay = meeting.stays[sid]
        if stay.left_at is None:
            stay.left_at = max(at, stay.joined_at)
            self.tell("session:participant:left", meeting.room, meeting, stay.person)

    def settle(self, meeting: Meeting) -> None:
        if meeting.stays and not meeting.present and meeting.emptied_at is None:
            meeting.emptied_at = max(stay.left_at for stay in meeting.stays.values() if stay.left_at)

    def end(self, meeting: Meeting, at: datetime) -> None:
        meeting.ended_at = at
        if meeting.stays:
            self.tell("session:ended", meeting.room, meeting)
        if meeting.take is not None:
            self.halt(meeting, meeting.take)

    def close(self, house: House) -> None:
        if (meeting := house.live) is not None:
            for sid in meeting.stays:
                self.gone(meeting, sid, self.now)
            self.end(meeting, self.now)

    def halt(self, meeting: Meeting, take: Take) -> None:
        if take.state == "requested":
            take.state, take.due_at = "failed", None
            self.tell("recording:ended", meeting.room, meeting, take.id)
        else:
            take.state = "stopping"

    def name_automatic(self) -> None:
        """An automatic recording has an id that only the product knows."""
        for meeting in self.meetings:
            for take in meeting.takes:
                if take.id == "?":
                    found = {r.id for r in self.read(recordings.of_session, self.application.id, meeting.id)}
                    (take.id,) = found - {known.id for known in meeting.takes}

    # --- Rules: rooms -----------------------------------------------------------------------------------------------

    @initialize(instant=st.booleans(), after_use=st.booleans(), auto=st.booleans(), minutes=st.integers(11, 40))
    def begin_with_a_meeting(self, instant: bool, after_use: bool, auto: bool, minutes: int) -> None:
        self.create(instant, after_use, auto, minutes)
        self.come_in(0, True)

    @rule(instant=st.booleans(), after_use=st.booleans(), auto=st.booleans(), minutes=st.integers(11, 40))
    def create(self, instant: bool, after_use: bool, auto: bool, minutes: int) -> None:
        at = self.now + timedelta(minutes=10 if instant else minutes)
        spec = rooms.Spec(
            "Weekly sync",
            type=RoomType.INSTANT if instant else RoomType.LONG_TERM,
            expires_at=None if instant else at,
            expire_after_use=after_use,
            auto_record=auto,
        )
        room = self.write(rooms.create, self.application, spec, limit=1000, digits=12)
        self.houses.append(House(room.id, instant, after_use, auto, at))

    @precondition(lambda self: self.houses)
    @rule(n=st.integers(0, 9), minutes=st.integers(5, 60))
    def change_expiry(self, n: int, minutes: int) -> None:
        house, at = pick(self.houses, n), self.now + timedelta(minutes=minutes)
        expected: type[Refusal] | None = None
        if not house.open(self.now):
            expected = NotFound
        elif house.instant:
            expected = Conflict
        elif minutes <= 10:
            expected = Invalid
        with refused(expected):
            self.write(rooms.update, self.application.id, house.id, {"expires_at": at})
            house.expires_at = at

    @precondition(lambda self: self.houses)
    @rule(n=st.integers(0, 9))
    def delete(self, n: int) -> None:
        house = pick(self.houses, n)

        def unit(tx: Tx) -> None:  # as the door does it
            recordings.follow(tx, sessions.close(tx, house.id))
            rooms.delete(tx, self.application.id, house.id)

        self.write(unit)
        self.close(house)
        if not house.announced:
            house.announced = True
            self.tell("room:expired", house)

    # --- Rules: people ----------------------------------------------------------------------------------------------

    @precondition(lambda self: self.houses)
    @rule(n=st.integers(0, 9), host=st.booleans())
    def come(self, n: int, host: bool) -> None:
        self.admit(pick(self.houses, n), host, None)

    @precondition(lambda self: self.houses)
    @rule(n=st.integers(0, 9), told=st.booleans())
    def come_in(self, n: int, told: bool) -> None:
        """As it usually goes: admitted, connected, and mostly the engine tells it at once."""
        house = pick(self.houses, n)
        if house.open(self.now):
            self.come(n, False)
            self.connect(len(self.tickets) - 1)
            self.tell_newest(told)

    @precondition(lambda self: self.tickets)
    @rule(n=st.integers(0, 9))
    def come_again(self, n: int) -> None:
        ticket = pick(self.tickets, n)
        self.admit(ticket.meeting.room, False, ticket)

    def admit(self, house: House, host: bool, ticket: Ticket | None) -> None:
        known = self.read(sessions.admission_of, ticket.id, ticket.key) if ticket else None
        inside = ticket is not None and ticket.meeting is house.live
        expected: type[Refusal] | None = None
        if inside and ticket and ticket.removed:
            expected = Forbidden
        elif not inside and not house.open(self.now):
            expected = Gone
        with refused(expected):
            room = self.read(rooms.get, self.application.id, house.id)
            session, person, key = self.write(sessions.admit, room, "Ann", sessions.Right(host), known)
            self.await_(self.engine.create_room(session.engine_room))
            meeting = house.live
            if meeting is None:
                meeting = Meeting(session.id, house, session.engine_room, self.now)
                house.meetings.append(meeting)
                self.meetings.append(meeting)
            assert session.id == meeting.id
            if inside and ticket:
                assert (person.id, key) == (ticket.id, None)
            else:
                assert key is not None
                self.tickets.append(Ticket(person.id, key, meeting))

    @precondition(lambda self: self.tickets)
    @rule(n=st.integers(0, 9))
    def connect(self, n: int) -> None:
        ticket = pick(self.tickets, n)
        may = self.read(sessions.may_connect, ticket.meeting.engine_room, ticket.id) is not None
        assert may == (ticket.meeting.ended_at is None and not ticket.removed)
        if may and ticket.meeting.engine_room in self.engine.rooms:
            self.engine.enter(ticket.meeting.engine_room, ticket.id, "Ann")
            self.hear()

    @precondition(lambda self: any(room.people for room in self.engine.rooms.values()))
    @rule(n=st.integers(0, 9), told=st.booleans())
    def go(self, n: int, told: bool) -> None:
        there = [(name, sid) for name, room in self.engine.rooms.items() for sid in room.people]
        self.engine.leave(*pick(there, n))
        self.hear()
        self.tell_newest(told)

    def tell_newest(self, told: bool) -> None:
        """The newest that the engine said comes at once, or is still under way."""
        if told and self.said:
            self.deliver(len(self.said) - 1, False)

    @precondition(lambda self: self.tickets)
    @rule(n=st.integers(0, 9))
    def lock_out(self, n: int) -> None:
        ticket = pick(self.tickets, n)
        self.write(sessions.remove, ticket.meeting.id, ticket.id)
        self.await_(self.engine.remove(ticket.meeting.engine_room, ticket.id))
        ticket.removed = True
        self.hear()

    @precondition(lambda self: self.live)
    @rule(n=st.integers(0, 9))
    def end_for_all(self, n: int) -> None:
        house = pick(self.live, n).room
        self.write(lambda tx: recordings.follow(tx, sessions.close(tx, house.id, by_host=True)))
        self.close(house)

    # --- Rules: what the engine tells, late, twice or never ---------------------------------------------------------

    @precondition(lambda self: self.said)
    @rule(n=st.integers(0, 9), again=st.booleans())
    def deliver(self, n: int, again: bool) -> None:
        event = pick(self.said, n)
        if not again:
            self.said.remove(event)
        self.take_in(event)

    def take_in(self, event: EngineEvent) -> None:
        self.write(lambda tx: recordings.follow(tx, sessions.apply(tx, event, GRACE)))
        meeting = next(m for m in self.meetings if m.engine_room == event.room)
        known, person = event.id in self.taken, event.person
        self.taken.add(event.id)
        assert person is not None
        if known or meeting.ended_at is not None:
            return
        self.seen(meeting, person)
        if event.kind == "participant_left":
            prompt = self.now - event.at < timedelta(seconds=2)
            self.gone(meeting, person.sid, self.now if prompt else event.at)
            self.settle(meeting)
        self.name_automatic()

    @precondition(lambda self: self.said)
    @rule(n=st.integers(0, 9))
    def lose(self, n: int) -> None:
        self.said.remove(pick(self.said, n))

    @rule()
    def engine_restarts(self) -> None:
        self.engine.restart()

    @precondition(lambda self: self.live)
    @rule(n=st.integers(0, 9))
    def glance(self, n: int) -> None:
        """A worker asks the engine who is there; it makes a missing room again."""
        meeting, people = pick(self.live, n), []
        if meeting.engine_room in self.engine.rooms:
            people = self.await_(self.engine.people(meeting.engine_room))
        else:
            self.await_(self.engine.create_room(meeting.engine_room))
        self.glances.append((meeting, people))

    @precondition(lambda self: self.live)
    @rule(span=st.sampled_from([0, 1, 3, 5]))
    def reconcile(self, span: float) -> None:
        """A worker looks at every meeting and compares at once; then so many seconds pass."""
        for n in range(len(self.live)):
            self.glance(n)
        while self.glances:
            self.compare()
        self.now += timedelta(seconds=span)

    @precondition(lambda self: self.glances)
    @rule()
    def compare(self) -> None:
        """… and compares, when much may have happened since."""
        meeting, people = self.glances.pop(0)
        self.write(lambda tx: recordings.follow(tx, sessions.observe(tx, meeting.id, people, GRACE)))
        if meeting.ended_at is not None:
            return
        for person in people:
            self.seen(meeting, person)
        listed = {person.sid for person in people}
        for sid, stay in meeting.stays.items():
            if stay.left_at is not None:
                continue
            if sid in listed:
                stay.missed_at = None
            elif stay.missed_at is None:
                stay.missed_at = self.now
            elif self.now >= stay.missed_at + timedelta(seconds=3):
                self.gone(meeting, sid, stay.missed_at)
        self.settle(meeting)
        self.name_automatic()

    # --- Rules: time ------------------------------------------------------------------------------------------------

    @rule(span=st.sampled_from(SPANS))
    def time_goes_on(self, span: float) -> None:
        self.now += timedelta(seconds=span)

    @rule()
    def expire(self) -> None:
        due = [h for h in self.houses if not h.announced and not h.open(self.now)]
        assert self.write(rooms.expire_due) == len(due)
        for house in due:
            house.announced = True
            self.tell("room:expired", house)

    @rule()
    def close_due(self) -> None:
        self.write(lambda tx: recordings.follow(tx, sessions.close_due(tx)))
        for meeting in self.live:
            if meeting.is_due(self.now):
                self.end(meeting, meeting.emptied_at or self.now)

    @rule()
    def clear(self) -> None:
        for id, engine_room in self.read(sessions.to_clear):
            self.await_(self.engine.delete_room(engine_room))
            self.write(sessions.cleared, [id])
        self.hear()

    # --- Rules: recordings ------------------------------------------------------------------------------------------

    @precondition(lambda self: self.meetings)
    @rule(n=st.integers(0, 9))
    def record(self, n: int) -> None:
        meeting = pick(self.meetings, n)
        running = meeting.stays and meeting.ended_at is None
        with refused(None if running and meeting.take is None else Conflict):
            made = self.write(recordings.request, meeting.id)
            meeting.takes.append(Take(made.id, False, self.now))

    @precondition(lambda self: self.meetings)
    @rule(n=st.integers(0, 9))
    def stop_recording(self, n: int) -> None:
        meeting = pick(self.meetings, n)
        take = meeting.take
        expected = NotFound if take is None else Conflict if take.automatic else None
        with refused(expected):
            self.write(recordings.stop, meeting.id)
            assert take is not None
            self.halt(meeting, take)

    def takes(self) -> Iterator[tuple[Meeting, Take]]:
        return ((meeting, take) for meeting in self.meetings for take in meeting.takes)

    @rule()
    def claim(self) -> None:
        due = {take.id: take for _, take in self.takes() if take.live and take.due_at and take.due_at <= self.now}
        claim = self.write(recordings.claim, MACHINE)
        assert (claim is not None) == bool(due)
        if claim is not None:
            take = due[claim.recording.id]
            take.attempt, take.due_at = claim.attempt, self.now + LEASE
            take.state = "starting" if take.state == "requested" else take.state
            self.claims.append(claim)

    def held(self, claim: recordings.Claim) -> tuple[Meeting, Take, bool]:
        """Whose recording it is, and whether the claim still holds."""
        meeting, take = next(found for found in self.takes() if found[1].id == claim.recording.id)
        return meeting, take, take.attempt == claim.attempt

    def begin(self, meeting: Meeting, take: Take) -> None:
        if not take.begun:
            take.begun = True
            self.tell("recording:started", meeting.room, meeting, take.id)

    @precondition(lambda self: self.claims)
    @rule(n=st.integers(0, 9))
    def media_runs(self, n: int) -> None:
        claim = pick(self.claims, n)
        meeting, take, held = self.held(claim)
        assert self.write(recordings.started, claim.recording.id, claim.attempt, self.now) == held
        if held:
            take.state = "active" if take.state == "starting" else take.state
            take.due_at = self.now + LEASE
            self.begin(meeting, take)

    @precondition(lambda self: self.claims)
    @rule(n=st.integers(0, 9), well=st.booleans())
    def media_ends(self, n: int, well: bool) -> None:
        claim = self.claims.pop(n % len(self.claims))
        meeting, take, held = self.held(claim)
        if well:
            done = self.write(recordings.finished, claim.recording.id, claim.attempt, recordings.Capture(5))
        else:
            done = self.write(recordings.fail, claim.recording.id, claim.attempt, "The disk is full.")
        assert done == (held and take.live)
        if done and well:
            self.begin(meeting, take)
            take.state, take.due_at, take.attempt = "uploading", self.now, take.attempt + 1
        elif done:
            take.state, take.due_at = "failed", None
        if done:
            self.tell("recording:ended", meeting.room, meeting, take.id)

    @rule()
    def upload(self) -> None:
        due = {take.id: (meeting, take) for meeting, take in self.takes() if take.state == "uploading"}
        claim = self.write(recordings.claim_upload, MACHINE)
        assert (claim is not None) == bool(due)
        if claim is not None:
            meeting, take = due[claim.recording.id]
            assert self.write(recordings.uploaded, take.id, claim.attempt, size=1, url="https://a.example/1")
            take.state = "uploaded"
            self.tell("recording:uploaded", meeting.room, meeting, take.id)

    # --- What always holds ------------------------------------------------------------------------------------------

    @invariant()
    def all_is_as_in_the_model(self) -> None:
        self.read(self._compare_rooms)
        self.read(self._compare_sessions)
        self.read(self._compare_events)

    def _compare_rooms(self, tx: Tx) -> None:
        for house in self.houses:
            room = rooms.get(tx, self.application.id, house.id)
            assert rooms.is_available(room, tx.now) == house.open(tx.now)
            assert room.expires_at == house.shown
            assert house.announced or room.closes_at == house.closes_at
            assert (room.expired_at is not None) == house.announced

    def _compare_sessions(self, tx: Tx) -> None:
        live = sessions.live(tx)
        assert sorted(session.id for session in live) == sorted(meeting.id for meeting in self.live)
        assert len({session.room_id for session in live}) == len(live)
        for meeting in self.meetings:
            session = sessions.get(tx, meeting.id)
            assert session.state == ("ended" if meeting.ended_at else "running" if meeting.stays else "opening")
            assert (session.emptied_at, session.ended_at) == (meeting.emptied_at, meeting.ended_at)
            assert sessions.headcount(tx, meeting.id) == len(meeting.present) == len(present(tx, meeting.id))
            assert not (meeting.ended_at and meeting.present)
            states = {r.id: str(r.state) for r in recordings.of_session(tx, self.application.id, meeting.id)}
            assert states == {take.id: take.state for take in meeting.takes}

    def _compare_events(self, tx: Tx) -> None:
        lines: dict[str, list[events.Event]] = {}
        told: Counter[tuple[str, str, str | None, str | None]] = Counter()
        for event in events.page(tx, self.application.id, limit=100_000):
            body = json.loads(event.body)
            about = body.get("participant_id") or body.get("recording_id")
            told[event.type, str(event.room_id), event.session_id, about] += 1
            if event.session_id is not None:
                lines.setdefault(event.session_id, []).append(event)
        assert told == self.told
        for line in lines.values():
            in_order(line)

    def teardown(self) -> None:
        """Everybody goes, all is told or found out, time passes: nothing is stuck, every room was announced once."""
        try:
            self.engine.restart()
            for _ in range(2):
                self.now += timedelta(seconds=5)
                for meeting in self.live:
                    self.glances = [(meeting, [])]
                    self.compare()
            self.now += timedelta(days=1)
            for _ in range(2):
                self.close_due()
                self.expire()
            self.now += timedelta(hours=1)
            self.expire()
            while any(take.live for _, take in self.takes()):
                self.claim()
                self.media_ends(len(self.claims) - 1, True)
            while any(take.state == "uploading" for _, take in self.takes()):
                self.upload()
            self.all_is_as_in_the_model()
            assert self.live == []
            assert all(self.told["room:expired", house.id, None, None] == 1 for house in self.houses)
        finally:
            self.await_(self.db.close())


def present(tx: Tx, session_id: str) -> Sequence[sa.Row[Any]]:
    """The stays without an end."""
    stays = tables.participant.c
    return tx.all(sa.select(stays.sid).where(stays.session_id == session_id, stays.left_at.is_(None)))


def in_order(line: list[events.Event]) -> None:
    """One session's events: numbered without a gap, the session's own line inside its start and its end."""
    line.sort(key=lambda event: event.sequence or 0)
    assert [event.sequence for event in line] == list(range(1, len(line) + 1))
    own = [event for event in line if event.type.startswith("session:")]
    kinds = [event.type for event in own]
    assert own[0] is line[0] and kinds.index("session:started") == 0 and kinds.count("session:started") == 1
    assert "session:ended" not in kinds[:-1]
    inside: Counter[str] = Counter()
    for event in own:
        person = json.loads(event.body).get("participant_id", "")
        inside[person] += {"session:participant:joined": 1, "session:participant:left": -1}.get(event.type, 0)
        assert inside[person] >= 0
    assert kinds[-1] != "session:ended" or not any(inside.values())


class refused:
    """The block is refused in this way, or (None) it is not."""

    def __init__(self, expected: type[Refusal] | None):
        self.expected = expected

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> bool:
        if self.expected is None or (kind is not None and not issubclass(kind, Refusal)):
            return False
        assert kind is not None and issubclass(kind, self.expected), f"{self.expected} expected, {kind} came"
        return True


def pick(things: Sequence[T], n: int) -> T:
    return things[n % len(things)]
