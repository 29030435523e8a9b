"""The host's powers in a running session, by API: an extension of ours, with the same checks as the page's buttons.

404: there is no such session or person for this caller; 409: the session's present state does not allow it.
"""

from collections.abc import Callable
from typing import Any

from fastapi import APIRouter, Request, Response

from convene import everybody, powers
from convene.db import Tx
from convene.errors import Conflict, NotFound
from convene.runtime import Runtime
from convene.sessions import Session
from convene.web.app import answer
from convene.web.caller import Caller
from convene.web.engine import put_out
from convene.web.vonage import fields, schemas
from convene.web.vonage.recordings import shown
from convene.web.vonage.sessions import ONE, WRITE, plain

PERSON = f"{ONE}/participants/{{participant_id}}"

_RECORDING = {"model": schemas.Recording}
_REFUSALS = schemas.refusals(401, 403, 404, 409)
_WITH_BODY = schemas.refusals(400, 401, 403, 404, 409, 413)


def add(routes: APIRouter, runtime: Runtime) -> None:
    """Adds the eight routes."""
    db, engine = runtime.db, runtime.engine

    async def mute(request: Request, session_id: str, participant_id: str) -> Response:
        caller, found = Caller(request, WRITE), list[Session]()
        asked = await caller.reading(_read(request, fields.MUTE, "source"))

        async def silence() -> None:
            await engine.mute(found[0].engine_room, participant_id, asked["source"])  # False: silent already

        return await caller.once(lambda tx: found.append(here(tx, caller, session_id, participant_id)), after=silence)

    async def mute_all(request: Request, session_id: str) -> Response:
        caller, found = Caller(request, WRITE), list[Session]()
        asked = await caller.reading(_read(request, fields.MUTE_ALL, "source"))

        async def silence() -> None:
            await everybody.silence(engine, found[0].engine_room, asked["source"], asked.get("spared", ()))

        return await caller.once(lambda tx: found.append(ongoing(tx, caller, session_id)), after=silence)

    async def remove(request: Request, session_id: str, participant_id: str) -> Response:
        caller = Caller(request, WRITE)
        keep_out = await caller.reading(_kept_out(request))
        session = await db.write(_remove, caller, session_id, participant_id, keep_out)
        await put_out(runtime, session.engine_room, participant_id)
        return Response(status_code=204)

    async def end(request: Request, session_id: str) -> Response:
        caller = Caller(request, WRITE)
        return await caller.once(lambda tx: powers.end(tx, ongoing(tx, caller, session_id)))

    async def lock(request: Request, session_id: str) -> Response:
        caller = Caller(request, WRITE)
        return await caller.once(lambda tx: powers.lock(tx, ongoing(tx, caller, session_id), locked=True))

    async def unlock(request: Request, session_id: str) -> Response:
        caller = Caller(request, WRITE)
        return await caller.once(lambda tx: powers.lock(tx, ongoing(tx, caller, session_id), locked=False))

    async def record(request: Request, session_id: str) -> Response:
        caller = Caller(request, "recordings:write")
        return await caller.once(lambda tx: shown(powers.record(tx, ongoing(tx, caller, session_id)), None))

    async def stop(request: Request, session_id: str) -> Response:
        return answer(await db.write(_stop, Caller(request, "recordings:write"), session_id), 202)

    def route(method: str, path: str, endpoint: Callable[..., Any], summary: str, **more: Any) -> None:
        found: dict[str, Any] = {"status_code": 204, "responses": _REFUSALS} | more
        routes.add_api_route(path, endpoint, methods=[method], summary=summary, **found)

    one = schemas.body(fields.schema(fields.MUTE, "source"))
    all_of_them = schemas.body(fields.schema(fields.MUTE_ALL, "source"))
    begun: dict[str, Any] = {"status_code": 201, "responses": {201: _RECORDING, **_REFUSALS}}
    ending: dict[str, Any] = {"status_code": 202, "responses": {202: _RECORDING, **_REFUSALS}}
    route("POST", f"{PERSON}/mute", mute, "Mute somebody's source", responses=_WITH_BODY, openapi_extra=one)
    route(
        "POST",
        f"{ONE}/mute",
        mute_all,
        "Mute everybody but those excepted",
        responses=_WITH_BODY,
        openapi_extra=all_of_them,
    )
    kept_out = {"name": "keep_out", "in": "query", "schema": {"type": "boolean", "default": True}}
    removing: dict[str, Any] = {"responses": schemas.refusals(400, 401, 403, 404, 409)}
    removing |= {"openapi_extra": {"parameters": [kept_out]}}
    route("DELETE", PERSON, remove, "Remove a person from the session, for good or until he comes again", **removing)
    route("POST", f"{ONE}/end", end, "End a session for everybody")
    route("POST", f"{ONE}/lock", lock, "Let nobody new into a session but hosts")
    route("POST", f"{ONE}/unlock", unlock, "Let people in again")
    route("POST", f"{ONE}/recording", record, "Start recording", **begun)
    route("DELETE", f"{ONE}/recording", stop, "Stop recording", **ending)


async def _read(request: Request, shape: fields.Shape, *required: str) -> dict[str, Any]:
    return fields.given(await fields.body_of(request), shape, *required)


async def _kept_out(request: Request) -> bool:
    said = fields.flag_of(request, "keep_out")
    return True if said is None else said


# --- Units of work --------------------------------------------------------------------------------------------------


def ongoing(tx: Tx, caller: Caller, session_id: str) -> Session:
    """The caller's session, which goes on. Raises NotFound, Conflict `session_ended`."""
    return powers.running(tx, caller.application(tx).id, plain(session_id))


def here(tx: Tx, caller: Caller, session_id: str, person_id: str) -> Session:
    """The session, in which this person is. Raises as `ongoing` and `powers.present`."""
    session = ongoing(tx, caller, session_id)
    powers.present(tx, session, plain(person_id))
    return session


def _remove(tx: Tx, caller: Caller, session_id: str, person_id: str, keep_out: bool) -> Session:
    session = here(tx, caller, session_id, person_id)
    powers.remove(tx, session, person_id, keep_out=keep_out)
    return session


def _stop(tx: Tx, caller: Caller, session_id: str) -> dict[str, Any]:
    session = ongoing(tx, caller, session_id)
    try:
        return shown(powers.stop(tx, session), None)
    except NotFound:
        raise Conflict("no_recording", "The session is not being recorded.") from None
