"""The host's actions on the meeting page: the same powers as the API, the same checks. Who is the host is read at each request.

A co-host may do what the host may, but for three things: end the meeting for all, remove a host, change what people are.
"""

from typing import Any

from fastapi import APIRouter, Query, Request, Response

from convene import everybody, powers, recordings, roles, sessions
from convene.db import Tx
from convene.errors import Forbidden, Gone, NotFound
from convene.events import wire_time
from convene.lifecycle import Role
from convene.runtime import Runtime
from convene.sessions import Admission, Session
from convene.web import host_words
from convene.web.app import answer
from convene.web.engine import put_out
from convene.web.join import proof_of
from convene.web.meeting_bodies import (
    Asked,
    Lock,
    Mute,
    PermissionChange,
    Permissions,
    RecordingView,
    Refused,
    RemovedList,
    RoleChange,
    Spotlight,
)
from convene.web.route import BoundedRoute

Proof = tuple[str, str]


def router(runtime: Runtime) -> APIRouter:
    """The routes under /api/meeting for hosts and co-hosts."""
    refusals: dict[int | str, dict[str, Any]] = {status: {"model": Refused} for status in ("4XX", "5XX")}
    routes = APIRouter(prefix="/api/meeting", route_class=BoundedRoute, tags=["Meeting page"], responses=refusals)
    _meeting(routes, runtime)
    _people(routes, runtime)
    _guests(routes, runtime)
    return routes


def _meeting(routes: APIRouter, runtime: Runtime) -> None:
    """What concerns the meeting as a whole."""
    db = runtime.db

    @routes.post("/end", status_code=204, summary="End the meeting for everybody (host)")
    async def end(request: Request) -> Response:
        await db.write(_end, proof_of(request))
        return Response(status_code=204)

    @routes.post("/lock", status_code=204, summary="Let nobody new in, or again (host)")
    async def lock(request: Request, body: Lock) -> Response:
        await db.write(_lock, proof_of(request), body.locked)
        return Response(status_code=204)

    @routes.post("/recording", status_code=201, response_model=RecordingView, summary="Start recording (host)")
    async def record(request: Request) -> Response:
        return answer(await db.write(_record, proof_of(request)), 201)

    @routes.delete("/recording", status_code=202, response_model=RecordingView, summary="Stop recording (host)")
    async def stop(request: Request) -> Response:
        return answer(await db.write(_stop, proof_of(request)), 202)

    @routes.put("/spotlight", status_code=204, summary="Have everybody see one person large, or nobody (host)")
    async def spotlight(request: Request, body: Spotlight) -> Response:
        await db.write(_spotlight, proof_of(request), body.person_id)
        return Response(status_code=204)


def _people(routes: APIRouter, runtime: Runtime) -> None:
    """What concerns one person."""
    db, engine = runtime.db, runtime.engine

    @routes.post(
        "/people/{person_id}/mute", status_code=204, summary="Mute a person's microphone, camera or screen (host)"
    )
    async def mute(request: Request, person_id: str, body: Mute) -> Response:
        caller, current = await db.read(hosting, proof_of(request))
        await host_words.stop(engine, current.engine_room, person_id, body.source, by=caller.name)
        if not await engine.mute(current.engine_room, person_id, body.source):
            raise NotFound("not_here", "This person is not in the meeting, or shares no such thing.")
        return Response(status_code=204)

    @routes.post("/people/{person_id}/ask", status_code=204, summary="Ask a person to turn something on (host)")
    async def ask(request: Request, person_id: str, body: Asked) -> Response:
        caller, current = await db.read(_ask, proof_of(request), person_id, body.source)
        await host_words.ask(engine, current.engine_room, person_id, body.source, by=caller.name)
        return Response(status_code=204)

    @routes.put(
        "/people/{person_id}/role", status_code=204, summary="Make a person host, co-host or guest (host, no co-host)"
    )
    async def make(request: Request, person_id: str, body: RoleChange) -> Response:
        await db.write(_make, proof_of(request), person_id, Role(body.role))
        return Response(status_code=204)

    @routes.post("/people/{person_id}/lower-hand", status_code=204, summary="Take a person's hand down (host)")
    async def lower_hand(request: Request, person_id: str) -> Response:
        current = await db.read(_here, proof_of(request), person_id)
        await host_words.lower(engine, current.engine_room, person_id)
        return Response(status_code=204)

    @routes.delete("/people/{person_id}", status_code=204, summary="Remove a person from the meeting (host)")
    async def remove(request: Request, person_id: str, keep_out: bool = Query(default=True)) -> Response:
        current = await db.write(_remove, proof_of(request), person_id, keep_out)
        await put_out(runtime, current.engine_room, person_id)
        return Response(status_code=204)

    @routes.get("/removed", response_model=RemovedList, summary="Who was removed and is kept out (host)")
    async def removed(request: Request) -> Response:
        return answer(await db.read(_removed, proof_of(request)))

    @routes.delete("/removed/{person_id}", status_code=204, summary="Let a person who was removed come again (host)")
    async def let_back_in(request: Request, person_id: str) -> Response:
        await db.write(_let_back_in, proof_of(request), person_id)
        return Response(status_code=204)


def _guests(routes: APIRouter, runtime: Runtime) -> None:
    """What concerns all guests."""
    db, engine = runtime.db, runtime.engine

    @routes.post("/mute", status_code=204, summary="Mute everybody but hosts, co-hosts and oneself (host)")
    async def mute_all(request: Request, body: Mute) -> Response:
        caller, current, spared = await db.read(_spared, proof_of(request))
        await host_words.stop(engine, current.engine_room, None, body.source, by=caller.name)
        await everybody.silence(engine, current.engine_room, body.source, spared)
        return Response(status_code=204)

    @routes.patch("/permissions", response_model=Permissions, summary="Say what guests may do (host)")
    async def allow(request: Request, body: PermissionChange) -> Response:
        return answer(await db.write(_allow, proof_of(request), body.model_dump(exclude_none=True)))

    @routes.post("/lower-hands", status_code=204, summary="Take all hands down (host)")
    async def lower_hands(request: Request) -> Response:
        current = await db.read(hosted, proof_of(request))
        await host_words.lower(engine, current.engine_room, None)
        return Response(status_code=204)


# --- Units of work --------------------------------------------------------------------------------------------------


def hosting(tx: Tx, proof: Proof) -> tuple[Admission, Session]:
    """The caller, who is host or co-host, and the session. Raises Forbidden `not_host`, or Gone when it is over."""
    person = sessions.admission_of(tx, *proof)
    if not person.role.leads or person.removed_at is not None:
        raise Forbidden("not_host", "Only the host can do this.")
    current = sessions.get(tx, person.session_id)
    if current.ended_at is not None:
        raise Gone("ended", "This meeting has ended.")
    return person, current


def hosted(tx: Tx, proof: Proof) -> Session:
    """The session of which the caller is host or co-host. Raises as `hosting`."""
    return hosting(tx, proof)[1]


def _hosted_alone(tx: Tx, proof: Proof) -> Session:
    """The session of which the caller is the host; a co-host is not enough. Raises as `hosting`."""
    person, current = hosting(tx, proof)
    if person.role is not Role.HOST:
        raise Forbidden("not_host", "Only the host can do this, no co-host.")
    return current


def _end(tx: Tx, proof: Proof) -> None:
    powers.end(tx, _hosted_alone(tx, proof))


def _lock(tx: Tx, proof: Proof, locked: bool) -> None:
    powers.lock(tx, hosted(tx, proof), locked=locked)


def _record(tx: Tx, proof: Proof) -> dict[str, Any] | None:
    return recordings.view(powers.record(tx, hosted(tx, proof)))


def _stop(tx: Tx, proof: Proof) -> dict[str, Any] | None:
    return recordings.view(powers.stop(tx, hosted(tx, proof)))


def _spotlight(tx: Tx, proof: Proof, person_id: str | None) -> None:
    powers.spotlight(tx, hosted(tx, proof), person_id)


def _ask(tx: Tx, proof: Proof, person_id: str, source: str) -> tuple[Admission, Session]:
    caller, current = hosting(tx, proof)
    powers.ask(tx, current, _plain(person_id), source)
    return caller, current


def _make(tx: Tx, proof: Proof, person_id: str, role: Role) -> None:
    powers.make(tx, _hosted_alone(tx, proof), _plain(person_id), role)


def _here(tx: Tx, proof: Proof, person_id: str) -> Session:
    current = hosted(tx, proof)
    powers.present(tx, current, _plain(person_id))
    return current


def _remove(tx: Tx, proof: Proof, person_id: str, keep_out: bool) -> Session:
    caller, current = hosting(tx, proof)
    powers.remove(tx, current, _plain(person_id), by=caller.role, keep_out=keep_out)
    return current


def _removed(tx: Tx, proof: Proof) -> dict[str, Any]:
    people = sessions.removed(tx, hosted(tx, proof).id)
    return {"people": [{"id": one.id, "name": one.name, "removed_at": wire_time(one.removed_at)} for one in people]}


def _let_back_in(tx: Tx, proof: Proof, person_id: str) -> None:
    sessions.let_back_in(tx, hosted(tx, proof).id, _plain(person_id))


def _spared(tx: Tx, proof: Proof) -> tuple[Admission, Session, frozenset[str]]:
    caller, current = hosting(tx, proof)
    return caller, current, roles.leaders(tx, current.id) | {caller.id}


def _allow(tx: Tx, proof: Proof, changes: dict[str, bool]) -> dict[str, bool]:
    return powers.allow(tx, hosted(tx, proof), changes).shown


def _plain(id: str) -> str:
    """PostgreSQL refuses some characters loudly; no id of ours has them."""
    if not id.isascii() or not id.isprintable():
        raise NotFound("not_here", "There is no such person in this meeting.")
    return id
