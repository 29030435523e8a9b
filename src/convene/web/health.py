"""`GET /health/live`: the process answers. `GET /health/ready`: database, engine and storage were really tried, just now."""

import asyncio
from collections.abc import Awaitable

from fastapi import APIRouter, Response

from convene.db import Tx
from convene.errors import Refusal
from convene.runtime import Runtime
from convene.web.app import answer

PATIENCE = 5.0  # seconds for each part


async def _tried(check: Awaitable[object]) -> str:
    try:
        async with asyncio.timeout(PATIENCE):
            await check
    except Refusal as refusal:
        return refusal.message
    except TimeoutError:
        return f"No answer within {PATIENCE:.0f} seconds."
    return "ok"


def router(runtime: Runtime) -> APIRouter:
    """The two health routes."""
    routes = APIRouter(prefix="/health", tags=["Health"])

    @routes.get("/live", summary="The process answers")
    async def live() -> Response:
        return answer({"status": "ok"})

    @routes.get(
        "/ready",
        summary="Database, engine and storage work",
        responses={503: {"description": "Some part fails; it says which"}},
    )
    async def ready() -> Response:
        parts = {
            "database": runtime.db.read(Tx.ping),
            "engine": runtime.engine.check(),
            "storage": runtime.storage.check(),
        }
        results = dict(zip(parts, await asyncio.gather(*(_tried(check) for check in parts.values())), strict=True))
        well = all(result == "ok" for result in results.values())
        return answer({"status": "ok" if well else "failing", "parts": results}, 200 if well else 503)

    return routes
