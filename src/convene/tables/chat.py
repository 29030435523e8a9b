"""What people write in meetings, and the dialogs by which client programs reach it."""

import sqlalchemy as sa

from convene.tables.columns import flag, metadata, moment, text

chat_message = sa.Table(
    "chat_message",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),  # 24 hex digits, which grow with each message of the room
    sa.Column("application_id", sa.ForeignKey("application.id"), nullable=False),
    sa.Column("room_id", sa.ForeignKey("room.id"), nullable=False),
    text("session_id", nullable=True),  # the session that went on when it was written
    text("person_id", nullable=True),  # the admission of who wrote it in the meeting
    sa.Column("user_number", sa.BigInteger, nullable=True),  # the application's user who wrote it
    text("name"),
    text("text"),  # empty once it is deleted
    text("reply_to", nullable=True),  # the id of the message that it answers
    sa.Column("extra", sa.JSON, nullable=True),  # further fields of a client's own, attachments included
    text("key", nullable=True),  # the writer's own name for it: what is sent twice stands once
    moment("created_at", nullable=False),
    moment("deleted_at"),
    text("deleted_by", nullable=True),  # author, host
    sa.Index("ix_chat_message_room", "room_id", "id"),
    sa.Index("ix_chat_message_session", "session_id", "id"),
    sa.Index("ix_chat_message_application", "application_id", "created_at"),
    sa.Index("uq_chat_message_key", "person_id", "key", unique=True),
)

dialog = sa.Table(
    "dialog",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),  # 24 hex digits
    sa.Column("application_id", sa.ForeignKey("application.id"), nullable=False, index=True),
    sa.Column("room_id", sa.ForeignKey("room.id"), nullable=False, unique=True),
    sa.Column("user_number", sa.BigInteger, nullable=False),  # its owner
    text("name"),
    moment("created_at", nullable=False),
    moment("updated_at", nullable=False),
)

dialog_occupant = sa.Table(
    "dialog_occupant",
    metadata,
    sa.Column("dialog_id", sa.ForeignKey("dialog.id"), primary_key=True),
    sa.Column("user_number", sa.BigInteger, primary_key=True, index=True),
    flag("invited"),  # by the meeting, and goes when it does not invite him any more
    moment("joined_at", nullable=False),
    text("read_id", nullable=True),  # the last message that this user has read
)
