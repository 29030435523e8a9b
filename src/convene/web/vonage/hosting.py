"""What the host says of people and guests, by API: roles, what guests may do, the spotlight, hands, and who is kept out.

An extension of ours, like `powers`, with the same checks as the page's buttons. 404: there is no such session or person for this
caller; 409: the session's present state does not allow it.
"""

from collections.abc import Callable
from typing import Any

from fastapi import APIRouter, Request, Response
from typing_extensions import TypedDict

from convene import powers, sessions
from convene.db import Tx
from convene.lifecycle import Role
from convene.runtime import Runtime
from convene.sessions import Session
from convene.web import host_words
from convene.web.app import answer
from convene.web.caller import Caller
from convene.web.vonage import fields, schemas
from convene.web.vonage.powers import PERSON, here, ongoing
from convene.web.vonage.sessions import ONE, READ, WRITE, plain


class Permissions(TypedDict):
    """What guests may do: turn their microphone and camera on, share their screen, write, react."""

    microphone: bool
    camera: bool
    share: bool
    chat: bool
    reactions: bool


class RemovedPerson(TypedDict):
    """Somebody who was removed and is kept out."""

    id: str
    name: str
    removed_at: str


class RemovedPeople(TypedDict):
    """What is in a list of them."""

    removed: list[RemovedPerson]


class RemovedPage(TypedDict):
    """Who was removed, the earliest first."""

    _embedded: RemovedPeople


_REFUSALS = schemas.refusals(401, 403, 404, 409)
_WITH_BODY = schemas.refusals(400, 401, 403, 404, 409, 413)


def add(routes: APIRouter, runtime: Runtime) -> None:
    """Adds the eight routes."""

    def route(method: str, path: str, endpoint: Callable[..., Any], summary: str, **more: Any) -> None:
        found: dict[str, Any] = {"status_code": 204, "responses": _REFUSALS} | more
        routes.add_api_route(path, endpoint, methods=[method], summary=summary, **found)

    def with_body(shape: fields.Shape, *required: str) -> dict[str, Any]:
        return {"responses": _WITH_BODY, "openapi_extra": schemas.body(fields.schema(shape, *required))}

    _people(route, with_body, runtime)
    _guests(route, with_body, runtime)


def _people(route: Callable[..., None], with_body: Callable[..., dict[str, Any]], runtime: Runtime) -> None:
    """What concerns one person."""
    db, engine = runtime.db, runtime.engine

    async def make(request: Request, session_id: str, participant_id: str) -> Response:
        caller = Caller(request, WRITE)
        asked = await caller.reading(_read(request, fields.ROLE, "role"))
        await db.write(_make, caller, session_id, participant_id, Role(asked["role"]))
        return Response(status_code=204)

    async def ask(request: Request, session_id: str, participant_id: str) -> Response:
        caller, found = Caller(request, WRITE), list[Session]()
        asked = await caller.reading(_read(request, fields.ASK, "source"))

        async def tell() -> None:
            await host_words.ask(engine, found[0].engine_room, participant_id, asked["source"])

        return await caller.once(
            lambda tx: found.append(_ask(tx, caller, session_id, participant_id, asked["source"])), after=tell
        )

    async def lower_hand(request: Request, session_id: str, participant_id: str) -> Response:
        caller, found = Caller(request, WRITE), list[Session]()

        async def tell() -> None:
            await host_words.lower(engine, found[0].engine_room, participant_id)

        return await caller.once(lambda tx: found.append(here(tx, caller, session_id, participant_id)), after=tell)

    async def let_back_in(request: Request, session_id: str, participant_id: str) -> Response:
        await db.write(_let_back_in, Caller(request, WRITE), session_id, participant_id)
        return Response(status_code=204)

    role = with_body(fields.ROLE, "role")
    route("PUT", f"{PERSON}/role", make, "Make somebody host, co-host or guest", **role)
    source = with_body(fields.ASK, "source")
    route("POST", f"{PERSON}/ask", ask, "Ask somebody to turn a source on", **source)
    route("POST", f"{PERSON}/lower-hand", lower_hand, "Take somebody's hand down")
    route("DELETE", f"{ONE}/removed/{{participant_id}}", let_back_in, "Let somebody who was removed come again")


def _guests(route: Callable[..., None], with_body: Callable[..., dict[str, Any]], runtime: Runtime) -> None:
    """What concerns everybody, or all guests."""
    db, engine = runtime.db, runtime.engine

    async def lower_hands(request: Request, session_id: str) -> Response:
        caller, found = Caller(request, WRITE), list[Session]()

        async def tell() -> None:
            await host_words.lower(engine, found[0].engine_room, None)

        return await caller.once(lambda tx: found.append(ongoing(tx, caller, session_id)), after=tell)

    async def spotlight(request: Request, session_id: str) -> Response:
        caller = Caller(request, WRITE)
        asked = await caller.reading(_spotlit(request))
        await db.write(_spotlight, caller, session_id, asked)
        return Response(status_code=204)

    async def allow(request: Request, session_id: str) -> Response:
        caller = Caller(request, WRITE)
        asked = await caller.reading(_read(request, fields.PERMISSIONS))
        return answer(await db.write(_allow, caller, session_id, asked))

    async def removed(request: Request, session_id: str) -> Response:
        return answer(await db.read(_removed, Caller(request, READ), session_id))

    person = with_body(fields.SPOTLIGHT, "participant_id")
    route("POST", f"{ONE}/lower-hands", lower_hands, "Take all hands down")
    route("PUT", f"{ONE}/spotlight", spotlight, "Have everybody see one person large, or nobody", **person)
    changes = with_body(fields.PERMISSIONS)
    changes["responses"] = {200: {"model": Permissions}, **_WITH_BODY}
    route("PATCH", f"{ONE}/permissions", allow, "Say what guests may do", status_code=200, **changes)
    kept = {200: {"model": RemovedPage}, **_REFUSALS}
    route("GET", f"{ONE}/removed", removed, "List who was removed", status_code=200, responses=kept)


async def _read(request: Request, shape: fields.Shape, *required: str) -> dict[str, Any]:
    return fields.given(await fields.body_of(request), shape, *required)


async def _spotlit(request: Request) -> str | None:
    """Null is an answer here: nobody. Only a body that does not say it is wrong."""
    body = await fields.body_of(request)
    missing = () if "participant_id" in body else ("participant_id",)
    person_id: str | None = fields.given(body, fields.SPOTLIGHT, *missing)["person_id"]
    return person_id


# --- Units of work --------------------------------------------------------------------------------------------------


def _make(tx: Tx, caller: Caller, session_id: str, person_id: str, role: Role) -> None:
    powers.make(tx, ongoing(tx, caller, session_id), plain(person_id), role)


def _ask(tx: Tx, caller: Caller, session_id: str, person_id: str, source: str) -> Session:
    session = ongoing(tx, caller, session_id)
    powers.ask(tx, session, plain(person_id), source)
    return session


def _let_back_in(tx: Tx, caller: Caller, session_id: str, person_id: str) -> None:
    sessions.let_back_in(tx, ongoing(tx, caller, session_id).id, plain(person_id))


def _spotlight(tx: Tx, caller: Caller, session_id: str, person_id: str | None) -> None:
    session = ongoing(tx, caller, session_id)
    powers.spotlight(tx, session, person_id and plain(person_id))


def _allow(tx: Tx, caller: Caller, session_id: str, changes: dict[str, bool]) -> dict[str, bool]:
    return powers.allow(tx, ongoing(tx, caller, session_id), changes).shown


def _removed(tx: Tx, caller: Caller, session_id: str) -> dict[str, Any]:
    people = sessions.removed(tx, ongoing(tx, caller, session_id).id)
    shown = [{"id": one.id, "name": one.name, "removed_at": one.removed_at} for one in people]
    return {"_embedded": {"removed": shown}}
