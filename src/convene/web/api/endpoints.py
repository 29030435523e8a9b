"""Endpoints by our own API: the URLs that were called, how we stand with each, and calling a disabled one again."""

from typing import Annotated, Any

from fastapi import APIRouter, Path, Request, Response

from convene import callbacks
from convene.callbacks import Endpoint
from convene.db import Tx
from convene.runtime import Runtime
from convene.web.api import bodies
from convene.web.app import answer
from convene.web.caller import Caller

Serial = Annotated[int, Path(ge=1, le=2**63 - 1)]


def add(routes: APIRouter, runtime: Runtime) -> None:
    """Adds the three routes."""
    db = runtime.db

    @routes.get("/endpoints", response_model=bodies.Endpoints, summary="List the URLs that callbacks went to")
    async def listed(request: Request) -> Response:
        found = await db.read(_all, Caller(request, "events:read"))
        return answer({"endpoints": [_view(one) for one in found]})

    @routes.get("/endpoints/{endpoint_id}", response_model=bodies.Endpoint, summary="Get an endpoint")
    async def get(request: Request, endpoint_id: Serial) -> Response:
        return answer(_view(await db.read(_get, Caller(request, "events:read"), endpoint_id)))

    @routes.post("/endpoints/{endpoint_id}/enable", response_model=bodies.Endpoint, summary="Call an endpoint again")
    async def enable(request: Request, endpoint_id: Serial) -> Response:
        caller = Caller(request, "events:write")
        return await caller.once(lambda tx: _enable(tx, caller, endpoint_id), status=200)


def _all(tx: Tx, caller: Caller) -> list[Endpoint]:
    return callbacks.endpoints(tx, caller.application(tx).id)


def _get(tx: Tx, caller: Caller, serial: int) -> Endpoint:
    return callbacks.endpoint(tx, caller.application(tx).id, serial)


def _enable(tx: Tx, caller: Caller, serial: int) -> dict[str, Any]:
    return _view(callbacks.enable(tx, caller.application(tx).id, serial))


def _view(one: Endpoint) -> dict[str, Any]:
    return {
        "id": one.serial,
        "url": one.url,
        "state": one.state,
        "failures": one.health.failures,
        "failing_since": one.health.failing_since,
        "next_probe_at": one.health.probe_at,
        "disabled_at": one.health.disabled_at,
        "disabled_reason": one.health.disabled_reason,
        "deliveries": {"due": one.due, "parked": one.parked},
    }
