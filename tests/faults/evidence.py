"""What the database holds against what a receiver heard; and how many rounds the fault tests go."""

import json
import os
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import sqlalchemy as sa

from convene import events, sessions, tables
from convene.db import Database, Tx
from convene.lifecycle import SessionState
from tests.platform import Platform, until
from tests.receiver import Receiver

ROUNDS = int(os.environ.get("FAULT_ROUNDS", "20"))
DRAINED = 180.0  # seconds: a delivery that a killed process held waits for the end of its lease
FAMILIES = ("rooms", "sessions", "recordings")
_UNSETTLED = sa.select(sa.func.count()).where(tables.delivery.c.state == "pending")
_LEFT_INSIDE = (
    sa.select(sa.func.count())
    .select_from(tables.participant.join(tables.session, tables.session.c.id == tables.participant.c.session_id))
    .where(tables.session.c.state == SessionState.ENDED, tables.participant.c.left_at.is_(None))
)
_REPEATED = sa.select(sa.func.count()).where(tables.delivery.c.attempt > 1)


@asynccontextmanager
async def database(convene: Platform) -> AsyncIterator[Database]:
    """The platform's own database."""
    url = convene.settings.get("CONVENE_DATABASE_URL") or f"sqlite:///{convene.data / 'convene.db'}"
    db = Database(url)
    await db.open()
    try:
        yield db
    finally:
        await db.close()


def urls(heard: Receiver) -> dict[str, str]:
    """`callback_urls` of a room whose events all go to one place."""
    return {f"{family}_callback_url": heard.url("/ok") for family in FAMILIES}


async def all_events(convene: Platform) -> list[events.Event]:
    """Every stored event, in the order of time."""
    async with database(convene) as db:
        return await db.read(events.page, convene.first["application_id"], limit=1_000_000)  # type: ignore[return-value]


async def quiet(convene: Platform) -> None:
    """Waits until every session has ended and every delivery is settled: nothing is stuck."""
    async with database(convene) as db:

        async def settled() -> bool:
            return await db.read(_settled)

        await until(settled, why="something is stuck", seconds=DRAINED)
        assert await db.read(_count, _LEFT_INSIDE) == 0


def _settled(tx: Tx) -> bool:
    return not sessions.live(tx) and _count(tx, _UNSETTLED) == 0


def _count(tx: Tx, statement: sa.Executable) -> int:
    return int(tx.execute(statement).scalar_one())


async def unrepeated(convene: Platform) -> None:
    """No delivery needed, or made, a second attempt."""
    async with database(convene) as db:
        assert await db.read(_count, _REPEATED) == 0


async def nothing_missing(convene: Platform, heard: Receiver, *, unaddressed: int = 0) -> list[events.Event]:
    """Each stored event came, nothing else came, and each session's came first in its order. The stored events.

    `unaddressed`: so many of them have nowhere to go.
    """
    stored = await all_events(convene)
    ids = [request.headers["webhook-id"] for request in heard.requests]
    assert set(ids) == {event.id for event in stored if event.state == "delivered"}
    assert Counter(event.state for event in stored) == Counter(delivered=len(set(ids)), unaddressed=unaddressed)
    first = {id: place for place, id in reversed(list(enumerate(ids)))}
    for line in lines(stored).values():
        assert [event.sequence for event in line] == list(range(1, len(line) + 1))
        places = [first[event.id] for event in line]
        assert places == sorted(places)
    return stored


def lines(stored: list[events.Event]) -> dict[str, list[events.Event]]:
    """The events of each session, in their order, checked: it starts once, ends once, and who left had joined."""
    found: dict[str, list[events.Event]] = {}
    for event in stored:
        if event.session_id is not None:
            found.setdefault(event.session_id, []).append(event)
    for line in found.values():
        line.sort(key=lambda event: event.sequence or 0)
        own = [event.type for event in line if event.type.startswith("session:")]
        assert own[0] == "session:started" and own.count("session:started") == 1
        assert own.count("session:ended") == own[-1:].count("session:ended")
        inside: Counter[str] = Counter()
        for event in line:
            person = body(event).get("participant_id", "")
            inside[person] += {"session:participant:joined": 1, "session:participant:left": -1}.get(event.type, 0)
            assert inside[person] >= 0
    return found


def ended_well(stored: list[events.Event]) -> None:
    """Each session has its end, and everybody who joined has left."""
    for line in lines(stored).values():
        kinds = Counter(event.type for event in line)
        assert kinds["session:ended"] == 1
        assert kinds["session:participant:joined"] == kinds["session:participant:left"] > 0


def body(event: events.Event) -> dict[str, Any]:
    """What the receiver gets."""
    return json.loads(event.body)  # type: ignore[no-any-return]


def count(stored: list[events.Event], kind: str) -> int:
    return sum(event.type == kind for event in stored)
