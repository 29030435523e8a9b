"""The application's default theme, and numbers to dial in, at the vendor's door (contract §3.5, §3.6)."""

from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter, Request, Response

from convene import access, applications
from convene.access import Application
from convene.db import Tx
from convene.runtime import Runtime
from convene.web.app import answer
from convene.web.caller import Caller
from convene.web.vonage import fields, schemas

CHANGE: dict[str, Any] = {
    "methods": ["PATCH"],
    "summary": "Change the application",
    "responses": {200: {"model": schemas.Application}, **schemas.refusals(400, 401, 413)},
    "openapi_extra": schemas.body(schemas.wrapped(fields.schema(fields.APPLICATION))),
}
NUMBERS: dict[str, Any] = {
    "methods": ["GET"],
    "summary": "List the numbers to dial in",
    "responses": {200: {"model": list[schemas.DialInNumber]}},
    "openapi_extra": {"security": []},
}


def add(routes: APIRouter, runtime: Runtime) -> None:
    """Adds both routes."""
    numbers = [
        {"number": one.number, "locale": one.locale, "display_name": one.name} for one in runtime.settings.dial_in
    ]

    async def change(request: Request) -> Response:
        caller = Caller(request, "applications:write")
        changes = await caller.reading(_changes(request))
        changed = await runtime.db.write(_change, caller, changes)
        return answer(
            {
                "application_id": changed.id,
                "account_id": changed.account_id,
                "default_theme_id": changed.default_theme_id,
            }
        )

    async def dial_in(_request: Request) -> Response:
        """Asked without credentials, also by the vendor's own samples."""
        return answer(numbers)

    routes.add_api_route("/applications", change, **CHANGE)
    routes.add_api_route("/dial-in-numbers", dial_in, **NUMBERS)


async def _changes(request: Request) -> dict[str, Any]:
    return fields.application_changes(await fields.body_of(request))


def _change(tx: Tx, caller: Caller, changes: Mapping[str, Any]) -> Application:
    mine = caller.application(tx)
    if "default_theme_id" in changes:
        applications.set_default_theme(tx, mine.id, changes["default_theme_id"])
    return access.application(tx, mine.id)
