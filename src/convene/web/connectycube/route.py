"""A route of this door: refusals in the vendor's shape, answers that any site may read, and how long the token lives."""

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from fastapi import Request, Response

from convene import logins
from convene.errors import Refusal, Unavailable
from convene.logins import Login
from convene.web.app import answer
from convene.web.connectycube.operations import OPERATIONS
from convene.web.connectycube.refusals import refused
from convene.web.gate import Due, Gate
from convene.web.route import ApiRoute, Handler

log = logging.getLogger(__name__)

LOGIN = "convene.login"  # in a request's scope, once its token is known

# Nothing here is proved by a cookie, so any site may ask; the live service exposes just these two (§3.1).
ANY_SITE = {"Access-Control-Allow-Origin": "*", "Access-Control-Expose-Headers": "CB-Token-ExpirationDate, Date"}
PREFLIGHT = ANY_SITE | {
    "Access-Control-Allow-Methods": "GET, POST, PUT, DELETE, PATCH, OPTIONS",
    "Access-Control-Allow-Headers": "content-type, cb-token, cb-sdk, cb-authkey, cb-api-version, "
    "connectycube-rest-api-version, cb-administration-api-key, idempotency-key",
    "Access-Control-Max-Age": "86400",
}


class CubeRoute(ApiRoute):
    """A route whose handler reads the request itself, and is called with it and the path's parameters."""

    reads_itself = True

    def __init__(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:
        """What the document says of it stands with all others in `operations`."""
        methods = options.get("methods") or ()
        described = OPERATIONS.get(f"{' '.join(methods)} {path}", {})
        super().__init__(path, endpoint, **options | described | {"include_in_schema": bool(described)})

    def get_route_handler(self) -> Handler:
        """What answers the request; any site may read it, and a token that it was asked with lives on."""
        handle = super().get_route_handler()

        async def open_to_all(request: Request) -> Response:
            response = await handle(request)
            if LOGIN in request.scope:
                try:
                    response.headers["CB-Token-ExpirationDate"] = f"{await _lives_on(request):%Y-%m-%d %H:%M:%S} UTC"
                except Unavailable:  # the answer is ready: the token's use is noted with the next request
                    log.warning("token not prolonged", extra={"event": "token_not_prolonged"})
            response.headers.update(ANY_SITE)
            return response

        return open_to_all

    def handler(self) -> Handler:
        """The endpoint, called with the request and the path's parameters."""
        endpoint = self.answering

        async def handle(request: Request) -> Response:
            try:
                response: Response = await endpoint(request, **_ids(request))
                return response
            except (Refusal, Due):
                raise
            except Exception:
                log.exception("request failed", extra={"event": "request_failed", "path": request.url.path})
                return answer({"errors": {"base": ["Internal Server Error"]}}, 500)

        return handle

    def refused(self, refusal: Refusal) -> Response:
        """In the vendor's shape."""
        return refused(refusal)


async def _lives_on(request: Request) -> datetime:
    """When the token ends; its use is written once a minute, not with every request."""
    login: Login = request.scope[LOGIN]
    gate: Gate = request.app.state.gate
    life: timedelta = request.app.state.token_life
    if login.is_due(gate.db.clock()):
        return await gate.db.write(logins.slide, login, life)
    return login.expires_at


def _ids(request: Request) -> dict[str, str]:
    return {name: value for name, value in request.path_params.items() if name != "rest"}
