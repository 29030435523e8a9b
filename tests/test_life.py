"""Room life against a model, and the engine's log in any order. `LIFE_EXAMPLES` in the environment asks for more lives."""

import asyncio
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import run_state_machine_as_test

from convene import sessions, tables
from tests import world as worlds
from tests.life import Life


@pytest.fixture
def fresh(database_url: str, tmp_path: Path) -> Callable[[], str]:
    """Gives the URL of an empty database each time it is called."""

    def sqlite() -> str:
        for left in tmp_path.glob("convene.db*"):
            left.unlink()
        return database_url

    return sqlite if database_url.startswith("sqlite") else lambda: worlds.emptied(database_url)


def lives(database_url: str, *, sqlite: int, postgresql: int) -> settings:
    """How many examples there are on this database."""
    usual = sqlite if database_url.startswith("sqlite") else postgresql
    count = int(os.environ.get("LIFE_EXAMPLES", usual))
    unhurried = [HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.function_scoped_fixture]
    return settings(
        max_examples=count, stateful_step_count=50, deadline=None, suppress_health_check=unhurried, print_blob=True
    )


def test_room_life(database_url: str, fresh: Callable[[], str]) -> None:
    with asyncio.Runner() as runner:
        chosen = lives(database_url, sqlite=30, postgresql=6)
        run_state_machine_as_test(lambda: Life(runner, fresh()), settings=chosen)


def test_a_room_whose_expiry_is_put_off_after_a_use_still_closes_ten_minutes_after_it(
    fresh: Callable[[], str],
) -> None:
    """Found by reading: its old expiry lay within those ten minutes."""
    with asyncio.Runner() as runner:
        life = Life(runner, fresh())
        try:
            life.create(False, True, False, 15)
            life.come_in(0, True)
            life.time_goes_on(600)
            life.go(0, True)
            life.time_goes_on(20)
            life.close_due()
            life.change_expiry(0, 60)
            life.all_is_as_in_the_model()
        finally:
            life.teardown()


# --- The engine's log in any order ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Outcome:
    """What must not depend on the order in which the engine's events came."""

    stays: frozenset[tuple[str, datetime, datetime | None, str | None]]
    ended_at: datetime | None
    told: frozenset[tuple[tuple[str, str | None], int]]


class Tape:
    """A meeting of a few people that was really played on the engine's twin, and what it said of it."""

    def __init__(self, life: Life, moves: list[tuple[int, int]]):
        self.life = life
        life.create(False, False, False, 40)
        life.come(len(life.houses) - 1, True)
        self.meeting = life.meetings[-1]
        for _ in range(2):
            life.come(len(life.houses) - 1, False)
        people = [ticket.id for ticket in life.tickets[-3:]]
        room = self.meeting.engine_room
        for who, seconds in [(0, 1), *moves]:
            here = next((p for p in life.engine.rooms[room].people.values() if p.identity == people[who]), None)
            if here is None:
                life.engine.enter(room, people[who])
            else:
                life.engine.leave(room, here.sid)
            life.now += timedelta(seconds=seconds)
        for sid in list(life.engine.rooms[room].people):
            life.engine.leave(room, sid)
        self.names = {id: str(n) for n, id in enumerate(people)}
        self.log = [event for event in life.engine.take_events() if event.person is not None]
        life.now += timedelta(seconds=5)

    def played(self, order: Sequence[int]) -> Outcome:
        """Applies the log in this order, with the repeats that it has; then the grace passes."""
        life = self.life
        for n in order:
            life.take_in(self.log[n])
        life.now += timedelta(minutes=1)
        life.close_due()
        life.all_is_as_in_the_model()
        session = life.read(sessions.get, self.meeting.id)
        return Outcome(self._stays(), session.ended_at, self._told())

    def _stays(self) -> frozenset[tuple[str, datetime, datetime | None, str | None]]:
        kept = tables.participant.c
        statement = sa.select(kept.person_id, kept.joined_at, kept.left_at, kept.reason)
        rows = self.life.read(lambda tx: tx.all(statement.where(kept.session_id == self.meeting.id)))
        return frozenset((self.names[row.person_id], row.joined_at, row.left_at, row.reason) for row in rows)

    def _told(self) -> frozenset[tuple[tuple[str, str | None], int]]:
        mine = ((key, count) for key, count in self.life.told.items() if key[2] == self.meeting.id)
        return frozenset(((key[0], self.names.get(key[3] or "")), count) for key, count in mine)


MOVES = st.lists(st.tuples(st.integers(0, 2), st.sampled_from([0, 1, 7, 30])), max_size=8)


def test_any_order_of_the_engines_log_with_repeats_comes_to_the_same(
    database_url: str, fresh: Callable[[], str]
) -> None:
    """`started_at` is left out: it was announced before the earlier join was known."""
    with asyncio.Runner() as runner:

        @lives(database_url, sqlite=20, postgresql=5)
        @given(MOVES, st.data())
        def play(moves: list[tuple[int, int]], data: st.DataObject) -> None:
            life = Life(runner, fresh())
            try:
                tape = Tape(life, moves)
                straight = tape.played(range(len(tape.log)))
                began = life.now
            finally:
                life.teardown()
            places = list(range(len(tape.log)))
            repeats = data.draw(st.lists(st.sampled_from(places), max_size=6))
            order = data.draw(st.permutations(places + repeats))
            life = Life(runner, fresh())
            try:
                mixed = Tape(life, moves).played(order)
                assert (life.now, mixed) == (began, straight)
            finally:
                life.teardown()

        play()
