"""/chat: the dialogs of meetings and their messages (contract §2.5). What is written here is seen in the meeting at once.

Who can read a meeting may subscribe to its dialog; its occupants read and write. There are dialogs of type 5 (meeting) alone.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from fastapi import APIRouter, Request, Response

from convene import chat, meetings, sessions
from convene.chat import Author, Dialog, Draft, Message
from convene.db import Tx
from convene.errors import Invalid, NotFound
from convene.runtime import Runtime
from convene.sessions import Session
from convene.users import User
from convene.web.app import answer
from convene.web.caller import once
from convene.web.chat import tell
from convene.web.connectycube.caller import LARGEST_PAGE, CubeCaller, Query

ONE = (("_id", "eq"), ("_id", "in"))
MEETING = 5  # the type of all dialogs here
NAME_LIMIT, EXTRA_LIMIT = 60, 4096  # characters, bytes
ATTACHMENT = "[attachment]"  # what the vendor's programs write beside a file
_OURS = ("_id", "id", "chat_dialog_id", "message", "send_to_chat", "markable", "recipient_id", "sender_id", "date_sent")
Told = tuple[Session | None, Message]  # who is to be shown what


def add(routes: APIRouter, runtime: Runtime) -> None:
    """Adds the routes."""
    db = runtime.db

    @routes.get("/chat/Dialog")
    async def dialogs(request: Request) -> Response:
        caller = CubeCaller(request)
        return answer(await db.read(_listed, caller, await caller.query()))

    @routes.post("/chat/Dialog/{dialog_id}/subscribe")
    async def subscribe(request: Request, dialog_id: str) -> Response:
        caller = CubeCaller(request)
        return await once(request, lambda tx: _subscribe(tx, caller, dialog_id), owner_of(caller), status=200)

    @routes.delete("/chat/Dialog/{dialog_id}/subscribe")
    async def unsubscribe(request: Request, dialog_id: str) -> Response:
        await db.write(_unsubscribe, CubeCaller(request), dialog_id)
        return answer({})

    @routes.get("/chat/Message")
    async def messages(request: Request) -> Response:
        caller = CubeCaller(request)
        return answer(await db.write(_read, caller, await caller.query()))

    @routes.get("/chat/Message/unread")
    async def unread(request: Request) -> Response:
        caller = CubeCaller(request)
        return answer(await db.read(_unread, caller, await caller.query()))

    @routes.post("/chat/Message")
    async def write(request: Request) -> Response:
        caller, told = CubeCaller(request), list[Told]()
        body = await caller.body()

        async def show() -> None:
            await _tell(runtime, told)

        return await once(request, lambda tx: _write(tx, caller, body, told), owner_of(caller), after=show)

    @routes.delete("/chat/Message/{message_ids}")
    async def delete(request: Request, message_ids: str) -> Response:
        told: list[Told] = []
        result = await db.write(_delete, CubeCaller(request), message_ids.split(",")[:LARGEST_PAGE], told)
        await _tell(runtime, told)
        return answer(result)


async def _tell(runtime: Runtime, told: Sequence[Told]) -> None:
    for session, message in told:
        await tell(runtime, session, message)


# --- Dialogs --------------------------------------------------------------------------------------------------------


def _known(tx: Tx, caller: CubeCaller) -> tuple[str, User]:
    login = caller.user(tx)
    assert login.user is not None
    return login.application_id, login.user


def _listed(tx: Tx, caller: CubeCaller, query: Query) -> dict[str, Any]:
    application_id, user = _known(tx, caller)
    limit, skip = query.number("limit", LARGEST_PAGE, LARGEST_PAGE), query.number("skip", 0, 2**31)
    wanted = {name: values for name, values in query.conditions().items() if name in ONE}
    if query.get("type") not in (None, str(MEETING)):
        found, total = list[Dialog](), 0
    elif wanted:
        ids = dict.fromkeys(id for values in wanted.values() for id in values)
        found = [dialog for id in ids for dialog in _mine(tx, application_id, user, id)]
        found, total = found[skip : skip + limit], len(found)
    else:
        found, total = chat.dialogs_of(tx, application_id, user_number=user.number, skip=skip, limit=limit)
    return {"total_entries": total, "skip": skip, "limit": limit, "items": _views(tx, found, user)}


def _mine(tx: Tx, application_id: str, user: User, dialog_id: str) -> list[Dialog]:
    try:
        return [chat.dialog_of(tx, application_id, dialog_id, user_number=user.number)]
    except NotFound:
        return []


def owner_of(caller: CubeCaller) -> Callable[[Tx], tuple[str, str]]:
    """Whose `Idempotency-Key` it is: a user's own."""

    def owner(tx: Tx) -> tuple[str, str]:
        application_id, user = _known(tx, caller)
        return application_id, f"user {user.number}"

    return owner


def _subscribe(tx: Tx, caller: CubeCaller, dialog_id: str) -> dict[str, Any]:
    application_id, user = _known(tx, caller)
    dialog = chat.dialog(tx, application_id, dialog_id)
    meeting = meetings.of_room(tx, dialog.room_id)
    if meeting is None or not (meeting.public or meetings.is_member(meeting, user)):
        raise NotFound("dialog_unknown", "There is no such dialog.")
    chat.subscribe(tx, dialog.id, user.number)
    return _views(tx, [dialog], user)[0]


def _unsubscribe(tx: Tx, caller: CubeCaller, dialog_id: str) -> None:
    application_id, user = _known(tx, caller)
    dialog = chat.dialog_of(tx, application_id, dialog_id, user_number=user.number)
    chat.unsubscribe(tx, dialog.id, user.number)


def _views(tx: Tx, found: Sequence[Dialog], user: User) -> list[dict[str, Any]]:
    ids = [one.id for one in found]
    here, newest = chat.occupants(tx, ids), chat.newest(tx, found)
    unread = chat.unread(tx, ids, user_number=user.number)
    return [_view(one, here[one.id], newest.get(one.id), unread.get(one.id, 0)) for one in found]


def _view(dialog: Dialog, occupants: Sequence[int], last: Message | None, unread: int) -> dict[str, Any]:
    return {
        "_id": dialog.id,
        "user_id": dialog.user_number,
        "type": MEETING,
        "name": dialog.name,
        "description": None,
        "photo": None,
        "created_at": dialog.created_at,
        "updated_at": dialog.updated_at,
        "occupants_ids": occupants,
        "occupants_count": len(occupants),
        "admins_ids": [],
        "last_message": last and last.text,
        "last_message_date_sent": last and _seconds(last),
        "last_message_id": last and last.id,
        "last_message_user_id": last and _sender(last),
        "last_message_status": None,
        "unread_messages_count": unread,
        "pinned_messages_ids": [],
        "xmpp_room_jid": None,
        "extensions": None,
        "permissions": None,
    }


# --- Messages -------------------------------------------------------------------------------------------------------


def _dialog(tx: Tx, caller: CubeCaller, dialog_id: object) -> tuple[Dialog, User]:
    application_id, user = _known(tx, caller)
    if not isinstance(dialog_id, str) or not dialog_id:
        raise Invalid("required", "chat_dialog_id is required", field="chat_dialog_id")
    return chat.dialog_of(tx, application_id, dialog_id, user_number=user.number), user


def _read(tx: Tx, caller: CubeCaller, query: Query) -> dict[str, Any]:
    """What is shown is read, unless `mark_as_read=0`."""
    dialog, user = _dialog(tx, caller, query.get("chat_dialog_id"))
    place = chat.place_in(tx, dialog)
    limit, skip = query.number("limit", LARGEST_PAGE, LARGEST_PAGE), query.number("skip", 0, 2**31)
    if query.get("count") == "1":
        return {"skip": skip, "limit": limit, "items": {"count": chat.count(tx, place)}}
    newest_first = query.get("sort_desc") in ("date_sent", "created_at", "_id")
    found = chat.listed(tx, place, skip=skip, limit=limit, newest_first=newest_first)
    if found and query.get("mark_as_read") != "0":
        chat.read(tx, dialog.id, max(one.id for one in found), user_number=user.number)
    readers = chat.readers(tx, dialog.id)
    return {"skip": skip, "limit": limit, "items": [_shown(dialog, one, readers) for one in found]}


def _unread(tx: Tx, caller: CubeCaller, query: Query) -> dict[str, int]:
    application_id, user = _known(tx, caller)
    conditions = query.conditions()
    asked = [
        id for name in ("eq", "in") for text in conditions.get(("chat_dialog_ids", name), []) for id in text.split(",")
    ]
    mine = [one.id for id in asked[:LARGEST_PAGE] for one in _mine(tx, application_id, user, id)]
    counts = chat.unread(tx, mine, user_number=user.number)
    return {"total": sum(counts.values()), **{id: counts.get(id, 0) for id in mine}}


def _write(tx: Tx, caller: CubeCaller, body: Mapping[str, Any], told: list[Told]) -> dict[str, Any]:
    dialog, user = _dialog(tx, caller, body.get("chat_dialog_id"))
    files = body.get("attachments") or []
    if not isinstance(files, list) or not all(isinstance(file, dict) for file in files):
        raise Invalid("invalid", "attachments must be a list of objects", field="attachments")
    text = body.get("message") or (ATTACHMENT if files else "")
    if not isinstance(text, str):
        raise Invalid("invalid", "message must be a text", field="message")
    extra = {name: value for name, value in body.items() if name not in _OURS}
    if len(json.dumps(extra)) > EXTRA_LIMIT:
        raise Invalid("invalid", f"Further fields may have {EXTRA_LIMIT} bytes in all", field="message")
    author = Author((user.full_name or user.login or str(user.number))[:NAME_LIMIT], user_number=user.number)
    try:
        message = chat.write(tx, chat.place_in(tx, dialog), author, Draft(text, extra=extra))
    except Invalid as refusal:
        raise Invalid(refusal.code, refusal.message, field="message") from None
    told[:] = [(sessions.live_of(tx, dialog.room_id), message)]
    return _shown(dialog, message, chat.readers(tx, dialog.id))


def _delete(
    tx: Tx, caller: CubeCaller, message_ids: Sequence[str], told: list[Told]
) -> dict[str, dict[str, list[str]]]:
    """Each for everybody: by its author, or by the meeting's host."""
    application_id, user = _known(tx, caller)
    done: dict[str, dict[str, list[str]]] = {
        name: {"ids": []} for name in ("SuccessfullyDeleted", "NotFound", "WrongPermissions")
    }
    told.clear()
    for id in message_ids:
        try:
            dialog = chat.dialog_with(tx, application_id, id, user_number=user.number)
        except NotFound:
            done["NotFound"]["ids"].append(id)
            continue
        place = chat.place_in(tx, dialog)
        own = chat.get(tx, place, id).author.user_number == user.number
        if not own and dialog.user_number != user.number:
            done["WrongPermissions"]["ids"].append(id)
            continue
        gone = chat.delete(tx, place, id, by=chat.AUTHOR if own else chat.HOST)
        told.append((sessions.live_of(tx, dialog.room_id), gone))
        done["SuccessfullyDeleted"]["ids"].append(id)
    return done


def _shown(dialog: Dialog, message: Message, readers: Mapping[int, str]) -> dict[str, Any]:
    """`sender_id` is 0 for somebody who is no user; his name is in `sender_name`, which is ours."""
    read = [number for number, last in readers.items() if last >= message.id or number == message.author.user_number]
    ours: dict[str, Any] = {
        "_id": message.id,
        "chat_dialog_id": dialog.id,
        "message": message.text,
        "date_sent": _seconds(message),
        "sender_id": _sender(message),
        "recipient_id": None,
        "read_ids": read,
        "delivered_ids": read,
        "attachments": message.extra.get("attachments") or [],
        "reactions": {},
        "views_count": 0,
        "read": 1 if len(read) > 1 else 0,
        "created_at": message.created_at,
        "updated_at": message.deleted_at or message.created_at,
        "sender_name": message.author.name,
    }
    return {**message.extra, **ours}


def _sender(message: Message) -> int:
    return message.author.user_number or 0


def _seconds(message: Message) -> int:
    return int(message.created_at.timestamp())
