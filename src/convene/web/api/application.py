"""The application that asks, by our own API: how long it keeps things, and the secret that signs its callbacks."""

from datetime import timedelta
from typing import Any, Literal

from fastapi import APIRouter, Request, Response
from pydantic import model_validator

from convene import access, applications, retention
from convene.access import Application
from convene.db import Tx
from convene.retention import Days
from convene.runtime import Runtime
from convene.web.api import bodies
from convene.web.app import answer
from convene.web.caller import Caller

READ, WRITE = "applications:read", "applications:write"
OVERLAP = timedelta(days=1)  # for which the old secret signs as well
KEPT = tuple(bodies.Kept.model_fields)


class Changes(bodies.Kept):
    """What is given is changed; the rest stays."""

    callback_signature: Literal["standard", "vonage"] = "standard"

    @model_validator(mode="after")
    def _some(self) -> "Changes":
        if not self.model_fields_set:
            raise ValueError("at least one field must be given")
        return self


def add(routes: APIRouter, runtime: Runtime) -> None:
    """Adds the three routes."""
    db, days = runtime.db, retention.days(runtime.settings)

    @routes.get("/application", response_model=bodies.OwnApplication, summary="Get the application")
    async def get(request: Request) -> Response:
        return answer(_view(await db.read(Caller(request, READ).application), days))

    @routes.patch("/application", response_model=bodies.OwnApplication, summary="Change how the application is kept")
    async def change(request: Request, body: Changes) -> Response:
        return answer(_view(await db.write(_change, Caller(request, WRITE), body), days))

    @routes.post(
        "/application/callback-secret/rotate",
        status_code=201,
        response_model=bodies.Secret,
        summary="Make a new secret for signing callbacks",
    )
    async def rotate(request: Request) -> Response:
        caller = Caller(request, WRITE)
        return await caller.once(lambda tx: _rotate(tx, caller))


def _change(tx: Tx, caller: Caller, body: Changes) -> Application:
    own = caller.application(tx).id
    given = body.model_dump(exclude_unset=True)
    if kept := {name: value for name, value in given.items() if name in KEPT}:
        retention.keep(tx, own, kept)
    if "callback_signature" in given:
        applications.sign_callbacks(tx, own, body.callback_signature)
    return access.application(tx, own)


def _rotate(tx: Tx, caller: Caller) -> dict[str, Any]:
    secret = access.rotate_callback_secret(tx, caller.application(tx).id, OVERLAP)
    return {"secret": secret, "old_valid_until": tx.now + OVERLAP}


def _view(application: Application, days: Days) -> dict[str, Any]:
    own = {name: getattr(application, name) for name in KEPT}
    default = {name: getattr(days, name.removeprefix("keep_").removesuffix("_days")) for name in KEPT}
    in_force = {name: default[name] if value is None else value for name, value in own.items()}
    shown = {"id": application.id, "name": application.name, "callback_signature": application.callback_signature}
    return shown | own | {"in_force": in_force}
