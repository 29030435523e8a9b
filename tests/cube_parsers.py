"""What the ConnectyCube SDK for Flutter needs of an answer to read it (contract §0, §1.2, §3.2), facts of its source.

Dart converts nothing: a field is an integer, a text or a boolean, or reading it throws; so it does here. What it passes over is
passed over.
"""

import json
from datetime import datetime
from typing import Annotated, Any, Generic, TypeAlias, TypeVar

import httpx
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, TypeAdapter

SUCCESSES, FAILURES = {200, 201, 202}, {400, 401, 403, 404, 422, 429, 500, 503}
T = TypeVar("T")


def _moment(given: Any) -> Any:
    """`DateTime.parse` takes a text, and wants a time in it."""
    assert given is None or datetime.fromisoformat(given).tzinfo, f"no time with its zone: {given!r}"
    return given


def _double(given: Any) -> Any:
    """In Dart `61` is no double."""
    assert isinstance(given, float), f"no double: {given!r}"
    return given


Object: TypeAlias = Annotated[str, Field(pattern=r"^[0-9a-f]{24}$")]
Moment: TypeAlias = Annotated[str, BeforeValidator(_moment)]
Double: TypeAlias = Annotated[float, BeforeValidator(_double)]


class Part(BaseModel):
    """A JSON object. Every entity has `id` read as an integer, so no text may stand there."""

    model_config = ConfigDict(strict=True, extra="ignore", populate_by_name=True)

    id: int | None = None
    created_at: Moment | None = None
    updated_at: Moment | None = None


class User(Part):
    id: int
    full_name: str | None
    email: str | None
    login: str | None
    phone: str | None
    website: str | None
    last_request_at: Moment | None
    external_user_id: int | None
    external_id: str | None
    facebook_id: str | None
    twitter_id: str | None
    custom_data: str | None
    avatar: str | None
    is_guest: bool | None
    timezone: int | None
    user_tags: Any  # any value: it is split as a text
    tag_list: str | None = None


class Session(Part):
    id: int
    token: str
    application_id: int
    user_id: int | None
    ts: int
    nonce: int | None = None
    user: User | None = None


class Attendee(Part):
    email: str | None = None


class NotifyBefore(Part):
    metric: str
    value: int


class Meeting(Part):
    object_id: Object = Field(alias="_id")
    name: str
    start_date: int
    end_date: int
    attendees: list[Attendee]
    record: bool
    chat_dialog_id: Object | None
    host_id: int
    public: bool
    scheduled: bool
    notify: bool
    notify_before: NotifyBefore | None
    created_at: Moment
    updated_at: Moment


class Recording(Part):
    object_id: Object = Field(alias="_id")
    room_id: Object
    participants_ids: list[int]
    participants_count: int
    duration: Double
    size: Double
    download_url: str
    created_at: Moment
    updated_at: Moment


class Dialog(Part):
    object_id: Object = Field(alias="_id")
    type: int
    name: str | None
    description: str | None
    photo: str | None
    user_id: int
    xmpp_room_jid: str | None
    occupants_ids: list[int]
    occupants_count: int | None = None
    pinned_messages_ids: list[str] | None = None
    admins_ids: list[int] | None = None
    last_message: str | None
    last_message_date_sent: int | None
    last_message_user_id: int | None
    unread_messages_count: int | None


class Message(Part):
    """Its lists are read whenever their names are there, so they may not be null."""

    object_id: Object = Field(alias="_id")
    chat_dialog_id: Object
    message: str | None
    date_sent: int
    sender_id: int
    recipient_id: int | None = None
    read_ids: list[int] = []
    delivered_ids: list[int] = []
    attachments: list[dict[str, Any]] = []
    views_count: int | None = None


class Page(Part, Generic[T]):
    total_entries: int | None = None
    skip: int
    limit: int
    items: list[T]


def read(answer: httpx.Response, kind: Any, status: int = 200) -> Any:
    """What the client makes of a success, which has to be one of those that it takes for such, and JSON."""
    assert answer.status_code == status and status in SUCCESSES, f"{answer.status_code} {answer.text}"
    assert answer.headers["content-type"].startswith("application/json")
    return TypeAdapter(kind).validate_python(json.loads(answer.content))


def refusal(answer: httpx.Response, status: int) -> Any:
    """The errors of a refusal that the client shows: others than these statuses are a bare number to it."""
    assert answer.status_code == status and status in FAILURES, f"{answer.status_code} {answer.text}"
    told = json.loads(answer.content)
    assert list(told) == ["errors"] and told["errors"], told
    for lines in told["errors"].values() if isinstance(told["errors"], dict) else [told["errors"]]:
        assert lines and all(isinstance(line, str) and line for line in lines), told
    return told["errors"]
