"""Themes and their logos at the vendor's door (contract §3.3, §3.4)."""

import asyncio
import uuid
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import PlainTextResponse

from convene import logos, themes, uploads
from convene.access import Application
from convene.db import Tx
from convene.errors import Invalid, NotFound
from convene.runtime import Runtime
from convene.themes import Spec, Theme
from convene.uploads import Picture
from convene.web.app import answer
from convene.web.caller import Caller
from convene.web.pictures import PICTURES, UPLOADS
from convene.web.vonage import fields, rooms, schemas

Seen = tuple[Application, Theme]
Problem = dict[str, str]

ONE = "/themes/{theme_id}"
_THEME, _REFUSALS = {"model": schemas.Theme}, schemas.refusals
CREATE: dict[str, Any] = {
    "methods": ["POST"],
    "status_code": 201,
    "summary": "Create a theme",
    "responses": {201: _THEME, **_REFUSALS(400, 401, 403, 409, 413)},
    "openapi_extra": schemas.body(fields.schema(fields.THEME, *fields.THEME_NEEDS)),
}
LIST: dict[str, Any] = {
    "methods": ["GET"],
    "summary": "List themes",
    "responses": {200: {"model": list[schemas.Theme]}, **_REFUSALS(401)},
}
GET: dict[str, Any] = {
    "methods": ["GET"],
    "summary": "Get a theme",
    "responses": {200: _THEME, 304: {"description": "Unchanged"}, **_REFUSALS(401, 404)},
    "openapi_extra": schemas.IF_NONE_MATCH,
}
CHANGE: dict[str, Any] = {
    "methods": ["PATCH"],
    "summary": "Change a theme",
    "responses": {200: _THEME, **_REFUSALS(400, 401, 404, 409, 412, 413)},
    "openapi_extra": schemas.body(schemas.wrapped(fields.schema(fields.THEME))) | schemas.IF_MATCH,
}
_FORCE = {"name": "force", "in": "query", "schema": {"type": "boolean", "default": False}}
DELETE: dict[str, Any] = {
    "methods": ["DELETE"],
    "status_code": 204,
    "summary": "Delete a theme",
    "description": "One that a room wears, or that is the default, only with `force`: then they wear it no more.",
    "responses": _REFUSALS(400, 401, 404, 412),
    "openapi_extra": {"parameters": [_FORCE, *schemas.IF_MATCH["parameters"]]},
}
ROOMS: dict[str, Any] = {
    "methods": ["GET"],
    "summary": "List a theme's rooms",
    "responses": {200: {"model": schemas.RoomPage}, **_REFUSALS(400, 401, 404)},
    "openapi_extra": schemas.paging(rooms.PAGE, rooms.LARGEST_PAGE),
}
URLS: dict[str, Any] = {
    "methods": ["GET"],
    "summary": "Get forms to upload logos",
    "description": "One for each kind of picture, signed for an hour: `POST` all fields of an entry, then `file`, to its `url`.",
    "responses": {200: {"model": list[schemas.LogoUpload]}, **_REFUSALS(401)},
}
FINALIZE: dict[str, Any] = {
    "methods": ["PUT"],
    "summary": "Give a theme the logos that were uploaded",
    "description": "All of them or none. PNG with a transparent background, at most 1 MB; logos of 1 to 300 pixels,"
    " favicons square, of 16 to 32 pixels.",
    "response_class": PlainTextResponse,
    "responses": {
        200: {"content": {"text/plain": {"schema": {"const": "OK"}}}},
        **_REFUSALS(401, 404, 413),
        400: {"model": schemas.LogosRefused, "description": "Not uploaded, or not such a picture"},
    },
    "openapi_extra": schemas.body(fields.schema(fields.LOGOS, "keys")),
}


def add(routes: APIRouter, runtime: Runtime) -> None:
    """Adds the eight routes. That of the upload forms comes before that of one theme: it has the same shape."""
    db, base, limit = runtime.db, runtime.settings.base_url, runtime.settings.themes_limit

    async def create(request: Request) -> Response:
        caller = Caller(request, "themes:write")
        spec = await caller.reading(_spec(request))
        return await caller.once(lambda tx: view(*_create(tx, caller, spec, limit), base))

    async def listed(request: Request) -> Response:
        application, found = await db.read(_listed, Caller(request, "themes:read"))
        return answer([view(application, theme, base) for theme in found])

    async def get(request: Request, theme_id: str) -> Response:
        caller = Caller(request, "themes:read")
        return caller.shown(view(*await db.read(_get, caller, theme_id), base))

    async def change(request: Request, theme_id: str) -> Response:
        caller = Caller(request, "themes:write")
        changes = await caller.reading(_changes(request))
        return caller.shown(view(*await db.write(_update, caller, theme_id, changes, base), base))

    async def delete(request: Request, theme_id: str) -> Response:
        caller = Caller(request, "themes:write")
        force = await caller.reading(_force(request))
        await db.write(_delete, caller, theme_id, force, base)
        return Response(status_code=204)

    async def its_rooms(request: Request, theme_id: str) -> Response:
        caller = Caller(request, "rooms:read")
        asked = await caller.reading(rooms.asked_page(request))
        seen = await db.read(_rooms, caller, theme_id, asked)
        return rooms.page_answer(request, asked, seen, base, f"/themes/{theme_id}/rooms")

    async def urls(request: Request) -> Response:
        return answer(await db.read(_urls, Caller(request, "themes:write"), base))

    async def finalize(request: Request, theme_id: str) -> Response:
        caller = Caller(request, "themes:write")
        names = await caller.reading(_names(request))
        pictures = await db.read(_uploaded, caller, theme_id, names)
        problems = await asyncio.to_thread(_problems, names, pictures)  # not in a unit: nobody is to wait for a decoder
        if problems:
            raise _not_final(problems)
        await db.write(_finalize, caller, theme_id, pictures)
        return PlainTextResponse("OK")

    def route(path: str, endpoint: Callable[..., Any], options: dict[str, Any]) -> None:
        routes.add_api_route(path, endpoint, **options)

    route("/themes/logos-upload-urls", urls, URLS)
    route("/themes", create, CREATE)
    route("/themes", listed, LIST)
    route(ONE, get, GET)
    route(ONE, change, CHANGE)
    route(ONE, delete, DELETE)
    route(f"{ONE}/rooms", its_rooms, ROOMS)
    route(f"{ONE}/finalizeLogos", finalize, FINALIZE)


# --- Requests -------------------------------------------------------------------------------------------------------


async def _spec(request: Request) -> Spec:
    return Spec(**fields.given(await fields.body_of(request), fields.THEME, *fields.THEME_NEEDS))


async def _changes(request: Request) -> dict[str, Any]:
    return fields.given(fields.details_in(await fields.body_of(request)), fields.THEME)


async def _force(request: Request) -> bool:
    return fields.flag_of(request, "force") or False


async def _names(request: Request) -> list[str]:
    names: list[str] = fields.given(await fields.body_of(request), fields.LOGOS, "keys")["keys"]
    return names


# --- Units of work --------------------------------------------------------------------------------------------------


def _create(tx: Tx, caller: Caller, spec: Spec, limit: int) -> Seen:
    application = caller.application(tx)
    return application, themes.create(tx, application.id, spec, limit=limit)


def _listed(tx: Tx, caller: Caller) -> tuple[Application, list[Theme]]:
    application = caller.application(tx)
    return application, themes.listed(tx, application.id)


def _get(tx: Tx, caller: Caller, theme_id: str) -> Seen:
    application = caller.application(tx)
    return application, themes.get(tx, application.id, _uuid(theme_id))


def _update(tx: Tx, caller: Caller, theme_id: str, changes: Mapping[str, Any], base: str) -> Seen:
    application = caller.application(tx)
    _expect(tx, caller, theme_id, base)
    return application, themes.update(tx, application.id, _uuid(theme_id), changes)


def _delete(tx: Tx, caller: Caller, theme_id: str, force: bool, base: str) -> None:
    application = caller.application(tx)
    _expect(tx, caller, theme_id, base)
    themes.delete(tx, application.id, _uuid(theme_id), force=force)


def _expect(tx: Tx, caller: Caller, theme_id: str, base: str) -> None:
    caller.expect(tx, f"theme {_uuid(theme_id)}", lambda: view(*_get(tx, caller, theme_id), base))


def _rooms(tx: Tx, caller: Caller, theme_id: str, asked: Mapping[str, Any]) -> rooms.SeenPage:
    application = caller.application(tx)
    try:
        theme = themes.get(tx, application.id, _uuid(theme_id))
    except NotFound:
        told = f"Failed to get rooms because theme id {theme_id} not found"
        raise NotFound("theme_unknown", told) from None
    return rooms.page_of(tx, application, asked, theme_id=theme.id)


def _urls(tx: Tx, caller: Caller, base: str) -> list[dict[str, Any]]:
    application = caller.application(tx)
    return [{"url": f"{base}{UPLOADS}", "fields": uploads.form(application, kind, tx.now)} for kind in uploads.KINDS]


def _uploaded(tx: Tx, caller: Caller, theme_id: str, names: Sequence[str]) -> dict[str, Picture]:
    application = caller.application(tx)
    theme = themes.get(tx, application.id, _uuid(theme_id))
    return uploads.find(tx, theme.application_id, names)


def _finalize(tx: Tx, caller: Caller, theme_id: str, pictures: Mapping[str, Picture]) -> None:
    """Pictures never change, so what was looked at is what is taken; but in the meantime they may have gone."""
    gone = themes.wear(tx, caller.application(tx).id, _uuid(theme_id), pictures.values())
    if gone:
        raise _not_final([_not_found(picture.name) for picture in gone])


def _uuid(text: str) -> str:
    try:
        return str(uuid.UUID(text))
    except ValueError:
        raise NotFound("theme_unknown", f"could not find theme {text}") from None


# --- Logos ----------------------------------------------------------------------------------------------------------


def _problems(names: Sequence[str], pictures: Mapping[str, Picture]) -> list[Problem]:
    """What is wrong, by the names that the client uses."""
    problems: list[Problem] = []
    for name in dict.fromkeys(names):
        picture = pictures.get(name)
        wrong = picture and logos.fault(picture.kind, picture.data)
        if picture is None:
            problems.append(_not_found(name))
        elif wrong:
            problems.append({"logoKey": name, "code": "invalid_logo_properties", "invalidProperty": wrong})
    return problems


def _not_found(name: str) -> Problem:
    return {"logoKey": name, "code": "key_not_found"}


def _not_final(problems: Sequence[Problem]) -> Invalid:
    return Invalid("logos_invalid", "could not finalize logos", details={"errors": list(problems)})


# --- Answers --------------------------------------------------------------------------------------------------------


def view(application: Application, theme: Theme, base: str) -> dict[str, Any]:
    """A theme as §3.3 shows it, key by key in its order. `VCP`: it belongs to an API's customer."""
    return {
        "theme_id": theme.id,
        "theme_name": theme.name,
        "domain": "VCP",
        "account_id": application.account_id,
        "application_id": theme.application_id,
        "main_color": theme.main_color,
        "short_company_url": theme.short_company_url,
        "brand_text": theme.brand_text,
        "brand_image_colored": theme.colored_key,
        "brand_image_white": theme.white_key,
        "branded_favicon": theme.favicon_key,
        "brand_image_white_url": _address(base, theme.white_key),
        "brand_image_colored_url": _address(base, theme.colored_key),
        "branded_favicon_url": _address(base, theme.favicon_key),
    }


def _address(base: str, key: str | None) -> str | None:
    return key and f"{base}{PICTURES}/{key}"
