"""Users and sessions in the words of this API (contract §3.2, §3.4): how they are shown, what is said of them, how they are searched."""

import asyncio
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from convene import clients, users
from convene.db import Tx
from convene.errors import Forbidden, Invalid, NotFound
from convene.logins import Login
from convene.users import Condition, User
from convene.web.connectycube.caller import LARGEST_PAGE, Query

SAFE = 2**53
NUMBERS = {"blob_id": (0, SAFE), "external_user_id": (0, SAFE), "timezone": (-1440, 1440)}
TEXTS = users.GIVEN - {"custom_data", "user_tags"} - NUMBERS.keys()
STARTS_LIMIT = 5  # users that `start_with` finds at most
LEAST_START = 4  # characters
TAG_LIMIT = 50
# What a search must name at least one of, so that nobody reads the whole list.
ALONE = (
    "id",
    "login",
    "email",
    "full_name",
    "phone",
    "external_id",
    "external_user_id",
    "facebook_id",
    "twitter_id",
    "user_tags",
)
# Anybody can be a guest, with the key that ships in browsers.
HIDDEN = ("email", "phone", "external_user_id", "external_id", "facebook_id", "twitter_id")
TIMES = ("created_at", "updated_at", "last_request_at")
OPERATORS = ("eq", "ne", "in", "nin", "gt", "gte", "lt", "lte", "start_with")
ORDERS = {"id": "number"} | {
    name: name for name in ("login", "email", "full_name", "created_at", "updated_at", "last_request_at")
}


def view(user: User, to: User | None = None) -> dict[str, Any]:
    """A user as client programs know him. `to`: another user, who sees it; guests see nobody's addresses."""
    shown: dict[str, Any] = {"id": user.number}
    for name in ("full_name", "email", "login", "phone", "website", "created_at", "updated_at", "last_request_at"):
        shown[name] = getattr(user, name)
    for name in ("external_user_id", "external_id", "facebook_id", "twitter_id", "blob_id", "custom_data", "avatar"):
        shown[name] = getattr(user, name)
    shown |= {"user_tags": user.user_tags, "timezone": user.timezone, "is_guest": user.is_guest or None}
    if to is not None and to.is_guest and to.number != user.number:
        shown |= dict.fromkeys(HIDDEN)
    return {name: iso(value) if isinstance(value, datetime) else value for name, value in shown.items()}


def session_view(tx: Tx, login: Login, token: str) -> dict[str, Any]:
    """A token and whose it is. The live service gives a user's session the user's number for an id."""
    number = None if login.user is None else login.user.number
    shown: dict[str, Any] = {"id": number or login.token_id, "user_id": number}
    shown |= {"application_id": clients.of(tx, login.application_id).number, "token": token}
    shown |= {"ts": int(login.created_at.timestamp())} | ({} if login.nonce is None else {"nonce": login.nonce})
    shown |= {"created_at": iso(login.created_at), "updated_at": iso(login.updated_at)}
    return {"session": shown | ({} if login.user is None else {"user": view(login.user)})}


def iso(moment: datetime) -> str:
    """A moment as this API writes it."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def without_password(body: Mapping[str, Any]) -> bytes:
    """What makes two requests for a user the same. No fast hash of a password is kept: it would be guessed from it."""
    user = body.get("user")
    inner = {"user": {k: v for k, v in user.items() if k != "password"}} if isinstance(user, dict) else {}
    return json.dumps({k: v for k, v in body.items() if k != "password"} | inner, sort_keys=True).encode()


# --- What is said of a user -----------------------------------------------------------------------------------------


def user_in(body: Mapping[str, Any]) -> Mapping[str, Any]:
    """The wrapped user of a body. Raises Invalid."""
    given = body.get("user") or {}
    if not isinstance(given, dict):
        raise Invalid("invalid", "user must be an object", field="user")
    return given


def fields_in(given: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of `users.GIVEN`; what we do not know is ignored. Raises Invalid."""
    found: dict[str, Any] = {name: _text(given, name) for name in TEXTS if name in given}
    if "custom_data" in given:
        data = given["custom_data"]
        found["custom_data"] = json.dumps(data) if isinstance(data, dict | list) else _text(given, "custom_data")
    for name in ("tag_list", "user_tags"):
        if name in given:
            tags = given[name].split(",") if isinstance(given[name], str) else given[name] or []
            if not isinstance(tags, list) or not all(isinstance(tag, str) and len(tag) <= TAG_LIMIT for tag in tags):
                raise Invalid("invalid", f"tags are texts of at most {TAG_LIMIT} characters", field=name)
            found["user_tags"] = [tag.strip() for tag in tags if tag.strip()]
    return found | {name: _number(given[name], name) for name in NUMBERS if name in given}


def text_in(given: Mapping[str, Any], name: str) -> str | None:
    """A text that says something. Raises Invalid."""
    return _text(given, name) or None


def new_password(given: Mapping[str, Any]) -> str | None:
    """The password that somebody chooses, if he does. Raises Invalid."""
    password = text_in(given, "password")
    if password is not None:
        users.check_password(password)
    return password


async def hashed(password: str | None) -> str | None:
    """Its hash, computed in a thread."""
    return None if password is None else await asyncio.to_thread(users.hashed, password)


def _text(given: Mapping[str, Any], name: str) -> str | None:
    value = given.get(name)
    if type(value) in (int, float):  # ids of other platforms often come as numbers
        value = str(value)
    if value is not None and not isinstance(value, str):
        raise Invalid("invalid", f"{name} must be a text", field=name)
    return value


def _number(value: Any, name: str) -> int | None:
    least, most = NUMBERS[name]
    if isinstance(value, str) and value.isascii() and value.isdecimal() and len(value) < 17:
        value = int(value)
    if value in (None, ""):
        return None
    if type(value) is not int or not least <= value <= most:
        raise Invalid("invalid", f"{name} must be a whole number", field=name)
    return value


# --- Searching ------------------------------------------------------------------------------------------------------


def conditions_in(query: Query, by: User) -> tuple[list[Condition], int]:
    """What a user searches for, and how many he may find at most. Raises Invalid when it names nobody in particular, Forbidden."""
    found, most, alone = [], LARGEST_PAGE, False
    for (field, operator), texts in query.conditions().items():
        if field not in (*ALONE, *TIMES) or operator not in OPERATORS:
            continue
        if by.is_guest and field in HIDDEN:
            raise Forbidden("forbidden", f"Guests may not search by {field}")
        if operator == "start_with":
            most = STARTS_LIMIT
            if field in ("id", "external_user_id", "user_tags", *TIMES) or any(
                len(text) < LEAST_START for text in texts
            ):
                raise Invalid("invalid", f"start_with needs a text of at least {LEAST_START} characters", field=field)
        alone = alone or (field in ALONE and operator in ("eq", "in", "start_with"))
        found.append(Condition("number" if field == "id" else field, operator, [_value(field, text) for text in texts]))
    if not alone:
        raise Invalid("invalid", f"At least one of {', '.join(ALONE)} must be given")
    return found, most


def _value(field: str, text: str) -> Any:
    try:
        if field in ("id", "external_user_id"):
            return int(text)
        if field in TIMES:
            given = datetime.fromtimestamp(int(text), UTC) if text.isdecimal() else datetime.fromisoformat(text)
            return given if given.tzinfo else given.replace(tzinfo=UTC)
    except (ValueError, OverflowError, OSError):
        raise Invalid("invalid", f"{field} cannot be {text[:40]}", field=field) from None
    return text


def order_in(query: Query) -> tuple[str, bool]:
    """The field of `users.search`, and whether it descends."""
    for name in ("sort_asc", "sort_desc"):
        field = query.get(name)
        if field in ORDERS:
            return ORDERS[field], name == "sort_desc"
    return "number", False


def number_in(text: str) -> int:
    """A user's number in a path. Raises NotFound."""
    if not (text.isascii() and text.isdecimal() and len(text) < 19):
        raise NotFound("user_unknown", "User not found")
    return int(text)
