"""Who agrees to being recorded: each answers for himself, and the host takes the answers with him."""

from typing import Any, Literal

from fastapi import APIRouter, Query, Request, Response

from convene import consents, recordings, sessions
from convene.consents import Answer, Consent, Said
from convene.db import Tx
from convene.errors import Forbidden, Gone
from convene.events import wire_time
from convene.runtime import Runtime
from convene.web.app import answer
from convene.web.csv_file import csv_file, harmless, moment, table
from convene.web.join import proof_of
from convene.web.meeting_bodies import ConsentGiven, ConsentList, Refused
from convene.web.route import BoundedRoute

COLUMNS = ("participant_id", "name", "is_host", "answer", "text", "language", "answered_at", "is_current")
Proof = tuple[str, str]


def router(runtime: Runtime) -> APIRouter:
    """The two routes under /api/meeting."""
    refusals: dict[int | str, dict[str, Any]] = {status: {"model": Refused} for status in ("4XX", "5XX")}
    routes = APIRouter(prefix="/api/meeting", route_class=BoundedRoute, tags=["Meeting page"], responses=refusals)

    @routes.post("/consent", status_code=204, summary="Agree to being recorded, or not")
    async def consent_give(request: Request, body: ConsentGiven) -> Response:
        await runtime.db.write(_give, proof_of(request), Said(Answer(body.answer), body.text, body.language))
        return Response(status_code=204)

    @routes.get(
        "/consents",
        response_model=ConsentList,
        responses={200: {"content": {"text/csv": {"schema": {"type": "string"}}}}},
        summary="Who agreed to being recorded (host)",
    )
    async def consent_list(
        request: Request, form: Literal["json", "csv"] = Query(default="json", alias="as")
    ) -> Response:
        session, found = await runtime.db.read(_listed, proof_of(request))
        if form == "csv":
            return csv_file(f"consents {session.id}.csv", consents_csv(found))
        return answer({"consents": [shown(one) for one in found]})

    return routes


def shown(one: Consent) -> dict[str, Any]:
    """An answer as the page sees it."""
    said = {"answer": one.said.answer, "text": one.said.text, "language": one.said.language}
    times = {"answered_at": wire_time(one.answered_at), "is_current": one.is_current}
    return {"person_id": one.person_id, "name": one.name, "is_host": one.is_host, **said, **times}


def consents_csv(found: list[Consent]) -> str:
    """A line for each answer."""
    return table(COLUMNS, [_line(one) for one in found])


def _line(one: Consent) -> tuple[object, ...]:
    who = (one.person_id, harmless(one.name), str(one.is_host).lower())
    said = (one.said.answer, harmless(one.said.text), harmless(one.said.language))
    return *who, *said, moment(one.answered_at), str(one.is_current).lower()


# --- Units of work --------------------------------------------------------------------------------------------------


def _give(tx: Tx, proof: Proof, said: Said) -> None:
    person = sessions.admission_of(tx, *proof)
    if person.removed_at is not None:
        raise Forbidden("removed", "The host has removed you from this meeting.")
    recordings.tell(tx, person.session_id)  # first of all: everybody takes the session's row first
    if sessions.get(tx, person.session_id).ended_at is not None:
        raise Gone("ended", "This meeting has ended.")
    consents.answer(tx, person, said)


def _listed(tx: Tx, proof: Proof) -> tuple[sessions.Session, list[Consent]]:
    """Also when the meeting is over: that is when a host takes it with him."""
    person = sessions.admission_of(tx, *proof)
    if not person.is_host or person.removed_at is not None:
        raise Forbidden("not_host", "Only the host can do this.")
    session = sessions.get(tx, person.session_id)
    return session, consents.of_session(tx, session.id)
