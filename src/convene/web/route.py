"""A route of an API door: bodies are bounded, callers are counted, and refusals are told in the door's dialect."""

from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine, Iterable
from contextvars import ContextVar
from typing import Any

from fastapi import Request, Response
from fastapi.routing import APIRoute
from starlette.routing import BaseRoute, Match, Route, compile_path
from starlette.types import Receive, Scope, Send

from convene.errors import Invalid, Refusal, Unauthenticated
from convene.web.app import refused
from convene.web.gate import RATE, Due, Gate

BODY_LIMIT = 64 * 1024
DESCRIBED: ContextVar[bool] = ContextVar("described", default=False)  # whether the routes are made for the document
UNCOUNTED = (
    "missing_auth",
    "session_missing",
)  # no credentials; and tokens, which end while their holders have them in use

Handler = Callable[[Request], Coroutine[Any, Any, Response]]


def methods_of(request: Request, routes: Iterable[BaseRoute]) -> str:
    """The methods that a path takes, for `Allow` (RFC 9110 §15.5.6); empty when none of the routes is its."""
    found = (one for one in routes if isinstance(one, Route) and one.matches(request.scope)[0] is not Match.NONE)
    return ", ".join(sorted({method for one in found for method in one.methods or ()}))


def _unread() -> None:
    """What FastAPI looks through for parameters, of which there are none."""


class _Route(APIRoute):
    """A route that is made when it is first asked: to look through the parameters of all of them takes longer than all else that
    makes an application, and most processes hear of a few.

    It says what it answers to the document alone, since its answers are made by hand. One that `reads_itself` says what it
    takes to the document alone, too.
    """

    reads_itself = False  # whether its handler reads the request, and nothing is left to FastAPI

    def __init__(self, path: str, endpoint: Callable[..., Any], **options: Any):
        self.answering = endpoint
        self._options: dict[str, Any] | None = None
        if DESCRIBED.get():
            super().__init__(path, endpoint, **options)
            return
        self._options = options | {"responses": {}, "response_model": None}
        # What finding a route needs, and whether it is in the document.
        self.path, self.endpoint, self.name = path, endpoint, options["name"] or endpoint.__name__
        self.include_in_schema = options["include_in_schema"]
        self.methods = {method.upper() for method in options["methods"]}
        self.path_regex, self.path_format, self.param_convertors = compile_path(path)

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers the request."""
        if self._options is not None:
            self._complete(self._options)
        await super().handle(scope, receive, send)

    def _complete(self, options: dict[str, Any]) -> None:
        endpoint, self._options = self.answering, None
        if self.reads_itself:
            options |= {"name": endpoint.__name__, "dependencies": [], "openapi_extra": None}
            endpoint = _unread
        super().__init__(self.path, endpoint, **options)
        self.endpoint = self.answering


class BoundedRoute(_Route):
    """A route whose body is at most 64 KiB."""

    def get_route_handler(self) -> Handler:
        """What answers the request."""
        handler = super().get_route_handler()

        async def handle(request: Request) -> Response:
            return await handler(Bounded(request.scope, request.receive))

        return handle


class ApiRoute(_Route):
    """A route whose caller is known: its units of work call `Caller.application(tx)`."""

    def get_route_handler(self) -> Handler:
        """What answers the request, and tells the caller how it stands with its rate."""
        handler = self.handler()

        async def handle(request: Request) -> Response:
            try:
                response = await _counted(Bounded(request.scope, request.receive), handler)
            except Refusal as refusal:
                response = self.refused(refusal)
            if RATE in request.scope:
                response.raw_headers += request.scope[RATE].headers()
            return response

        return handle

    def handler(self) -> Handler:
        """What answers the request. It may run twice: the first time ended before its first unit of work did anything."""
        return super().get_route_handler()

    def refused(self, refusal: Refusal) -> Response:
        """A refusal in the door's dialect: our own."""
        return refused(refusal)


async def _counted(request: Request, handler: Callable[[Request], Awaitable[Response]]) -> Response:
    gate: Gate = request.app.state.gate
    try:
        try:
            return await handler(request)
        except Due as due:
            request.scope[RATE] = await gate.spend_due(due)
            return await handler(request)
    except Unauthenticated as refusal:
        if refusal.code not in UNCOUNTED:
            await gate.failed(request)
        raise


class Bounded(Request):
    """A request whose body is at most 64 KiB. Reading it raises Invalid `too_large`."""

    _is_too_large = False

    async def stream(self) -> AsyncGenerator[bytes, None]:
        """The body's parts."""
        size = 0
        if not self._is_too_large:
            async for chunk in super().stream():
                size += len(chunk)
                if size > BODY_LIMIT:
                    self._is_too_large = True
                    break
                yield chunk
        if self._is_too_large:
            raise Invalid("too_large", "request entity too large")
