"""/meetings for users (contract §1.3): the caller is host of what he makes, and finds what he hosts or attends."""

from collections.abc import Collection
from datetime import timedelta
from typing import Any

from fastapi import APIRouter, Request, Response

from convene import meetings
from convene.db import Tx
from convene.errors import Forbidden
from convene.meetings import Meeting
from convene.runtime import Runtime
from convene.users import User
from convene.web.app import answer
from convene.web.caller import once
from convene.web.connectycube.caller import CubeCaller, Query
from convene.web.connectycube.meeting_bodies import asked, fields_in, new_meeting, one_asked, view

PAGED = "cb-api-version"  # 2: a list comes with its total (contract §0.14)


def add(routes: APIRouter, runtime: Runtime) -> None:
    """Adds the routes."""
    db, digits = runtime.db, runtime.settings.code_digits
    open_for = timedelta(days=runtime.settings.meeting_open_days)

    @routes.post("/meetings")
    async def create(request: Request) -> Response:
        caller = CubeCaller(request)
        body = await caller.body()

        def unit(tx: Tx) -> dict[str, Any]:
            application, user = _known(tx, caller)
            spec = new_meeting(body)
            return view(meetings.create(tx, application, user, spec, digits=digits, open_for=open_for))

        def owner(tx: Tx) -> tuple[str, str]:
            application, user = _known(tx, caller)
            return application.id, f"user {user.number}"

        return await once(request, unit, owner)

    @routes.get("/meetings")
    async def listed(request: Request) -> Response:
        caller = CubeCaller(request)
        query = await caller.query()

        def unit(tx: Tx) -> object:
            application, user = _known(tx, caller)
            wanted = one_asked(query)
            if wanted is not None:
                return view(_readable(tx, application.id, user, wanted))
            return found(tx, application.id, meetings.keys_of(user), query, is_paged(caller))

        return answer(await db.read(unit))

    @routes.put("/meetings/{meeting_id}")
    async def change(request: Request, meeting_id: str) -> Response:
        caller = CubeCaller(request)
        body = await caller.body()

        def unit(tx: Tx) -> dict[str, Any]:
            own = _hosted(tx, caller, meeting_id)
            return view(meetings.update(tx, own.application_id, own.id, fields_in(body), open_for=open_for))

        return answer(await db.write(unit))

    @routes.delete("/meetings/{meeting_id}")
    async def delete(request: Request, meeting_id: str) -> Response:
        caller = CubeCaller(request)

        def unit(tx: Tx) -> None:
            own = _hosted(tx, caller, meeting_id)
            meetings.delete(tx, own.application_id, own.id)

        await db.write(unit)
        return Response(status_code=200)


def _known(tx: Tx, caller: CubeCaller) -> tuple[Any, User]:
    login = caller.user(tx)
    assert login.user is not None
    return login.application, login.user


def _readable(tx: Tx, application_id: str, user: User, meeting_id: str) -> Meeting:
    """Raises NotFound, also for a private meeting of others: ids say nothing of what exists."""
    meeting = meetings.get(tx, application_id, meeting_id)
    if not meeting.public and not meetings.is_member(meeting, user):
        raise meetings.unknown()
    return meeting


def _hosted(tx: Tx, caller: CubeCaller, meeting_id: str) -> Meeting:
    """Raises NotFound; Forbidden for a meeting that the caller may read, but does not host."""
    application, user = _known(tx, caller)
    meeting = _readable(tx, application.id, user, meeting_id)
    if meeting.host_number != user.number:
        raise Forbidden("forbidden", "Forbidden")
    return meeting


def is_paged(caller: CubeCaller) -> bool:
    """Whether a list is asked for with its total."""
    return caller.header(PAGED) == "2"


def found(tx: Tx, application_id: str, who: Collection[str], query: Query, paged: bool) -> object:
    """The list that the query asks for: what somebody finds who is known by these keys. Raises Invalid."""
    question = asked(query)
    items = [view(one) for one in meetings.page(tx, application_id, who, question)]
    if not paged:
        return items
    total = meetings.total(tx, application_id, who, question.filters)
    return {"total_entries": total, "skip": question.offset, "limit": question.limit, "items": items}
