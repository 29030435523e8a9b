"""Rooms at the vendor's door (contract §2)."""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from fastapi import APIRouter, Request, Response

from convene import access, powers, recordings, rooms, sessions, themes
from convene.access import Application
from convene.db import Tx
from convene.errors import NotFound
from convene.rooms import Room, Spec
from convene.runtime import Runtime
from convene.themes import Theme
from convene.web.app import answer
from convene.web.caller import Caller
from convene.web.vonage import fields, schemas

LARGEST_PAGE = 1000  # the Java SDK always asks for it, and takes a smaller page for the last one
PAGE = 20

Seen = tuple[Application, Room, datetime, str | None]  # the last one: its theme's address
SeenPage = tuple[Sequence[Seen], rooms.Page]


ONE = "/rooms/{room_id}"
_ROOM, _REFUSALS = {"model": schemas.Room}, schemas.refusals
CREATE: dict[str, Any] = {
    "methods": ["POST"],
    "status_code": 201,
    "summary": "Create a room",
    "responses": {201: _ROOM, **_REFUSALS(400, 401, 403, 413)},
    "openapi_extra": schemas.body(fields.schema(fields.NEW, "display_name")),
}
LIST: dict[str, Any] = {
    "methods": ["GET"],
    "summary": "List rooms",
    "responses": {200: {"model": schemas.RoomPage}, **_REFUSALS(400, 401)},
    "openapi_extra": schemas.paging(PAGE, LARGEST_PAGE),
}
GET: dict[str, Any] = {
    "methods": ["GET"],
    "summary": "Get a room",
    "responses": {200: _ROOM, 304: {"description": "Unchanged"}, **_REFUSALS(401, 404)},
    "openapi_extra": schemas.IF_NONE_MATCH,
}
CHANGE: dict[str, Any] = {
    "methods": ["PATCH"],
    "summary": "Change a long-term room",
    "responses": {200: _ROOM, **_REFUSALS(400, 401, 404, 412, 413)},
    "openapi_extra": schemas.body(schemas.wrapped(fields.schema(fields.CHANGEABLE))) | schemas.IF_MATCH,
}
DELETE: dict[str, Any] = {
    "methods": ["DELETE"],
    "status_code": 204,
    "summary": "Delete a room",
    "responses": _REFUSALS(401, 404, 412),
    "openapi_extra": schemas.IF_MATCH,
}


def add(routes: APIRouter, runtime: Runtime) -> None:
    """Adds the five room routes."""
    db, settings = runtime.db, runtime.settings
    base, limit, digits = settings.base_url, settings.rooms_limit, settings.code_digits

    async def create(request: Request) -> Response:
        caller = Caller(request, "rooms:write")
        spec = await caller.reading(_spec(request))
        return await caller.once(lambda tx: view(*_create(tx, caller, spec, limit, digits), base))

    async def listed(request: Request) -> Response:
        caller = Caller(request, "rooms:read")
        asked = await caller.reading(asked_page(request))
        return page_answer(request, asked, await db.read(_page, caller, asked), base)

    async def get(request: Request, room_id: str) -> Response:
        caller = Caller(request, "rooms:read")
        return caller.shown(view(*await db.read(_get, caller, room_id), base))

    async def change(request: Request, room_id: str) -> Response:
        caller = Caller(request, "rooms:write")
        changes = await caller.reading(_changes(request))
        return caller.shown(view(*await db.write(_update, caller, room_id, changes, base), base))

    async def delete(request: Request, room_id: str) -> Response:
        await db.write(_delete, Caller(request, "rooms:write"), room_id, base)
        return Response(status_code=204)

    routes.add_api_route("/rooms", create, **CREATE)
    routes.add_api_route("/rooms", listed, **LIST)
    routes.add_api_route(ONE, get, **GET)
    routes.add_api_route(ONE, change, **CHANGE)
    routes.add_api_route(ONE, delete, **DELETE)


# --- Requests -------------------------------------------------------------------------------------------------------


async def _spec(request: Request) -> Spec:
    return Spec(**fields.new_room(await fields.body_of(request)))


async def _changes(request: Request) -> dict[str, Any]:
    return fields.room_changes(await fields.body_of(request))


async def asked_page(request: Request) -> dict[str, Any]:
    """Which stretch of a list of rooms is asked for. Raises Invalid."""
    return {
        "start_id": fields.number_of(request, "start_id", 0),
        "end_id": fields.number_of(request, "end_id", 0),
        "page_size": fields.number_of(request, "page_size", 1, LARGEST_PAGE) or PAGE,
    }


# --- Units of work --------------------------------------------------------------------------------------------------


def _create(tx: Tx, caller: Caller, spec: Spec, limit: int, digits: int) -> Seen:
    application = caller.application(tx)
    return _seen(tx, application, rooms.create(tx, application, spec, limit=limit, digits=digits))


def _get(tx: Tx, caller: Caller, room_id: str) -> Seen:
    application = caller.application(tx)
    return _seen(tx, application, rooms.get(tx, application.id, _uuid(room_id)))


def _page(tx: Tx, caller: Caller, asked: Mapping[str, Any]) -> SeenPage:
    return page_of(tx, caller.application(tx), asked)


def page_of(tx: Tx, application: Application, asked: Mapping[str, Any], theme_id: str | None = None) -> SeenPage:
    """A page of the application's rooms; of one theme, if named."""
    page = rooms.page(tx, application.id, **asked, theme_id=theme_id)
    worn = themes.worn(tx, application, {room.theme_id for room in page.rooms})
    return [(application, room, tx.now, _short(worn.get(room.theme_id))) for room in page.rooms], page


def _update(tx: Tx, caller: Caller, room_id: str, changes: Mapping[str, Any], base: str) -> Seen:
    application = caller.application(tx)
    _expect(tx, caller, room_id, base)
    if "features" in changes:
        powers.tell_of_features(tx, application.id, _uuid(room_id))
    return _seen(tx, application, rooms.update(tx, application.id, _uuid(room_id), changes))


def _delete(tx: Tx, caller: Caller, room_id: str, base: str) -> None:
    application = caller.application(tx)
    _expect(tx, caller, room_id, base)
    room = rooms.get(tx, application.id, _uuid(room_id))
    recordings.follow(tx, sessions.close(tx, room.id))  # first: who joins or leaves locks the session, then the room
    rooms.delete(tx, application.id, room.id)
    recordings.follow(tx, sessions.close(tx, room.id))  # a session that was opened between the two


def _expect(tx: Tx, caller: Caller, room_id: str, base: str) -> None:
    caller.expect(tx, f"room {_uuid(room_id)}", lambda: view(*_get(tx, caller, room_id), base))


def _seen(tx: Tx, application: Application, room: Room) -> Seen:
    theme = themes.worn(tx, application, [room.theme_id]).get(room.theme_id)
    return application, room, tx.now, _short(theme)


def _short(theme: Theme | None) -> str | None:
    return theme.short_company_url if theme else None


def _uuid(text: str) -> str:
    if not re.fullmatch(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}", text, re.ASCII):
        raise NotFound("room_unknown", f"Failed to fetch resource with id {text}")
    return text.lower()


# --- Answers --------------------------------------------------------------------------------------------------------


def view(application: Application, room: Room, now: datetime, short: str | None, base: str) -> dict[str, Any]:
    """A room as the live API answered it (§2.2), key by key in its order; the host's token is fresh each time.

    `short`: the address of the theme that it wears (§2.4).
    """
    home = f"{base}/{short}" if short else base
    token = access.participant_token(application, room.host_id, now)
    code, features = room.meeting_code, room.features
    shown = {
        "id": room.id,
        "display_name": room.display_name,
        "metadata": room.metadata,
        "type": room.type,
        "expires_at": room.expires_at,
        "recording_options": {"auto_record": room.auto_record, "record_only_owner": room.record_only_owner},
        "meeting_code": code,
        "_links": {
            "host_url": {"href": f"{home}/?room_token={code}&participant_token={token}"},
            "guest_url": {"href": f"{home}/{code}"},
        },
        "created_at": room.created_at,
        "is_available": rooms.is_available(room, now),
        "expire_after_use": room.expire_after_use,
        "theme_id": room.theme_id,
        "initial_join_options": {"microphone_state": room.microphone_state},
        "join_approval_level": room.join_approval_level,
        "ui_settings": {"language": room.language},
        "available_features": {name: features[name] for name in rooms.FEATURES},
    }
    urls = {"rooms": room.rooms_url, "sessions": room.sessions_url, "recordings": room.recordings_url}
    if any(urls.values()):  # absent when not set, never null: .NET refuses null here
        shown["callback_urls"] = {f"{noun}_callback_url": url for noun, url in urls.items() if url}
    return shown


def embedded(request: Request, shown: list[dict[str, Any]]) -> object:
    """A list's rooms as the client reads them: the vendor's PHP client wants an object around them (§6.5)."""
    return {"rooms": shown} if "vonage-php/" in request.headers.get("user-agent", "").lower() else shown


def page_answer(
    request: Request, asked: Mapping[str, Any], seen: SeenPage, base: str, path: str = "/rooms"
) -> Response:
    """A page of the list at this path (§1.4)."""
    rows, page = seen
    shown = [view(*row, base) for row in rows]
    content = {"page_size": _size(asked, page), "total_items": page.total, "_embedded": embedded(request, shown)}
    return answer(content | {"_links": _links(f"{base}/v1/meetings{path}", asked, page)})


def _size(asked: Mapping[str, Any], page: rooms.Page) -> int:
    """What was asked for, but less on the last of several of the largest pages: the Java client, which asks for no others,
    goes on until a page is not full, and fails where it then finds no `next` (§6.3)."""
    size: int = asked["page_size"]
    is_last_of_several = page.next_id is None and asked["start_id"] is not None
    return min(len(page.rooms), size - 1) if is_last_of_several and size == LARGEST_PAGE else size


def _links(path: str, asked: Mapping[str, Any], page: rooms.Page) -> dict[str, Any]:
    """Each link is the same question with another start: `end_id` stays the bound of the whole list (§1.4)."""

    def link(size: int, start: int | None) -> dict[str, str]:
        bounds = {"start_id": start, "end_id": asked["end_id"]}
        query = "".join(f"&{name}={value}" for name, value in bounds.items() if value is not None)
        return {"href": f"{path}?page_size={size}{query}"}

    size = asked["page_size"]
    links = {"first": link(size, None), "self": link(size, asked["start_id"])}
    if page.previous is not None:
        start, count = page.previous
        links["prev"] = link(count, start)
    if page.next_id is not None:
        links["next"] = link(size, page.next_id)
    return links
