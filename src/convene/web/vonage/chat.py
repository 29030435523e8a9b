"""What was written in a session, by API: an extension of ours. The application sees what the host sees, and may delete like him."""

from datetime import datetime
from typing import Any, Literal, NotRequired
from urllib.parse import urlencode

from fastapi import APIRouter, Request, Response
from typing_extensions import TypedDict  # pydantic reads the one of typing from Python 3.12 on

from convene import attendance, chat, sessions
from convene.chat import Message, Page, Place
from convene.db import Tx
from convene.errors import Invalid
from convene.runtime import Runtime
from convene.sessions import Session
from convene.web.app import answer
from convene.web.caller import Caller
from convene.web.chat import tell
from convene.web.vonage import fields, schemas
from convene.web.vonage.sessions import ONE, READ, WRITE, plain

CHAT = f"{ONE}/chat"
PAGE, LARGEST_PAGE = 100, 1000


class ChatLine(TypedDict):
    """A message. `participant_id` is null where it was written from elsewhere; the text of a deleted one is empty."""

    id: str
    participant_id: str | None
    name: str
    text: str
    reply_to: str | None
    sent_at: datetime
    deleted_by: Literal["author", "host"] | None


class ChatLines(TypedDict):
    """What is in a list of them."""

    messages: list[ChatLine]


class ChatLinks(TypedDict):
    """`next` is there only if that page is."""

    self: schemas.Link
    next: NotRequired[schemas.Link]


class ChatPage(TypedDict):
    """Messages of a session, oldest first."""

    page_size: int
    _embedded: ChatLines
    _links: ChatLinks


_PAGING: dict[str, Any] = {
    "parameters": [
        {
            "name": "after",
            "in": "query",
            "description": "The id of a message: the page begins behind it",
            "schema": {"type": "string"},
        },
        {
            "name": "page_size",
            "in": "query",
            "schema": {"type": "integer", "minimum": 1, "maximum": LARGEST_PAGE, "default": PAGE},
        },
    ]
}
_LIST = {200: {"model": ChatPage}, **schemas.refusals(400, 401, 404)}


def add(routes: APIRouter, runtime: Runtime) -> None:
    """Adds the two routes."""
    base = runtime.settings.base_url

    async def listed(request: Request, session_id: str) -> Response:
        caller = Caller(request, READ)
        after, size = await caller.reading(_asked(request))
        page = await runtime.db.read(_page, caller, session_id, after=after, size=size)
        return answer(
            {
                "page_size": size,
                "_embedded": {"messages": [line(one) for one in page.messages]},
                "_links": _links(f"{base}/v1/meetings/sessions/{session_id}/chat", after, size, page),
            }
        )

    async def delete(request: Request, session_id: str, message_id: str) -> Response:
        session, message = await runtime.db.write(_delete, Caller(request, WRITE), session_id, message_id)
        await tell(runtime, session, message)
        return Response(status_code=204)

    routes.add_api_route(
        CHAT,
        listed,
        methods=["GET"],
        summary="List what was written in a session",
        responses=_LIST,
        openapi_extra=_PAGING,
    )
    routes.add_api_route(
        f"{CHAT}/{{message_id}}",
        delete,
        methods=["DELETE"],
        status_code=204,
        summary="Delete a message",
        responses=schemas.refusals(401, 404),
    )


async def _asked(request: Request) -> tuple[str | None, int]:
    after = request.query_params.get("after") or None
    if after is not None and not (after.isascii() and after.isprintable()):
        raise Invalid("invalid", '"after" must be the id of a message', field="after")
    return after, fields.number_of(request, "page_size", 1, LARGEST_PAGE) or PAGE


def line(message: Message) -> dict[str, Any]:
    """A message as this door shows it."""
    return {
        "id": message.id,
        "participant_id": message.author.person_id,
        "name": message.author.name,
        "text": message.text,
        "reply_to": message.reply_to,
        "sent_at": message.created_at,
        "deleted_by": message.deleted_by,
    }


def _links(path: str, after: str | None, size: int, page: Page) -> dict[str, Any]:
    def link(behind: str | None) -> dict[str, str]:
        query = {"page_size": str(size)} | ({"after": behind} if behind else {})
        return {"href": f"{path}?{urlencode(query)}"}

    following = {"next": link(page.messages[-1].id)} if page.more else {}
    return {"self": link(after), **following}


# --- Units of work --------------------------------------------------------------------------------------------------


def _place(tx: Tx, caller: Caller, session_id: str) -> tuple[Session, Place]:
    """Past sessions too, and whatever the room's features are now."""
    own = caller.application(tx).id
    session = sessions.get(tx, attendance.get(tx, own, plain(session_id)).id)
    return session, Place(own, session.room_id, session.id, whole_room=False)


def _page(tx: Tx, caller: Caller, session_id: str, *, after: str | None, size: int) -> Page:
    _, place = _place(tx, caller, session_id)
    return chat.following(tx, place, after=after, limit=size)


def _delete(tx: Tx, caller: Caller, session_id: str, message_id: str) -> tuple[Session, Message]:
    session, place = _place(tx, caller, session_id)
    return session, chat.delete(tx, place, message_id, by=chat.HOST)
