"""Who may what in a session: what its people are now, and what its guests may do.

Everybody comes as host or as guest, by his link. A host may change that for the rest of the session, and while no host is in, a
co-host stands in for him. What guests may not send the engine does not take: `grants` says what is right.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import sqlalchemy as sa

from convene import tables
from convene.db import Tx
from convene.engine import SOURCES
from convene.lifecycle import HOST_AWAY, Role, SessionState

TOPIC = "recordings"  # whoever waits for it passes on what changed, to the pages and to the engine
SHARE = ("screen_share", "screen_share_audio")

_s, _a, _p = tables.session.c, tables.admission.c, tables.participant.c


@dataclass(frozen=True, slots=True)
class Allowed:
    """What guests may do; hosts and co-hosts always may. `microphone`, `camera`: to turn theirs on; `share`: their screens."""

    microphone: bool = True
    camera: bool = True
    share: bool = True
    chat: bool = True
    reactions: bool = True

    @property
    def sources(self) -> tuple[str, ...]:
        """What a guest may send, sorted."""
        refused = {"camera": not self.camera, "microphone": not self.microphone} | dict.fromkeys(SHARE, not self.share)
        return tuple(source for source in SOURCES if not refused[source])

    @property
    def shown(self) -> dict[str, bool]:
        """All five by their names."""
        return asdict(self)


EVERYTHING = Allowed()


@dataclass(frozen=True, slots=True)
class Grants:
    """What the people of a session may send: `leaders` everything, all others what guests may."""

    guests: tuple[str, ...]
    leaders: frozenset[str]

    def of(self, person_id: str) -> tuple[str, ...]:
        """What this person may send, sorted."""
        return SOURCES if person_id in self.leaders else self.guests


_came = sa.case((_a.is_host, sa.literal(Role.HOST.value)), else_=sa.literal(Role.GUEST.value))
_own: sa.ColumnElement[Any] = sa.func.coalesce(_a.role, _came)
# Of an admission that is joined with its session.
ROLE: sa.ColumnElement[Any] = sa.case((_s.stand_in == _a.id, sa.literal(Role.HOST.value)), else_=_own)
LEADS = ROLE.in_([Role.HOST, Role.COHOST])

_ALLOWS = sa.select(_s.allows, _s.spotlight).where(_s.id == sa.bindparam("session_id"))
PEOPLE = (  # of a session, but those who were removed
    sa.select(_a.id, ROLE.label("role"))
    .join_from(tables.admission, tables.session)
    .where(_s.id == sa.bindparam("session_id"), _a.removed_at.is_(None))
)
_ROLE_OF = PEOPLE.where(_a.id == sa.bindparam("id"))
_CHANGED = PEOPLE.where(_came != ROLE).order_by(_a.id)
_LEADERS = PEOPLE.where(LEADS)
_HERE = sa.exists().where(_p.session_id == _s.id, _p.person_id == _a.id, _p.left_at.is_(None))
_LEADERS_HERE = _LEADERS.add_columns(_own.label("own")).where(_HERE).order_by(_a.created_at, _a.id)
_SESSION = sa.update(tables.session).where(_s.id == sa.bindparam("session"))
_TELL = _SESSION.values(showing=sa.true())
_HOSTED = _SESSION.where(_s.hostless_at.is_not(None)).values(hostless_at=None)
_HOSTLESS = _SESSION.where(_s.hostless_at.is_(None)).values(hostless_at=sa.bindparam("at"))
_STAND_DOWN = _SESSION.where(_s.stand_in.is_not(None)).values(stand_in=None)
_STAND_IN = _SESSION.values(stand_in=sa.bindparam("person"), hostless_at=None)
_NO_SPOTLIGHT = _SESSION.where(_s.spotlight == sa.bindparam("person")).values(spotlight=None)
_NO_STAND_IN = _SESSION.where(_s.stand_in == sa.bindparam("person")).values(stand_in=None)
_COHOST_HERE = (
    sa.exists()
    .where(_a.session_id == _s.id, _a.role == Role.COHOST.value, _a.removed_at.is_(None))
    .where(_p.session_id == _s.id, _p.person_id == _a.id, _p.left_at.is_(None))
)
_DUE = (
    sa.select(_s.id)
    .where(_s.hostless_at <= sa.bindparam("before"), _s.state == SessionState.RUNNING, _COHOST_HERE)
    .order_by(_s.hostless_at)
    .limit(100)
)
_LOCK = sa.select(_s.hostless_at).where(_s.id == sa.bindparam("session")).with_for_update()


def tell(tx: Tx, session_id: str) -> None:
    """Something has changed that everybody in the session is shown, or that the engine must keep to."""
    tx.execute(_TELL, {"session": session_id})
    tx.wake(TOPIC)


# --- Reading --------------------------------------------------------------------------------------------------------


def allowed(tx: Tx, session_id: str) -> Allowed:
    """What guests may do."""
    row = tx.one(_ALLOWS, {"session_id": session_id})
    return Allowed(**row.allows) if row and row.allows else EVERYTHING


def grants(tx: Tx, session_id: str) -> Grants:
    """What everybody may send."""
    return Grants(allowed(tx, session_id).sources, leaders(tx, session_id))


def leaders(tx: Tx, session_id: str) -> frozenset[str]:
    """Who has a host's powers now, here or not."""
    return frozenset(row.id for row in tx.all(_LEADERS, {"session_id": session_id}))


def shown(tx: Tx, session_id: str) -> dict[str, Any]:
    """What everybody in the room is shown of this: `spotlight`, `allows`, and `roles` of those who are not what they came as.

    What is as usual is left out.
    """
    row = tx.one(_ALLOWS, {"session_id": session_id})
    changed = {one.id: one.role for one in tx.all(_CHANGED, {"session_id": session_id})}
    told = {"spotlight": row.spotlight, "allows": row.allows} if row else {}
    return {name: value for name, value in (told | {"roles": changed}).items() if value}


def role_of(tx: Tx, session_id: str, person_id: str) -> Role:
    """What a person is now; who was removed, or never was admitted, is a guest."""
    row = tx.one(_ROLE_OF, {"session_id": session_id, "id": person_id})
    return Role(row.role) if row else Role.GUEST


def has_host(tx: Tx, session_id: str, *, without: str) -> bool:
    """Whether somebody else than this person is in who is the host."""
    here = tx.all(_LEADERS_HERE, {"session_id": session_id})
    return any(one.own == Role.HOST and one.id != without for one in here)


# --- Changing -------------------------------------------------------------------------------------------------------


def change(tx: Tx, session_id: str, person_id: str, role: Role | None) -> None:
    """Makes a person this, for the rest of the session; None: what he came as."""
    tell(tx, session_id)  # first of all: everybody takes the session's row before an admission's
    statement = sa.update(tables.admission).where(_a.id == person_id, _a.session_id == session_id)
    kept = None if role is None else sa.case((_came == role.value, sa.null()), else_=sa.literal(role.value))
    tx.execute(statement.values(role=kept))
    tx.execute(_NO_STAND_IN, {"session": session_id, "person": person_id})
    settle(tx, session_id)


def allow(tx: Tx, session_id: str, changes: Mapping[str, bool]) -> Allowed:
    """Allows guests these things or no longer; what is not named stays."""
    tell(tx, session_id)  # Race: two who change different things: from here on the session's row is ours
    now = Allowed(**{**allowed(tx, session_id).shown, **changes})
    tx.execute(_SESSION.values(allows=None if now == EVERYTHING else now.shown), {"session": session_id})
    return now


def spotlight(tx: Tx, session_id: str, person_id: str | None) -> None:
    """Everybody sees this person large, as long as he is in, and again when he comes back; None: nobody."""
    tell(tx, session_id)
    tx.execute(_SESSION.values(spotlight=person_id), {"session": session_id})


def removed(tx: Tx, session_id: str, person_id: str) -> None:
    """This person was removed: nothing is left of what he was. The session's row is the caller's."""
    person = {"session": session_id, "person": person_id}
    tx.execute(_NO_SPOTLIGHT, person)
    tx.execute(_NO_STAND_IN, person)
    settle(tx, session_id)


def settle(tx: Tx, session_id: str) -> None:
    """One who leads has come or gone, or has become one or ceased to be: is a host in? A host needs no stand-in.

    The session's row is the caller's, as for every coming and going.
    """
    here = tx.all(_LEADERS_HERE, {"session_id": session_id})
    given = {"session": session_id}
    if any(one.own == Role.HOST for one in here) and tx.changed(_STAND_DOWN, given):
        tell(tx, session_id)
    if any(one.role == Role.HOST for one in here):
        tx.execute(_HOSTED, given)
    else:
        tx.execute(_HOSTLESS, given | {"at": tx.now})


def stand_in_due(tx: Tx) -> None:
    """Where no host has been in for HOST_AWAY, the co-host who has been admitted longest becomes the host in his stead."""
    before = tx.now - HOST_AWAY
    for due in tx.all(_DUE, {"before": before}):
        row = tx.one(_LOCK, {"session": due.id})
        here = tx.all(_LEADERS_HERE, {"session_id": due.id})
        if row is None or row.hostless_at is None or row.hostless_at > before or not here:
            continue  # Race: somebody came or went between the two statements
        tx.execute(_STAND_IN, {"session": due.id, "person": here[0].id})
        tell(tx, due.id)
