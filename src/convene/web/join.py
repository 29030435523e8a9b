"""What the meeting page needs to begin with: look at a room, join it, and ask how its meeting stands.

Errors are `{"error": {"code", "message", …}}`. A person proves who he is by `Authorization: Bearer <admission id>.<key>`.
"""

import unicodedata
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from fastapi import APIRouter, Request, Response

from convene import (
    access,
    consents,
    guesses,
    invitations,
    knocks,
    recordings,
    retention,
    roles,
    rooms,
    sessions,
    themes,
)
from convene.db import Tx
from convene.engine import Pass
from convene.errors import Gone, Invalid, NotFound, Refusal, Unauthenticated, Unavailable
from convene.events import wire_time
from convene.lifecycle import Approval
from convene.runtime import Runtime
from convene.web.app import address_of, answer
from convene.web.meeting_bodies import Join, Joined, Look, Looked, Refused, SessionState, Waits
from convene.web.pictures import PICTURES
from convene.web.route import BoundedRoute

TOKEN_LIFETIME = timedelta(minutes=5)  # the engine renews it while the person is connected
NAME_LIMIT = 60
NAMES_SHOWN = 5  # of those who are inside, to somebody who looks
RECORDINGS_SHOWN = 20  # the newest, to a host who looks


@dataclass(frozen=True, slots=True)
class Found:
    """A room that the caller may see, and by what right he comes. `name`: of somebody who proves to be a user of the
    application's."""

    room: rooms.Room
    right: sessions.Right
    name: str | None = None

    @property
    def is_expected(self) -> bool:
        """Whether he came with a token that counts here: the host's, or an invitation."""
        return self.right.is_host or self.right.is_invited


@dataclass(frozen=True, slots=True)
class Entry:
    """Somebody who may come in: the session, the admission with its key, what the engine's room shows, and from which sources
    he may send."""

    session: sessions.Session
    person: sessions.Admission
    key: str
    consent: consents.Word | None
    metadata: str
    may: tuple[str, ...]


def router(runtime: Runtime) -> APIRouter:
    """The routes under /api/meeting."""
    refusals: dict[int | str, dict[str, Any]] = {status: {"model": Refused} for status in ("4XX", "5XX")}
    routes = APIRouter(prefix="/api/meeting", route_class=BoundedRoute, tags=["Meeting page"], responses=refusals)
    limits = guesses.Limits(runtime.settings.code_misses_address, runtime.settings.code_misses_total)
    db, engine, kept_days = runtime.db, runtime.engine, retention.days(runtime.settings).recordings
    takes_tickets = db.is_sqlite and not runtime.settings.engine_public_url  # this process alone answers, at both doors

    async def _file(recording: recordings.Recording) -> dict[str, Any]:
        started_at = recording.started_at and wire_time(recording.started_at)
        url = await runtime.storage.link(recording) if recording.stored_at else None
        return {"id": recording.id, "state": recording.state, "started_at": started_at, "url": url}

    async def _files(mine: list[recordings.Recording]) -> list[dict[str, Any]]:
        """For somebody who comes in: he does not stay outside because the storage is away."""
        try:
            return [await _file(recording) for recording in mine]
        except Unavailable:
            return []

    @routes.post("/look", response_model=Looked, summary="What a person sees before joining")
    async def look(request: Request, body: Look) -> Response:
        address = address_of(request, runtime.settings.trusted_proxies)
        seen, mine = await db.write(_look, body, address, limits, kept_days)
        if isinstance(seen, Refusal):
            if mine is not None:
                seen.details["recordings"] = await _files(mine)
            raise seen
        return answer(seen | {"recordings": await _files(mine or []), "tickets": takes_tickets})

    @routes.post(
        "/join", response_model=Joined, responses={202: {"model": Waits}}, summary="Come in, or wait for leave"
    )
    async def join(request: Request, body: Join) -> Response:
        try:
            return await let_in(request, body)
        except BaseException:
            runtime.tickets.refuse(body.ticket)
            raise

    async def let_in(request: Request, body: Join) -> Response:
        name = _clean_name(body.name)
        address = address_of(request, runtime.settings.trusted_proxies)
        entry = await db.write(_come_in, body, name, address, limits, runtime.settings.waiting_limit)
        if isinstance(entry, Refusal):
            raise entry
        if isinstance(entry, dict):
            runtime.tickets.refuse(body.ticket)
            return answer(entry, 202)
        session, person, key = entry.session, entry.person, entry.key
        await engine.create_room(session.engine_room, entry.metadata)
        consent = str(entry.consent) if entry.consent else None
        granted = Pass(session.engine_room, person.id, name, is_host=person.is_host, may=entry.may, consent=consent)
        token = engine.join_token(granted, lifetime=TOKEN_LIFETIME)
        if takes_tickets:
            runtime.tickets.give(body.ticket, token)
        url = runtime.settings.engine_public_url or None
        role = "host" if person.is_host else "guest"
        admission = {"id": person.id, "key": key}
        return answer(
            {
                "admission": admission,
                "role": role,
                "session_id": session.id,
                "name": name,
                "engine": {"url": url, "token": token},
                "consent": entry.consent.answer if entry.consent else None,
            }
        )

    @routes.get("/session", response_model=SessionState, summary="How the meeting stands")
    async def session(request: Request) -> Response:
        state = await db.read(_state, proof_of(request))
        mine = state.pop("mine")
        state["recordings"] = [await _file(recording) for recording in mine]
        return answer(state)

    return routes


def _clean_name(text: str) -> str:
    """A name as people see it: NFC, no control or direction characters, single spaces. Raises Invalid."""
    kept = "".join(
        c
        for c in unicodedata.normalize("NFC", text)
        if unicodedata.category(c) not in ("Cc", "Cf", "Co", "Cs", "Zl", "Zp")
    )
    name = " ".join(kept.split())
    if not 1 <= len(name) <= NAME_LIMIT:
        raise Invalid("invalid", f"Enter a name of at most {NAME_LIMIT} characters.", field="name")
    return name


def proof_of(request: Request) -> tuple[str, str]:
    """Id and key of the admission or knock that the caller shows. Raises Unauthenticated when it shows none."""
    scheme, _, rest = request.headers.get("authorization", "").partition(" ")
    id, dot, key = rest.strip().partition(".")
    if scheme.lower() != "bearer" or not dot:
        raise Unauthenticated("not_admitted", "You are not in this meeting.")
    return id, key


# --- Units of work --------------------------------------------------------------------------------------------------


def find(
    tx: Tx, asked: Look, known: sessions.Admission | None, address: str, limits: guesses.Limits
) -> Found | Refusal:
    """The room behind a meeting code, or behind the id of a scheduled meeting. A wrong and an expired one get one and the
    same answer, and are counted.

    Who holds the room's own token, an invitation, or an admission to its running session, is not counted and is told the
    truth. A refusal is returned, not raised: the count of misses must be committed.
    """
    room = _behind(tx, asked.code)
    found = None if room is None else _proven(tx, room, asked.participant_token)
    inside = room is not None and known is not None and known.room_id == room.id
    if not (found or inside):
        guesses.check(tx, asked.code, address, limits)
    if room is not None and (rooms.is_available(room, tx.now) or inside):
        return found or Found(room, sessions.GUEST)
    if room is not None and found:
        return Gone(
            "expired",
            "This meeting has ended.",
            details={"ended_at": wire_time(room.expired_at or room.closes_at or tx.now)},
        )
    guesses.missed(tx, asked.code, address)
    return NotFound("not_found", "This meeting has ended, or the address is mistyped.")


def _behind(tx: Tx, code: str) -> rooms.Room | None:
    """A code has digits only, and far fewer than the 24 hex digits of a meeting's id."""
    if len(code) == invitations.ID_DIGITS:
        return invitations.room(tx, code)
    return rooms.by_code(tx, code) if code.isascii() and code.isdigit() else None


def _proven(tx: Tx, room: rooms.Room, token: str | None) -> Found | None:
    """The room for somebody whose token counts there; None for everybody else."""
    application = access.application(tx, room.application_id)
    if access.is_host_token(token, application, room.host_id, imported=room.imported):
        return Found(room, sessions.HOST)
    bearer = invitations.bearer(tx, application, room.id, token)
    return Found(room, bearer.right, bearer.name) if bearer else None


def _look(
    tx: Tx, asked: Look, address: str, limits: guesses.Limits, kept_days: int
) -> tuple[dict[str, Any] | Refusal, list[recordings.Recording] | None]:
    """What is seen; and for a host the room's recordings, also when the room is over: his link is where he finds them."""
    found = find(tx, asked, None, address, limits)
    if isinstance(found, Gone):
        over = _behind(tx, asked.code)
        proven = over and _proven(tx, over, asked.participant_token)
        return found, _recordings(tx, proven) if proven else None
    if isinstance(found, Refusal):
        return found, None
    return _view(tx, found, kept_days), _recordings(tx, found)


def _recordings(tx: Tx, found: Found) -> list[recordings.Recording] | None:
    room = found.room
    return recordings.of_room(tx, room.application_id, room.id, RECORDINGS_SHOWN) if found.right.is_host else None


def _come_in(
    tx: Tx, asked: Join, name: str, address: str, limits: guesses.Limits, waiting_limit: int
) -> Entry | dict[str, Any] | Refusal:
    """An entry, or what somebody who has to wait is told."""
    proof = (asked.admission.id, asked.admission.key) if asked.admission else None
    found = find(tx, asked, knocks.admission_now(tx, proof), address, limits)
    if isinstance(found, Refusal):
        return found
    came = knocks.come_in(tx, found.room, name, found.right, proof, waiting_limit)
    key = came.key or (proof[1] if proof else "")
    if isinstance(came, knocks.Waiting):
        return {"waiting": {"id": came.id, "key": key}, "name": name, "level": came.level}
    may = roles.grants(tx, came.session.id).of(came.person.id)
    consent = _asked_consent(tx, asked, came.person)
    metadata = recordings.engine_metadata(tx, came.session.id)
    return Entry(session=came.session, person=came.person, key=key, consent=consent, metadata=metadata, may=may)


def _asked_consent(tx: Tx, asked: Join, person: sessions.Admission) -> consents.Word | None:
    """What counts of the answer, before there is a token: nobody can be in the engine's room of whom it is not known."""
    given = asked.consent
    said = consents.Said(consents.Answer(given.answer), given.text, given.language) if given else None
    word = consents.entered(tx, person, said)
    if word is not None and recordings.live(tx, person.session_id) is not None:
        recordings.tell(tx, person.session_id)
    return word


def _view(tx: Tx, found: Found, kept_days: int) -> dict[str, Any]:
    room, live = found.room, sessions.live_of(tx, found.room.id)
    own_days = access.application(tx, room.application_id).keep_recordings_days
    seen: dict[str, Any] = {
        "display_name": room.display_name,
        "language": room.language,
        "microphone_state": room.microphone_state,
    }
    seen |= {
        "locked": room.locked,
        "auto_record": room.auto_record,
        "join_approval_level": room.join_approval_level,
        "recordings_kept_days": (kept_days if own_days is None else own_days) or None,
        "features": rooms.offers(room.features),
        "brand": _brand(tx, room),
    }
    session = None
    if live is not None:
        recording = recordings.view(recordings.latest(tx, live.id))
        people = sessions.headcount(tx, live.id)
        session = {
            "started_at": live.started_at and wire_time(live.started_at),
            "people": people,
            "names": _names(tx, found, live.id),
            "recording": recording,
        }
    role = "host" if found.right.is_host else "guest"
    return {"role": role, "name": found.name, "room": seen, "session": session}


def _names(tx: Tx, found: Found, session_id: str) -> list[str]:
    """Who is inside. Where a door is kept, a code alone opens nothing: it must not tell who meets behind that door either, only
    how many. Who could walk in sees them there anyway; hosts and invited people are expected."""
    is_open = found.room.join_approval_level == Approval.NONE and not found.room.locked
    return sessions.names_inside(tx, session_id, NAMES_SHOWN) if is_open or found.is_expected else []


def _brand(tx: Tx, room: rooms.Room) -> dict[str, Any] | None:
    theme = themes.worn(tx, access.application(tx, room.application_id), [room.theme_id]).get(room.theme_id)
    if theme is None:
        return None
    keys = {"logo_on_light": theme.colored_key, "logo_on_dark": theme.white_key, "favicon": theme.favicon_key}
    paths = {name: key and f"{PICTURES}/{key}" for name, key in keys.items()}  # of the page's own origin
    return {"main_color": theme.main_color, "text": theme.brand_text, **paths}


def _state(tx: Tx, proof: tuple[str, str]) -> dict[str, Any]:
    person = sessions.admission_of(tx, *proof)
    current = sessions.get(tx, person.session_id)
    ended = current.ended_at
    mine = recordings.of_session(tx, current.application_id, current.id) if person.role.leads else []
    return {
        "state": "ended" if current.state == "ended" else "running",
        "removed": person.removed_at is not None,
        "ended_by_host": current.ended_by_host,
        "started_at": current.started_at and wire_time(current.started_at),
        "ended_at": ended and wire_time(ended),
        "recording": recordings.view(recordings.latest(tx, current.id)),
        "mine": mine,
    }
