"""Recordings of a meeting: its switch, its files, and the one report of them after each session.

A file belongs to the list once its session is over. The debt of a report is a row from the first request for a recording on
(`recordings.request`); it is due when the session has ended and nothing of it is being made or stored any more. Links are made
outside of transactions, so a report is claimed, as a lease, and paid by whoever still holds the claim: exactly once.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from convene import events, recordings, tables, users
from convene.db import Tx
from convene.events import Announcement, EventType
from convene.lifecycle import RECORDING_OVER, SessionState
from convene.meetings import notices
from convene.meetings.row import Meeting, some, unknown
from convene.meetings.telling import host_told, meeting_told, wire_moment
from convene.recordings import Recording
from convene.users import User

LEASE = timedelta(seconds=30)  # longer than making the links takes
BITE = 20  # reports that one transaction claims
MEGABYTE = 1_000_000
_report, _r, _s = tables.meeting_report.c, tables.recording.c, tables.session.c
_p, _a = tables.participant.c, tables.admission.c


@dataclass(frozen=True, slots=True)
class File:
    """A finished recording, and who was there while it ran. `user_numbers`: the application's users among them."""

    meeting_id: str
    recording: Recording
    user_numbers: tuple[int, ...]
    headcount: int

    @property
    def id(self) -> str:
        """24 hex digits in the layout of an ObjectId, made of what never changes: when it was asked for, and its UUID."""
        return f"{int(self.recording.requested_at.timestamp()):08x}{self.recording.id.replace('-', '')[:16]}"


@dataclass(frozen=True, slots=True)
class Report:
    """A report that is ours to make for one LEASE."""

    session_id: str
    attempt: int
    meeting: Meeting
    host: User | None
    files: Sequence[File]


_IDS: sa.BindParameter[Sequence[str]] = sa.bindparam("ids", expanding=True)
_FILES = (
    sa.select(_r.id, _r.session_id)
    .join(tables.session, _s.id == _r.session_id)
    .where(_s.state == SessionState.ENDED, _r.stored_at.is_not(None), _r.deleted_at.is_(None))
    .order_by(_r.requested_at, _r.id)
)
_OF_MEETING = _FILES.where(_s.room_id == sa.bindparam("room_id"))
_OF_SESSION = _FILES.where(_s.id == sa.bindparam("session_id"))
_STAYS = (
    sa.select(_p.session_id, _p.person_id, _p.joined_at, _p.left_at, _a.user_number)
    .join(tables.admission, _a.id == _p.person_id)
    .where(_p.session_id.in_(_IDS))
)
_DUE = (
    sa.select(_report.session_id, _report.meeting_id, _report.attempt)
    .join(tables.session, _s.id == _report.session_id)
    .where(
        _report.due_at <= sa.bindparam("now"),
        _s.state == SessionState.ENDED,
        ~sa.exists().where(_r.session_id == _s.id, _r.state.not_in(RECORDING_OVER)),
    )
    .order_by(_report.due_at)
    .limit(BITE)
    .with_for_update(of=tables.meeting_report, skip_locked=True)
)
_MINE = sa.and_(_report.session_id == sa.bindparam("its"), _report.attempt == sa.bindparam("claimed"))
_CLAIM = sa.update(tables.meeting_report).where(_MINE)
_PAID = sa.delete(tables.meeting_report).where(_MINE)


# --- The switch -----------------------------------------------------------------------------------------------------


def switch(tx: Tx, meeting: Meeting, on: bool) -> None:
    """From now on the meeting is recorded while people are in, or not any more; who are in just now are recorded at once,
    or no longer. Each stretch becomes a file. Asked twice it is the same."""
    recordings.rule(tx, meeting.room_id, on=on)


# --- The files ------------------------------------------------------------------------------------------------------


def files(tx: Tx, meeting: Meeting) -> list[File]:
    """All that can be fetched now, oldest first: of sessions that are over, stored, not deleted."""
    return _files(tx, meeting, _OF_MEETING, {"room_id": meeting.room_id})


def delete(tx: Tx, meeting: Meeting, file_id: str | None = None) -> None:
    """Deletes one file, or all. Raises NotFound for one that is not in the list."""
    chosen = [file.recording.id for file in files(tx, meeting) if file_id in (None, file.id)]
    if file_id is not None and not chosen:
        raise unknown()
    recordings.mark_deleted(tx, chosen)


def told(file: File, link: str, *, fine: bool) -> dict[str, Any]:
    """A file as programs are told of it. `fine`: in milliseconds and bytes, for administrators (contract §2.7); else in seconds
    and MB."""
    recording, size = file.recording, file.recording.bytes or 0
    seconds = recording.duration
    return {
        "_id": file.id,
        "room_id": file.meeting_id,
        "participants_count": file.headcount,
        "participants_ids": list(file.user_numbers),
        "file_uid": recording.id,
        "duration": seconds * 1000 if fine else float(seconds),
        "size": size if fine else round(size / MEGABYTE, 2),
        "created_at": wire_moment(recording.started_at or recording.requested_at),
        "updated_at": wire_moment(recording.stored_at or recording.requested_at),
        "download_url": link,
    }


def _files(tx: Tx, meeting: Meeting, statement: sa.Executable, given: Mapping[str, str]) -> list[File]:
    rows = tx.all(statement, given)
    stays = tx.all(_STAYS, {"ids": sorted({row.session_id for row in rows})}) if rows else []
    made = [recordings.get(tx, meeting.application_id, row.id) for row in rows]
    return [_file(meeting, one, [stay for stay in stays if stay.session_id == one.session_id]) for one in made]


def _file(meeting: Meeting, recording: Recording, stays: Sequence[sa.Row[Any]]) -> File:
    """Who came twice, or with two devices as the same user, is one."""
    began = recording.started_at or recording.requested_at
    ended = recording.ended_at or began
    there = {
        stay.person_id: stay.user_number
        for stay in stays
        if stay.joined_at < ended and (stay.left_at is None or stay.left_at > began)
    }
    numbers = tuple(sorted({number for number in there.values() if number is not None}))
    strangers = sum(number is None for number in there.values())
    return File(meeting.id, recording, numbers, len(numbers) + strangers)


# --- The report -----------------------------------------------------------------------------------------------------


def claim(tx: Tx) -> list[Report]:
    """Reports that are due, each ours for a LEASE. A session of which there is no file is not reported."""
    made = []
    for row in tx.all(_DUE, {"now": tx.now}):
        [meeting] = some(tx, [row.meeting_id])
        found = _files(tx, meeting, _OF_SESSION, {"session_id": row.session_id})
        mine = {"its": row.session_id, "claimed": row.attempt}
        if not found:
            tx.execute(_PAID, mine)
            continue
        tx.execute(_CLAIM.values(due_at=tx.now + LEASE, attempt=row.attempt + 1), mine)
        host = users.some(tx, meeting.application_id, [meeting.host_number]).get(meeting.host_number)
        made.append(Report(row.session_id, row.attempt + 1, meeting, host, found))
    return made


def report(tx: Tx, due: Report, links: Mapping[str, str]) -> None:
    """Tells of it by callback and by mail. `links`: by the files' ids. Nothing, when the claim is no longer the caller's."""
    if not tx.changed(_PAID, {"its": due.session_id, "claimed": due.attempt}):
        return
    records = [told(file, links[file.id], fine=False) for file in due.files]
    fields = {"meeting": meeting_told(due.meeting), "hostUser": host_told(due.host), "callRecords": records}
    room_id = due.meeting.room_id
    events.emit(tx, Announcement(EventType.MEETING_RECORDED, room_id, due.session_id, fields))
    notices.recorded(tx, due.meeting, records)
