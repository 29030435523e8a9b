"""Rules by which meetings repeat: which are taken, and when the next time is."""

from datetime import UTC, datetime, timedelta

import pytest

from convene import recurrence
from convene.errors import Invalid

RIGA = recurrence.zone({"offset": 120, "name": "Europe/Riga"})
START = datetime(2026, 3, 2, 7, tzinfo=UTC)  # a Monday, 9:00 in Riga
HORIZON = START + timedelta(days=3653)


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("FREQ=DAILY", "FREQ=DAILY"),
        ("rrule:freq=weekly;byday=mo,we", "FREQ=WEEKLY;BYDAY=MO,WE"),
        ("FREQ=DAILY;BYDAY=MO,TU,WE,TH,FR", "FREQ=DAILY;BYDAY=MO,TU,WE,TH,FR"),
        ("FREQ=MONTHLY;BYDAY=-1FR", "FREQ=MONTHLY;BYDAY=-1FR"),
        ("FREQ=MONTHLY;BYDAY=TU;BYSETPOS=2;COUNT=12", "FREQ=MONTHLY;BYDAY=TU;BYSETPOS=2;COUNT=12"),
        ("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29", "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29"),
        ("FREQ=WEEKLY;UNTIL=20260401T000000Z;WKST=SU", "FREQ=WEEKLY;UNTIL=20260401T000000Z;WKST=SU"),
    ],
)
def test_rules_of_calendar_programs_are_taken(given: str, kept: str) -> None:
    assert recurrence.rule(given) == kept


@pytest.mark.parametrize(
    "given",
    [
        "",
        "weekly",
        "FREQ=HOURLY",
        "FREQ=SECONDLY",
        "FREQ=DAILY;BYHOUR=1,2,3",
        "FREQ=DAILY;FREQ=DAILY",
        "FREQ=DAILY;",
        "FREQ=DAILY;COUNT=0",
        "FREQ=DAILY;COUNT=1001",
        "FREQ=DAILY;INTERVAL=0",
        "FREQ=DAILY;COUNT=3;UNTIL=20270101T000000Z",
        "FREQ=DAILY;UNTIL=20270101",
        "FREQ=DAILY;UNTIL=20271301T000000Z",
        "FREQ=DAILY;INTERVAL=7;BYDAY=MO",
        "FREQ=WEEKLY;BYDAY=1MO",
        "FREQ=WEEKLY;BYSETPOS=2;BYDAY=MO",
        "FREQ=MONTHLY;BYSETPOS=2",
        "FREQ=MONTHLY;BYMONTHDAY=32",
        "FREQ=MONTHLY;BYMONTHDAY=0",
        "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30",
        "FREQ=YEARLY;BYMONTH=13",
        "FREQ=YEARLY;BYDAY=5MO",
        "FREQ=YEARLY;BYEASTER=0",
        "FREQ=DAILY\nDTSTART:20260101T000000Z",
        "DTSTART:20260101T000000Z\nRRULE:FREQ=DAILY",
    ],
)
def test_rules_that_are_none_or_never_take_place_are_refused(given: str) -> None:
    with pytest.raises(Invalid) as refusal:
        recurrence.rule(given)
    assert refusal.value.field == "rrule"


def test_it_stays_at_nine_when_summer_time_begins() -> None:
    before = datetime(2026, 3, 23, 8, tzinfo=UTC)
    found = recurrence.next_after("FREQ=WEEKLY", START, RIGA, before)
    assert found == datetime(2026, 3, 30, 6, tzinfo=UTC)
    assert recurrence.next_after("FREQ=WEEKLY", START, UTC, before) == datetime(2026, 3, 30, 7, tzinfo=UTC)


def test_the_start_is_the_first_and_what_is_over_has_no_next() -> None:
    assert recurrence.next_after(None, START, UTC, START - timedelta(seconds=1)) == START
    assert recurrence.next_after(None, START, UTC, START) is None
    thrice = "FREQ=DAILY;COUNT=3"
    assert recurrence.next_after(thrice, START, UTC, START) == START + timedelta(days=1)
    assert recurrence.next_after(thrice, START, UTC, START + timedelta(days=2)) is None


def test_the_last_time() -> None:
    assert recurrence.last(None, START, UTC, HORIZON) == START
    assert recurrence.last("FREQ=WEEKLY;COUNT=3", START, UTC, HORIZON) == START + timedelta(weeks=2)
    assert recurrence.last("FREQ=YEARLY;COUNT=1000", START, UTC, HORIZON) == HORIZON
    assert recurrence.last("FREQ=WEEKLY", START, UTC, HORIZON) == HORIZON
    until = datetime(2026, 4, 1, tzinfo=UTC)
    assert recurrence.last("FREQ=WEEKLY;UNTIL=20260401T000000Z", START, UTC, HORIZON) == until


@pytest.mark.parametrize(
    ("given", "offset"),
    [
        ({"offset": 120, "name": "Europe/Riga"}, 120),
        ({"offset": 330, "name": "nowhere"}, 330),
        ({"offset": -90, "name": "../../etc/passwd"}, -90),
        ({"offset": 60, "name": "Europe"}, 60),
        ({"offset": 60, "name": ""}, 60),
        (None, 0),
    ],
)
def test_a_zone_is_known_by_its_name_or_by_its_offset(given: dict[str, object] | None, offset: int) -> None:
    assert START.astimezone(recurrence.zone(given)).utcoffset() == timedelta(minutes=offset)


@pytest.mark.parametrize(
    "rule", ["FREQ=MONTHLY;INTERVAL=12;BYMONTHDAY=31", "FREQ=YEARLY;INTERVAL=1000;BYMONTH=2;BYMONTHDAY=29"]
)
def test_what_never_comes_has_no_next(rule: str) -> None:
    assert recurrence.next_after(recurrence.rule(rule), datetime(2026, 2, 1, tzinfo=UTC), UTC, HORIZON) is None
