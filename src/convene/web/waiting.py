"""The room's door: the page of somebody who waits, told by server-sent events; and the host, who sees and lets in.

Who waits shows the id and key of his knock, a host those of his admission: `Authorization: Bearer <id>.<key>`. So the page
reads the streams with `fetch`; nothing of this is ever in an address.
"""

from typing import Any

from fastapi import APIRouter, Request, Response

from convene import knocks, rooms, sessions
from convene.db import Tx
from convene.errors import NotFound
from convene.events import wire_time
from convene.lifecycle import Standing
from convene.runtime import Runtime
from convene.web.app import address_of
from convene.web.hosting import hosted
from convene.web.join import proof_of
from convene.web.meeting_bodies import AtTheDoor, Refused, WaitingList
from convene.web.route import BoundedRoute
from convene.web.stream import BEAT, Bells, EventStream, Told

HOST_LOOKS = 5.0  # seconds after which a host's list is looked at anyway: who closes the page is not heard of any more


def router(runtime: Runtime) -> APIRouter:
    """The routes under /api/meeting that have to do with waiting."""
    refusals: dict[int | str, dict[str, Any]] = {status: {"model": Refused} for status in ("4XX", "5XX")}
    routes = APIRouter(prefix="/api/meeting", route_class=BoundedRoute, tags=["Meeting page"], responses=refusals)
    db, bells = runtime.db, Bells(runtime.db, runtime.stopping)

    def address(request: Request) -> str:
        return address_of(request, runtime.settings.trusted_proxies)

    @routes.get(
        "/waiting",
        status_code=200,
        response_class=EventStream,
        responses={200: {"model": AtTheDoor}},
        summary="Wait: an event `state` at once, and whenever it changes",
    )
    async def wait(request: Request) -> Response:
        id, key = proof_of(request)
        seen = await db.write(knocks.here, id, key)

        async def look(is_beat: bool) -> Told:
            return _standing(await (db.write(knocks.here, id, key) if is_beat else db.read(knocks.view, id)))

        async def left() -> None:
            await db.write(knocks.closed, id)

        return EventStream(bells, rooms.door(seen.room_id), look, person=id, address=address(request), left=left)

    @routes.delete("/waiting", status_code=204, summary="Wait no longer")
    async def withdraw(request: Request) -> Response:
        await db.write(knocks.withdraw, *proof_of(request))
        return Response(status_code=204)

    @routes.get(
        "/host",
        status_code=200,
        response_class=EventStream,
        responses={200: {"model": WaitingList}},
        summary="Who waits (host): an event `waiting` at once, and whenever it changes",
    )
    async def watch(request: Request) -> Response:
        proof = proof_of(request)
        current = await db.read(hosted, proof)

        async def look(_is_beat: bool) -> Told:
            return Told("waiting", await db.read(_waiting, proof), look_in=HOST_LOOKS)

        return EventStream(bells, rooms.door(current.room_id), look, person=proof[0], address=address(request))

    @routes.post("/waiting/{person_id}/admit", status_code=204, summary="Let somebody in (host)")
    async def admit(request: Request, person_id: str) -> Response:
        await db.write(_admit, proof_of(request), person_id)
        return Response(status_code=204)

    @routes.post("/waiting/{person_id}/deny", status_code=204, summary="Refuse somebody (host)")
    async def deny(request: Request, person_id: str) -> Response:
        await db.write(_deny, proof_of(request), person_id)
        return Response(status_code=204)

    @routes.post("/waiting/admit_all", status_code=204, summary="Let in everybody who waits (host)")
    async def admit_all(request: Request) -> Response:
        await db.write(_admit_all, proof_of(request))
        return Response(status_code=204)

    @routes.post("/waiting/deny_all", status_code=204, summary="Refuse everybody who waits (host)")
    async def deny_all(request: Request) -> Response:
        await db.write(_deny_all, proof_of(request))
        return Response(status_code=204)

    return routes


def _standing(seen: knocks.View) -> Told:
    body = {"state": seen.standing, "level": seen.level, "host_here": seen.host_here, "position": seen.position}
    body["retry_after"] = seen.asks_again_in
    look_in = BEAT if seen.closes_in is None else min(BEAT, seen.closes_in)
    return Told("state", body, last=seen.standing is not Standing.WAITING, look_in=look_in)


# --- Units of work --------------------------------------------------------------------------------------------------


def _room(tx: Tx, proof: tuple[str, str]) -> rooms.Room:
    """The room of the session that the caller hosts. Raises as `hosted` does."""
    current: sessions.Session = hosted(tx, proof)
    return rooms.get(tx, current.application_id, current.room_id)


def _waiting(tx: Tx, proof: tuple[str, str]) -> dict[str, Any]:
    people = knocks.waiting(tx, _room(tx, proof))
    return {"people": [{"id": one.id, "name": one.name, "asked_at": wire_time(one.asked_at)} for one in people]}


def _admit(tx: Tx, proof: tuple[str, str], id: str) -> None:
    knocks.admit(tx, _room(tx, proof), _plain(id))


def _deny(tx: Tx, proof: tuple[str, str], id: str) -> None:
    knocks.deny(tx, _room(tx, proof), _plain(id))


def _admit_all(tx: Tx, proof: tuple[str, str]) -> None:
    knocks.admit_all(tx, _room(tx, proof))


def _deny_all(tx: Tx, proof: tuple[str, str]) -> None:
    knocks.deny_all(tx, _room(tx, proof))


def _plain(id: str) -> str:
    """PostgreSQL refuses some characters loudly; no id of ours has them."""
    if not id.isascii() or not id.isprintable():
        raise NotFound("not_waiting", "Nobody waits under this id.")
    return id
