"""The meeting's chat, as its page asks for it; and how everybody in the meeting is told at once of what is new.

After the commit the message goes to all by the engine's reliable data, topic `chat`: the same JSON that the history has, also when
it is deleted. Whoever was not reached finds it in the history, which the page reads again after each reconnection.
"""

import contextlib
from typing import Any, Literal

from fastapi import APIRouter, Query, Request, Response

from convene import access, chat, retention, sessions
from convene.chat import Message, Place
from convene.db import Tx
from convene.errors import Forbidden, Gone, Unavailable
from convene.events import wire_time
from convene.runtime import Runtime
from convene.sessions import Session
from convene.web.app import answer, as_json
from convene.web.join import proof_of
from convene.web.meeting_bodies import PLAIN, ChatDraft, ChatHistory, ChatMessage, Refused
from convene.web.route import BoundedRoute

TOPIC = "chat"
Proof = tuple[str, str]


def router(runtime: Runtime) -> APIRouter:
    """The routes under /api/meeting that have to do with chat."""
    refusals: dict[int | str, dict[str, Any]] = {status: {"model": Refused} for status in ("4XX", "5XX")}
    routes = APIRouter(prefix="/api/meeting", route_class=BoundedRoute, tags=["Meeting page"], responses=refusals)
    db, kept_days = runtime.db, retention.days(runtime.settings).chat

    @routes.get("/chat", response_model=ChatHistory, summary="The newest messages, or those around one")
    async def chat_history(
        request: Request,
        before: str | None = Query(default=None, max_length=64, pattern=PLAIN),
        after: str | None = Query(default=None, max_length=64, pattern=PLAIN),
    ) -> Response:
        return answer(await db.read(_history, proof_of(request), before, after, kept_days))

    @routes.post("/chat", status_code=201, response_model=ChatMessage, summary="Write to everybody in the meeting")
    async def chat_write(request: Request, body: ChatDraft) -> Response:
        session, message = await db.write(_write, proof_of(request), body)
        await tell(runtime, session, message)
        return answer(shown(message), 201)

    @routes.delete("/chat/{message_id}", status_code=204, summary="Delete a message (its author, or the host)")
    async def chat_delete(request: Request, message_id: str) -> Response:
        session, message = await db.write(_delete, proof_of(request), message_id)
        await tell(runtime, session, message)
        return Response(status_code=204)

    @routes.get(
        "/chat/export",
        response_class=Response,
        responses={200: {"model": ChatHistory, "content": {"text/plain": {"schema": {"type": "string"}}}}},
        summary="The whole chat as a file (host)",
    )
    async def chat_export(
        request: Request, form: Literal["json", "text"] = Query(default="json", alias="as")
    ) -> Response:
        messages = await db.read(_everything, proof_of(request))
        if form == "text":
            return _file("chat.txt", as_text(messages).encode(), "text/plain; charset=utf-8")
        whole = {"messages": [shown(one) for one in messages], "more": False, "kept_days": None}
        return _file("chat.json", as_json(whole), "application/json")

    return routes


async def tell(runtime: Runtime, session: Session | None, message: Message) -> None:
    """Shows a new or a deleted message to everybody in the session, if one goes on. An engine that does not answer is no harm."""
    if session is not None and session.ended_at is None:
        with contextlib.suppress(Unavailable):
            await runtime.engine.send_data(session.engine_room, TOPIC, as_json(shown(message)))


def shown(message: Message) -> dict[str, Any]:
    """A message as the page sees it."""
    quote = message.quote
    return {
        "id": message.id,
        "person_id": message.author.person_id,
        "name": message.author.name,
        "text": message.text,
        "reply_to": quote and {"id": quote.id, "name": quote.name, "text": quote.text},
        "key": message.key,
        "sent_at": wire_time(message.created_at),
        "deleted_by": message.deleted_by,
    }


def as_text(messages: list[Message]) -> str:
    """A chat for reading: time in UTC, name, and the text, whose further lines are indented. Deleted messages are left out."""
    lines = []
    for one in messages:
        if one.deleted_at is None:
            answered = f" (to {one.quote.name}: “{one.quote.text}”)" if one.quote else ""
            said = one.text.replace("\n", "\n    ")
            lines.append(f"{one.created_at:%Y-%m-%d %H:%M:%S}Z  {one.author.name}{answered}: {said}\n")
    return "".join(lines)


def _file(name: str, content: bytes, kind: str) -> Response:
    return Response(content, 200, {"Content-Disposition": f'attachment; filename="{name}"'}, kind)


# --- Units of work --------------------------------------------------------------------------------------------------


def _there(tx: Tx, proof: Proof) -> tuple[sessions.Admission, Session, Place]:
    """Who asks, in which session, and its chat. Raises Forbidden `removed` or `chat_unavailable`."""
    person = sessions.admission_of(tx, *proof)
    if person.removed_at is not None:
        raise Forbidden("removed", "The host has removed you from this meeting.")
    session = sessions.get(tx, person.session_id)
    return person, session, chat.place_of(tx, session)


def _inside(tx: Tx, proof: Proof) -> tuple[sessions.Admission, Session, Place]:
    """As `_there`, while the session goes on. Raises Gone `ended` as well."""
    person, session, place = _there(tx, proof)
    if session.ended_at is not None:
        raise Gone("ended", "This meeting has ended.")
    return person, session, place


def _history(tx: Tx, proof: Proof, before: str | None, after: str | None, kept_days: int) -> dict[str, Any]:
    _, session, place = _inside(tx, proof)
    own = access.application(tx, session.application_id).keep_chat_days
    page = chat.history(tx, place, before=before) if after is None else chat.following(tx, place, after=after)
    days = kept_days if own is None else own
    return {"messages": [shown(one) for one in page.messages], "more": page.more, "kept_days": days or None}


def _write(tx: Tx, proof: Proof, body: ChatDraft) -> tuple[Session, Message]:
    person, session, place = _inside(tx, proof)
    draft = chat.Draft(body.text, body.reply_to, key=body.key)
    return session, chat.write(tx, place, chat.author_of(tx, person), draft)


def _delete(tx: Tx, proof: Proof, message_id: str) -> tuple[Session, Message]:
    person, session, place = _inside(tx, proof)
    message = chat.get(tx, place, message_id)
    own = message.author.person_id == person.id
    if not own and not person.role.leads:
        raise Forbidden("not_yours", "Only its author and the host can delete a message.")
    return session, chat.delete(tx, place, message_id, by=chat.AUTHOR if own else chat.HOST)


def _everything(tx: Tx, proof: Proof) -> list[Message]:
    """Also when the meeting is over: that is when a host takes it with him."""
    person, _, place = _there(tx, proof)
    if not person.role.leads:
        raise Forbidden("not_host", "Only the host can do this.")
    return chat.everything(tx, place)
