"""The ConnectyCube Meetings API: sessions, users, meetings, recordings, chat, for programs written for that platform."""

import re
from collections.abc import MutableMapping
from typing import Any

from fastapi import APIRouter, Request, Response

from convene.errors import NotFound
from convene.runtime import Runtime
from convene.web.app import Asgi, Receive, Send
from convene.web.connectycube import admin, admin_users, chat, meetings, recordings, sessions, user_search, users
from convene.web.connectycube.route import PREFLIGHT, CubeRoute

_NOUNS = ("session", "login", "users", "meetings", "chat", "admin")
_METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"]
_OURS = re.compile(rf"/({'|'.join(_NOUNS)})(/.*)?", re.DOTALL)
_MEETINGS = re.compile(
    r"/meetings((/recordings)?/[0-9a-f]{24}(/.*)?)?", re.DOTALL
)  # ids of this form are none of the other API's
_CREDENTIALS = ("cb-token", "cb-administration-api-key")


def router(runtime: Runtime) -> APIRouter:
    """All routes, as `normalised` writes their paths."""
    routes = APIRouter(route_class=CubeRoute, include_in_schema=False)
    sessions.add(routes, runtime)
    users.add(routes, runtime)
    user_search.add(routes, runtime)
    admin_users.add(routes, runtime)
    meetings.add(routes, runtime)
    recordings.add(routes, runtime)
    admin.add(routes, runtime)
    chat.add(routes, runtime)

    async def preflight(request: Request) -> Response:
        """What a browser asks before every call from a page of another site."""
        return Response(status_code=204, headers=PREFLIGHT)

    async def unknown(request: Request) -> Response:
        """Whatever is under our paths is answered in the vendor's shape."""
        raise NotFound("path_unknown", f"There is no {request.method} {request.url.path}")

    for noun in _NOUNS:
        for path in (f"/{noun}", f"/{noun}/{{rest:path}}"):
            routes.add_api_route(path, preflight, methods=["OPTIONS"])
            routes.add_api_route(path, unknown, methods=_METHODS)
    return routes


def normalised(app: Asgi, others: Asgi) -> Asgi:
    """Brings every spelling of our paths to `app` as the one that is routed (§1.1): with `.json`, with `//`, with a slash at the
    end; everything else goes to `others`.

    `/meetings/…` is a base path of the Vonage API, too: it is ours by itself or with an id of our form, or when it is asked with
    our credentials.
    """

    async def run(scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        path = _own_path(scope) if scope["type"] == "http" else None
        if path is None:
            await others(scope, receive, send)
        else:
            await app({**scope, "path": path}, receive, send)

    return run


def _own_path(scope: MutableMapping[str, Any]) -> str | None:
    path = re.sub("/{2,}", "/", scope["path"]).removesuffix("/").removesuffix(".json")
    if not _OURS.fullmatch(path):
        return None
    if path.startswith("/meetings") and not _MEETINGS.fullmatch(path) and not _has_credentials(scope["headers"]):
        return None
    return path


def _has_credentials(headers: list[tuple[bytes, bytes]]) -> bool:
    """Of this API: in the request, or announced by a browser before it."""
    names = {name.decode("latin-1") for name, _ in headers}
    announced = b",".join(value for name, value in headers if name == b"access-control-request-headers")
    names |= {name.strip().lower() for name in announced.decode("latin-1").split(",")}
    return not names.isdisjoint(_CREDENTIALS)
