"""The row of a recording, and what all verbs build on: reading it, changing its state, announcing."""

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from convene import events, lifecycle, tables
from convene.db import Tx
from convene.errors import NotFound
from convene.events import Announcement, EventType
from convene.lifecycle import RecordingState
from convene.tables import Moment

_r, _room = tables.recording.c, tables.room.c


@dataclass(frozen=True, slots=True)
class Recording:
    """One recording. `seconds` is the length of its file; `stored_at` is set when the file can be fetched."""

    id: str
    session_id: str
    room_id: str
    application_id: str
    state: RecordingState
    automatic: bool
    requested_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    alive_at: datetime | None
    seconds: int | None
    bytes: int | None
    reason: str | None
    stored_at: datetime | None
    display_name: str

    @property
    def key(self) -> str:
        """The file's name in the storage: made of ids alone, never of anything that a person typed."""
        return f"{self.application_id}/{self.id}.mp4"

    @property
    def filename(self) -> str:
        """What the downloaded file is called: display name and start, as the contract does (§3.1), kept harmless."""
        start = f" {self.started_at:%Y-%m-%dT%H-%M-%SZ}" if self.started_at else ""
        return f"{_plain(self.display_name)}{start}.mp4"

    @property
    def duration(self) -> int:
        """Whole seconds: of the file, or without one between start and end (contract §4)."""
        if self.seconds is not None:
            return self.seconds
        return round((self.ended_at - self.started_at).total_seconds()) if self.started_at and self.ended_at else 0


def _plain(name: str) -> str:
    """A display name as part of a file name: no separators, control or direction characters; at most 80 characters."""
    kept = "".join(
        "-" if c in '/\\:*?"<>|' else c for c in unicodedata.normalize("NFC", name) if unicodedata.category(c)[0] != "C"
    )
    return " ".join(kept.split())[:80].strip(" .") or "Recording"


FIELDS = (*(_r[field.name] for field in fields(Recording) if field.name in _r), _room.display_name)
ALL = sa.select(*FIELDS).select_from(tables.recording.join(tables.room, _room.id == _r.room_id))
BY_ID = ALL.where(_r.id == sa.bindparam("id"))
ONE = sa.update(tables.recording).where(_r.id == sa.bindparam("b_id"))


def moment(name: str) -> sa.BindParameter[datetime]:
    """A parameter that is a time."""
    return sa.bindparam(name, type_=Moment)


def to(state: RecordingState) -> sa.Update:
    """The one form of a state change: only from the states that may come before, so that the second of two loses."""
    return ONE.where(_r.state.in_(lifecycle.recording_before(state))).values(state=state, showing=sa.true())


FAIL = to(RecordingState.FAILED).values(
    ended_at=sa.func.coalesce(_r.ended_at, moment("b_ended_at")),
    reason=sa.func.coalesce(_r.reason, sa.bindparam("b_reason")),
    due_at=sa.null(),
)


def read(row: sa.Row[Any]) -> Recording:
    """A recording from a row that has FIELDS, whatever else it has."""
    values = {column.name: row._mapping[column.name] for column in FIELDS}
    return Recording(**{**values, "state": RecordingState(values["state"])})


def load(tx: Tx, recording_id: str) -> Recording:
    """One that is known to exist, for those who act for the house and not for a tenant."""
    row = tx.one(BY_ID, {"id": recording_id})
    if row is None:
        raise NotFound("not_found", "There is no such recording.")
    return read(row)


def span(recording: Recording) -> dict[str, Any]:
    """The fields that `recording:ended` and `recording:uploaded` have in common. One that never ran began when it ended: receivers
    read both as times."""
    told = {
        "recording_id": recording.id,
        "session_id": recording.session_id,
        "started_at": recording.started_at or recording.ended_at,
        "ended_at": recording.ended_at,
        "duration": recording.duration,
    }
    return told if recording.reason is None else told | {"failure_reason": recording.reason}


def announce(tx: Tx, kind: EventType, recording: Recording, told: Mapping[str, Any]) -> None:
    """Emits one event of the recording."""
    events.emit(tx, Announcement(kind, recording.room_id, recording.session_id, told))
