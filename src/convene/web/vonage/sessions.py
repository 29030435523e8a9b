"""Sessions at the vendor's door: the list that the vendor never shipped (contract §3.2), and our extensions of it.

A session with its people and recordings, and attendance as CSV.
"""

import re
from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from urllib.parse import quote, urlencode

from fastapi import APIRouter, Request, Response

from convene import attendance, recordings, retention
from convene.attendance import Asked, Attendee, Meeting, Stay
from convene.db import Tx
from convene.errors import Forbidden, NotFound
from convene.recordings import Recording
from convene.runtime import Runtime
from convene.web.app import answer
from convene.web.caller import Caller
from convene.web.csv_file import csv_file, harmless, moment, table
from convene.web.vonage import fields, schemas
from convene.web.vonage.recordings import shown

LARGEST_PAGE, PAGE = 1000, 20
FARTHEST = 2**31 - 1
MINUTE = timedelta(minutes=1)
ONE = "/sessions/{session_id}"
READ, WRITE = "sessions:read", "sessions:write"
CSV_COLUMNS = ("participant_id", "name", "is_host", "joined_at", "left_at", "seconds", "reason")

_REFUSALS = schemas.refusals
LIST: dict[str, Any] = {
    "methods": ["GET"],
    "summary": "List sessions",
    "responses": {200: {"model": schemas.SessionPage}, **_REFUSALS(400, 401)},
    "openapi_extra": schemas.session_paging(PAGE, LARGEST_PAGE),
}
GET: dict[str, Any] = {
    "methods": ["GET"],
    "summary": "Get a session with its people and recordings",
    "responses": {200: {"model": schemas.SessionDetail}, **_REFUSALS(401, 404)},
}
DELETE: dict[str, Any] = {
    "methods": ["DELETE"],
    "status_code": 204,
    "summary": "Delete a past session: its people, recordings and events",
    "responses": _REFUSALS(401, 404, 409),
}
PEOPLE: dict[str, Any] = {
    "methods": ["GET"],
    "summary": "List the people of a session",
    "responses": {200: {"model": schemas.SessionPeople}, **_REFUSALS(401, 404)},
}
CSV: dict[str, Any] = {
    "methods": ["GET"],
    "summary": "Attendance as CSV: a line for each stay",
    "responses": {200: {"content": {"text/csv": {"schema": {"type": "string"}}}}, **_REFUSALS(401, 404)},
}


def add(routes: APIRouter, runtime: Runtime) -> None:
    """Adds the routes that read, and the one that deletes."""
    db, base = runtime.db, runtime.settings.base_url

    async def recording(one: Recording) -> dict[str, Any]:
        return shown(one, await runtime.storage.link(one) if one.stored_at else None)

    async def listed(request: Request) -> Response:
        caller = Caller(request, READ)
        asked = await caller.reading(_asked(request))
        found, more = await db.read(_page, caller, asked)
        links = _links(f"{base}/v1/meetings/sessions", request, asked, more)
        embedded = {"sessions": [view(meeting) for meeting in found]}
        return answer({"page_size": asked.page_size, "_embedded": embedded, "_links": links})

    async def get(request: Request, session_id: str) -> Response:
        caller, files_too = Caller(request, READ), Caller(request, "recordings:read")
        meeting, people, files = await db.read(_get, caller, files_too, session_id)
        embedded = {"participants": [person(one) for one in people]}
        if files is not None:
            embedded["recordings"] = [await recording(file) for file in files]
        more = {"state": meeting.state, "is_locked": meeting.locked and meeting.ended_at is None}
        return answer(view(meeting) | more | {"_embedded": embedded})

    async def people(request: Request, session_id: str) -> Response:
        found = await db.read(_people, Caller(request, READ), session_id)
        return answer({"_embedded": {"participants": [person(one) for one in found]}})

    async def as_csv(request: Request, session_id: str) -> Response:
        found = await db.read(_people, Caller(request, READ), session_id)
        return csv_file(f"attendance {session_id}.csv", attendance_csv(found))

    async def delete(request: Request, session_id: str) -> Response:
        await db.write(_delete, Caller(request, WRITE), session_id)
        return Response(status_code=204)

    routes.add_api_route("/sessions", listed, **LIST)
    routes.add_api_route(ONE, get, **GET)
    routes.add_api_route(ONE, delete, **DELETE)
    routes.add_api_route(f"{ONE}/participants", people, **PEOPLE)
    routes.add_api_route(f"{ONE}/participants.csv", as_csv, **CSV)


# --- Requests -------------------------------------------------------------------------------------------------------


async def _asked(request: Request) -> Asked:
    return Asked(
        since=fields.moment_of(request, "from"),
        until=fields.moment_of(request, "to"),
        recorded=fields.flag_of(request, "recorded"),
        offset=fields.number_of(request, "offset", 0, FARTHEST) or 0,
        page_size=fields.number_of(request, "page_size", 1, LARGEST_PAGE) or PAGE,
    )


def plain(session_id: str) -> str:
    """No id of ours has other characters or is longer, and PostgreSQL refuses some of them loudly."""
    if not re.fullmatch(r"[\w~.-]{1,200}", session_id, re.ASCII):
        raise NotFound("session_unknown", f"Failed to fetch resource with id {session_id}")
    return session_id


# --- Units of work --------------------------------------------------------------------------------------------------


def _page(tx: Tx, caller: Caller, asked: Asked) -> tuple[list[Meeting], bool]:
    return attendance.page(tx, caller.application(tx).id, asked)


def _get(
    tx: Tx, caller: Caller, files_too: Caller, session_id: str
) -> tuple[Meeting, list[Attendee], list[Recording] | None]:
    """The session with its people; with its recordings for a key that may see those too."""
    own = caller.application(tx).id
    meeting = attendance.get(tx, own, plain(session_id))
    people = attendance.people(tx, own, meeting.id)
    try:
        files_too.application(tx)
    except Forbidden:
        return meeting, people, None
    return meeting, people, recordings.of_session(tx, own, meeting.id)


def _people(tx: Tx, caller: Caller, session_id: str) -> list[Attendee]:
    own = caller.application(tx).id
    return attendance.people(tx, own, plain(session_id))


def _delete(tx: Tx, caller: Caller, session_id: str) -> None:
    own = caller.application(tx).id
    retention.forget_session(tx, own, plain(session_id))


# --- Answers --------------------------------------------------------------------------------------------------------


def view(meeting: Meeting) -> dict[str, Any]:
    """§3.2: the nine fields. Times are whole minutes, begun ones counted; `billed_time` is that of all people together."""
    recorded = meeting.recorded is not None
    return {
        "id": meeting.id,
        "room_id": meeting.room_id,
        "room_display_name": meeting.room_display_name,
        "start_time": meeting.started_at,
        **_known("end_time", meeting.ended_at),
        "is_recorded": recorded,
        "participants_number": meeting.people,
        "billed_time": _minutes(meeting.attended),
        "recordings_time": _minutes(meeting.recorded) if meeting.recorded is not None else 0,
    }


def person(one: Attendee) -> dict[str, Any]:
    """Somebody with all stays."""
    stays = [
        {"joined_at": stay.joined_at, **_known("left_at", stay.left_at), **_known("reason", stay.reason)}
        for stay in one.stays
    ]
    return {"id": one.id, "name": one.name, "is_host": one.is_host, "is_present": one.is_present, "intervals": stays}


def _known(name: str, value: object | None) -> dict[str, object]:
    """What there is not is absent, never null."""
    return {} if value is None else {name: value}


def _minutes(length: timedelta) -> int:
    return -(-length // MINUTE)


def attendance_csv(people: Sequence[Attendee]) -> str:
    """A line for each stay."""
    return table(CSV_COLUMNS, [_line(one, stay) for one in people for stay in one.stays])


def _line(one: Attendee, stay: Stay) -> tuple[object, ...]:
    seconds = "" if stay.left_at is None else round((stay.left_at - stay.joined_at).total_seconds())
    times = (moment(stay.joined_at), "" if stay.left_at is None else moment(stay.left_at))
    return one.id, harmless(one.name), str(one.is_host).lower(), *times, seconds, stay.reason or ""


def _links(path: str, request: Request, asked: Asked, more: bool) -> dict[str, Any]:
    """Each link is the same question with another offset."""
    kept = [(name, value) for name in ("from", "to", "recorded") if (value := request.query_params.get(name))]

    def link(offset: int, size: int = asked.page_size) -> dict[str, str]:
        query = [("page_size", str(size)), *([("offset", str(offset))] if offset else []), *kept]
        return {"href": f"{path}?{urlencode(query, quote_via=quote)}"}

    links = {"first": link(0), "self": link(asked.offset)}
    if asked.offset:
        before = max(asked.offset - asked.page_size, 0)
        links["prev"] = link(before, asked.offset - before)
    if more:
        links["next"] = link(asked.offset + asked.page_size)
    return links
