"""What a client may send of a room, field by field, with every tolerance of contract §2.3; refused in Joi's words."""

import json
import re
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any, TypeVar

from fastapi import Request

from convene.errors import Invalid
from convene.lifecycle import Role, RoomType
from convene.rooms import FEATURES

DEPTH_LIMIT = 20
LANGUAGES = ("default", "ar", "ca", "de", "en", "es", "fr", "he", "it", "pt-br", "zh-tw", "zh-cn")
LEVELS = ("none", "after_owner_only", "explicit_approval")
MISSPELT = {"explict_approval": "explicit_approval"}  # @vonage/meetings before 1.5.0
URL_LIMIT = 2048
SAFE = 2**53 - 1

# All that clients send (§1.3): `T` or a space, any fraction, `Z`, `+0000`, `+00:00` or no zone, which means UTC.
_MOMENT = re.compile(r"(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d(?::\d\d(?:\.\d+)?)?) ?([Zz]|[+-]\d\d:?\d\d)?", re.ASCII)
_UNTOUCHABLE = re.compile("[\x00\ud800-\udfff]")  # what no database and no UTF-8 can carry

Schema = dict[str, Any]
T = TypeVar("T")


class Wrong(Exception):
    """The rest of a sentence that begins with the field's name."""


@dataclass(frozen=True, slots=True)
class Field:
    """One field: our name, how it is read, how it is documented; `clears`: null means "none" and not "not given"."""

    name: str
    read: Callable[[Any], Any]
    schema: Schema
    clears: bool = False


Shape = Mapping[str, "Field | Shape"]


# --- Rules ----------------------------------------------------------------------------------------------------------


def _string(value: Any) -> str:
    if not isinstance(value, str):
        raise Wrong("must be a string")
    if _UNTOUCHABLE.search(value):
        raise Wrong("contains an invalid character")
    return value


def _text(name: str, longest: int, *, may_be_empty: bool = False) -> Field:
    def read(value: Any) -> str:
        text = _string(value)
        if not text and not may_be_empty:
            raise Wrong("is not allowed to be empty")
        if len(text) > longest:
            raise Wrong(f"length must be less than or equal to {longest} characters long")
        return text

    return Field(name, read, {"type": "string", "maxLength": longest}, clears=may_be_empty)


def _flag(name: str) -> Field:
    def read(value: Any) -> bool:
        if isinstance(value, str) and value.lower() in ("true", "false"):
            return value.lower() == "true"
        if not isinstance(value, bool):
            raise Wrong("must be a boolean")
        return value

    return Field(name, read, {"type": "boolean"})


def _one_of(name: str, words: tuple[str, ...], turn: Callable[[str], str] = str) -> Field:
    def read(value: Any) -> str:
        if not isinstance(value, str) or turn(value) not in words:
            raise Wrong(f"must be one of [{', '.join(words)}]")
        return words[words.index(turn(value))]  # ours, which may be a member of an enumeration

    return Field(name, read, {"type": "string", "enum": list(words)})


def _language(word: str) -> str:
    """Java sends capitals; `pt` is from before October 2023."""
    return {"pt": "pt-br"}.get(word.lower(), word.lower())


def moment(value: Any) -> datetime:
    """A time in any of the forms of §1.3, cut to the millisecond."""
    form = _MOMENT.fullmatch(value) if isinstance(value, str) else None
    if form is None:
        raise Wrong("must be a valid date")
    day, clock, zone = form.groups()
    try:
        read = datetime.fromisoformat(f"{day}T{clock}{(zone or 'Z').upper()}").astimezone(UTC)
    except (ValueError, OverflowError):
        raise Wrong("must be a valid date") from None
    return read.replace(microsecond=read.microsecond // 1000 * 1000)


def _guid(value: Any) -> str | None:
    if value is None or value == "null":  # the vendor's own guide sends the word
        return None
    try:
        return str(uuid.UUID(_string(value)))
    except ValueError:
        raise Wrong("must be a valid GUID") from None


def _words(value: Any) -> list[str]:
    if not isinstance(value, list) or len(value) > 1000 or not all(isinstance(word, str) for word in value):
        raise Wrong("must be an array of at most 1000 strings")
    return value


def _url(name: str) -> Field:
    def read(value: Any) -> str | None:
        if value is None:
            return None
        if not re.fullmatch(r"https?://\S+", _string(value)):
            raise Wrong(f'with value "{value[:100]}" fails to match the required pattern: /^https?:\\/\\//')
        if len(value) > URL_LIMIT:
            raise Wrong(f"length must be less than or equal to {URL_LIMIT} characters long")
        return str(value)

    return Field(name, read, {"type": "string", "pattern": "^https?://", "maxLength": URL_LIMIT}, clears=True)


def _matching(name: str, pattern: str, longest: int) -> Field:
    def read(value: Any) -> str:
        if not re.fullmatch(pattern, _string(value), re.ASCII):
            raise Wrong(f'with value "{value[:100]}" fails to match the required pattern: /^{pattern}$/')
        return str(value)

    return Field(name, read, {"type": "string", "pattern": f"^{pattern}$", "maxLength": longest})


def _short(name: str) -> Field:
    """A theme's address: a word. Of a whole URL, which some clients send, the part that can be one: `acme` of
    `https://meet.example.org/acme`, `example-com` of `https://example.com`."""
    word = _matching(name, r"(?=.*[^0-9])[A-Za-z0-9_~-]{1,128}", 128)

    def read(value: Any) -> str:
        text = _string(value)
        if text.startswith(("http://", "https://")):
            host, *path = re.split("[?#]", text.partition("://")[2])[0].rstrip("/").split("/")
            text = path[-1] if path else host.replace(".", "-")
        return str(word.read(text))

    return Field(name, read, {**word.schema, "type": ["string", "null"]}, clears=True)


_KEYS: Schema = {"type": "array", "items": {"type": "string"}, "minItems": 1, "maxItems": 20}


def _keys(value: Any) -> list[str]:
    if not isinstance(value, list) or not all(isinstance(key, str) for key in value):
        raise Wrong("must be an array of strings")
    if not 1 <= len(value) <= 20:
        raise Wrong("must contain 1 to 20 items")
    return value


# --- A room's fields ------------------------------------------------------------------------------------------------

CHANGEABLE: Shape = MappingProxyType(
    {
        "display_name": _text("display_name", 200),
        "metadata": _text("metadata", 500, may_be_empty=True),
        "expires_at": Field("expires_at", moment, {"type": "string", "format": "date-time"}),
        "expire_after_use": _flag("expire_after_use"),
        "recording_options": {"auto_record": _flag("auto_record"), "record_only_owner": _flag("record_only_owner")},
        "theme_id": Field("theme_id", _guid, {"type": ["string", "null"], "format": "uuid"}, clears=True),
        "join_approval_level": _one_of("join_approval_level", LEVELS, lambda word: MISSPELT.get(word, word)),
        "initial_join_options": {"microphone_state": _one_of("microphone_state", ("default", "on", "off"))},
        "callback_urls": {f"{noun}_callback_url": _url(f"{noun}_url") for noun in ("rooms", "sessions", "recordings")},
        "available_features": {name: _flag(name) for name in FEATURES},
        "ui_settings": {"language": _one_of("language", LANGUAGES, _language)},
    }
)
_DEFAULT_THEME = Field("default_theme_id", _guid, {"type": ["string", "null"], "format": "uuid"}, clears=True)
APPLICATION: Shape = MappingProxyType({"default_theme_id": _DEFAULT_THEME})
THEME: Shape = MappingProxyType(
    {
        "theme_name": _text("name", 200),
        "main_color": _matching("main_color", "#([0-9a-fA-F]{3}|[0-9a-fA-F]{6})", 7),
        "brand_text": _text("brand_text", 200),
        "short_company_url": _short("short_company_url"),
    }
)
THEME_NEEDS = ("main_color", "brand_text")
LOGOS: Shape = MappingProxyType({"keys": Field("keys", _keys, _KEYS)})
NEW: Shape = MappingProxyType({"type": _one_of("type", tuple(RoomType)), **CHANGEABLE})

SOURCES = ("microphone", "camera", "screen_share")
MUTE: Shape = MappingProxyType({"source": _one_of("source", SOURCES)})
MUTE_ALL: Shape = MappingProxyType(
    {**MUTE, "except": Field("spared", _words, {"type": "array", "items": {"type": "string"}, "maxItems": 1000})}
)
ASK: Shape = MappingProxyType({"source": _one_of("source", ("microphone", "camera"))})
ROLE: Shape = MappingProxyType({"role": _one_of("role", tuple(Role))})
PERMISSIONS: Shape = MappingProxyType(
    {name: _flag(name) for name in ("microphone", "camera", "share", "chat", "reactions")}
)
SPOTLIGHT: Shape = MappingProxyType(
    {"participant_id": Field("person_id", _string, {"type": ["string", "null"]}, clears=True)}
)

# Fields of answers, in any of their ages: clients that read a room and send it back may leave them in.
READ_ONLY = (
    frozenset({"id", "meeting_code", "_links", "created_at", "is_available", "status", "type"})
    | {"application_id", "account_id", "theme_id", "domain"}
    | {f"{picture}{end}" for picture in ("brand_image_colored", "brand_image_white") for end in ("", "_url")}
    | {"branded_favicon", "branded_favicon_url"}
)


def new_room(body: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of rooms.Spec in the body of `POST /rooms`. Raises Invalid, which names every field at fault."""
    values, problems = _read(body, NEW)
    if "display_name" not in values and not any(field == "display_name" for field, _ in problems):
        problems.insert(0, ("display_name", '"display_name" is required'))
    return _checked(values, problems)


def room_changes(body: Mapping[str, Any]) -> dict[str, Any]:
    """The changes in the body of `PATCH /rooms/{id}`, with the documented wrapper, Node's, or none. Raises Invalid."""
    return _checked(*_read(details_in(body), CHANGEABLE))


def application_changes(body: Mapping[str, Any]) -> dict[str, Any]:
    """The changes in the body of `PATCH /applications` (§3.5), wrapped or not. Raises Invalid."""
    return _checked(*_read(details_in(body), APPLICATION))


def given(body: Mapping[str, Any], shape: Shape, *required: str) -> dict[str, Any]:
    """The fields of a body of any other shape. Raises Invalid, which names every field at fault."""
    values, problems = _read(body, shape)
    missing = [(key, f'"{key}" is required') for key in required if body.get(key) is None]
    return _checked(values, [*missing, *problems])


def details_in(body: Mapping[str, Any]) -> Mapping[str, Any]:
    """What a PATCH changes: inside the documented wrapper, Node's, or none. Raises Invalid."""
    wrapper = next((name for name in ("update_details", "update_options") if name in body), None)
    details = body[wrapper] if wrapper else body
    if not isinstance(details, Mapping):
        raise _invalid([("update_details", f'"{wrapper}" must be of type object')])
    if not details:
        raise _invalid([("update_details", f'"{wrapper or "update_details"}" must have at least 1 key')])
    return details


def _read(given: Mapping[str, Any], shape: Shape, path: str = "") -> tuple[dict[str, Any], list[tuple[str, str]]]:
    values: dict[str, Any] = {}
    problems: list[tuple[str, str]] = []
    for key, value in given.items():
        where, part = path + key[:100], shape.get(key)
        if part is None:
            if path or key not in READ_ONLY:
                problems.append((where, f'"{where}" is not allowed'))
        elif not isinstance(part, Field):
            if isinstance(value, Mapping):
                inner, wrong = _read(value, part, f"{where}.")
                values, problems = values | inner, problems + wrong
            elif value is not None:
                problems.append((where, f'"{where}" must be of type object'))
        elif value is not None or part.clears:
            try:
                values[part.name] = None if value is None else part.read(value)
            except Wrong as wrong:
                problems.append((where, f'"{where}" {wrong}'))
    return values, problems


def _checked(values: dict[str, Any], problems: list[tuple[str, str]]) -> dict[str, Any]:
    if problems:
        raise _invalid(problems)
    features = {name: values.pop(name) for name in FEATURES if name in values}
    return values | ({"features": features} if features else {})


def _invalid(problems: list[tuple[str, str]]) -> Invalid:
    field, message = problems[0]
    return Invalid("invalid", message, field=field, details={"errors": [text for _, text in problems]})


def is_storable(value: Any) -> bool:
    """Whether a database can keep the JSON value, and UTF-8 carry it."""
    try:
        return not _UNTOUCHABLE.search(
            value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, allow_nan=False)
        )
    except ValueError:
        return False  # a number beyond all bounds


def schema(shape: Shape, *required: str) -> Schema:
    """A shape as JSON schema, for the API's document. Null means "not given", but for what is required."""
    read_only = {key: {"description": "Of answers; not read"} for key in sorted(READ_ONLY - set(shape))}
    parts = {key: _part(part) if key in required else _or_null(_part(part)) for key, part in shape.items()}
    whole = {"type": "object", "properties": parts | read_only, "additionalProperties": False}
    return whole | ({"required": list(required)} if required else {})


def _part(part: "Field | Shape") -> Schema:
    if isinstance(part, Field):
        return part.schema
    parts = {key: _or_null(_part(inner)) for key, inner in part.items()}
    return {"type": "object", "properties": parts, "additionalProperties": False}


def _or_null(part: Schema) -> Schema:
    if isinstance(part["type"], list):
        return part
    words = {"enum": [*part["enum"], None]} if "enum" in part else {}
    return {**part, "type": [part["type"], "null"], **words}


# --- Requests -------------------------------------------------------------------------------------------------------


async def body_of(request: Request) -> dict[str, Any]:
    """The request's JSON object, whatever its content type says; an empty body is an empty object.

    Raises Invalid: `malformed`, or what Joi says to other values than objects.
    """
    content = await request.body()
    if not content.strip():
        return {}
    try:
        body = json.loads(content.decode("utf-8-sig"), object_pairs_hook=_unique, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        told = str(error) if isinstance(error, json.JSONDecodeError) else "not readable"
        raise Invalid("malformed", f"Malformed JSON in the request body: {told}") from None
    if _is_deeper(body, DEPTH_LIMIT):
        raise Invalid("malformed", f"Malformed JSON in the request body: nested more than {DEPTH_LIMIT} levels deep")
    if not isinstance(body, dict):
        raise _invalid([("value", '"value" must be of type object')])
    return body


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Two readers of one body must not see different values under one name."""
    value = dict(pairs)
    if len(value) != len(pairs):
        raise ValueError("duplicate key")
    return value


def _no_constant(name: str) -> Any:
    raise ValueError(name)  # NaN and Infinity are not JSON


def _is_deeper(value: Any, levels: int) -> bool:
    if not isinstance(value, dict | list):
        return False
    inner = value.values() if isinstance(value, dict) else value
    return levels == 0 or any(_is_deeper(part, levels - 1) for part in inner)


def number_of(request: Request, name: str, least: int, most: int = SAFE) -> int | None:
    """A whole number from the query, if it is given. Raises Invalid."""
    text = request.query_params.get(name)
    if not text:
        return None
    if not re.fullmatch(r"-?\d{1,30}", text, re.ASCII):
        raise _invalid([(name, f'"{name}" must be a number')])
    value = int(text)
    if value < least:
        raise _invalid([(name, f'"{name}" must be greater than or equal to {least}')])
    if value > most:
        raise _invalid([(name, f'"{name}" must be less than or equal to {most}')])
    return value


def moment_of(request: Request, name: str) -> datetime | None:
    """A time from the query, if it is given. Raises Invalid."""
    text = request.query_params.get(name)
    # A `+` that nobody escaped arrives as a space.
    return _read_query(name, moment, re.sub(r"([T ]\d\d:\S*) (\d\d:?\d\d)$", r"\1+\2", text)) if text else None


def flag_of(request: Request, name: str) -> bool | None:
    """A yes or no from the query, if it is given. Raises Invalid."""
    text = request.query_params.get(name)
    return _read_query(name, _flag(name).read, text) if text else None


def _read_query(name: str, read: Callable[[Any], T], text: str) -> T:
    try:
        return read(text)
    except Wrong as wrong:
        raise _invalid([(name, f'"{name}" {wrong}')]) from None
