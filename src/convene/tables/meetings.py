"""Scheduled meetings: an invitation that owns a room, who is invited, and what is still to be told of it."""

import sqlalchemy as sa

from convene.tables.columns import Moment, flag, metadata, moment, text

meeting = sa.Table(
    "meeting",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),  # 24 hex digits
    sa.Column("application_id", sa.ForeignKey("application.id"), nullable=False, index=True),
    sa.Column("room_id", sa.ForeignKey("room.id"), nullable=False, unique=True),
    sa.Column("host_number", sa.BigInteger, nullable=False),
    text("name"),
    sa.Column("start_date", sa.BigInteger, nullable=False),  # as the caller wrote it: seconds, or any number
    sa.Column("end_date", sa.BigInteger, nullable=False),
    flag("public"),
    flag("scheduled"),
    flag("record"),
    flag("notify"),
    sa.Column("notify_before", sa.JSON(none_as_null=True), nullable=True),  # {"metric", "value"}
    sa.Column("timezone", sa.JSON(none_as_null=True), nullable=True),  # {"offset", "name"}
    text("rrule", nullable=True),  # RFC 5545: it repeats
    text("dialog_id", nullable=True),
    sa.Column("sequence", sa.Integer, nullable=False),  # of its calendar entry
    moment("remind_at"),
    moment("created_at", nullable=False),
    moment("updated_at", nullable=False),
    moment("deleted_at"),
    sa.Index(
        "ix_meeting_remind",
        "remind_at",
        sqlite_where=sa.text("remind_at is not null"),
        postgresql_where=sa.text("remind_at is not null"),
    ),
)

meeting_attendee = sa.Table(
    "meeting_attendee",
    metadata,
    sa.Column("meeting_id", sa.ForeignKey("meeting.id"), primary_key=True),
    sa.Column("place", sa.Integer, primary_key=True),  # in the list as it was given
    sa.Column("user_number", sa.BigInteger, nullable=True),
    text("email", nullable=True),
)

# Who finds the meeting in his list: the host, the attendees and the administrator, each once; with all that lists are filtered
# and sorted by. One index for each of these, so that a page costs the same however long the list is.
meeting_member = sa.Table(
    "meeting_member",
    metadata,
    sa.Column("application_id", sa.ForeignKey("application.id"), primary_key=True),
    sa.Column(
        "who", sa.Text, primary_key=True
    ),  # a user's number, a case-folded e-mail address, or *: the administrator
    sa.Column("meeting_id", sa.ForeignKey("meeting.id"), primary_key=True),
    sa.Column("start_date", sa.BigInteger, nullable=False),
    sa.Column("end_date", sa.BigInteger, nullable=False),
    sa.Column("created_at", Moment, nullable=False),
    sa.Column("updated_at", Moment, nullable=False),
    flag("scheduled"),
    sa.Index("ix_meeting_member_meeting", "meeting_id", postgresql_using="hash"),  # no list is to be read along it
    *(
        sa.Index(f"ix_meeting_member_{name}", "application_id", "who", name, "meeting_id")
        for name in ("start_date", "end_date", "updated_at", "scheduled")
    ),
    sqlite_with_rowid=False,
)

meeting_report = sa.Table(
    "meeting_report",
    metadata,
    sa.Column("session_id", sa.ForeignKey("session.id"), primary_key=True),  # it has ended, and was recorded
    sa.Column("meeting_id", sa.ForeignKey("meeting.id"), nullable=False, index=True),
    sa.Column("due_at", Moment, nullable=False, index=True),
    sa.Column("attempt", sa.Integer, nullable=False),
)
