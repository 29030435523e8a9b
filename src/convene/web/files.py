"""`/recordings/{id}/{name}`: recordings from our own folder, by signed links. Buckets answer for themselves."""

from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import FileResponse, PlainTextResponse

from convene import recordings
from convene.db import Tx
from convene.errors import Forbidden, NotFound
from convene.recordings import Recording
from convene.runtime import Runtime
from convene.storage import MEDIA_TYPE, content_disposition

EXPIRED = "This link has expired, or was not copied whole. Ask for a new one."
DELETED = "This recording has been deleted."
_TEXT = {"text/plain": {"schema": {"type": "string"}}}
_FILM = {MEDIA_TYPE: {"schema": {"type": "string", "format": "binary"}}}
ANSWERS: dict[int | str, dict[str, Any]] = {
    200: {"description": "The file", "content": _FILM},
    206: {"description": "The part that `Range` names", "content": _FILM},
    403: {"description": "The link has expired, or is not whole", "content": _TEXT},
    404: {"description": "The recording has been deleted", "content": _TEXT},
    416: {"description": "No such part, or several", "content": _TEXT},
}


def router(runtime: Runtime) -> APIRouter:
    """The one route, for GET and HEAD. The path's last part is there for people; the signature covers the rest."""
    routes = APIRouter(tags=["Recordings"])
    folder = runtime.storage.folder

    @routes.head("/recordings/{recording_id}/{name}", include_in_schema=False)
    @routes.get("/recordings/{recording_id}/{name}", summary="Download a recording", responses=ANSWERS)
    async def download(request: Request, recording_id: str, expires: str = "", signature: str = "") -> Response:
        if folder is None or not folder.is_signed(recording_id, expires, signature):
            return PlainTextResponse(EXPIRED, 403)
        try:
            recording = await runtime.db.read(_find, recording_id, int(expires))
        except Forbidden:
            return PlainTextResponse(EXPIRED, 403)
        except NotFound:
            return PlainTextResponse(DELETED, 404)
        path = folder.path / recording.key
        if not path.is_file():  # a file that somebody took away by hand
            return PlainTextResponse(DELETED, 404)
        if "," in request.headers.get("range", ""):  # many small ranges would make us read and send far more than asked
            return PlainTextResponse("One range at a time.", 416)
        headers = {"Cache-Control": "private", "Content-Disposition": content_disposition(recording.filename)}
        return FileResponse(path, media_type=MEDIA_TYPE, headers=headers)

    return routes


def _find(tx: Tx, recording_id: str, expires: int) -> Recording:
    """The recording of a link that we signed. Raises Forbidden (expired), NotFound (deleted)."""
    if tx.now.timestamp() >= expires:
        raise Forbidden("expired", EXPIRED)
    return recordings.stored(tx, recording_id)
