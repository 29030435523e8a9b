"""What the API's document says of this door's routes, by method and path; a route that is missing here is in no document."""

from typing import Any

from fastapi import Response

from convene.web.connectycube import schemas

Operation = dict[str, Any]


ONCE = {
    "name": "Idempotency-Key",
    "in": "header",
    "description": "Up to 255 visible characters. For a day, the same request is answered the same.",
    "schema": {"type": "string"},
}


def _told(summary: str, shows: Any = None, status: int = 200, **more: Any) -> Operation:
    """`shows`: the type of its answer; `body`: schemas by field, and `needs`, those that must be there; `query`: schemas by
    parameter; `once`: whether it takes an `Idempotency-Key`; `also`: statuses of refusals that do not follow from what it takes."""
    extra: Operation = {}
    if "body" in more:
        needs = list(more.get("needs", ()))
        schema = {"type": "object", "properties": more["body"]} | ({"required": needs} if needs else {})
        extra["requestBody"] = {"required": bool(needs), "content": {"application/json": {"schema": schema}}}
    if "query" in more:
        asked = [{"name": name, "in": "query", "schema": schema} for name, schema in more["query"].items()]
        extra["parameters"] = asked
    if more.get("once"):
        extra["parameters"] = [ONCE]
    shown = {"description": "Done"} if shows is None else {"model": shows}
    refusals = {refused: {"model": schemas.CubeRefused} for refused in more.get("also", ())}
    told = {"summary": summary, "status_code": status, "responses": {status: shown, **refusals}, "openapi_extra": extra}
    return told | ({"response_class": Response} if shows is None else {})


def _or_null(**schema: Any) -> Operation:
    return schema | {"type": [schema["type"], "null"]}


TEXT, NUMBER, FLAG = {"type": "string"}, {"type": "integer"}, {"type": ["boolean", "null"]}
TEXT_OR_NULL = _or_null(**TEXT)
ATTENDEE = {"type": "object", "properties": {"id": NUMBER, "email": TEXT}}
MEETING = {
    "name": TEXT,
    "start_date": NUMBER,
    "end_date": NUMBER,
    "attendees": {"type": "array", "items": ATTENDEE},
    "public": FLAG,
    "scheduled": FLAG,
    "record": FLAG,
    "notify": FLAG,
    "notify_before": _or_null(
        type="object",
        properties={"metric": {"enum": ["minutes", "hours", "days", "weeks"]}, "value": NUMBER},
        required=["metric", "value"],
    ),
    "timezone": _or_null(type="object", properties={"offset": NUMBER, "name": TEXT}, required=["offset", "name"]),
    "rrule": TEXT_OR_NULL,
}
NEW_MEETING = MEETING | {"chat": FLAG}
MEETING_NEEDS = ("name", "start_date", "end_date")
PEOPLE_SAY = ("login", "email", "full_name", "phone", "website", "external_id", "custom_data", "avatar", "tag_list")
USER = dict.fromkeys(PEOPLE_SAY, TEXT_OR_NULL) | {"password": TEXT}
OWN_USER = {"user": {"type": "object", "properties": USER | {"old_password": TEXT}}}
PAGE = {"limit": {"type": "integer", "minimum": 0}, "offset": {"type": "integer", "minimum": 0}}
LISTED = PAGE | {"start_date[gte]": NUMBER, "scheduled": {"type": "boolean"}, "sort_asc": TEXT}
MEETINGS: Any = (
    list[schemas.CubeMeeting] | schemas.CubeMeeting | schemas.CubeMeetingPage
)  # several; one; with their total
NOTHING = dict[str, Any]
IN_DIALOG = {"chat_dialog_id": TEXT}
SIGNED_IN = {"application_id": {"type": ["integer", "string"]}, "auth_key": TEXT, "user": {"type": "object"}}

OPERATIONS: dict[str, Operation] = {
    # Sessions
    "POST /session": _told(
        "Create a session",
        schemas.CubeSessionEnvelope,
        201,
        body=SIGNED_IN,
        needs=("application_id", "auth_key"),
        also=(401, 404),
    ),
    "GET /session": _told("Get the session", schemas.CubeSessionEnvelope),
    "DELETE /session": _told("End the session"),
    "POST /login": _told(
        "Sign in",
        schemas.CubeUserEnvelope,
        201,
        body={"login": TEXT, "email": TEXT, "password": TEXT},
        needs=("password",),
        also=(404,),
    ),
    "DELETE /login": _told("Sign out"),
    # Users
    "POST /users": _told(
        "Sign up",
        schemas.CubeUserEnvelope,
        201,
        body={"user": {"type": "object", "properties": USER}},
        needs=("user",),
        once=True,
    ),
    "GET /users/v2": _told("Find users", schemas.CubeUserPage, query=PAGE | {"login": TEXT, "id[in]": TEXT}),
    "GET /users/{number}": _told("Get a user", schemas.CubeUserEnvelope),
    "PUT /users/{number}": _told("Change one's own account", schemas.CubeUserEnvelope, body=OWN_USER, needs=("user",)),
    "DELETE /users/{number}": _told("Delete one's own account"),
    # Meetings
    "POST /meetings": _told(
        "Schedule a meeting", schemas.CubeMeeting, 201, body=NEW_MEETING, needs=MEETING_NEEDS, once=True
    ),
    "GET /meetings": _told("List meetings, or get one by `_id`", MEETINGS, query=LISTED, also=(404,)),
    "PUT /meetings/{meeting_id}": _told("Change a meeting", schemas.CubeMeeting, body=MEETING),
    "DELETE /meetings/{meeting_id}": _told("Cancel a meeting"),
    "GET /meetings/recordings/{meeting_id}": _told("List recordings of a meeting", list[schemas.CubeRecording]),
    "GET /meetings/{meeting_id}/link": _told("Get one's own link into a meeting", schemas.CubeLink),
    # Chat
    "GET /chat/Dialog": _told("List dialogs", schemas.CubeDialogPage, query={"limit": NUMBER, "skip": NUMBER}),
    "POST /chat/Dialog/{dialog_id}/subscribe": _told("Join a meeting's dialog", schemas.CubeDialog, once=True),
    "DELETE /chat/Dialog/{dialog_id}/subscribe": _told("Leave a meeting's dialog", NOTHING),
    "GET /chat/Message/unread": _told("Count unread messages", dict[str, int], query={"chat_dialog_ids": TEXT}),
    "DELETE /chat/Message/{message_ids}": _told("Delete messages", schemas.CubeDeletions),
    "GET /chat/Message": _told(
        "List messages", schemas.CubeMessagePage, query=IN_DIALOG | {"limit": NUMBER, "skip": NUMBER}, also=(404,)
    ),
    "POST /chat/Message": _told(
        "Write a message",
        schemas.CubeMessage,
        201,
        body=IN_DIALOG | {"message": TEXT},
        needs=("chat_dialog_id", "message"),
        also=(404,),
        once=True,
    ),
    # Administrators
    "POST /admin/meetings": _told(
        "Schedule a meeting for somebody",
        schemas.CubeMeeting,
        201,
        body=NEW_MEETING | {"user_id": NUMBER},
        needs=("user_id", *MEETING_NEEDS),
        once=True,
    ),
    "GET /admin/meetings": _told("List all meetings, or get one by `_id`", MEETINGS, query=LISTED, also=(404,)),
    "GET /admin/meetings/{meeting_id}": _told("Get a meeting", schemas.CubeMeeting),
    "PUT /admin/meetings/{meeting_id}": _told("Change anybody's meeting", schemas.CubeMeeting, body=MEETING),
    "DELETE /admin/meetings/{meeting_id}": _told("Cancel anybody's meeting", NOTHING),
    "POST /admin/meetings/{meeting_id}/links": _told(
        "Make the link of one person", schemas.CubeLink, 201, body={"user_id": NUMBER, "email": TEXT}
    ),
    "GET /admin/meetings/recordings/{meeting_id}": _told("List recordings", list[schemas.CubeRecording]),
    "DELETE /admin/meetings/recordings/{meeting_id}": _told("Delete all recordings of a meeting", NOTHING),
    "DELETE /admin/meetings/recordings/{meeting_id}/{recording_id}": _told("Delete one recording", NOTHING),
    "POST /admin/users": _told("Make a user", schemas.CubeUserEnvelope, 201, body=USER, once=True),
    "PUT /admin/users/{number}": _told("Change anybody's account", schemas.CubeUserEnvelope, body=USER),
    "POST /admin/users/{number}/tokens": _told("Make a token for a user", schemas.CubeSessionEnvelope, 201),
    "DELETE /admin/user/{number}": _told("Delete a user", schemas.CubeSuccess),
}
