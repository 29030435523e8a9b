"""When a meeting that repeats takes place: rules of RFC 5545 §3.3.10, read by python-dateutil.

Times repeat as the clock on the wall shows them: a meeting at nine stays at nine when summer time begins.
"""

import calendar
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

from dateutil.rrule import rrulestr

from convene.errors import Invalid

MOST = 1000  # occurrences that COUNT may ask for, and the longest INTERVAL
# What calendar programs write, and no more: of other combinations some never take place, and to find that out takes seconds.
_PARTS: Mapping[str, frozenset[str]] = {
    "DAILY": frozenset({"BYDAY"}),
    "WEEKLY": frozenset({"BYDAY"}),
    "MONTHLY": frozenset({"BYDAY", "BYMONTHDAY", "BYSETPOS"}),
    "YEARLY": frozenset({"BYDAY", "BYMONTH", "BYMONTHDAY"}),
}
_ANYWHERE = frozenset({"FREQ", "INTERVAL", "COUNT", "UNTIL", "WKST"})
_DAYS = "(?:MO|TU|WE|TH|FR|SA|SU)"
_PLACED = rf"(?:[+-]?[1-5])?{_DAYS}"
_FORMS = {
    "FREQ": r"[A-Z]+",
    "INTERVAL": r"\d{1,4}",
    "COUNT": r"\d{1,4}",
    "UNTIL": r"\d{8}T\d{6}Z",
    "WKST": _DAYS,
    "BYDAY": rf"{_PLACED}(?:,{_PLACED}){{0,34}}",
    "BYMONTH": r"\d{1,2}(?:,\d{1,2}){0,11}",
    "BYMONTHDAY": r"[+-]?\d{1,2}(?:,[+-]?\d{1,2}){0,30}",
    "BYSETPOS": r"[+-]?[1-4]",
}


def rule(text: str) -> str:
    """The rule as it is kept: without `RRULE:`, in capitals. Raises Invalid, field `rrule`.

    It is one that calendar programs write: daily to yearly, at most a thousand times when counted, `UNTIL` in UTC.
    """
    kept = text.strip().upper().removeprefix("RRULE:")
    parts = dict(part.split("=", 1) for part in kept.split(";") if "=" in part)
    if len(parts) != kept.count(";") + 1 or parts.get("FREQ") not in _PARTS:
        raise _refused("must be a rule of RFC 5545 that repeats daily, weekly, monthly or yearly")
    for name, value in parts.items():
        if name not in _ANYWHERE | _PARTS[parts["FREQ"]]:
            raise _refused(f"must not have {name} with {parts['FREQ']}")
        if not re.fullmatch(_FORMS[name], value, re.ASCII):
            raise _refused(f"has no valid {name}")
    _refuse_impossible(parts)
    try:
        rrulestr(kept, dtstart=datetime(2026, 1, 1, tzinfo=UTC))
    except (ValueError, OverflowError, TypeError, IndexError) as error:
        raise _refused("must be a rule of RFC 5545") from error
    return kept


def _refuse_impossible(parts: Mapping[str, str]) -> None:
    """Rules that never take place, or too often."""
    for name in ("INTERVAL", "COUNT"):
        if not 1 <= int(parts.get(name, 1)) <= MOST:
            raise _refused(f"must have a {name} of 1 to {MOST}")
    if "COUNT" in parts and "UNTIL" in parts:
        raise _refused("must not have both COUNT and UNTIL")
    frequency, days = parts["FREQ"], parts.get("BYDAY", "")
    has_places = re.search(r"\d", days) is not None
    if frequency == "DAILY" and days and int(parts.get("INTERVAL", 1)) > 1:
        raise _refused("must not have BYDAY with DAILY and an INTERVAL")
    if has_places and (frequency in ("DAILY", "WEEKLY") or "BYMONTHDAY" in parts or "BYSETPOS" in parts):
        raise _refused("must not number its days here")
    if has_places and frequency == "YEARLY" and "BYMONTH" not in parts:
        raise _refused("must name the month of its numbered days")
    if "BYSETPOS" in parts and (not days or "BYMONTHDAY" in parts):
        raise _refused("must have BYDAY alone with BYSETPOS")
    if "BYMONTHDAY" in parts and "BYDAY" in parts and (frequency == "YEARLY" or int(parts.get("INTERVAL", 1)) > 1):
        raise _refused("must not have both BYDAY and BYMONTHDAY here")
    months = [int(month) for month in parts.get("BYMONTH", "1").split(",")]
    if not all(1 <= month <= 12 for month in months):
        raise _refused("has no valid BYMONTH")
    longest = max(calendar.monthrange(2024, month)[1] for month in months)
    if not all(1 <= abs(int(day)) <= longest for day in parts.get("BYMONTHDAY", "1").split(",")):
        raise _refused("names a day that its months do not have")


def zone(said: Mapping[str, Any] | None) -> tzinfo:
    """The zone of a meeting's `timezone` (`{offset: minutes east of UTC, name}`): by its name if that is known, else by offset."""
    if said is None:
        return UTC
    try:
        return ZoneInfo(said.get("name") or "")
    except (ValueError, OSError, KeyError):
        return timezone(timedelta(minutes=said.get("offset") or 0))


def next_after(rule: str | None, start: datetime, where: tzinfo, after: datetime) -> datetime | None:
    """The first occurrence later than `after`, in UTC; the start itself is one. None: there is none any more.

    `rule`: as `rule` keeps it; None: it takes place once.
    """
    if start > after:
        return start
    found = None if rule is None else _rule(rule, start, where).after(after.astimezone(where))
    return None if found is None else found.astimezone(UTC)


def last(rule: str | None, start: datetime, where: tzinfo, horizon: datetime) -> datetime:
    """The last occurrence, or `horizon` for what goes on longer."""
    if rule is None:
        return start
    if until := re.search(r"UNTIL=(\w+)Z", rule):
        return min(datetime.strptime(until[1], "%Y%m%dT%H%M%S").replace(tzinfo=UTC), horizon)
    if "COUNT=" not in rule:
        return horizon
    found = start
    for occurrence in _rule(rule, start, where):
        if occurrence > horizon:
            return horizon
        found = occurrence
    return found.astimezone(UTC)


def _rule(rule: str, start: datetime, where: tzinfo) -> Any:
    return rrulestr(rule, dtstart=start.astimezone(where))


def _refused(told: str) -> Invalid:
    return Invalid("invalid", f'"rrule" {told}', field="rrule")
