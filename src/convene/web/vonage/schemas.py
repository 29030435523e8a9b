"""The answers as the API's document shows them (contract §1.4, §1.5, §2.2, §3.1); handlers do not run through these."""

from datetime import datetime
from typing import Any, Literal, NotRequired
from uuid import UUID

from typing_extensions import TypedDict  # pydantic reads the one of typing from Python 3.12 on


class Link(TypedDict):
    """An absolute address."""

    href: str


class RoomLinks(TypedDict):
    """The two links that people open."""

    host_url: Link
    guest_url: Link


class RecordingOptions(TypedDict):
    """What is recorded of the room's sessions."""

    auto_record: bool
    record_only_owner: bool


class InitialJoinOptions(TypedDict):
    """How people come in."""

    microphone_state: Literal["default", "on", "off"]


class UiSettings(TypedDict):
    """How the page looks."""

    language: str


class AvailableFeatures(TypedDict):
    """What the page offers."""

    is_recording_available: bool
    is_chat_available: bool
    is_whiteboard_available: bool
    is_locale_switcher_available: bool
    is_captions_available: bool


class CallbackUrls(TypedDict):
    """Where this room's callbacks go, if not to the application's addresses."""

    rooms_callback_url: NotRequired[str]
    sessions_callback_url: NotRequired[str]
    recordings_callback_url: NotRequired[str]


class Room(TypedDict):
    """A room."""

    id: UUID
    display_name: str
    metadata: str | None
    type: Literal["instant", "long_term"]
    expires_at: datetime
    recording_options: RecordingOptions
    meeting_code: str
    _links: RoomLinks
    created_at: datetime
    is_available: bool
    expire_after_use: bool
    theme_id: UUID | None
    initial_join_options: InitialJoinOptions
    join_approval_level: Literal["none", "after_owner_only", "explicit_approval"]
    ui_settings: UiSettings
    available_features: AvailableFeatures
    callback_urls: NotRequired[CallbackUrls]


class PageLinks(TypedDict):
    """`prev` and `next` are there only if those pages are."""

    first: Link
    self: Link
    prev: NotRequired[Link]
    next: NotRequired[Link]


class RoomPage(TypedDict):
    """A page of rooms, in the order of their making."""

    page_size: int
    total_items: int
    _embedded: list[Room]
    _links: PageLinks


class RecordingLinks(TypedDict):
    """`url` is there once the file is, and works for a limited time."""

    url: NotRequired[Link]


class Recording(TypedDict):
    """A recording of a session; times are absent as long as they are not known."""

    id: UUID
    session_id: str
    started_at: NotRequired[datetime]
    ended_at: NotRequired[datetime]
    status: Literal["started", "stopped", "paused", "uploaded"]
    _links: RecordingLinks


class Recordings(TypedDict):
    """All of a session."""

    recordings: list[Recording]


class SessionRecordings(TypedDict):
    """The recordings of a session."""

    _embedded: Recordings


class Unauthorized(TypedDict):
    """No credentials, or wrong ones."""

    title: str
    detail: str


class Refused(TypedDict):
    """Why not; `errors` has one line for each field at fault."""

    message: str
    name: str
    status: int
    errors: NotRequired[list[str]]


Responses = dict[int | str, dict[str, Any]]
_MEANINGS = {
    400: "The input breaks a rule",
    401: "Missing or wrong credentials",
    403: "Not allowed",
    404: "Not found, or expired",
    413: "The body is larger than 64 KiB",
}


def refusals(*statuses: int) -> Responses:
    """The documented refusals of a route."""
    models: dict[int, Any] = {status: Unauthorized if status == 401 else Refused for status in statuses}
    return {status: {"model": model, "description": _MEANINGS[status]} for status, model in models.items()}


def body(schema: dict[str, Any]) -> dict[str, Any]:
    """A request's body in the document."""
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": schema}}}}


def wrapped(schema: dict[str, Any]) -> dict[str, Any]:
    """Changes come inside `update_details`."""
    details = {**schema, "minProperties": 1}
    return {"type": "object", "properties": {"update_details": details}, "required": ["update_details"]}


def paging(size: int, largest: int) -> dict[str, Any]:
    """The query of a room list."""
    number = {"type": "integer", "minimum": 0}
    wanted = {"type": "integer", "minimum": 1, "maximum": largest, "default": size}
    asked = {"start_id": number, "end_id": number, "page_size": wanted}
    return {"parameters": [{"name": name, "in": "query", "schema": schema} for name, schema in asked.items()]}
