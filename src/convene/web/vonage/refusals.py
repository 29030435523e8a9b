"""How the vendor says no (contract §1.5): `{title, detail}` to bad credentials, else `{message, name, status}`."""

import logging
from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import Request, Response
from fastapi.routing import APIRoute

from convene.errors import Conflict, Forbidden, Invalid, NotFound, Refusal, TooMany, Unauthenticated, Unavailable
from convene.web.app import answer

log = logging.getLogger(__name__)

Handler = Callable[[Request], Coroutine[Any, Any, Response]]
NAMES: dict[type[Refusal], tuple[int, str]] = {
    Invalid: (400, "InputValidationError"),
    Forbidden: (403, "ForbiddenError"),
    NotFound: (404, "NotFoundError"),
    Conflict: (409, "ConflictError"),
    TooMany: (429, "TooManyRequestsError"),
    Unavailable: (503, "ServiceUnavailableError"),
}
NAMES_OF_CODES = {
    "malformed": (400, "BadRequestError"),
    "room_instant": (400, "BadRequestError"),
    "too_large": (413, "PayloadTooLargeError"),
}
TITLES = {"missing_auth": "Missing Auth", "bad_credentials": "Unauthorized"}


class VonageRoute(APIRoute):
    """A route whose handler reads the request itself: the clients' tolerances (§2.3) fit no generated parser.

    FastAPI documents it, and does nothing else with it. Every refusal is answered in the vendor's shape.
    """

    def get_route_handler(self) -> Handler:
        """The endpoint, called with the request and the path's parameters."""
        endpoint = self.endpoint

        async def handle(request: Request) -> Response:
            try:
                response: Response = await endpoint(request, **_ids(request))
                return response
            except Refusal as refusal:
                return refused(refusal)
            except Exception:
                log.exception("request failed", extra={"event": "request_failed", "path": request.url.path})
                return _service(500, "InternalServerError", "Internal Server Error")

        return handle


def _ids(request: Request) -> dict[str, Any]:
    return {name: value for name, value in request.path_params.items() if name != "rest"}


def refused(refusal: Refusal) -> Response:
    """A refusal as the vendor words it."""
    if isinstance(refusal, Unauthenticated):
        body = {"title": TITLES.get(refusal.code, "Unauthorized"), "detail": refusal.message}
        return answer(body, 401, {"WWW-Authenticate": "Bearer"})
    status, name = NAMES_OF_CODES.get(refusal.code) or NAMES[type(refusal)]
    wait = refusal.details.get("retry_after")
    errors = refusal.details.get("errors") or ([refusal.message] if name == "InputValidationError" else [])
    return _service(status, name, refusal.message, errors, {"Retry-After": str(wait)} if wait else None)


def not_allowed(method: str) -> Response:
    """405: the path is one of ours, the method is not."""
    return _service(405, "MethodNotAllowedError", f"{method} is not allowed here")


def _service(
    status: int, name: str, message: str, errors: list[str] | None = None, headers: dict[str, str] | None = None
) -> Response:
    body: dict[str, Any] = {"message": message, "name": name, "status": status}
    return answer(body | ({"errors": errors} if errors else {}), status, headers)
