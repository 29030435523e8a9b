"""Mail that is to go out: what happened, as it was then, and one row for each person who is told."""

import sqlalchemy as sa

from convene.tables.columns import Moment, metadata, moment, serial, text

notice = sa.Table(
    "notice",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("application_id", sa.ForeignKey("application.id"), nullable=False),
    text("meeting_id"),
    text("kind"),  # invitation, change, cancellation, reminder, recorded
    sa.Column("facts", sa.JSON, nullable=False),  # all that its letters say, as it was at that moment
    moment("created_at", nullable=False),
    sa.Index("ix_notice_meeting", "meeting_id"),
    sa.Index("ix_notice_application", "application_id", "created_at"),
)

mail = sa.Table(
    "mail",
    metadata,
    serial(),
    sa.Column("notice_id", sa.ForeignKey("notice.id"), nullable=False, index=True),
    sa.Column("application_id", sa.Text, nullable=False),
    text("address"),
    text("name", nullable=True),
    text("language"),
    text("role"),  # host, attendee
    sa.Column("user_number", sa.BigInteger, nullable=True),  # of the application's user, if it is one
    text("state"),  # outbox.State
    sa.Column("attempt", sa.Integer, nullable=False),
    moment("due_at"),
    text("held_by", nullable=True),  # the journal of the process that last claimed it
    moment("created_at", nullable=False),
    moment("settled_at"),
    text("answer", nullable=True),  # what the server said last
    sa.UniqueConstraint("notice_id", "address"),
    sa.Index(
        "ix_mail_due",
        "due_at",
        sqlite_where=sa.text("due_at is not null"),
        postgresql_where=sa.text("due_at is not null"),
    ),
    sa.Index("ix_mail_application", "application_id", "serial"),
    sqlite_autoincrement=True,
)

mail_template = sa.Table(
    "mail_template",
    metadata,
    sa.Column("application_id", sa.ForeignKey("application.id"), primary_key=True),
    sa.Column("kind", sa.Text, primary_key=True),
    sa.Column("part", sa.Text, primary_key=True),  # subject, text, html
    text("source"),
    sa.Column("updated_at", Moment, nullable=False),
)
