"""The calendar's part (RFC 5545, RFC 5546): what shows, moves and removes the meeting in people's calendars."""

from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import cast
from zoneinfo import ZoneInfo

from icalendar import Calendar, Event, Timezone, vCalAddress, vDDDLists, vRecur, vText

from convene.letters.facts import Facts, Guest, Kind, Reader
from convene.letters.wording import line, say

METHODS = {Kind.INVITATION: "REQUEST", Kind.CHANGE: "REQUEST", Kind.CANCELLATION: "CANCEL"}
PRODUCT = "-//Convene//Meetings//EN"
LENGTH = timedelta(hours=1)  # of a meeting whose end is not after its start
YEARS = 10  # for which a time zone's changes are told


def calendar(kind: Kind, facts: Facts, reader: Reader, organizer: str) -> bytes | None:
    """The entry for this reader; `organizer`: the address that answers go to when the host has none.

    None when the kind has none, or nobody knows when the meeting is.
    """
    begins = facts.begins
    if kind not in METHODS or begins is None:
        return None
    made = Calendar()
    made.add("prodid", PRODUCT)
    made.add("version", "2.0")
    made.add("method", METHODS[kind])
    if facts.zone and facts.zone != "UTC":
        made.add_component(_zone(facts.zone, begins.year))
    else:
        begins = begins.astimezone(UTC)
    made.add_component(_entry(kind, facts, reader, organizer, begins))
    return bytes(made.to_ical())


def _entry(kind: Kind, facts: Facts, reader: Reader, organizer: str, begins: datetime) -> Event:
    entry = Event()
    entry.add("uid", f"{facts.meeting_id}@convene")
    entry.add("sequence", facts.sequence)
    entry.add("dtstamp", datetime.fromtimestamp(facts.at, UTC))
    entry.add("summary", line(facts.name))
    entry.add("dtstart", begins)
    entry.add("dtend", (facts.ends or begins + LENGTH).astimezone(begins.tzinfo))
    if facts.rrule:
        entry.add("rrule", vRecur.from_ical(facts.rrule.removeprefix("RRULE:")))
    entry.add("status", "CANCELLED" if kind is Kind.CANCELLATION else "CONFIRMED")
    entry.add("transp", "OPAQUE")
    if reader.link:
        entry.add("location", reader.link)
        entry.add("url", reader.link)
        entry.add("description", say(reader.language, "calendar.text", link=reader.link))
    host = facts.host if facts.host.email else Guest(facts.host.name, organizer)
    entry.add("organizer", _person(host), encode=False)
    _attend(entry, kind, facts, reader)
    return entry


def _attend(entry: Event, kind: Kind, facts: Facts, reader: Reader) -> None:
    """Everybody of the list; in a cancellation only him who is told (RFC 5546 §3.2.5)."""
    everybody = [Guest(reader.name, reader.address)] if kind is Kind.CANCELLATION else [facts.host, *facts.guests]
    for guest in everybody:
        if not guest.email:
            continue
        is_host = guest == facts.host or (reader.is_host and guest.email == reader.address)
        person = _person(guest)
        person.params["role"] = vText("CHAIR" if is_host else "REQ-PARTICIPANT")
        person.params["partstat"] = vText("ACCEPTED" if is_host else "NEEDS-ACTION")
        person.params["rsvp"] = vText("FALSE" if is_host else "TRUE")
        entry.add("attendee", person, encode=False)


def _person(guest: Guest) -> vCalAddress:
    person = vCalAddress(f"mailto:{line(guest.email)}")
    if name := line(guest.name).replace('"', "'"):  # RFC 5545 §3.2: a parameter's value has no double quote
        person.params["cn"] = vText(name)
    return person


@cache
def _zone(name: str, year: int) -> Timezone:
    """Its changes are listed one by one; the first of each list once more, since some programs read the list alone."""
    zone = Timezone.from_tzinfo(ZoneInfo(name), name, date(year, 1, 1), date(year + YEARS, 1, 1))
    for change in zone.subcomponents:
        if "rdate" in change:
            listed = [one.dt for one in cast(vDDDLists, change["rdate"]).dts]
            del change["rdate"]
            change.add("rdate", [change.decoded("dtstart"), *listed])
    return zone
