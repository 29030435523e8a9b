"""/admin/meetings for administrators (contract §1.4): all meetings of the application, whoever hosts them."""

from datetime import timedelta
from typing import Any

from fastapi import APIRouter, Request, Response

from convene import meetings, users
from convene.db import Tx
from convene.errors import Invalid, NotFound
from convene.runtime import Runtime
from convene.users import User
from convene.web.app import answer
from convene.web.caller import once
from convene.web.connectycube.caller import CubeCaller
from convene.web.connectycube.meeting_bodies import fields_in, new_meeting, number_in, one_asked, view
from convene.web.connectycube.meetings import found, is_paged

ONE = "/admin/meetings/{meeting_id}"


def add(routes: APIRouter, runtime: Runtime) -> None:
    """Adds the routes."""
    db, digits = runtime.db, runtime.settings.code_digits
    open_for = timedelta(days=runtime.settings.meeting_open_days)

    @routes.post("/admin/meetings")
    async def create(request: Request) -> Response:
        caller = CubeCaller(request)
        body = await caller.body()

        def unit(tx: Tx) -> dict[str, Any]:
            application = caller.administrator(tx)
            host, spec = _host(tx, application.id, body.get("user_id")), new_meeting(body)
            return view(meetings.create(tx, application, host, spec, digits=digits, open_for=open_for))

        return await once(request, unit, lambda tx: (caller.administrator(tx).id, "administrator"))

    @routes.get("/admin/meetings")
    async def listed(request: Request) -> Response:
        caller = CubeCaller(request)
        query = await caller.query()

        def unit(tx: Tx) -> object:
            own = caller.administrator(tx).id
            wanted = one_asked(query)
            if wanted is not None:
                return view(meetings.get(tx, own, wanted))
            return found(tx, own, {meetings.EVERYBODY}, query, is_paged(caller))

        return answer(await db.read(unit))

    @routes.get(ONE)
    async def get(request: Request, meeting_id: str) -> Response:
        caller = CubeCaller(request)
        return answer(await db.read(lambda tx: view(meetings.get(tx, caller.administrator(tx).id, meeting_id))))

    @routes.put(ONE)
    async def change(request: Request, meeting_id: str) -> Response:
        caller = CubeCaller(request)
        body = await caller.body()

        def unit(tx: Tx) -> dict[str, Any]:
            own = caller.administrator(tx).id
            meetings.get(tx, own, meeting_id)  # whose meeting is none is told nothing of the body
            return view(meetings.update(tx, own, meeting_id, fields_in(body), open_for=open_for))

        return answer(await db.write(unit))

    @routes.delete(ONE)
    async def delete(request: Request, meeting_id: str) -> Response:
        caller = CubeCaller(request)
        await db.write(lambda tx: meetings.delete(tx, caller.administrator(tx).id, meeting_id))
        return answer({})


def _host(tx: Tx, application_id: str, user_id: object) -> User:
    try:
        return users.get(tx, application_id, number_in("user_id", user_id))
    except NotFound:
        raise Invalid("user_unknown", "user_id is no user of this application", field="user_id") from None
