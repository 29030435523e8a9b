"""The ASGI application: its doors, what a refusal looks like, security headers, and one log line for each request."""

import json
import logging
import time
from collections.abc import Awaitable, Callable, MutableMapping
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from convene import __version__
from convene.errors import Conflict, Forbidden, Gone, Invalid, NotFound, Refusal, TooMany, Unauthenticated, Unavailable
from convene.runtime import Runtime

log = logging.getLogger("convene.web")

STATUS: dict[type[Refusal], int] = {
    Invalid: 400,
    Unauthenticated: 401,
    Forbidden: 403,
    NotFound: 404,
    Conflict: 409,
    Gone: 410,
    TooMany: 429,
    Unavailable: 503,
}
STATUS_OF_CODE = {"locked": 423, "too_large": 413, "changed": 412, "idempotency_key_reused": 422}

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Asgi = Callable[[MutableMapping[str, Any], Receive, Send], Awaitable[None]]


def answer(body: object, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """A JSON answer."""
    return Response(as_json(body), status, headers, "application/json")


def as_json(body: object) -> bytes:
    """A body as it is sent; moments in UTC with milliseconds and `Z`."""
    return json.dumps(body, ensure_ascii=False, separators=(",", ":"), default=_plain).encode()


def _plain(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    raise TypeError(type(value).__name__)


def refused(refusal: Refusal) -> Response:
    """A refusal in our own dialect: `{"error": {"code", "message", "field"?, …}}`."""
    status = STATUS_OF_CODE.get(refusal.code) or STATUS[type(refusal)]
    error: dict[str, Any] = {"code": refusal.code, "message": refusal.message}
    if refusal.field:
        error["field"] = refusal.field
    wait = refusal.details.get("retry_after")
    return answer({"error": error | refusal.details}, status, {"Retry-After": str(wait)} if wait else None)


def address_of(request: Request, trusted_proxies: int) -> str:
    """The caller's address. Headers count only as far as our own proxies wrote them: anybody can send the rest."""
    forwarded = [part.strip() for part in request.headers.get("x-forwarded-for", "").split(",") if part.strip()]
    if trusted_proxies and len(forwarded) >= trusted_proxies:
        return forwarded[-trusted_proxies]
    return request.client.host if request.client else "unknown"


def create_app(runtime: Runtime) -> Asgi:
    """The whole application, ready for a server."""
    return around(doors(runtime), runtime)


def around(app: FastAPI, runtime: Runtime) -> Asgi:
    """The doors behind what each request passes first: its address is brought into one spelling, its answer is guarded."""
    from convene.web import connectycube, vonage

    return guarded(connectycube.normalised(app, others=vonage.normalised(app)), runtime)


def openapi(runtime: Runtime) -> dict[str, Any]:
    """The OpenAPI document of all doors. The parts of `runtime` need not be open."""
    from convene.web.document import document
    from convene.web.route import DESCRIBED

    token = DESCRIBED.set(True)
    try:
        return document(doors(runtime), runtime.settings.base_url)
    finally:
        DESCRIBED.reset(token)


def doors(runtime: Runtime) -> FastAPI:
    """All doors, as FastAPI knows them."""
    from convene.web import (
        api,
        applications_v2,
        chat,
        check,
        connectycube,
        consent,
        engine,
        files,
        health,
        hosting,
        join,
        outbox,
        page,
        pictures,
        reference,
        vonage,
        waiting,
    )  # the doors use `answer` and friends of this module
    from convene.web.gate import Gate

    app = FastAPI(title="Convene", version=__version__, openapi_url=None, redirect_slashes=False)
    app.state.gate = Gate(runtime)
    app.state.token_life = timedelta(minutes=runtime.settings.token_minutes)
    for door in (
        vonage,
        api,
        applications_v2,
        connectycube,
        join,
        hosting,
        waiting,
        chat,
        consent,
        check,
        engine,
        files,
        pictures,
        health,
        reference,
        outbox,
        page,
    ):
        app.router.routes.extend(door.router(runtime).routes)  # include_router would cost each request 34 µs
    _answer_errors(app)
    return app


def _answer_errors(app: FastAPI) -> None:
    """What no route has answered in its own dialect is answered in ours."""
    from convene.web.route import methods_of

    @app.exception_handler(Refusal)
    async def refuse(_request: Request, refusal: Refusal) -> Response:
        return refused(refusal)

    @app.exception_handler(RequestValidationError)
    async def invalid(_request: Request, error: RequestValidationError) -> Response:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"][1:])
        return refused(Invalid("invalid", first["msg"], field=field or None))

    @app.exception_handler(HTTPException)
    async def unmatched(request: Request, error: HTTPException) -> Response:
        """What the router and the reader of bodies say: no such path, not this method, no readable body."""
        if isinstance(error.__cause__, Refusal):
            return refused(error.__cause__)
        code = {404: "not_found", 405: "method_not_allowed"}.get(error.status_code, "invalid")
        headers = {"Allow": methods_of(request, app.routes)} if error.status_code == 405 else None
        return answer({"error": {"code": code, "message": error.detail}}, error.status_code, headers)


def security_headers(runtime: Runtime) -> list[tuple[bytes, bytes]]:
    """What every answer carries: nothing from elsewhere, nothing in frames, no address told to others."""
    settings, base = runtime.settings, urlsplit(runtime.settings.base_url)
    sockets = f"{'wss' if base.scheme == 'https' else 'ws'}://{base.netloc} {settings.engine_public_url}".strip()
    if settings.tls_cert and not settings.tls_only:
        sockets += f" ws://{base.hostname}:{settings.port}"  # the same page, opened by http
    framing = " ".join(settings.framing) or "'none'"
    policy = (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; media-src 'self' blob:; font-src 'self'; "
        f"connect-src 'self' {sockets}; worker-src 'self' blob:; frame-ancestors {framing}; base-uri 'none'; form-action 'none'"
    )
    headers = {
        "content-security-policy": policy,
        "referrer-policy": "no-referrer",
        "x-content-type-options": "nosniff",
        "permissions-policy": "camera=(self), microphone=(self), display-capture=(self)",
    }
    if settings.public_url.startswith("https:") and base.hostname not in ("localhost", "127.0.0.1", "::1"):
        # Of a real name alone: browsers would refuse http to every port of "localhost", for all that is developed there.
        headers["strict-transport-security"] = "max-age=31536000"
    return [(name.encode(), value.encode()) for name, value in headers.items()]


def guarded(app: Asgi, runtime: Runtime) -> Asgi:
    """Adds the headers, and logs each request by method, path, status and time: never its query, which may hold tokens."""
    extra = security_headers(runtime)

    async def run(scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await app(scope, receive, send)
        began, status = time.perf_counter(), 500

        async def sending(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                given = message.get("headers", [])
                own = {name for name, _ in given}  # the outbox has a policy of its own
                message["headers"] = [*given, *(one for one in extra if one[0] not in own)]
            await send(message)

        try:
            await app(scope, receive, sending)
        finally:
            level = logging.ERROR if status >= 500 else logging.DEBUG
            if log.isEnabledFor(level):
                milliseconds = round((time.perf_counter() - began) * 1000, 1)
                facts = {
                    "event": "request",
                    "method": scope["method"],
                    "path": scope["path"],
                    "status": status,
                    "ms": milliseconds,
                }
                log.log(level, "request", extra=facts)

    return run
