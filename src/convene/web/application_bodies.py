"""The bodies of the Application API v2, for the API's document (contract §3.7)."""

from typing import Any, Literal, NotRequired
from uuid import UUID

from typing_extensions import TypedDict  # pydantic reads the one of typing from Python 3.12 on

from convene.applications import KEY_LIMIT, NAME_LIMIT

Open = dict[str, Any]


class Webhook(TypedDict):
    """Where callbacks go."""

    address: str
    http_method: Literal["POST"]


class Webhooks(TypedDict):
    """The three families of callbacks; those without an address are absent."""

    room_changed: NotRequired[Webhook]
    session_changed: NotRequired[Webhook]
    recording_changed: NotRequired[Webhook]


class MeetingsCapability(TypedDict):
    """`signed_callbacks`: callbacks carry the vendor's JWT as well."""

    webhooks: Webhooks
    signed_callbacks: NotRequired[bool]


class Keys(TypedDict):
    """PEM. The private key is answered once, to the call that had it made."""

    public_key: NotRequired[str]
    private_key: NotRequired[str]


class Link(TypedDict):
    """An absolute address."""

    href: str


class OwnLinks(TypedDict):
    """Where the application is found."""

    self: Link


class ProvisionedApplication(TypedDict):
    """An application; `capabilities` has `meetings`, and what was said for other products."""

    id: UUID
    name: str
    keys: Keys
    capabilities: Open
    privacy: Open
    _links: OwnLinks


class Embedded(TypedDict):
    """The page's applications."""

    applications: list[ProvisionedApplication]


class ApplicationPageLinks(TypedDict):
    """`prev` and `next` are there only if those pages are."""

    self: Link
    first: Link
    last: Link
    prev: NotRequired[Link]
    next: NotRequired[Link]


class ApplicationPage(TypedDict):
    """A page of applications, oldest first."""

    page_size: int
    page: int
    total_items: int
    total_pages: int
    _embedded: Embedded
    _links: ApplicationPageLinks


class InvalidParameter(TypedDict):
    """A field at fault."""

    name: str
    reason: str


class Problem(TypedDict):
    """Why not; `instance` is this answer's own number."""

    type: str
    title: str
    detail: str
    instance: str
    invalid_parameters: NotRequired[list[InvalidParameter]]


_MEANINGS = {
    400: "The input breaks a rule",
    401: "Missing or wrong credentials",
    404: "No such application of this account",
    413: "The body is larger than 64 KiB",
    429: "Too many requests of this account, or wrong credentials from this address",
}
_TEXT = {"type": "string"}
_OBJECT = ["object", "null"]
_WEBHOOK = {
    "type": _OBJECT,
    "properties": {
        "address": {"type": ["string", "null"], "pattern": "^(https?://.*)?$"},
        "http_method": {"const": "POST"},
    },
}
_MEETINGS = {
    "type": _OBJECT,
    "properties": {
        "webhooks": {
            "type": _OBJECT,
            "properties": dict.fromkeys(("room_changed", "session_changed", "recording_changed"), _WEBHOOK),
            "additionalProperties": False,
        },
        "signed_callbacks": {"type": "boolean"},
    },
}
_PUBLIC_KEY = {"type": ["string", "null"], "maxLength": KEY_LIMIT, "description": "PEM, RSA of 2048 bits or more"}
_BODY = {
    "type": "object",
    "required": ["name"],
    "properties": {
        "name": {**_TEXT, "minLength": 1, "maxLength": NAME_LIMIT},
        "keys": {"type": _OBJECT, "properties": {"public_key": _PUBLIC_KEY}},
        "capabilities": {"type": _OBJECT, "properties": {"meetings": _MEETINGS}},
        "privacy": {"type": _OBJECT, "description": "Kept, and answered back"},
    },
}


def _refusals(*statuses: int) -> dict[int | str, dict[str, Any]]:
    return {status: {"model": Problem, "description": _MEANINGS[status]} for status in statuses}


def _paging() -> dict[str, Any]:
    wanted = {"page_size": (10, {"maximum": 100}), "page": (1, {})}
    return {
        "parameters": [
            {"name": name, "in": "query", "schema": {"type": "integer", "minimum": 1, "default": default, **more}}
            for name, (default, more) in wanted.items()
        ]
    }


_TAGS = {"tags": ["Application API"]}
_ONE = {"model": ProvisionedApplication}
_SENT = {"requestBody": {"required": True, "content": {"application/json": {"schema": _BODY}}}}
CREATE: dict[str, Any] = {
    **_TAGS,
    "methods": ["POST"],
    "status_code": 201,
    "summary": "Create an application",
    "responses": {201: _ONE, **_refusals(400, 401, 413, 429)},
    "openapi_extra": _SENT,
}
LIST: dict[str, Any] = {
    **_TAGS,
    "methods": ["GET"],
    "summary": "List the account's applications",
    "responses": {200: {"model": ApplicationPage}, **_refusals(400, 401, 429)},
    "openapi_extra": _paging(),
}
GET: dict[str, Any] = {
    **_TAGS,
    "methods": ["GET"],
    "summary": "Get an application",
    "responses": {200: _ONE, **_refusals(401, 404, 429)},
}
CHANGE: dict[str, Any] = {
    **_TAGS,
    "methods": ["PUT"],
    "summary": "Change an application",
    "responses": {200: _ONE, **_refusals(400, 401, 404, 413, 429)},
    "openapi_extra": _SENT,
}
DELETE: dict[str, Any] = {
    **_TAGS,
    "methods": ["DELETE"],
    "status_code": 204,
    "summary": "Delete an application: its keys stop, its rooms expire",
    "responses": _refusals(401, 404, 429),
}
