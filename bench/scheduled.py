"""Scheduled meetings: pages of filtered lists out of a hundred thousand meetings of one user, beside the same pages out of a thousand;
and `POST /meetings` with fifty attendees who get mail, beside the same without mail.

The same database and process answer both sides, in turns; so whatever else the machine does falls on both.
"""

import gc
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from urllib.parse import quote

import sqlalchemy as sa
import uvloop

from bench.figure import Figure
from bench.listing import p99
from convene import access, meetings, tables
from convene.db import Tx
from convene.users import User
from tests import world as worlds

FEW, MANY = 1_000, 100_000
GOAL, MAIL_GOAL = 1.5, 2.0
ROUNDS, PATIENCE = 100, 45.0  # of asking each side one question; seconds after which no further round begins
WARM = 3  # rounds that do not count
ATTENDEES, POSTS = 50, 100
STEP = timedelta(minutes=1)  # between the makings of two meetings
SOON = 300  # meetings that the narrow filters leave
HEX = {"sqlite": "printf('%0{0}x', {1})", "postgresql": "lpad(to_hex(cast({1} as bigint)), {0}, '0')"}
SERIES = "with recursive series (n) as (select 0 union all select n + 1 from series where n + 1 < :count)"


def _copied(table: sa.Table, *but: str) -> str:
    return ", ".join(column.name for column in table.columns if column.name not in ("serial", "id", *but))


def _fill(dialect: str) -> list[sa.TextClause]:
    """Rooms, meetings, attendees and members, all like a first one; number n is made n steps after `:begin`, and starts some days
    later. `:first`: of the rooms' numbers."""
    made = "(cast(:begin as bigint) + n * cast(:step as bigint))"
    id = HEX[dialect].format(8, f"{made} / 1000") + " || " + HEX[dialect].format(16, ":first + n")
    room = "'00000000-0000-4000-8000-' || substr(cast(1000000000000 + :first + n as text), 2)"
    start = f"({made} / 1000 + 86400 * (1 + n * 31 % 97 % 10))"
    listed = {"start_date": start, "end_date": f"{start} + 3600", "created_at": made, "updated_at": made}
    listed["scheduled"] = "n % 10 = 0" if dialect == "postgresql" else "cast(n % 10 = 0 as integer)"
    rooms, mine = _copied(tables.room, "meeting_code"), _copied(tables.meeting, "room_id", *listed)
    names, values = ", ".join(listed), ", ".join(listed.values())
    statements = [
        f"insert into room (id, meeting_code, {rooms}) {SERIES} select {room}, cast(900000000000 + :first + n as text), {rooms}"
        " from room, series where room.id = :room",
        f"insert into meeting (id, room_id, {names}, {mine}) {SERIES} select {id}, {room}, {values}, {mine}"
        " from (select * from meeting) as liked, series where liked.id = :like".replace(
            "(select * from meeting)", f"(select id, {mine} from meeting)"
        ),
        f"insert into meeting_attendee (meeting_id, place, email) {SERIES} select {id}, 0, 'guest@example.net' from series",
        f"insert into meeting_member (application_id, who, meeting_id, {names}) {SERIES}"
        f" select owner, who, {id}, {values} from series,"
        " (select application_id as owner, who from meeting_member where meeting_id = :like) as liked",
    ]
    return [sa.text(statement) for statement in statements]


class Side:
    """A user with so many meetings, the last of which is made now."""

    def __init__(self, world: worlds.World, user: User, auth: dict[str, str], count: int):
        self.world, self.user, self.auth, self.count = world, user, auth, count
        self.begin = world.now - count * STEP

    async def fill(self, first: int) -> None:
        """Makes them, from room number `first` on."""

        def work(tx: Tx) -> None:
            owner = access.application(tx, self.world.application_id)
            spec = meetings.Spec("Weekly sync", 0, 0, (meetings.Attendee(None, "guest@example.net"),))
            like = meetings.create(tx, owner, self.user, spec, digits=12, open_for=timedelta(days=30))
            given = {"like": like.id, "room": like.room_id, "first": first, "count": self.count}
            given |= {"begin": round(self.begin.timestamp() * 1000), "step": round(STEP.total_seconds() * 1000)}
            for statement in _fill(tx.connection.dialect.name):
                tx.execute(statement, given)

        await self.world.db.write(work)

    def made(self, number: int) -> datetime:
        """When a meeting was made; counted from the last one if negative."""
        return self.begin + (number % self.count) * STEP

    def questions(self) -> dict[str, str]:
        """Queries by their names: the same answers, in number, from every side."""
        soon, half = self.made(-SOON), self.made(self.count // 2)
        late = int((soon + timedelta(days=10)).timestamp())  # as good as nobody's start is later, but of the last SOON
        since = f"created_at[gt]={quote(half.isoformat())}"
        return {
            "all": "",
            "start_date[gte], half": f"start_date[gte]={int((half + timedelta(days=6)).timestamp())}",
            "start_date[gte], few": f"start_date[gte]={late}",
            "created_at[gt]": since,
            "scheduled": "scheduled=true",
            "sort_desc=start_date": "sort_desc=start_date",
            "offset": "sort_desc=start_date&offset=500",
            "together": f"start_date[gte]={int(half.timestamp())}&{since}&scheduled=true&sort_desc=start_date&limit=20",
        }

    async def asked(self, query: str) -> float:
        """Seconds for one page."""
        begin = time.perf_counter()
        answer = await self.world.client.get(f"/meetings?{query}", headers=self.auth)
        seconds = time.perf_counter() - begin
        if answer.status_code != 200 or not answer.json():
            raise RuntimeError(f"{answer.status_code}: not the page that was asked for")
        return seconds


async def side(world: worlds.World, login: str, count: int, first: int) -> Side:
    """A filled one."""
    user = await world.cube.user(login, email=f"{login}@example.org", verified=True)
    made = Side(world, user, await world.cube.token(user), count)
    await made.fill(first)
    return made


async def listed(world: worlds.World) -> dict[str, tuple[list[float], list[float]]]:
    """Seconds of each question, out of few and out of many."""
    few, many = await side(world, "few", FEW, 0), await side(world, "many", MANY, FEW)
    await world.db.write(lambda tx: tx.execute(sa.text("analyze")))
    times: dict[str, tuple[list[float], list[float]]] = {name: ([], []) for name in few.questions()}
    gc.collect()
    gc.freeze()  # what was made while filling is no part of a request's garbage
    begin = time.perf_counter()
    for number in range(WARM + ROUNDS):
        if time.perf_counter() - begin > PATIENCE:
            break
        for name, query in few.questions().items():
            seconds = await few.asked(query), await many.asked(many.questions()[name])
            if number >= WARM:
                for found, one in zip(times[name], seconds, strict=True):
                    found.append(one)
    return times


async def posted(world: worlds.World) -> tuple[list[float], list[float]]:
    """Seconds of each POST with fifty attendees: without mail, and with."""
    host = await world.cube.user("host", email="host@example.org", verified=True)
    auth = await world.cube.token(host)
    guests = [{"email": f"guest{number}@example.net"} for number in range(ATTENDEES)]
    body = {"name": "Weekly sync", "start_date": 1772460000, "end_date": 1772463600, "attendees": guests}

    async def post(notify: bool) -> float:
        begin = time.perf_counter()
        answer = await world.client.post("/meetings", headers=auth, json=body | {"notify": notify})
        seconds = time.perf_counter() - begin
        if answer.status_code != 201 or answer.json()["notify"] != notify:
            raise RuntimeError(f"{answer.status_code}: no meeting")
        return seconds

    times: tuple[list[float], list[float]] = ([], [])
    for number in range(WARM + POSTS):
        seconds = await post(notify=False), await post(notify=True)
        if number >= WARM:
            for found, one in zip(times, seconds, strict=True):
                found.append(one)
    return times


def pages(times: dict[str, tuple[list[float], list[float]]], database: str) -> Iterator[Figure]:
    """A row for each question."""
    for name, (few, many) in times.items():
        ours, theirs = p99(many), p99(few)
        what = f"list {MANY:,} meetings: {name}, p99 of {len(many)}, {database}"
        ratio = ours / theirs
        yield Figure(what, f"{ours:.1f} ms", f"{theirs:.1f} ms of {FEW:,}", f"{ratio:.2f}", f"≤ {GOAL}", ratio <= GOAL)


def mails(times: tuple[list[float], list[float]], database: str) -> Figure:
    """One row."""
    without, mailed = (statistics.median(found) * 1000 for found in times)
    what = f"POST /meetings with {ATTENDEES} attendees and mail, median of {len(times[1])}, {database}"
    ratio = mailed / without
    goal = f"≤ {MAIL_GOAL:g}"
    return Figure(what, f"{mailed:.1f} ms", f"{without:.1f} ms without mail", f"{ratio:.2f}", goal, ratio <= MAIL_GOAL)


async def measured(url: str, folder: Path, measure: Callable[[worlds.World], Awaitable[object]]) -> object:
    """What is measured in a world of its own."""
    async with worlds.world(url, folder, requests_per_minute=0) as world:
        return await measure(world)


def figures() -> Iterator[Figure]:
    """For each database a row of each question, and one of mail."""

    async def both(
        world: worlds.World,
    ) -> tuple[tuple[list[float], list[float]], dict[str, tuple[list[float], list[float]]]]:
        return await posted(world), await listed(world)

    def rows(url: str, folder: str, database: str) -> Iterator[Figure]:
        posts, lists = uvloop.run(measured(url, Path(folder), both))
        yield from pages(lists, database)
        yield mails(posts, database)

    with tempfile.TemporaryDirectory(prefix="convene-bench-") as folder:
        yield from rows(f"sqlite:///{folder}/scheduled.db", folder, "SQLite")
    with worlds.postgres() as url, tempfile.TemporaryDirectory(prefix="convene-bench-") as folder:
        yield from rows(worlds.emptied(f"{url}/postgres"), folder, "PostgreSQL")
