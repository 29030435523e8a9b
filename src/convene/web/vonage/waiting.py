"""Who waits at a room's door, and letting them in, by API: the host's powers on the page, with the same checks."""

import uuid
from collections.abc import Callable
from datetime import datetime
from typing import Any, Literal

from fastapi import APIRouter, Request, Response
from typing_extensions import TypedDict  # pydantic reads the one of typing from Python 3.12 on

from convene import knocks, rooms
from convene.db import Tx
from convene.errors import Conflict, Gone, NotFound
from convene.knocks import Knock
from convene.rooms import Room
from convene.runtime import Runtime
from convene.web.app import answer
from convene.web.caller import Caller
from convene.web.vonage import schemas
from convene.web.vonage.rooms import ONE as ROOM


class Knocker(TypedDict):
    """Somebody who came to the door. `id` becomes the `participant_id` of whoever is let in."""

    id: str
    name: str
    asked_at: datetime
    state: Literal["waiting", "admitted", "denied"]


class Knockers(TypedDict):
    """What is in a list of them."""

    waiting: list[Knocker]


class KnockerPage(TypedDict):
    """People at the door, oldest first."""

    _embedded: Knockers


DOOR = f"{ROOM}/waiting"
_PERSON, _LIST, _REFUSALS = {"model": Knocker}, {"model": KnockerPage}, schemas.refusals


def add(routes: APIRouter, runtime: Runtime) -> None:
    """Adds the five routes."""

    async def listed(request: Request, room_id: str) -> Response:
        return answer(await runtime.db.read(_listed, Caller(request, "rooms:read"), room_id))

    async def admit(request: Request, room_id: str, person_id: str) -> Response:
        caller = Caller(request, "rooms:write")
        return await caller.once(lambda tx: _decide(tx, caller, room_id, person_id, knocks.admit), status=200)

    async def deny(request: Request, room_id: str, person_id: str) -> Response:
        caller = Caller(request, "rooms:write")
        return await caller.once(lambda tx: _decide(tx, caller, room_id, person_id, knocks.deny), status=200)

    async def admit_all(request: Request, room_id: str) -> Response:
        caller = Caller(request, "rooms:write")
        return await caller.once(lambda tx: _decide_all(tx, caller, room_id, knocks.admit_all), status=200)

    async def deny_all(request: Request, room_id: str) -> Response:
        caller = Caller(request, "rooms:write")
        return await caller.once(lambda tx: _decide_all(tx, caller, room_id, knocks.deny_all), status=200)

    def route(path: str, endpoint: Callable[..., Any], method: str, summary: str, found: dict[str, Any]) -> None:
        responses = {200: found, **_REFUSALS(401, 403, 404, *([409] if method == "POST" else []))}
        routes.add_api_route(path, endpoint, methods=[method], summary=summary, responses=responses)

    route(DOOR, listed, "GET", "List who waits at a room's door", _LIST)
    route(f"{DOOR}/{{person_id}}/admit", admit, "POST", "Let somebody in", _PERSON)
    route(f"{DOOR}/{{person_id}}/deny", deny, "POST", "Refuse somebody", _PERSON)
    route(f"{DOOR}/admit_all", admit_all, "POST", "Let in everybody who waits", _LIST)
    route(f"{DOOR}/deny_all", deny_all, "POST", "Refuse everybody who waits", _LIST)


def _room(tx: Tx, caller: Caller, room_id: str) -> Room:
    return rooms.get(tx, caller.application(tx).id, _uuid(room_id))


def _listed(tx: Tx, caller: Caller, room_id: str) -> dict[str, Any]:
    return _people(knocks.waiting(tx, _room(tx, caller, room_id)))


def _decide(
    tx: Tx, caller: Caller, room_id: str, person_id: str, decide: Callable[[Tx, Room, str], Knock]
) -> dict[str, Any]:
    room = _room(tx, caller, room_id)
    try:
        return _person(decide(tx, room, _uuid(person_id)))
    except NotFound:
        raise NotFound("not_waiting", f"Failed to fetch resource with id {person_id}") from None
    except Gone:
        raise _expired(room) from None


def _decide_all(tx: Tx, caller: Caller, room_id: str, decide: Callable[[Tx, Room], list[Knock]]) -> dict[str, Any]:
    room = _room(tx, caller, room_id)
    try:
        return _people(decide(tx, room))
    except Gone:
        raise _expired(room) from None


def _uuid(text: str) -> str:
    """PostgreSQL refuses some characters loudly, and no id has them."""
    try:
        return str(uuid.UUID(text))
    except ValueError:
        raise NotFound("not_found", f"Failed to fetch resource with id {text}") from None


def _expired(room: Room) -> Conflict:
    return Conflict("room_expired", f"The room with id: {room.id} has expired")


def _people(found: list[Knock]) -> dict[str, Any]:
    return {"_embedded": {"waiting": [_person(one) for one in found]}}


def _person(one: Knock) -> dict[str, Any]:
    return {"id": one.id, "name": one.name, "asked_at": one.asked_at, "state": one.state}
