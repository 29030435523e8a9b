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
    """A recording of a session; times are absent as long as they are not known. `failure_reason`: only of one that failed, why there
    is no file (`stopped`), or not the whole of it (`uploaded`)."""

    id: UUID
    session_id: str
    started_at: NotRequired[datetime]
    ended_at: NotRequired[datetime]
    status: Literal["started", "stopped", "paused", "uploaded"]
    failure_reason: NotRequired[str]
    _links: RecordingLinks


class Recordings(TypedDict):
    """All of a session."""

    recordings: list[Recording]


class SessionRecordings(TypedDict):
    """The recordings of a session."""

    _embedded: Recordings


class Session(TypedDict):
    """A session; times of use are whole minutes, begun ones counted. `billed_time`: that of all people together."""

    id: str
    room_id: UUID
    room_display_name: str
    start_time: datetime
    end_time: NotRequired[datetime]
    is_recorded: bool
    participants_number: int
    billed_time: int
    recordings_time: int


class Sessions(TypedDict):
    """Those of one page."""

    sessions: list[Session]


class SessionPage(TypedDict):
    """A page of sessions, in the order of their beginnings."""

    page_size: int
    _embedded: Sessions
    _links: PageLinks


class Interval(TypedDict):
    """One stay; without an end while it goes on. `reason`: why it ended, in the media engine's words."""

    joined_at: datetime
    left_at: NotRequired[datetime]
    reason: NotRequired[str]


class Participant(TypedDict):
    """A person; `id` is the `participant_id` of callbacks."""

    id: UUID
    name: str
    is_host: bool
    is_present: bool
    intervals: list[Interval]


class Participants(TypedDict):
    """Everybody who was in."""

    participants: list[Participant]


class SessionPeople(TypedDict):
    """The people of a session, in the order of their first coming."""

    _embedded: Participants


class PeopleAndRecordings(Participants):
    """All that belongs to a session; recordings for keys with the scope `recordings:read`."""

    recordings: NotRequired[list[Recording]]


class SessionDetail(Session):
    """A session with all that belongs to it."""

    state: Literal["running", "ended"]
    is_locked: bool
    _embedded: PeopleAndRecordings


class Theme(TypedDict):
    """How rooms look. `brand_image_…` and `branded_favicon`: the pictures' keys, and their addresses."""

    theme_id: UUID
    theme_name: str
    domain: Literal["VCP", "VBC"]
    account_id: str
    application_id: UUID
    main_color: str
    short_company_url: str | None
    brand_text: str
    brand_image_colored: str | None
    brand_image_white: str | None
    branded_favicon: str | None
    brand_image_white_url: str | None
    brand_image_colored_url: str | None
    branded_favicon_url: str | None


LogoForm = TypedDict(
    "LogoForm",
    {
        "Content-Type": Literal["image/png"],
        "key": str,
        "logoType": Literal["white", "colored", "favicon"],
        "bucket": str,
        "X-Amz-Algorithm": str,
        "X-Amz-Credential": str,
        "X-Amz-Date": str,
        "X-Amz-Security-Token": str,
        "Policy": str,
        "X-Amz-Signature": str,
    },
)


class LogoUpload(TypedDict):
    """Where a picture goes, and the fields to send with it."""

    url: str
    fields: LogoForm


class LogoProblem(TypedDict):
    """What is wrong with an upload; `invalidProperty` is there with `invalid_logo_properties`."""

    logoKey: str
    code: Literal["key_not_found", "invalid_logo_properties"]
    invalidProperty: NotRequired[Literal["exceeds_size", "type", "dimensions", "transparent_bg"]]


class Application(TypedDict):
    """What the vendor's API shows of an application."""

    application_id: UUID
    account_id: str
    default_theme_id: UUID | None


class DialInNumber(TypedDict):
    """A number for telephones: E.164 without `+`."""

    number: str
    locale: str
    display_name: str


class Unauthorized(TypedDict):
    """No credentials, or wrong ones."""

    title: str
    detail: str


class VendorRefusal(TypedDict):
    """Why not; `errors` has one line for each field at fault."""

    message: str
    name: str
    status: int
    errors: NotRequired[list[str]]


class LogosRefused(TypedDict):
    """Why not: a line, or what is wrong with an upload."""

    message: str
    name: str
    status: int
    errors: NotRequired[list[LogoProblem | str]]


Responses = dict[int | str, dict[str, Any]]
MEANINGS = {
    400: "The input breaks a rule",
    401: "Missing or wrong credentials",
    403: "Not allowed",
    404: "Not found, or expired",
    409: "Its present state does not allow it",
    410: "It is over",
    412: "Changed since: its ETag is not that of If-Match",
    413: "The body is larger than 64 KiB",
    422: "The Idempotency-Key was used for another request",
    423: "The meeting is locked",
    429: "Too many requests, or wrong credentials, in this minute",
    503: "Something that is needed does not answer",
}


def refusals(*statuses: int) -> Responses:
    """The documented refusals of a route."""
    models: dict[int, Any] = {status: Unauthorized if status == 401 else VendorRefusal for status in statuses}
    return {status: {"model": model, "description": MEANINGS[status]} for status, model in models.items()}


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


def header(name: str, text: str) -> dict[str, Any]:
    """A header that a request may have."""
    return {"name": name, "in": "header", "description": text, "schema": {"type": "string"}}


ONCE = header("Idempotency-Key", "Up to 255 visible characters. For a day, the same request is answered the same.")
IF_MATCH = {"parameters": [header("If-Match", "An ETag: the change is made only if it is still the present one.")]}
IF_NONE_MATCH = {"parameters": [header("If-None-Match", "An ETag: 304 if it is still the present one.")]}


def session_paging(size: int, largest: int) -> dict[str, Any]:
    """The query of the list of sessions."""
    moment = {"type": "string", "description": "RFC 3339; without a zone it is UTC"}
    number = {"type": "integer", "minimum": 0, "default": 0}
    wanted = {"type": "integer", "minimum": 1, "maximum": largest, "default": size}
    asked = {"from": moment, "to": moment, "recorded": {"type": "boolean"}, "offset": number, "page_size": wanted}
    return {"parameters": [{"name": name, "in": "query", "schema": schema} for name, schema in asked.items()]}
