"""Who was in which meeting, and for how long: the sessions of an application, and the people of one (contract §3.2).

A session is here from its first join on; one that nobody ever entered was none.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from convene import tables
from convene.db import Tx
from convene.errors import NotFound
from convene.lifecycle import SessionState
from convene.tables import MILLISECOND

_s, _r = tables.session.c, tables.room.c
_p, _k = tables.participant.c, tables.recording.c


@dataclass(frozen=True, slots=True)
class Meeting:
    """One session as its application sees it.

    people: how many different ones; attended: the time of all of them together; recorded: the length of its recordings, None
    without any. What still goes on counts up to now.
    """

    id: str
    room_id: str
    room_display_name: str
    locked: bool
    state: SessionState
    started_at: datetime
    ended_at: datetime | None
    people: int
    attended: timedelta
    recorded: timedelta | None


@dataclass(frozen=True, slots=True)
class Stay:
    """One stay of a person; `reason`: why it ended, in the engine's words."""

    joined_at: datetime
    left_at: datetime | None
    reason: str | None


@dataclass(frozen=True, slots=True)
class Attendee:
    """One person of a session with all stays, the first one first. `id` is `participant_id` in callbacks."""

    id: str
    name: str
    is_host: bool
    stays: Sequence[Stay]

    @property
    def is_present(self) -> bool:
        """Whether one of the stays goes on."""
        return any(stay.left_at is None for stay in self.stays)


@dataclass(frozen=True, slots=True)
class Asked:
    """Which sessions: begun from `since` on and before `until`; with or without a recording; None: whatever."""

    since: datetime | None
    until: datetime | None
    recorded: bool | None
    offset: int
    page_size: int


_COLUMNS = (_s.id, _s.room_id, _r.display_name, _r.locked, _s.state, _s.started_at, _s.ended_at)
_OWN = (
    sa.select(*_COLUMNS)
    .join_from(tables.session, tables.room, _r.id == _s.room_id)
    .where(_s.application_id == sa.bindparam("application_id"), _s.started_at.is_not(None))
)
_GET = _OWN.where(_s.id == sa.bindparam("id"))
_RECORDED = sa.and_(_k.started_at.is_not(None), _k.deleted_at.is_(None))
_HAS_RECORDING = sa.exists().where(_k.session_id == _s.id, _RECORDED)


def _milliseconds(column: sa.ColumnElement[datetime]) -> sa.ColumnElement[int]:
    return sa.type_coerce(column, sa.BigInteger)


def _length(start: sa.ColumnElement[Any], end: sa.ColumnElement[Any]) -> sa.ColumnElement[int]:
    """Milliseconds, up to now where there is no end."""
    now = sa.bindparam("now", type_=tables.Moment)
    return _milliseconds(sa.func.coalesce(end, now, type_=tables.Moment)) - _milliseconds(start)


_IDS: sa.BindParameter[Sequence[str]] = sa.bindparam("ids", expanding=True)
_ATTENDED = (
    sa.select(
        _p.session_id,
        sa.func.count(_p.person_id.distinct()).label("people"),
        sa.func.sum(_length(_p.joined_at, _p.left_at)).label("milliseconds"),
    )
    .where(_p.session_id.in_(_IDS))
    .group_by(_p.session_id)
)
_RECORDINGS = (
    sa.select(
        _k.session_id,
        sa.func.sum(sa.func.coalesce(_k.seconds * 1000, _length(_k.started_at, _k.ended_at))).label("milliseconds"),
    )
    .where(_k.session_id.in_(_IDS), _RECORDED)
    .group_by(_k.session_id)
)
_STAYS = (
    sa.select(_p.person_id, _p.name, _p.is_host, _p.joined_at, _p.left_at, _p.reason)
    .where(_p.session_id == sa.bindparam("id"))
    .order_by(_p.joined_at, _p.sid)
)


def page(tx: Tx, application_id: str, asked: Asked) -> tuple[list[Meeting], bool]:
    """The application's sessions in the order of their beginnings, and whether more follow."""
    statement, given = _OWN, {"application_id": application_id}
    if asked.since is not None:
        statement = statement.where(_s.started_at >= asked.since)
    if asked.until is not None:
        statement = statement.where(_s.started_at < asked.until)
    if asked.recorded is not None:
        statement = statement.where(_HAS_RECORDING if asked.recorded else ~_HAS_RECORDING)
    statement = statement.order_by(_s.started_at, _s.id).limit(asked.page_size + 1).offset(asked.offset)
    rows = tx.all(statement, given)
    return _meetings(tx, rows[: asked.page_size]), len(rows) > asked.page_size


def get(tx: Tx, application_id: str, session_id: str) -> Meeting:
    """One session of the application. Raises NotFound."""
    row = tx.one(_GET, {"application_id": application_id, "id": session_id})
    if row is None:
        raise NotFound("session_unknown", f"Failed to fetch resource with id {session_id}")
    return _meetings(tx, [row])[0]


def people(tx: Tx, application_id: str, session_id: str) -> list[Attendee]:
    """Everybody who was in, or is, in the order of their first coming. Raises NotFound."""
    get(tx, application_id, session_id)
    stays: dict[str, list[Stay]] = {}
    who: dict[str, tuple[str, bool]] = {}
    for row in tx.all(_STAYS, {"id": session_id}):
        stays.setdefault(row.person_id, []).append(Stay(row.joined_at, row.left_at, row.reason))
        who[row.person_id] = (row.name, row.is_host)  # the name of the last stay: people change it when they come again
    return [Attendee(id, *who[id], of_one) for id, of_one in stays.items()]


def _meetings(tx: Tx, rows: Sequence[sa.Row[Any]]) -> list[Meeting]:
    given = {"ids": [row.id for row in rows], "now": tx.now}
    attended = {row.session_id: row for row in tx.all(_ATTENDED, given)} if rows else {}
    recorded = {row.session_id: row.milliseconds for row in tx.all(_RECORDINGS, given)} if rows else {}
    made = []
    for row in rows:
        seen = attended.get(row.id)
        made.append(
            Meeting(
                id=row.id,
                room_id=row.room_id,
                room_display_name=row.display_name,
                locked=row.locked,
                state=SessionState(row.state),
                started_at=row.started_at,
                ended_at=row.ended_at,
                people=seen.people if seen else 0,
                attended=int(seen.milliseconds) * MILLISECOND if seen else timedelta(0),
                recorded=int(recorded[row.id]) * MILLISECOND if row.id in recorded else None,
            )
        )
    return made
