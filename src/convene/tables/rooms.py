"""Rooms, their sessions, the people in them, and recordings."""

import sqlalchemy as sa

from convene.tables.columns import Moment, flag, metadata, moment, serial, text

room = sa.Table(
    "room",
    metadata,
    serial(),
    sa.Column("id", sa.Text, nullable=False, unique=True),
    sa.Column("application_id", sa.ForeignKey("application.id"), nullable=False),
    text("display_name"),
    text("metadata", nullable=True),
    text("type"),  # instant, long_term
    moment("expires_at", nullable=False),  # what the contract shows
    moment("closes_at"),  # when it really expires: null while a session keeps it open
    moment("expired_at"),
    text("meeting_code"),
    text("host_id"),  # `participantId` of the host's token
    flag("expire_after_use"),
    flag("auto_record"),
    flag("record_only_owner"),
    text("theme_id", nullable=True),
    text("join_approval_level"),
    text("microphone_state"),
    text("language"),
    sa.Column("features", sa.JSON, nullable=False),  # the five available_features by name
    text("rooms_url", nullable=True),
    text("sessions_url", nullable=True),
    text("recordings_url", nullable=True),
    flag("locked"),
    flag("imported"),  # its host tokens are another's
    sa.Column("is_meetings", sa.Boolean, nullable=False, server_default=sa.false()),  # a scheduled meeting owns it
    moment("created_at", nullable=False),
    sa.Index("ix_room_application_serial", "application_id", "serial"),
    sa.Index(
        "ix_room_theme",
        "application_id",
        "theme_id",
        "serial",
        sqlite_where=sa.text("theme_id is not null"),
        postgresql_where=sa.text("theme_id is not null"),
    ),
    sa.Index("uq_room_code", "meeting_code", unique=True),
    sa.Index(
        "ix_room_closes",
        "closes_at",
        sqlite_where=sa.text("expired_at is null"),
        postgresql_where=sa.text("expired_at is null"),
    ),
    sa.Index(
        "ix_room_expired",
        "application_id",
        "expired_at",
        sqlite_where=sa.text("expired_at is not null"),
        postgresql_where=sa.text("expired_at is not null"),
    ),
    sa.Index(
        "ix_room_counted",
        "application_id",
        "closes_at",
        sqlite_where=sa.text("expired_at is null and is_meetings = 0"),
        postgresql_where=sa.text("expired_at is null and not is_meetings"),
    ),
    sqlite_autoincrement=True,
)

session = sa.Table(
    "session",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("room_id", sa.ForeignKey("room.id"), nullable=False),
    sa.Column("application_id", sa.ForeignKey("application.id"), nullable=False),
    sa.Column("generation", sa.Integer, nullable=False),  # of the engine's room: "<session>.<generation>"
    text("engine_room"),
    text("state"),  # opening, running, ended
    moment("opened_at", nullable=False),
    moment("started_at"),
    moment("emptied_at"),  # when the last person left, while nobody has come back
    moment("due_at"),  # when a step must look: end after the grace, give up an opening that nobody used
    moment("ended_at"),
    flag("ended_by_host"),
    flag("clearing"),  # the engine's room is still to be deleted
    sa.Column("showing", sa.Boolean, nullable=False, server_default=sa.false()),  # pages, engine: still to be told
    sa.Column("allows", sa.JSON(none_as_null=True), nullable=True),  # what guests may do; null: everything
    text("spotlight", nullable=True),  # the person whom everybody sees large
    text("stand_in", nullable=True),  # the co-host who is the host while none is in
    moment("hostless_at"),  # since when nobody in it is the host
    sa.Column("sequence", sa.BigInteger, nullable=False),  # of its events
    sa.Index(
        "uq_session_live",
        "room_id",
        unique=True,
        sqlite_where=sa.text("state <> 'ended'"),
        postgresql_where=sa.text("state <> 'ended'"),
    ),
    sa.Index("uq_session_engine_room", "engine_room", unique=True),
    sa.Index(
        "ix_session_due",
        "due_at",
        sqlite_where=sa.text("due_at is not null"),
        postgresql_where=sa.text("due_at is not null"),
    ),
    sa.Index(
        "ix_session_hostless",
        "hostless_at",
        sqlite_where=sa.text("hostless_at is not null"),
        postgresql_where=sa.text("hostless_at is not null"),
    ),
    sa.Index("ix_session_clearing", "id", sqlite_where=sa.text("clearing"), postgresql_where=sa.text("clearing")),
    sa.Index("ix_session_showing", "id", sqlite_where=sa.text("showing"), postgresql_where=sa.text("showing")),
    sa.Index("ix_session_room", "room_id", "started_at"),
    sa.Index("ix_session_application", "application_id", "started_at"),
)

admission = sa.Table(
    "admission",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),  # the person's identity in the engine, and participant_id in events
    sa.Column("session_id", sa.ForeignKey("session.id"), nullable=False, index=True),
    sa.Column("room_id", sa.Text, nullable=False),
    text("key_hash"),
    text("name"),
    flag("is_host"),  # came as the host
    text("role", nullable=True),  # host, cohost or guest, since somebody made him that; null: as he came
    sa.Column("user_number", sa.BigInteger, nullable=True),  # of the application's user, if it is known to be one
    moment("created_at", nullable=False),
    moment("removed_at"),
)

knock = sa.Table(
    "knock",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),  # becomes the admission's id
    sa.Column("room_id", sa.ForeignKey("room.id"), nullable=False),
    sa.Column("application_id", sa.ForeignKey("application.id"), nullable=False),
    text("key_hash"),
    text("name"),
    text("state"),  # waiting, admitted, denied
    moment("asked_at", nullable=False),
    moment("seen_at", nullable=False),  # when the waiting page was last heard of
    moment("decided_at"),
    text("session_id", nullable=True),  # the session for which it was decided, if one was there
    sa.Column("denials", sa.Integer, nullable=False, server_default=sa.text("0")),  # in that session
    sa.Index(
        "ix_knock_waiting",
        "room_id",
        "asked_at",
        sqlite_where=sa.text("state = 'waiting'"),
        postgresql_where=sa.text("state = 'waiting'"),
    ),
    sa.Index("ix_knock_room", "room_id"),
)

participant = sa.Table(
    "participant",
    metadata,
    sa.Column("sid", sa.Text, primary_key=True),  # the engine's participant sid: one stay
    sa.Column("session_id", sa.ForeignKey("session.id"), nullable=False, index=True),
    text("person_id"),  # the admission's id
    text("name"),
    flag("is_host"),
    moment("joined_at", nullable=False),
    moment("missed_at"),  # first time that the engine did not list it
    moment("left_at"),
    text("reason", nullable=True),
)

engine_event = sa.Table(
    "engine_event",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("received_at", Moment, nullable=False, index=True),
)

recording = sa.Table(
    "recording",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("session_id", sa.ForeignKey("session.id"), nullable=False, index=True),
    sa.Column("room_id", sa.Text, nullable=False),
    sa.Column("application_id", sa.ForeignKey("application.id"), nullable=False),
    text("state"),  # lifecycle.RecordingState
    flag("automatic"),
    moment("requested_at", nullable=False),
    moment("started_at"),
    moment("ended_at"),
    moment("alive_at"),  # the last second of media that its recorder told
    sa.Column("seconds", sa.Integer, nullable=True),  # length of the file
    text("reason", nullable=True),  # public: what went wrong; the end is then `failed`, with or without a file
    sa.Column("bytes", sa.BigInteger, nullable=True),
    moment("stored_at"),  # when the file had safely arrived in the storage
    text("machine", nullable=True),  # where the file lies until then
    sa.Column("attempt", sa.Integer, nullable=False),
    moment("due_at"),
    flag("showing"),  # the meeting's page is still to be told of the last change
    moment("deleted_at"),
    sa.Index(
        "uq_recording_live",
        "session_id",
        unique=True,
        sqlite_where=sa.text("state in ('requested', 'starting', 'active', 'stopping')"),
        postgresql_where=sa.text("state in ('requested', 'starting', 'active', 'stopping')"),
    ),
    sa.Index(
        "ix_recording_due",
        "due_at",
        sqlite_where=sa.text("due_at is not null"),
        postgresql_where=sa.text("due_at is not null"),
    ),
    sa.Index(
        "ix_recording_kept",
        "application_id",
        "ended_at",
        sqlite_where=sa.text("deleted_at is null"),
        postgresql_where=sa.text("deleted_at is null"),
    ),
    sa.Index(
        "ix_recording_deleted",
        "id",
        sqlite_where=sa.text("deleted_at is not null"),
        postgresql_where=sa.text("deleted_at is not null"),
    ),
    sa.Index(
        "ix_recording_showing", "session_id", sqlite_where=sa.text("showing"), postgresql_where=sa.text("showing")
    ),
)
