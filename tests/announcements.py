"""Announcements for tests: one of each kind, with values that tell the fields apart."""

from datetime import UTC, datetime, timedelta

from convene.events import FIELDS, GUEST, Announcement, EventType

START = datetime(2026, 3, 1, 8, 0, tzinfo=UTC)
EIGHT = tuple(kind for kind in EventType if kind is not EventType.MEETING_RECORDED)  # those of the contract
TIMES = {
    name: START + timedelta(milliseconds=n)
    for n, name in enumerate(("created_at", "started_at", "ended_at", "expires_at"))
}


def announcement(kind: EventType, room_id: str, session_id: str | None = "1_s") -> Announcement:
    """The one of this kind; its fields in a wrong order, which `emit` puts right."""
    values: dict[str, object] = {name: f"the {name}" for name in FIELDS[kind]} | TIMES
    values |= {
        "room_id": room_id,
        "session_id": session_id,
        "name": "Ann",
        "type": GUEST,
        "is_host": True,
        "duration": 2040,
    }
    fields = {name: values[name] for name in reversed(FIELDS[kind])}
    return Announcement(kind, room_id, None if kind is EventType.ROOM_EXPIRED else session_id, fields)
