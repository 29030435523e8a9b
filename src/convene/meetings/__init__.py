"""Scheduled meetings: who meets when, in a room of the meeting's own; the lists of them; what is told of them."""

from convene.meetings.listing import Asked, Filter, page, total
from convene.meetings.making import Spec, create, delete, forget, update
from convene.meetings.row import (
    EVERYBODY,
    Attendee,
    Meeting,
    get,
    held,
    is_member,
    keys_of,
    of_room,
    reminder,
    some,
    unknown,
)

__all__ = [
    "EVERYBODY",
    "Asked",
    "Attendee",
    "Filter",
    "Meeting",
    "Spec",
    "create",
    "delete",
    "forget",
    "get",
    "held",
    "is_member",
    "keys_of",
    "of_room",
    "page",
    "reminder",
    "some",
    "total",
    "unknown",
    "update",
]
