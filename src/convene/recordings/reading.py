"""Looking at recordings: the tenant's, the meeting's, and what the meeting's page is shown."""

import json
from typing import Any

import sqlalchemy as sa

from convene import consents, roles, rooms, tables
from convene.db import Tx
from convene.errors import NotFound
from convene.events import wire_time
from convene.lifecycle import RECORDING_LIVE
from convene.recordings.row import ALL, BY_ID, Recording, read

_r, _s, _room = tables.recording.c, tables.session.c, tables.room.c

_OF_TENANT = BY_ID.where(_r.application_id == sa.bindparam("application_id"), _r.deleted_at.is_(None))
_STORED = BY_ID.where(_r.stored_at.is_not(None), _r.deleted_at.is_(None))
_THERE = ALL.where(_r.session_id == sa.bindparam("session_id"), _r.deleted_at.is_(None))
_OF_SESSION = _THERE.order_by(_r.requested_at, _r.id)
_OF_ROOM = (
    ALL.where(
        _r.session_id.in_(
            sa.select(_s.id).where(
                _s.room_id == sa.bindparam("room_id"), _s.application_id == sa.bindparam("application_id")
            )
        ),
        _r.deleted_at.is_(None),
    )
    .order_by(_r.requested_at.desc(), _r.id.desc())
    .limit(sa.bindparam("most"))
)
_LIVE = ALL.where(_r.session_id == sa.bindparam("session_id"), _r.state.in_(RECORDING_LIVE))
_LATEST = _THERE.order_by(_r.state.in_(RECORDING_LIVE).desc(), _r.requested_at.desc(), _r.id).limit(1)
_SESSION_OF_TENANT = sa.select(_s.id).where(
    _s.id == sa.bindparam("id"), _s.application_id == sa.bindparam("application_id")
)
_OF_ITS_ROOM = (
    sa.select(_room.locked, _room.features).join_from(tables.session, tables.room).where(_s.id == sa.bindparam("id"))
)


def get(tx: Tx, application_id: str, recording_id: str) -> Recording:
    """One recording of the application. Raises NotFound."""
    row = tx.one(_OF_TENANT, {"id": recording_id, "application_id": application_id})
    if row is None:
        raise NotFound("not_found", "There is no such recording.")
    return read(row)


def of_session(tx: Tx, application_id: str, session_id: str) -> list[Recording]:
    """All recordings of the application's session, oldest first. Raises NotFound for a session that is not its own."""
    if tx.one(_SESSION_OF_TENANT, {"id": session_id, "application_id": application_id}) is None:
        raise NotFound("not_found", "There is no such session.")
    return [read(row) for row in tx.all(_OF_SESSION, {"session_id": session_id})]


def of_room(tx: Tx, application_id: str, room_id: str, most: int) -> list[Recording]:
    """The newest recordings of all sessions of the application's room, oldest first."""
    asked = {"application_id": application_id, "room_id": room_id, "most": most}
    return [read(row) for row in reversed(tx.all(_OF_ROOM, asked))]


def live(tx: Tx, session_id: str) -> Recording | None:
    """The session's recording that is not over yet: at most one."""
    row = tx.one(_LIVE, {"session_id": session_id})
    return None if row is None else read(row)


def latest(tx: Tx, session_id: str) -> Recording | None:
    """The recording that the meeting's page shows: the live one, else the last one that is not deleted."""
    row = tx.one(_LATEST, {"session_id": session_id})
    return None if row is None else read(row)


def stored(tx: Tx, recording_id: str) -> Recording:
    """The recording behind a signed link, whose signature names this one. Raises NotFound: not stored, or deleted."""
    row = tx.one(_STORED, {"id": recording_id})
    if row is None:
        raise NotFound("not_found", "There is no such recording.")
    return read(row)


def view(recording: Recording | None) -> dict[str, Any] | None:
    """The recording as the meeting's page is told of it: `id`, `state`, `started_at`, `reason`, `automatic`."""
    if recording is None:
        return None
    return {
        "id": recording.id,
        "state": recording.state.value,
        "started_at": recording.started_at and wire_time(recording.started_at),
        "reason": recording.reason,
        "automatic": recording.automatic,
    }


def engine_metadata(tx: Tx, session_id: str) -> str:
    """What the engine shows to everybody in the room, the recorder included: JSON `{"recording": …, "locked": …, "features": …}`,
    what `roles.shown` has, and while a recording is made what `consents.standing` says."""
    room = tx.one(_OF_ITS_ROOM, {"id": session_id})
    of_room = {"locked": room.locked, "features": rooms.offers(room.features)} if room else {}
    recording = latest(tx, session_id)
    standing = consents.standing(tx, session_id) if recording and recording.state in RECORDING_LIVE else {}
    return json.dumps({"recording": view(recording)} | of_room | roles.shown(tx, session_id) | standing)
