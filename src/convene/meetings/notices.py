"""Who is told what of a meeting by mail, and when. What is told is stored with the change; it is worded when it is sent.

An invitation goes to everybody when a meeting is made with `notify`, or that is switched on; to those who are added later, when they
are; a change to those who knew another time or name; a cancellation to whoever is taken off the list, or to all. The host is told what
all are told. Of one change everybody gets one mail.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from convene import clients, outbox, recurrence, tables, users
from convene.db import Tx
from convene.letters import Facts, Guest, Kind, Recorded
from convene.meetings.row import Meeting, reminder, some
from convene.outbox import Recipient, Role
from convene.users import User

BITE = 200  # meetings of which one transaction reminds
LANGUAGE = "en"  # where an application has said nothing

_m = tables.meeting.c
_KNOWN = ("name", "start_date", "end_date", "timezone", "rrule")  # a change of these is one that everybody must know
# Two workers: each locks other meetings.
_DUE = (
    sa.select(_m.id)
    .where(_m.remind_at.is_not(None), _m.remind_at <= sa.bindparam("now", type_=tables.Moment))
    .order_by(_m.remind_at)
    .limit(BITE)
    .with_for_update(skip_locked=True, key_share=True)
)
_REMIND_AGAIN = (
    sa.update(tables.meeting).where(_m.id == sa.bindparam("key")).values(remind_at=sa.bindparam("following"))
)

People = Mapping[tuple[str, int], User]  # by application and number


def created(tx: Tx, meeting: Meeting) -> None:
    """Everybody is invited."""
    if meeting.notify:
        people = _people(tx, [meeting])
        _post(tx, meeting, Kind.INVITATION, people, _recipients(tx, meeting, people))


def changed(tx: Tx, before: Meeting, after: Meeting) -> None:
    """Those who are concerned are told: all, or only who was added or taken off."""
    if not after.notify:
        return
    people = _people(tx, [before, after])
    now = _recipients(tx, after, people)
    if not before.notify:
        _post(tx, after, Kind.INVITATION, people, now)
        return
    was = _recipients(tx, before, people)
    _post(tx, after, Kind.INVITATION, people, _without(now, was))
    _post(tx, after, Kind.CANCELLATION, people, _without(was, now))
    if any(getattr(before, name) != getattr(after, name) for name in _KNOWN):
        _post(tx, after, Kind.CHANGE, people, _within(now, was))


def deleted(tx: Tx, meeting: Meeting) -> None:
    """All are told, but those whom the invitation had not reached. Nothing else of the meeting is sent any more."""
    unheard = outbox.withdraw(tx, meeting.id)
    if meeting.notify:
        people = _people(tx, [meeting])
        told = [one for one in _recipients(tx, meeting, people) if _key(one.address) not in unheard]
        _post(tx, meeting, Kind.CANCELLATION, people, told)


def recorded(tx: Tx, meeting: Meeting, records: Sequence[Mapping[str, Any]]) -> None:
    """The host can have the files of a session: `file_uid` is the recording's id, `duration` its seconds."""
    files = tuple(Recorded(one["file_uid"], int(one["duration"])) for one in records)
    people = _people(tx, [meeting])
    host = [one for one in _recipients(tx, meeting, people) if one.role is Role.HOST]
    if files and host:
        facts = _facts(tx, meeting, people, recorded=files)
        outbox.post(tx, meeting.application_id, meeting.id, Kind.RECORDED, facts.as_json(), host)


def remind_due(tx: Tx) -> int:
    """Reminds of some meetings that are about to begin; how many were due."""
    due = some(tx, [row.id for row in tx.all(_DUE, {"now": tx.now})])
    if not due:
        return 0
    people, languages = _people(tx, due), _languages(tx, {one.application_id for one in due})
    told: list[outbox.Notice] = []
    for meeting in due:
        facts = _facts(tx, meeting, people, begins=_reminded(meeting))
        if facts.start is not None and facts.start > tx.now.timestamp():  # else it is too late
            recipients = _listed(meeting, people, languages[meeting.application_id])
            told.append((meeting.application_id, meeting.id, Kind.REMINDER, facts.as_json(), recipients))
    outbox.post_many(tx, told)
    tx.execute(_REMIND_AGAIN, [{"key": one.id, "following": reminder(one, tx.now)} for one in due])
    return len(due)


# --- People ---------------------------------------------------------------------------------------------------------


def _people(tx: Tx, meetings: Sequence[Meeting]) -> People:
    """The users whom these meetings name."""
    found: dict[tuple[str, int], User] = {}
    for application_id in {one.application_id for one in meetings}:
        mine = [one for one in meetings if one.application_id == application_id]
        numbers = {who.user_number for one in mine for who in one.attendees if who.user_number is not None}
        known = users.some(tx, application_id, numbers | {one.host_number for one in mine})
        found |= {(application_id, number): user for number, user in known.items()}
    return found


def _languages(tx: Tx, application_ids: Collection[str]) -> dict[str, str]:
    return {id: clients.of(tx, id).language or LANGUAGE for id in application_ids}


def _recipients(tx: Tx, meeting: Meeting, people: People) -> list[Recipient]:
    return _listed(meeting, people, _languages(tx, [meeting.application_id])[meeting.application_id])


def _listed(meeting: Meeting, people: People, language: str) -> list[Recipient]:
    """The host and the attendees who have an address: the list's own, else their user's."""
    found: dict[str, Recipient] = {}
    listed: list[tuple[int | None, str | None, Role]] = [(meeting.host_number, None, Role.HOST)]
    listed += [(one.user_number, one.email, Role.ATTENDEE) for one in meeting.attendees]
    for number, email, role in listed:
        user = None if number is None else people.get((meeting.application_id, number))
        address = email or (user.email if user else None)
        if address and address.strip():
            name, spoken = (user.full_name or user.login, user.language or language) if user else (None, language)
            found.setdefault(_key(address), Recipient(address, name, spoken, role, number))
    return list(found.values())


def _key(address: str) -> str:
    return address.strip().casefold()


def _without(some: Sequence[Recipient], others: Sequence[Recipient]) -> list[Recipient]:
    known = {_key(one.address) for one in others}
    return [one for one in some if _key(one.address) not in known]


def _within(some: Sequence[Recipient], others: Sequence[Recipient]) -> list[Recipient]:
    known = {_key(one.address) for one in others}
    return [one for one in some if _key(one.address) in known]


# --- Facts ----------------------------------------------------------------------------------------------------------


def _post(tx: Tx, meeting: Meeting, kind: Kind, people: People, recipients: Sequence[Recipient]) -> None:
    if recipients:
        facts = _facts(tx, meeting, people)
        outbox.post(tx, meeting.application_id, meeting.id, kind, facts.as_json(), recipients)


def _reminded(meeting: Meeting) -> datetime | None:
    """The time that a due reminder is for: it may go out late."""
    before = meeting.notify_before
    if meeting.remind_at is None or before is None:
        return None
    return meeting.remind_at + timedelta(**{before["metric"]: before["value"]})


def _facts(
    tx: Tx,
    meeting: Meeting,
    people: People,
    *,
    begins: datetime | None = None,
    recorded: tuple[Recorded, ...] = (),
) -> Facts:
    """The meeting as it is now; `begins`: another time than the first."""
    starts, ends = meeting.starts, meeting.ends
    if begins is not None and starts is not None:
        starts, ends = begins, ends + (begins - starts) if ends else None
    said = meeting.timezone or {}
    host = people.get((meeting.application_id, meeting.host_number))
    return Facts(
        meeting.id,
        meeting.name,
        _seconds(starts),
        _seconds(ends),
        int(said.get("offset") or 0),
        _known_zone(said),
        meeting.rrule,
        meeting.sequence,
        int(tx.now.timestamp()),
        _named(host, host.email if host else None),
        tuple(
            _named(people.get((meeting.application_id, one.user_number)) if one.user_number else None, one.email)
            for one in meeting.attendees
        ),
        recorded,
    )


def _named(user: User | None, email: str | None) -> Guest:
    if user is None:
        return Guest(None, email)
    return Guest(user.full_name or user.login, email or user.email)


def _seconds(moment: datetime | None) -> int | None:
    return None if moment is None else int(moment.astimezone(UTC).timestamp())


def _known_zone(said: Mapping[str, Any]) -> str | None:
    zone = recurrence.zone(said)
    return zone.key if isinstance(zone, ZoneInfo) else None
