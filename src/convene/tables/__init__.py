"""Every row, index and constraint of the product; ids are made here."""

from convene.tables.announcing import attempt, delivery, endpoint, event, miss
from convene.tables.chat import chat_message, dialog, dialog_occupant
from convene.tables.columns import (
    EPOCH,
    MILLISECOND,
    Moment,
    first_event_id,
    metadata,
    new_event_id,
    new_id,
    new_object_id,
    new_secret,
    new_session_id,
)
from convene.tables.consent import consent
from convene.tables.mail import mail, mail_template, notice
from convene.tables.meetings import meeting, meeting_attendee, meeting_member, meeting_report
from convene.tables.rooms import admission, engine_event, knock, participant, recording, room, session
from convene.tables.tenants import (
    account,
    account_secret,
    allowance,
    api_key,
    application,
    callback_secret,
    kept_answer,
    picture,
    tally,
    theme,
)
from convene.tables.users import administration_key, app_user, client, user_token

__all__ = [
    "EPOCH",
    "MILLISECOND",
    "Moment",
    "account",
    "account_secret",
    "administration_key",
    "admission",
    "allowance",
    "api_key",
    "app_user",
    "application",
    "attempt",
    "callback_secret",
    "chat_message",
    "client",
    "consent",
    "delivery",
    "dialog",
    "dialog_occupant",
    "endpoint",
    "engine_event",
    "event",
    "first_event_id",
    "kept_answer",
    "knock",
    "mail",
    "mail_template",
    "meeting",
    "meeting_attendee",
    "meeting_member",
    "meeting_report",
    "metadata",
    "miss",
    "new_event_id",
    "new_id",
    "new_object_id",
    "new_secret",
    "new_session_id",
    "notice",
    "participant",
    "picture",
    "recording",
    "room",
    "session",
    "tally",
    "theme",
    "user_token",
]
