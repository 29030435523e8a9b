"""Who agreed to being recorded in a session, by API: an extension of ours."""

from datetime import datetime
from typing import Any

from fastapi import APIRouter, Request, Response
from typing_extensions import TypedDict  # pydantic reads the one of typing from Python 3.12 on

from convene import attendance, consents
from convene.consents import Answer, Consent
from convene.db import Tx
from convene.runtime import Runtime
from convene.web.app import answer
from convene.web.caller import Caller
from convene.web.consent import consents_csv
from convene.web.csv_file import csv_file
from convene.web.vonage import schemas
from convene.web.vonage.sessions import ONE, READ, plain


class ConsentLine(TypedDict):
    """An answer. `text` is the version of the words that were shown, in `language`; `is_current`: no later one was given."""

    participant_id: str
    name: str
    is_host: bool
    answer: Answer
    text: str
    language: str
    answered_at: datetime
    is_current: bool


class ConsentLines(TypedDict):
    """What is in a list of them."""

    consents: list[ConsentLine]


class ConsentPage(TypedDict):
    """All answers of a session, oldest first."""

    _embedded: ConsentLines


def add(routes: APIRouter, runtime: Runtime) -> None:
    """Adds the two routes."""
    refusals = schemas.refusals(401, 404)

    async def listed(request: Request, session_id: str) -> Response:
        found = await runtime.db.read(_listed, Caller(request, READ), session_id)
        return answer({"_embedded": {"consents": [line(one) for one in found]}})

    async def as_csv(request: Request, session_id: str) -> Response:
        found = await runtime.db.read(_listed, Caller(request, READ), session_id)
        return csv_file(f"consents {session_id}.csv", consents_csv(found))

    routes.add_api_route(
        f"{ONE}/consents",
        listed,
        methods=["GET"],
        summary="List who agreed to being recorded",
        responses={200: {"model": ConsentPage}, **refusals},
    )
    routes.add_api_route(
        f"{ONE}/consents.csv",
        as_csv,
        methods=["GET"],
        summary="Who agreed to being recorded as CSV: a line for each answer",
        responses={200: {"content": {"text/csv": {"schema": {"type": "string"}}}}, **refusals},
    )


def line(one: Consent) -> dict[str, Any]:
    """An answer as this door shows it."""
    said = {"answer": one.said.answer, "text": one.said.text, "language": one.said.language}
    who = {"participant_id": one.person_id, "name": one.name, "is_host": one.is_host}
    return {**who, **said, "answered_at": one.answered_at, "is_current": one.is_current}


def _listed(tx: Tx, caller: Caller, session_id: str) -> list[Consent]:
    own = caller.application(tx).id
    return consents.of_session(tx, attendance.get(tx, own, plain(session_id)).id)
