"""Recordings at the vendor's door (contract §3.1)."""

from typing import Any

from fastapi import APIRouter, Request, Response

from convene import attendance, recordings
from convene.db import Tx
from convene.errors import Conflict, Forbidden, NotFound
from convene.lifecycle import RecordingState
from convene.recordings import Recording
from convene.runtime import Runtime
from convene.web.app import answer
from convene.web.caller import Caller
from convene.web.vonage import schemas

# The .NET client knows started, stopped, paused and uploaded, and throws at anything else.
_RUNNING = frozenset({RecordingState.REQUESTED, RecordingState.STARTING, RecordingState.ACTIVE})


def add(routes: APIRouter, runtime: Runtime) -> None:
    """Adds the three recording routes. (The Node SDK finds a session's recordings in the session itself.)"""
    db = runtime.db

    async def view(recording: Recording) -> dict[str, Any]:
        url = await runtime.storage.link(recording) if recording.stored_at else None
        return shown(recording, url)

    async def of_session(request: Request, session_id: str) -> Response:
        found = await db.read(_of_session, Caller(request, "recordings:read"), session_id)
        return answer({"_embedded": {"recordings": [await view(recording) for recording in found]}})

    async def get(request: Request, recording_id: str) -> Response:
        return answer(await view(await db.read(_get, Caller(request, "recordings:read"), recording_id)))

    async def delete(request: Request, recording_id: str) -> Response:
        await db.write(_delete, Caller(request, "recordings:write"), recording_id)
        return Response(status_code=204)

    one, refusals = "/recordings/{recording_id}", schemas.refusals
    listed = {200: {"model": schemas.SessionRecordings}, **refusals(401, 404)}
    recordings_of = "/sessions/{session_id}/recordings"
    routes.add_api_route(
        recordings_of, of_session, methods=["GET"], summary="List a session's recordings", responses=listed
    )
    routes.add_api_route(
        one,
        get,
        methods=["GET"],
        summary="Get a recording",
        responses={200: {"model": schemas.Recording}, **refusals(401, 404)},
    )
    routes.add_api_route(
        one,
        delete,
        methods=["DELETE"],
        status_code=204,
        summary="Delete a recording",
        responses=refusals(401, 403, 404),
    )


def _of_session(tx: Tx, caller: Caller, session_id: str) -> list[Recording]:
    application = caller.application(tx)
    try:
        session = attendance.get(tx, application.id, _plain(session_id))  # not one that was deleted
        return recordings.of_session(tx, application.id, session.id)
    except NotFound:
        raise NotFound("session_unknown", f"Failed to find session recordings by id: {session_id}") from None


def _get(tx: Tx, caller: Caller, recording_id: str) -> Recording:
    application = caller.application(tx)
    try:
        return recordings.get(tx, application.id, _plain(recording_id).lower())
    except NotFound:
        raise NotFound("recording_unknown", f"Recording {recording_id} was not found") from None


def _delete(tx: Tx, caller: Caller, recording_id: str) -> None:
    application = caller.application(tx)
    try:
        recordings.delete(tx, application.id, _plain(recording_id).lower())
    except NotFound:
        raise NotFound("recording_unknown", "Could not find recording") from None
    except Conflict:
        raise Forbidden("not_uploaded", "The recording can be deleted once it is uploaded") from None


def _plain(id: str) -> str:
    """No id of ours has other characters or is longer, and PostgreSQL refuses some of them loudly."""
    if not id.isascii() or not id.isprintable() or len(id) > 200:
        raise NotFound("not_found", "There is no such thing.")
    return id


def shown(recording: Recording, url: str | None) -> dict[str, Any]:
    """§3.1. What there is not is absent, never null: .NET's dates know no null. Only one that failed has a `failure_reason`: its
    status must be one of the vendor's four."""
    times = {"started_at": recording.started_at, "ended_at": recording.ended_at}
    return {
        "id": recording.id,
        "session_id": recording.session_id,
        **{name: at for name, at in times.items() if at is not None},
        "status": "uploaded" if url else "started" if recording.state in _RUNNING else "stopped",
        **({"failure_reason": recording.reason} if recording.state is RecordingState.FAILED else {}),
        "_links": {"url": {"href": url}} if url else {},
    }
