"""What people write in meetings, and the dialogs by which client programs reach it."""

import sqlalchemy as sa

from convene.tables.columns import metadata, moment, text

chat_message = sa.Table(
    "chat_message",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),  # 24 hex digits, which sort by time
    sa.Column("application_id", sa.ForeignKey("application.id"), nullable=False),
    sa.Column("room_id", sa.ForeignKey("room.id"), nullable=False),
    text("session_id", nullable=True),
    text("person_id", nullable=True),  # the admission of who wrote it in the meeting
    sa.Column("user_number", sa.BigInteger, nullable=True),  # the application's user who wrote it
    text("name"),
    text("text"),
    text("reply_to", nullable=True),  # the id of the message that it answers
    sa.Column("extra", sa.JSON, nullable=True),  # further fields of a client's own, attachments included
    moment("created_at", nullable=False),
    moment("deleted_at"),
    sa.Index("ix_chat_message_room", "room_id", "id"),
    sa.Index("ix_chat_message_application", "application_id", "created_at"),
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
    moment("joined_at", nullable=False),
    text("read_id", nullable=True),  # the last message that this user has read
)
