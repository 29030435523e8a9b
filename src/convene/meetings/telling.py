"""A meeting, its host and its files in the words of the report that is sent of them (ConnectyCube contract §1.2, §2.8)."""

from datetime import UTC, datetime
from typing import Any

from convene.meetings.row import Attendee, Meeting
from convene.users import User

_PERSON = ("login", "full_name", "email", "phone", "website")
_REST = ("timezone", "custom_data", "user_tags", "avatar", "external_id", "external_user_id", "facebook_id")


def meeting_told(meeting: Meeting) -> dict[str, Any]:
    """All 15 keys, in the contract's order; None where nothing is set."""
    return {
        "_id": meeting.id,
        "name": meeting.name,
        "start_date": meeting.start_date,
        "end_date": meeting.end_date,
        "attendees": [_attendee(one) for one in meeting.attendees],
        "public": meeting.public,
        "scheduled": meeting.scheduled,
        "record": meeting.record,
        "created_at": wire_moment(meeting.created_at),
        "updated_at": wire_moment(meeting.updated_at),
        "host_id": meeting.host_number,
        "notify": meeting.notify,
        "chat_dialog_id": meeting.dialog_id,
        "notify_before": meeting.notify_before,
        "timezone": meeting.timezone,
    }


def host_told(user: User | None) -> dict[str, Any] | None:
    """The host as the report names him; None: he is no user any more."""
    if user is None:
        return None
    told = {"_id": user.object_id, "id": user.number} | {name: getattr(user, name) for name in _PERSON}
    told |= {"created_at": wire_moment(user.created_at), "updated_at": wire_moment(user.updated_at)}
    told["last_request_at"] = user.last_request_at and wire_moment(user.last_request_at)
    told |= {name: getattr(user, name) for name in (*_REST, "twitter_id")}
    return told | {"is_guest": user.is_guest or None}


def wire_moment(moment: datetime) -> str:
    """A moment as this contract writes it (§2.2): 2026-03-01T08:10:00Z."""
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def _attendee(one: Attendee) -> dict[str, Any]:
    told = {"id": one.user_number, "email": one.email}
    return {name: value for name, value in told.items() if value is not None}
