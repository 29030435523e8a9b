"""What four of the vendor's SDKs need of an answer to read it (contract §6.3 to §6.6), one class each. Facts of their source:

whatever their parsers throw at is an error here, and what they pass over is passed over.
"""

import json
import re
from typing import Annotated, Any, Literal, TypeAlias
from urllib.parse import parse_qs, urlsplit

import httpx
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, TypeAdapter


def _absolute(text: str) -> str:
    """`java.net.URI` takes neither spaces nor any of these characters."""
    parts = urlsplit(text)
    assert parts.scheme in ("http", "https") and parts.netloc, f"not absolute: {text}"
    assert not re.search(r"[\s\"<>\\^`{|}\x00-\x1f]|%(?![0-9A-Fa-f]{2})", text), f"not a URI: {text}"
    return text


Id: TypeAlias = Annotated[str, Field(pattern=r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")]
Moment: TypeAlias = Annotated[str, Field(pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$")]
Address: TypeAlias = Annotated[str, AfterValidator(_absolute)]
Colour: TypeAlias = Annotated[str, Field(pattern=r"^#([0-9a-fA-F]{3}|[0-9a-fA-F]{6})$")]
Level: TypeAlias = Literal["none", "after_owner_only", "explicit_approval"]
Status: TypeAlias = Literal["started", "stopped", "paused", "uploaded"]
Kind: TypeAlias = Literal["white", "colored", "favicon"]


class Part(BaseModel):
    """A JSON object: nothing is converted (a number in a text is a text), what is not known is passed over.

    A default stands for what may be absent; only where a type has `None` may it be null.
    """

    model_config = ConfigDict(strict=True, extra="ignore", populate_by_name=True)


class Link(Part):
    href: Address


class LogoForm(Part):
    """All ten, or the upload fails."""

    content_type: Literal["image/png"] = Field(alias="Content-Type")
    key: str
    logo_type: Kind = Field(alias="logoType")
    bucket: str
    algorithm: str = Field(alias="X-Amz-Algorithm")
    credential: str = Field(alias="X-Amz-Credential")
    date: str = Field(alias="X-Amz-Date")
    token: str = Field(alias="X-Amz-Security-Token")
    policy: str = Field(alias="Policy")
    signature: str = Field(alias="X-Amz-Signature")


class LogoUpload(Part):
    url: Address
    fields: LogoForm


class Number(Part):
    number: str
    locale: Annotated[str, Field(pattern=r"^[a-z]{2}-[A-Z]{2}$")]
    display_name: str


# --- .NET -----------------------------------------------------------------------------------------------------------


class Net:
    """System.Text.Json into structs, the strictest: what is no `string` or `Uri` is never null, enumerations are exact."""

    class Links(Part):
        guest_url: Link
        host_url: Link

    class Features(Part):
        is_captions_available: bool = False
        is_chat_available: bool = False
        is_locale_switcher_available: bool = False
        is_recording_available: bool = False
        is_whiteboard_available: bool = False

    class JoinOptions(Part):
        microphone_state: Literal["default", "on", "off"] = "default"

    class Callbacks(Part):
        recordings_callback_url: str | None = None
        rooms_callback_url: str | None = None
        sessions_callback_url: str | None = None

    class Room(Part):
        id: Id
        available_features: "Net.Features"
        callback_urls: "Net.Callbacks" = Field(default_factory=lambda: Net.Callbacks())
        created_at: Moment
        expires_at: Moment
        display_name: str
        initial_join_options: "Net.JoinOptions"
        is_available: bool
        join_approval_level: Level
        links: "Net.Links" = Field(alias="_links")
        meeting_code: str
        metadata: str | None = None
        theme_id: str | None = None
        type: Literal["instant", "long_term"]

    class PageLinks(Part):
        first: Link
        self: Link
        next: Link = Link(href="http://absent")
        prev: Link = Link(href="http://absent")

    class Rooms(Part):
        rooms: list["Net.Room"] = Field(alias="_embedded")
        links: "Net.PageLinks" = Field(alias="_links")
        page_size: int
        total_items: int

    class RecordingLinks(Part):
        url: Link = Link(href="http://absent")

    class Recording(Part):
        id: Id
        session_id: str
        started_at: Moment = "0001-01-01T00:00:00.000Z"
        ended_at: Moment = "0001-01-01T00:00:00.000Z"
        status: Status
        links: "Net.RecordingLinks" = Field(alias="_links")

    class Embedded(Part):
        recordings: list["Net.Recording"]

    class Recordings(Part):
        embedded: "Net.Embedded" = Field(alias="_embedded")

    class Theme(Part):
        theme_id: Id
        application_id: Id
        account_id: str
        theme_name: str
        domain: Literal["VCP", "VBC"]
        main_color: Colour
        brand_text: str
        short_company_url: str | None = None
        brand_image_colored: str | None = None
        brand_image_white: str | None = None
        branded_favicon: str | None = None
        brand_image_colored_url: Address | None = None
        brand_image_white_url: Address | None = None
        branded_favicon_url: Address | None = None

    class Application(Part):
        account_id: str
        application_id: Id
        default_theme_id: Id


# --- Java -----------------------------------------------------------------------------------------------------------


class Java:
    """Jackson into objects: anything may be null, but ids, times and addresses are parsed; lists are unboxed."""

    class Links(Part):
        host_url: Link | None = None
        guest_url: Link | None = None

    class Room(Part):
        id: Id
        theme_id: Id | None = None
        created_at: Moment
        expires_at: Moment | None = None
        display_name: str | None = None
        metadata: str | None = None
        meeting_code: str | None = None
        is_available: bool | None = None
        expire_after_use: bool | None = None
        type: str | None = None
        join_approval_level: str | None = None
        recording_options: dict[str, bool] | None = None
        initial_join_options: dict[str, str] | None = None
        ui_settings: dict[str, str] | None = None
        callback_urls: dict[str, Address] | None = None
        available_features: dict[str, bool] | None = None
        links: "Java.Links" = Field(alias="_links")

    class PageLinks(Part):
        next: Link | None = None

    class Rooms(Part):
        rooms: list["Java.Room"] = Field(alias="_embedded")
        page_size: int
        total_items: int
        links: "Java.PageLinks" = Field(alias="_links")

        def next_id(self) -> int:
            """Raises where the client would: it goes on although there is no more."""
            assert self.links.next is not None, "URI is null"
            return int(parse_qs(urlsplit(self.links.next.href).query)["start_id"][0])

    class Recording(Net.Recording):
        pass

    class Theme(Net.Theme):
        pass

    class Refusal(Part):
        status: int | None = None
        name: str | None = None
        message: str | None = None
        title: str | None = None
        detail: str | None = None
        errors: list[Any] = Field(default_factory=list)


# --- Reading --------------------------------------------------------------------------------------------------------


def read(response: httpx.Response, type: Any, status: int = 200) -> Any:
    """An answer as the SDK's parser reads it. All of them want this content type, or show nothing."""
    assert response.status_code == status, f"{response.status_code}: {response.text[:500]}"
    assert response.headers["content-type"].partition(";")[0] == "application/json", response.headers
    return TypeAdapter(type).validate_json(response.content)


def php_rooms(response: httpx.Response) -> list[dict[str, Any]]:
    """PHP: rooms of the collection `rooms`, counted from 0, each with a name; of an array it makes an empty list."""
    assert response.status_code == 200, response.text
    rooms = json.loads(response.content)["_embedded"]["rooms"]
    assert isinstance(rooms, list) and all(room["display_name"] for room in rooms)
    return rooms


def php_room(response: httpx.Response, status: int = 200) -> dict[str, Any]:
    """PHP: any object with a name."""
    room: dict[str, Any] = read(response, dict[str, Any], status)
    assert room["display_name"]
    return room
