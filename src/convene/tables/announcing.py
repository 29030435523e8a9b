"""What was announced and how it was delivered; wrong guesses."""

import sqlalchemy as sa

from convene.tables.columns import metadata, moment, serial, text

event = sa.Table(
    "event",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("application_id", sa.ForeignKey("application.id"), nullable=False),
    text("type"),
    sa.Column("room_id", sa.Text, nullable=True),
    sa.Column("session_id", sa.Text, nullable=True),
    sa.Column("sequence", sa.BigInteger, nullable=True),  # within its session
    text("metadata", nullable=True),  # the room's, for the header
    text("body"),  # the exact bytes that every attempt sends
    moment("created_at", nullable=False),
    sa.Index("ix_event_application", "application_id", "id"),
    sa.Index("ix_event_room", "room_id"),
)

endpoint = sa.Table(
    "endpoint",
    metadata,
    serial(),
    sa.Column("application_id", sa.ForeignKey("application.id"), nullable=False),
    text("url"),
    sa.Column("failures", sa.Integer, nullable=False),  # in a row
    moment("failing_since"),
    moment("probe_at"),  # breaker open: its deliveries are parked, and one of them may try at this time
    moment("disabled_at"),
    text("disabled_reason", nullable=True),
    sa.UniqueConstraint("application_id", "url"),
    sa.Index(
        "ix_endpoint_probe",
        "probe_at",
        sqlite_where=sa.text("probe_at is not null"),
        postgresql_where=sa.text("probe_at is not null"),
    ),
    sqlite_autoincrement=True,
)

delivery = sa.Table(
    "delivery",
    metadata,
    serial(),
    sa.Column("event_id", sa.ForeignKey("event.id"), nullable=False, index=True),
    sa.Column("endpoint_serial", sa.ForeignKey("endpoint.serial"), nullable=False),
    sa.Column("application_id", sa.Text, nullable=False),
    text("lane"),  # first attempts of one lane (session or room) go out in order
    text("state"),  # pending, delivered, dead
    sa.Column("attempt", sa.Integer, nullable=False),
    moment("due_at"),  # null while pending: parked behind its endpoint's open breaker
    moment("tried_at"),  # when its first attempt had an outcome: until then it holds back the later ones of its lane
    moment("created_at", nullable=False),
    moment("settled_at"),
    sa.Index(
        "ix_delivery_due",
        "due_at",
        "serial",
        "endpoint_serial",
        sqlite_where=sa.text("due_at is not null"),
        postgresql_where=sa.text("due_at is not null"),
    ),
    sa.Index(
        "ix_delivery_lane",
        "lane",
        "serial",
        sqlite_where=sa.text("tried_at is null and due_at is not null"),
        postgresql_where=sa.text("tried_at is null and due_at is not null"),
    ),
    sa.Index(
        "ix_delivery_parked",
        "endpoint_serial",
        "attempt",
        "serial",
        sqlite_where=sa.text("state = 'pending' and due_at is null"),
        postgresql_where=sa.text("state = 'pending' and due_at is null"),
    ),
    sqlite_autoincrement=True,
)

attempt = sa.Table(
    "attempt",
    metadata,
    serial(),
    sa.Column("delivery_serial", sa.ForeignKey("delivery.serial"), nullable=False, index=True),
    sa.Column("number", sa.Integer, nullable=False),
    moment("at", nullable=False),
    sa.Column("status", sa.Integer, nullable=True),
    sa.Column("milliseconds", sa.Integer, nullable=False),
    text("outcome"),  # delivered, refused, timeout, unreachable, blocked, …
    text("answer", nullable=True),  # the first 1 kB
    sqlite_autoincrement=True,
)

miss = sa.Table(
    "miss",
    metadata,
    sa.Column(
        "scope", sa.Text, primary_key=True
    ),  # an address or several, "total" with a length of codes, or an account
    sa.Column("minute", sa.BigInteger, primary_key=True),
    sa.Column("count", sa.Integer, nullable=False),
)
