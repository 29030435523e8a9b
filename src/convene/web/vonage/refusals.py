"""How the vendor says no (contract §1.5): `{title, detail}` to bad credentials, else `{message, name, status}`."""

import logging
from collections.abc import Callable
from typing import Any

from fastapi import Request, Response

from convene.errors import Conflict, Forbidden, Invalid, NotFound, Refusal, TooMany, Unauthenticated, Unavailable
from convene.web.app import answer
from convene.web.gate import Due
from convene.web.route import ApiRoute, Handler
from convene.web.vonage import schemas

log = logging.getLogger(__name__)

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
    "theme_not_found": (400, "BadRequestError"),
    "theme_in_use": (400, "BadRequestError"),
    "logos_invalid": (400, "BadRequestError"),
    "changed": (412, "PreconditionFailedError"),
    "too_large": (413, "PayloadTooLargeError"),
    "idempotency_key_reused": (422, "UnprocessableEntityError"),
}
TITLES = {"missing_auth": "Missing Auth", "bad_credentials": "Unauthorized"}


class VonageRoute(ApiRoute):
    """A route whose handler reads the request itself: the clients' tolerances (§2.3) fit no generated parser.

    FastAPI documents it, and does nothing else with it. Every refusal is answered in the vendor's shape.
    """

    reads_itself = True

    def __init__(self, path: str, endpoint: Callable[..., Any], **options: Any):
        options["responses"] = {**schemas.refusals(403, 429), **options["responses"]}
        if "POST" in options["methods"]:
            options["responses"] = {**schemas.refusals(400, 413, 422), **options["responses"]}
            extra = options["openapi_extra"] or {}
            options["openapi_extra"] = {**extra, "parameters": [*extra.get("parameters", []), schemas.ONCE]}
        super().__init__(path, endpoint, **options)

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
                return _service(500, "InternalServerError", "Internal Server Error")

        return handle

    def refused(self, refusal: Refusal) -> Response:
        """In the vendor's shape."""
        return refused(refusal)


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


def not_allowed(method: str, allowed: str) -> Response:
    """405: the path is one of ours, the method is not."""
    return _service(405, "MethodNotAllowedError", f"{method} is not allowed here", headers={"Allow": allowed})


def _service(
    status: int, name: str, message: str, errors: list[Any] | None = None, headers: dict[str, str] | None = None
) -> Response:
    body: dict[str, Any] = {"message": message, "name": name, "status": status}
    return answer(body | ({"errors": errors} if errors else {}), status, headers)
