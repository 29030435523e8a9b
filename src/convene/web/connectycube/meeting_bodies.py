"""Meetings in the words of this API (contract §1.2, §1.3): what is said of them, how lists are asked for, how they are shown."""

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from dateutil import parser

from convene import recurrence
from convene.errors import Invalid
from convene.lifecycle import date_of
from convene.meetings import Asked, Attendee, Filter, Meeting, Spec
from convene.meetings.listing import COLUMNS, OPERATORS
from convene.meetings.telling import meeting_told
from convene.web.connectycube.caller import LARGEST_PAGE, Query

NAME_LIMIT, ADDRESS_LIMIT, ZONE_LIMIT, DATE_LIMIT = 1000, 254, 100, 100  # characters
FILTERS_LIMIT, VALUES_LIMIT = 20, 500
LARGEST = 2**63 - 1
DAY = 24 * 60  # minutes
BEFORE: Mapping[str, tuple[int, int]] = {"minutes": (0, 55), "hours": (1, 24), "days": (1, 30), "weeks": (1, 4)}
SORTED_BY = ("_id", "start_date", "end_date", "created_at", "updated_at")
ALIASES = {"start_at": "start_date", "end_at": "end_date"}  # as the vendor's own types name them
_WORDS: Mapping[Any, bool] = {None: False, "true": True, "false": False, "1": True, "0": False}
_NOT_SAID = ("name", "start_date", "end_date", "attendees")  # null is no value of these
_ADDRESS = re.compile(r"[^@\s,;<>\"\x00-\x1f\x7f]+@[^@\s,;<>\"\x00-\x1f\x7f]+")
_NUMBER = re.compile(r"-?\d{1,19}(\.\d+)?", re.ASCII)


# --- What is said ---------------------------------------------------------------------------------------------------


def new_meeting(body: Mapping[str, Any]) -> Spec:
    """What the body of POST says. Raises Invalid, with the field."""
    said = fields_in(body)
    for name in ("name", "start_date", "end_date"):
        if name not in said:
            raise Invalid("required", f"{name} is required", field=name)
    return Spec(**said, chat=_switch("chat", body.get("chat")))


def fields_in(body: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a meeting that the body says something of; others are ignored. Raises Invalid, with the field."""
    said = {name: body[name] for name in READERS if name in body and not (body[name] is None and name in _NOT_SAID)}
    return {name: READERS[name](name, value) for name, value in said.items()}


def number_in(name: str, value: object) -> int:
    """A whole number, also one in a text; what is behind its point is cut off. Raises Invalid."""
    if isinstance(value, str) and _NUMBER.fullmatch(value):
        value = int(value.partition(".")[0])
    if isinstance(value, float):
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool) or not -LARGEST <= value <= LARGEST:
        raise Invalid("invalid", f"{name} must be a whole number", field=name)
    return value


def _text(name: str, value: object) -> str:
    if not isinstance(value, str) or not value.strip() or len(value) > NAME_LIMIT:
        raise Invalid("invalid", f"{name} must be a text of 1 to {NAME_LIMIT} characters", field=name)
    return value


def _switch(name: str, value: object) -> bool:
    if isinstance(value, bool):
        return value
    word = str(value).lower() if isinstance(value, str | int) else value
    if word is not None and not (isinstance(word, str) and word in _WORDS):
        raise Invalid("invalid", f"{name} must be true or false", field=name)
    return _WORDS[word]


def _attendees(name: str, value: object) -> tuple[Attendee, ...]:
    if not isinstance(value, list):
        raise Invalid("invalid", f"{name} must be a list", field=name)
    return tuple(_attendee(name, one) for one in value)


def _attendee(name: str, value: object) -> Attendee:
    number, email = (value.get("id"), value.get("email") or None) if isinstance(value, dict) else (None, None)
    if number is None and email is None:
        raise Invalid("invalid", f"each of {name} must have an id or an email", field=name)
    if email is not None and not (isinstance(email, str) and len(email) <= ADDRESS_LIMIT and _ADDRESS.fullmatch(email)):
        raise Invalid("invalid", f"an email of {name} is no address", field=name)
    return Attendee(None if number is None else number_in(name, number), email)


def _before(name: str, value: object) -> dict[str, Any] | None:
    if value is None:
        return None
    metric, given = (value.get("metric"), value.get("value")) if isinstance(value, dict) else (None, None)
    if not isinstance(metric, str) or metric not in BEFORE:
        raise Invalid("invalid", f"{name} must have a metric: one of {', '.join(BEFORE)}", field=name)
    (least, most), number = BEFORE[metric], number_in(name, given)
    if not least <= number <= most:
        raise Invalid("invalid", f"{name} must have a value of {least} to {most} {metric}", field=name)
    return {"metric": metric, "value": number}


def _zone(name: str, value: object) -> dict[str, Any] | None:
    if value is None:
        return None
    if not isinstance(value, dict):
        raise Invalid("invalid", f"{name} must have an offset in minutes and a name", field=name)
    offset, zone = number_in(name, value.get("offset")), value.get("name")
    if not -DAY < offset < DAY:
        raise Invalid("invalid", f"{name} must have an offset of less than a day, in minutes", field=name)
    if zone is not None and not (isinstance(zone, str) and len(zone) <= ZONE_LIMIT):
        raise Invalid("invalid", f"{name} must have a name of at most {ZONE_LIMIT} characters", field=name)
    return {"offset": offset, "name": zone}


def _rule(name: str, value: object) -> str | None:
    return recurrence.rule(_text(name, value)) if value else None


READERS: Mapping[str, Callable[[str, Any], Any]] = {
    "name": _text,
    "start_date": number_in,
    "end_date": number_in,
    "attendees": _attendees,
    "public": _switch,
    "scheduled": _switch,
    "record": _switch,
    "notify": _switch,
    "notify_before": _before,
    "timezone": _zone,
    "rrule": _rule,
}


# --- Lists ----------------------------------------------------------------------------------------------------------


def one_asked(query: Query) -> str | None:
    """The id of the one meeting that is asked for, if it is one (contract §0.2)."""
    values = query.conditions().get(("_id", "eq"), [])
    return values[0] if len(values) == 1 and "," not in values[0] else None


def asked(query: Query) -> Asked:
    """Which stretch of the list the query asks for. Raises Invalid, with the field."""
    filters = [
        _filter(ALIASES.get(name, name), operator, values)
        for (name, operator), values in query.conditions().items()
        if ALIASES.get(name, name) in COLUMNS and values
    ]
    if len(filters) > FILTERS_LIMIT:
        raise Invalid("invalid", f"There are more than {FILTERS_LIMIT} filters")
    limit, offset = query.number("limit", LARGEST_PAGE, LARGEST_PAGE), query.number("offset", query.number("skip", 0))
    question = Asked(filters, limit=limit, offset=offset)
    for name in ("sort_asc", "sort_desc"):
        column = query.get(name)
        if column is not None:
            column = ALIASES.get(column, column)
            if column not in SORTED_BY:
                raise Invalid("invalid", f"{name} must be one of {', '.join(SORTED_BY)}", field=name)
            question = replace(question, sort=column, falling=name == "sort_desc")
    return question


def _filter(column: str, operator: str, values: list[str]) -> Filter:
    if operator not in OPERATORS:
        raise Invalid("invalid", f"{column} has no operator {operator}", field=column)
    if operator == "eq" and column not in ("created_at", "updated_at"):  # a list, as the JavaScript SDK writes it
        values = [part for value in values for part in value.split(",") if part]
    read = {"_id": _id, "scheduled": _switch, "created_at": _moment, "updated_at": _moment}.get(column, _seconds)
    found = [read(column, value) for value in values]
    if len(found) > VALUES_LIMIT:
        raise Invalid("invalid", f"{column} has more than {VALUES_LIMIT} values", field=column)
    if operator in ("in", "nin"):
        return Filter(column, operator, found)
    if operator == "eq" and len(found) != 1:
        return Filter(column, "in", found)
    return Filter(column, operator, found[-1])


def _id(_name: str, value: str) -> str:
    return value


def _seconds(name: str, value: str) -> int:
    if _NUMBER.fullmatch(value):
        return number_in(name, value)
    return int(_moment(name, value).timestamp())


def _moment(name: str, value: str) -> datetime:
    """ISO 8601, a number of seconds or milliseconds, or what `String(new Date())` gives."""
    refusal = Invalid("invalid", f"{name} must be a date", field=name)
    if _NUMBER.fullmatch(value):
        moment = date_of(number_in(name, value))
    elif re.search(r"\d{4}", value) and len("2026-1-1") <= len(value) <= DATE_LIMIT:
        plain = re.sub(r"\s*\(.*\)$", "", value)
        plain = re.sub(r"\b(GMT|UTC)(?=[+-]\d)", "", plain)  # else it would be read as in POSIX, the other way round
        plain = re.sub(r"(T[\d:.]+) (\d\d:?\d\d)$", r"\1+\2", plain)  # a plus that was not encoded
        try:
            moment = parser.parse(plain, default=datetime(2000, 1, 1, tzinfo=UTC)).astimezone(UTC)
        except (ValueError, ArithmeticError, TypeError, LookupError):
            raise refusal from None
    else:
        raise refusal
    if moment is None or moment.year < 1970:
        raise refusal
    return moment


# --- Answers --------------------------------------------------------------------------------------------------------


def view(meeting: Meeting) -> dict[str, Any]:
    """A meeting as the seed's example shows it, key by key in its order; `rrule`, which is ours, where there is one."""
    return meeting_told(meeting) | ({"rrule": meeting.rrule} if meeting.rrule else {})
