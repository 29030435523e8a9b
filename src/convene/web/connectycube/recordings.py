"""Recordings of meetings, and personal links (contract §1.3, §1.4, §2.7). Users have seconds, MB and links for an hour;
administrators milliseconds, bytes and links for a week."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from fastapi import APIRouter, Request, Response

from convene import clients, invitations, meetings, users
from convene.access import Application
from convene.db import Tx
from convene.errors import Forbidden, Invalid, NotFound
from convene.meetings import Meeting, recorded
from convene.meetings.recorded import File
from convene.runtime import Runtime
from convene.storage import LONGEST_LINK
from convene.web.app import answer
from convene.web.connectycube.caller import CubeCaller

USERS_LINK = timedelta(hours=1)


def add(routes: APIRouter, runtime: Runtime) -> None:
    """Adds the routes. To delete one file, and the links, are our own additions."""
    db, base_url = runtime.db, runtime.settings.base_url

    async def shown(files: Sequence[File], *, fine: bool) -> list[dict[str, Any]]:
        lifetime = LONGEST_LINK if fine else USERS_LINK
        return [recorded.told(one, await runtime.storage.link(one.recording, lifetime), fine=fine) for one in files]

    async def of_user(request: Request, meeting_id: str) -> Response:
        return answer(await shown(await db.read(_of_user, CubeCaller(request), meeting_id), fine=False))

    async def of_administrator(request: Request, meeting_id: str) -> Response:
        return answer(await shown(await db.read(_of_administrator, CubeCaller(request), meeting_id), fine=True))

    async def delete(request: Request, meeting_id: str, recording_id: str | None = None) -> Response:
        await db.write(_delete, CubeCaller(request), meeting_id, recording_id)
        return answer({})

    async def own_link(request: Request, meeting_id: str) -> Response:
        return answer({"link": await db.read(_own_link, CubeCaller(request), meeting_id, base_url)})

    async def link_of(request: Request, meeting_id: str) -> Response:
        caller = CubeCaller(request)
        body = await caller.body()
        return answer({"link": await db.read(_link_of, caller, meeting_id, body, base_url)}, 201)

    of_admin = "/admin/meetings/recordings/{meeting_id}"
    routes.add_api_route("/meetings/recordings/{meeting_id}", of_user, methods=["GET"])
    routes.add_api_route("/meetings/{meeting_id}/link", own_link, methods=["GET"])
    routes.add_api_route(of_admin, of_administrator, methods=["GET"])
    routes.add_api_route(of_admin, delete, methods=["DELETE"])
    routes.add_api_route(f"{of_admin}/{{recording_id}}", delete, methods=["DELETE"])
    routes.add_api_route("/admin/meetings/{meeting_id}/links", link_of, methods=["POST"])


# --- Units of work --------------------------------------------------------------------------------------------------


def _of_user(tx: Tx, caller: CubeCaller, meeting_id: str) -> list[File]:
    """For the host and the attendees, also of a public meeting."""
    login = caller.user(tx)
    assert login.user is not None
    meeting = meetings.get(tx, login.application_id, _plain(meeting_id))
    if not meetings.is_member(meeting, login.user):
        raise Forbidden("not_member", "Forbidden") if meeting.public else meetings.unknown()
    return recorded.files(tx, meeting)


def _of_administrator(tx: Tx, caller: CubeCaller, meeting_id: str) -> list[File]:
    return recorded.files(tx, _administrated(tx, caller.administrator(tx), meeting_id))


def _delete(tx: Tx, caller: CubeCaller, meeting_id: str, recording_id: str | None) -> None:
    meeting = _administrated(tx, caller.administrator(tx), meeting_id)
    recorded.delete(tx, meeting, recording_id and recording_id.lower())


def _administrated(tx: Tx, application: Application, meeting_id: str) -> Meeting:
    """Also one that was deleted: its recordings stay."""
    return meetings.get(tx, application.id, _plain(meeting_id), even_deleted=True)


def _own_link(tx: Tx, caller: CubeCaller, meeting_id: str, base_url: str) -> str:
    login = caller.user(tx)
    assert login.user is not None
    meeting = meetings.get(tx, login.application_id, _plain(meeting_id))
    try:
        who = invitations.own_name(meeting, login.user)
    except NotFound:
        raise meetings.unknown() from None
    return _link(tx, login.application, meeting, who, base_url)


def _link_of(tx: Tx, caller: CubeCaller, meeting_id: str, body: dict[str, Any], base_url: str) -> str:
    application = caller.administrator(tx)
    meeting = meetings.get(tx, application.id, _plain(meeting_id))
    return _link(tx, application, meeting, _named(tx, meeting, body), base_url)


def _named(tx: Tx, meeting: Meeting, body: dict[str, Any]) -> int | str:
    """By what name he comes whom the body names by `user_id` or `email`. Raises Invalid."""
    number, email = body.get("user_id"), body.get("email")
    try:
        if type(number) is int:
            return invitations.own_name(meeting, users.get(tx, meeting.application_id, number))
        if isinstance(email, str):
            return invitations.name_behind(meeting, email)
    except NotFound:
        pass
    field = "email" if "user_id" not in body and "email" in body else "user_id"
    raise Invalid("not_invited", f"{field} must name the host or an attendee", field=field)


def _link(tx: Tx, application: Application, meeting: Meeting, who: int | str, base_url: str) -> str:
    client = clients.of(tx, application.id)
    return invitations.personal_link(application, client, base_url, meeting, who)


def _plain(id: str) -> str:
    """No id of ours has other characters, and PostgreSQL refuses some of them loudly."""
    if not id.isascii() or not id.isalnum():
        raise meetings.unknown()
    return id.lower()
