"""What a host, or the application by its API, may do in a running session. The page's door and the API's lead here.

How a caller comes to a session is the door's affair; `running` is the API's way.
"""

from collections.abc import Mapping

import sqlalchemy as sa

from convene import recordings, roles, rooms, sessions, tables
from convene.db import Tx
from convene.errors import Conflict, Forbidden, NotFound
from convene.lifecycle import Role
from convene.recordings import Recording
from convene.roles import Allowed
from convene.sessions import Session

_s, _p, _a = tables.session.c, tables.participant.c, tables.admission.c

_OWN = sa.select(_s.id).where(
    _s.id == sa.bindparam("id"), _s.application_id == sa.bindparam("application_id"), _s.started_at.is_not(None)
)
_PERSON = sa.select(_a.id).where(_a.id == sa.bindparam("person_id"), _a.session_id == sa.bindparam("session_id"))
_HERE = sa.select(_p.sid).where(
    _p.session_id == sa.bindparam("session_id"), _p.person_id == sa.bindparam("person_id"), _p.left_at.is_(None)
)


def running(tx: Tx, application_id: str, session_id: str) -> Session:
    """The application's session, which goes on. Raises NotFound, Conflict `session_ended`."""
    if tx.one(_OWN, {"id": session_id, "application_id": application_id}) is None:
        raise NotFound("session_unknown", f"Failed to fetch resource with id {session_id}")
    current = sessions.get(tx, session_id)
    if current.ended_at is not None:
        raise Conflict("session_ended", "The session has ended.")
    return current


def present(tx: Tx, session: Session, person_id: str) -> None:
    """Raises NotFound for somebody who never was in the session, Conflict `not_here` for one who is not in it now."""
    given = {"session_id": session.id, "person_id": person_id}
    if tx.one(_PERSON, given) is None:
        raise NotFound("person_unknown", f"Failed to fetch resource with id {person_id}")
    if tx.one(_HERE, given) is None:
        raise Conflict("not_here", "This person is not in the meeting now.")


def end(tx: Tx, session: Session) -> None:
    """Ends it for everybody, and its recording with it."""
    recordings.follow(tx, sessions.close(tx, session.room_id, by_host=True))


def lock(tx: Tx, session: Session, *, locked: bool) -> None:
    """Lets nobody new in but hosts, until unlocked or until the session ends. Asked twice it is the same."""
    recordings.tell(tx, session.id)  # first of all: everybody takes the session's row before the room's
    rooms.lock(tx, session.room_id, locked=locked)


def tell_of_features(tx: Tx, application_id: str, room_id: str) -> None:
    """What the room offers is about to change: the page of a meeting that goes on in it follows. Raises NotFound."""
    session = sessions.live_of(tx, rooms.get(tx, application_id, room_id).id)
    if session is not None:
        recordings.tell(tx, session.id)  # first of all: everybody takes the session's row before the room's


def make(tx: Tx, session: Session, person_id: str, role: Role) -> None:
    """Makes somebody in it host, co-host or guest. Raises as `present`, and Conflict `last_host`: one host at least must stay."""
    roles.tell(tx, session.id)  # Race: two hosts who make each other guests: from here on the session's row is ours
    present(tx, session, person_id)
    was = roles.role_of(tx, session.id, person_id)
    if was is Role.HOST and role is not Role.HOST and not roles.has_host(tx, session.id, without=person_id):
        raise Conflict("last_host", "Make somebody else the host first.")
    roles.change(tx, session.id, person_id, role)
    tx.wake(rooms.door(session.room_id))  # who lets people in, and whether anybody does, has changed


def allow(tx: Tx, session: Session, changes: Mapping[str, bool]) -> Allowed:
    """Allows guests these things, or no longer; what they may do now. The engine follows at once, also after a crash."""
    return roles.allow(tx, session.id, changes)


def spotlight(tx: Tx, session: Session, person_id: str | None) -> None:
    """Has everybody see somebody large, or nobody any more. Raises as `present`."""
    if person_id is not None:
        present(tx, session, person_id)
    roles.spotlight(tx, session.id, person_id)


def ask(tx: Tx, session: Session, person_id: str, source: str) -> None:
    """Somebody may be asked to turn this on. Raises as `present`, and Conflict `not_allowed` when he could not do it."""
    present(tx, session, person_id)
    if source not in roles.grants(tx, session.id).of(person_id):
        raise Conflict("not_allowed", "Guests are not allowed to turn this on now.")


def remove(tx: Tx, session: Session, person_id: str, *, by: Role = Role.HOST, keep_out: bool = True) -> None:
    """Takes somebody's leave to be in it away, unless he may come back at once. To be followed by `put_out`.

    Raises NotFound, and Forbidden `not_host` when a co-host would remove a host.
    """
    if by is not Role.HOST and roles.role_of(tx, session.id, person_id) is Role.HOST:
        raise Forbidden("not_host", "Only a host can remove a host.")
    if keep_out:
        sessions.remove(tx, session.id, person_id)
    elif tx.one(_PERSON, {"session_id": session.id, "person_id": person_id}) is None:
        raise NotFound("not_here", "This person is not in the meeting.")


def record(tx: Tx, session: Session) -> Recording:
    """Starts recording. Raises Conflict `not_started` or `recording_running`, Forbidden `recording_unavailable`."""
    return recordings.request(tx, session.id)


def stop(tx: Tx, session: Session) -> Recording:
    """Stops recording. Raises NotFound `no_recording`, Conflict `recording_automatic`."""
    return recordings.stop(tx, session.id)
