"""The connection check of the meeting page: leave to send a test picture through the engine, and a stream that shows whether
the network lets events through as they are sent.

Who may look at a meeting may check his way to it, by the same rules (`join.find`). A check's token is of its own kind: it opens
one room that no meeting has, for a minute.
"""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

from fastapi import APIRouter, Request, Response
from starlette.responses import StreamingResponse

from convene import checks, guesses
from convene.db import Tx
from convene.engine import Pass
from convene.errors import Forbidden, Refusal
from convene.runtime import Runtime
from convene.web.app import address_of, answer
from convene.web.join import find
from convene.web.meeting_bodies import Beat, CheckAccess, Look, Refused
from convene.web.route import BoundedRoute
from convene.web.stream import Told

ENDS = 2  # people in a check's room
BEATS = 3  # events, `PAUSE` apart: a proxy that keeps answers back gives all of them at once
PAUSE = 0.4  # seconds


class Beats(StreamingResponse):
    """Server-sent events as they are due, then the end."""

    media_type = "text/event-stream"

    def __init__(self) -> None:
        super().__init__(_beats(), headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"})


def router(runtime: Runtime) -> APIRouter:
    """The routes under /api/meeting/check."""
    refusals: dict[int | str, dict[str, Any]] = {status: {"model": Refused} for status in ("4XX", "5XX")}
    routes = APIRouter(prefix="/api/meeting", route_class=BoundedRoute, tags=["Meeting page"], responses=refusals)
    settings, engine = runtime.settings, runtime.engine
    limits = guesses.Limits(settings.code_misses_address, settings.code_misses_total)

    @routes.post("/check", status_code=201, response_model=CheckAccess, summary="Begin a connection check")
    async def check(request: Request, body: Look) -> Response:
        made = await runtime.db.write(_begin, body, address_of(request, settings.trusted_proxies), limits)
        if isinstance(made, Refusal):
            raise made
        await engine.create_brief_room(made.room, ENDS)
        ends = {
            name: engine.join_token(Pass(made.room, id, name=""), lifetime=checks.LIFE)
            for name, id in (("sender", made.sender), ("listener", made.listener))
        }
        ports = {"address": settings.engine_address, "udp": settings.engine_udp_port, "tcp": settings.engine_tcp_port}
        known = None if settings.engine_url else ports
        return answer({"url": settings.engine_public_url or None, **ends, "ports": known}, 201)

    @routes.get(
        "/check",
        status_code=200,
        response_class=Beats,
        responses={200: {"model": Beat}},
        summary="Three events `beat`, one after the other",
    )
    async def beats(request: Request) -> Response:
        claims = engine.read_token(request.headers.get("authorization", "").removeprefix("Bearer "))
        if not checks.is_check(claims.room):
            raise Forbidden("no_check", "This token is not of a connection check.")
        return Beats()

    return routes


def _begin(tx: Tx, asked: Look, address: str, limits: guesses.Limits) -> checks.Check | Refusal:
    found = find(tx, asked, None, address, limits)
    return found if isinstance(found, Refusal) else checks.begin(tx, address)


async def _beats() -> AsyncIterator[bytes]:
    for left in reversed(range(BEATS)):
        yield Told("beat", {"left": left}).written()
        if left:
            await asyncio.sleep(PAUSE)
