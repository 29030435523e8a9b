"""Who agreed to being recorded, and who did not: each answer once, none is ever changed."""

import sqlalchemy as sa

from convene.tables.columns import metadata, moment, serial, text

consent = sa.Table(
    "consent",
    metadata,
    serial(),  # later answers of a session have higher ones: whoever gives one holds the session
    sa.Column("session_id", sa.ForeignKey("session.id"), nullable=False),
    text("person_id"),  # the admission's id
    text("answer"),  # agreed, declined, undecided
    text("text"),  # the version of the words that were shown; empty where none were
    text("language"),  # in which they were shown
    moment("answered_at", nullable=False),
    sa.Index("ix_consent_session", "session_id", "serial"),
    sa.Index("ix_consent_person", "person_id", "serial"),
    sqlite_autoincrement=True,
)
