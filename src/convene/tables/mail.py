"""Mail that is to go out: what happened, as it was then, and one row for each person who is told."""

import sqlalchemy as sa

from convene.tables.columns import Moment, metadata, moment, serial, text

notice = sa.Table(
    "notice",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("application_id", sa.ForeignKey("application.id"), nullable=False, index=True),
    text("meeting_id"),
    text("kind"),  # invitation, change, cancellation, reminder, recorded
    sa.Column("facts", sa.JSON, nullable=False),  # all that its letters say, as it was at that moment
    moment("created_at", nullable=False),
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
    text("state"),  # pending, sent, kept (no SMTP server is set), dead
    sa.Column("attempt", sa.Integer, nullable=False),
    moment("due_at"),
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
