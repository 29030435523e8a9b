"""What the pages of a meeting are still to be told: a flag at the recording or the session, cleared when the engine has passed it on."""

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from convene import roles, tables
from convene.db import Tx
from convene.lifecycle import SessionState
from convene.recordings.reading import engine_metadata
from convene.recordings.row import ONE
from convene.roles import Grants

_r, _s = tables.recording.c, tables.session.c

_TO_SHOW = (
    sa.select(_s.id, _s.engine_room, _s.state)
    .where(_s.id.in_(sa.union(sa.select(_r.session_id).where(_r.showing), sa.select(_s.id).where(_s.showing))))
    .order_by(_s.id)
    .limit(100)
)
_FLAGGED = sa.select(_r.id, _r.state).where(_r.session_id == sa.bindparam("session_id"), _r.showing)
_SHOW = sa.update(tables.session).where(_s.id == sa.bindparam("session"))
_TOLD = ONE.where(_r.state == sa.bindparam("b_state"), _r.showing).values(showing=sa.false())


@dataclass(frozen=True, slots=True)
class Notice:
    """What the pages of one meeting are to see, and what its people may send; `changes`: the (recording id, state) it covers."""

    session_id: str
    engine_room: str
    session_ended: bool
    metadata: str
    grants: Grants
    changes: tuple[tuple[str, str], ...]


def notices(tx: Tx) -> list[Notice]:
    """The meetings whose pages are still to be told of a change, up to 100."""
    return [_notice(tx, row) for row in tx.all(_TO_SHOW)]


def _notice(tx: Tx, session: sa.Row[Any]) -> Notice:
    changes = tuple((row.id, row.state) for row in tx.all(_FLAGGED, {"session_id": session.id}))
    ended = session.state == SessionState.ENDED
    metadata, grants = engine_metadata(tx, session.id), roles.grants(tx, session.id)
    return Notice(session.id, session.engine_room, ended, metadata, grants, changes)


def shown(tx: Tx, notice: Notice) -> None:
    """The pages have been told. If the truth has moved on since, the flags stay, and the next round tells the newer."""
    if engine_metadata(tx, notice.session_id) == notice.metadata:
        for recording_id, state in notice.changes:
            tx.execute(_TOLD, {"b_id": recording_id, "b_state": state})
        tx.execute(_SHOW.where(_s.showing).values(showing=sa.false()), {"session": notice.session_id})
