"""The Vonage Meetings API (contract §1 to §3.1): the same routes under every base path that the vendor ever had."""

import re
from collections.abc import MutableMapping
from typing import Any

from fastapi import APIRouter, Request, Response, Security
from fastapi.security import HTTPBasic, HTTPBearer

from convene.errors import NotFound
from convene.runtime import Runtime
from convene.web.app import Asgi, Receive, Send
from convene.web.route import methods_of
from convene.web.vonage import (
    applications,
    chat,
    consents,
    hosting,
    powers,
    recordings,
    rooms,
    sessions,
    themes,
    waiting,
)
from convene.web.vonage.refusals import VonageRoute, not_allowed

BASE = "/v1/meetings"
_BASES = re.compile(r"/(beta/|v1/|v0\.1/)?meetings(?=/|$)")
_METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
_SCHEMES = [Security(HTTPBearer(auto_error=False)), Security(HTTPBasic(auto_error=False))]


def router(runtime: Runtime) -> APIRouter:
    """All routes, under `/v1/meetings` alone: `normalised` brings the others there."""
    routes = APIRouter(prefix=BASE, route_class=VonageRoute, dependencies=_SCHEMES)
    rooms.add(routes, runtime)
    themes.add(routes, runtime)
    recordings.add(routes, runtime)
    sessions.add(routes, runtime)
    powers.add(routes, runtime)
    hosting.add(routes, runtime)
    chat.add(routes, runtime)
    consents.add(routes, runtime)
    applications.add(routes, runtime)
    waiting.add(routes, runtime)
    known = list(routes.routes)

    async def unknown(request: Request) -> Response:
        """Whatever is under our base path is answered in the vendor's shape."""
        if allowed := methods_of(request, known):
            return not_allowed(request.method, allowed)
        raise NotFound("path_unknown", f"Cannot {request.method} {request.url.path}")

    for path in ("", "/{rest:path}"):
        routes.add_api_route(path, unknown, methods=_METHODS, include_in_schema=False)
    return routes


def normalised(app: Asgi) -> Asgi:
    """Every spelling of one of our paths as the one that is routed: other base paths, `//`, a slash at the end.

    The PHP SDK asks for `/v1/meetings//rooms`, the vendor's documents for `/beta/meetings/rooms/` (contract §1.1).
    """

    async def run(scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and "/meetings" in scope["path"]:
            scope = {**scope, "path": _normal(scope["path"])}
        await app(scope, receive, send)

    return run


def _normal(path: str) -> str:
    plain = re.sub("/{2,}", "/", path)
    base = _BASES.match(plain)
    return BASE + plain[base.end() :].removesuffix("/") if base else path
