"""Every row, index and constraint of the product; ids are made here. Times are UTC, stored as whole milliseconds."""

import itertools
import secrets
import uuid
from base64 import urlsafe_b64encode
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MILLISECOND = timedelta(milliseconds=1)
_places = itertools.count()


class Moment(sa.TypeDecorator[datetime]):
    """A UTC moment as whole milliseconds since 1970: the same on both databases, exact, and cheap to compare."""

    impl = sa.BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: sa.Dialect) -> Any:
        """Refuses times without a zone: they would be wrong somewhere."""
        if value is None:
            return None
        return (value - EPOCH) // MILLISECOND

    def process_result_value(self, value: Any, dialect: sa.Dialect) -> datetime | None:
        """Back to an aware datetime."""
        return None if value is None else EPOCH + value * MILLISECOND


def new_id() -> str:
    """A UUID, as the contract wants for rooms, recordings, participants, applications."""
    return str(uuid.uuid4())


def new_session_id() -> str:
    """A session id in the shape that clients know from the Video API: `1_MX4…~…-fg` (contract §1.3)."""
    return f"1_MX4{_text(9)}~{_text(9)}~{_text(12)}-fg"


_event_places = itertools.count()


def new_event_id(now: datetime) -> str:
    """An id for an event that sorts by time, then by its making in this process; the `webhook-id` of all its deliveries.

    Contains no dot (Standard Webhooks).
    """
    return f"evt_{(now - EPOCH) // MILLISECOND:012x}{next(_event_places) % 0x100000:05x}{secrets.token_hex(8)}"


def first_event_id(moment: datetime) -> str:
    """No event of this moment, or of a later one, sorts before it; every earlier one does."""
    return f"evt_{(moment - EPOCH) // MILLISECOND:012x}"


def new_secret() -> str:
    """256 random bits as text."""
    return secrets.token_urlsafe(32)


def _text(size: int) -> str:
    return urlsafe_b64encode(secrets.token_bytes(size)).decode().rstrip("=").replace("_", "x")


metadata = sa.MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def _serial() -> sa.Column[int]:
    return sa.Column("serial", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True, autoincrement=True)


def _moment(name: str, *, nullable: bool = True) -> sa.Column[datetime]:
    return sa.Column(name, Moment, nullable=nullable)


def _text_column(name: str, *, nullable: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.Text, nullable=nullable)


def _flag(name: str) -> sa.Column[bool]:
    return sa.Column(name, sa.Boolean, nullable=False)


account = sa.Table(
    "account",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),  # 8 hex digits: the api_key of Basic authentication
    _text_column("name"),
    _moment("created_at", nullable=False),
)

account_secret = sa.Table(
    "account_secret",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("account_id", sa.ForeignKey("account.id"), nullable=False, index=True),
    _text_column("hash"),  # SHA-256 hex of a secret of 256 random bits
    _moment("created_at", nullable=False),
    _moment("expires_at"),
)

application = sa.Table(
    "application",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("account_id", sa.ForeignKey("account.id"), nullable=False, index=True),
    _text_column("name"),
    _flag("is_default"),  # the application that a Basic caller of the account acts for
    _text_column("token_kid"),  # `kid` of its rooms' participant tokens
    _text_column("token_secret"),  # their HS256 secret
    _text_column("rooms_url", nullable=True),
    _text_column("sessions_url", nullable=True),
    _text_column("recordings_url", nullable=True),
    _text_column("callback_signature"),  # standard, or `vonage`: a JWT as well
    _text_column("default_theme_id", nullable=True),
    sa.Column("keep_rooms_days", sa.Integer, nullable=True),  # how long what is over is kept; null: the setting's days
    sa.Column("keep_recordings_days", sa.Integer, nullable=True),
    sa.Column("keep_chat_days", sa.Integer, nullable=True),
    sa.Column("keep_events_days", sa.Integer, nullable=True),
    sa.Column("kept_settings", sa.JSON, nullable=True),  # of the Application API, for others: capabilities, privacy
    _moment("created_at", nullable=False),
    _moment("deleted_at"),
)

api_key = sa.Table(
    "api_key",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),  # `kid` of its tokens, or the user name of Basic authentication
    sa.Column("application_id", sa.ForeignKey("application.id"), nullable=False, index=True),
    _text_column("name"),
    _text_column("kind"),  # rsa: verifies RS256 tokens; secret: Basic
    _text_column("public_key", nullable=True),  # PEM, of `rsa`
    _text_column("hash", nullable=True),  # SHA-256 hex of a secret of 256 random bits, of `secret`
    sa.Column("scopes", sa.JSON, nullable=False),  # a list; ["*"] is everything
    _moment("created_at", nullable=False),
    _moment("expires_at"),
    _moment("last_used_at"),
)

allowance = sa.Table(
    "allowance",
    metadata,
    sa.Column("application_id", sa.ForeignKey("application.id"), primary_key=True),
    sa.Column("minute", sa.BigInteger, primary_key=True),
    sa.Column("taken", sa.Integer, nullable=False),  # requests that processes have taken for themselves
)

kept_answer = sa.Table(
    "kept_answer",
    metadata,
    sa.Column("application_id", sa.ForeignKey("application.id"), primary_key=True),
    sa.Column("key", sa.Text, primary_key=True),  # the Idempotency-Key
    _text_column("fingerprint"),  # SHA-256 hex of method, path and body
    sa.Column("status", sa.Integer, nullable=True),
    _text_column("body", nullable=True),
    sa.Column("created_at", Moment, nullable=False, index=True),
)

tally = sa.Table(
    "tally",
    metadata,
    sa.Column("application_id", sa.ForeignKey("application.id"), primary_key=True),
    sa.Column("slot", sa.Integer, primary_key=True),  # several rows, so that creations do not queue for one
    sa.Column("rooms", sa.BigInteger, nullable=False),
)

theme = sa.Table(
    "theme",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("application_id", sa.ForeignKey("application.id"), nullable=False),
    _text_column("name"),
    _text_column("main_color"),  # "#" and 3 or 6 hex digits, as given
    _text_column("brand_text"),
    _text_column("short_company_url", nullable=True),
    _text_column("colored_key", nullable=True),  # pictures, by key: for light backgrounds,
    _text_column("white_key", nullable=True),  # for dark ones,
    _text_column("favicon_key", nullable=True),  # and the tab's icon
    _moment("created_at", nullable=False),
    sa.UniqueConstraint("application_id", "name"),
    sa.UniqueConstraint("short_company_url"),
)

picture = sa.Table(
    "picture",
    metadata,
    sa.Column("key", sa.Text, primary_key=True),
    sa.Column("application_id", sa.ForeignKey("application.id"), nullable=False, index=True),
    _text_column("kind"),  # white, colored, favicon
    sa.Column("data", sa.LargeBinary, nullable=False),  # the PNG, as it was uploaded
    _moment("created_at", nullable=False),
    _moment("expires_at"),  # of an upload that no theme has taken; null once one has
    sa.Index(
        "ix_picture_expires",
        "expires_at",
        sqlite_where=sa.text("expires_at is not null"),
        postgresql_where=sa.text("expires_at is not null"),
    ),
)

callback_secret = sa.Table(
    "callback_secret",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("application_id", sa.ForeignKey("application.id"), nullable=False, index=True),
    _text_column("secret"),  # "whsec_" + base64, as Standard Webhooks writes it
    _moment("created_at", nullable=False),
    _moment("expires_at"),  # set on the old one while rotating
)

room = sa.Table(
    "room",
    metadata,
    _serial(),
    sa.Column("id", sa.Text, nullable=False, unique=True),
    sa.Column("application_id", sa.ForeignKey("application.id"), nullable=False),
    _text_column("display_name"),
    _text_column("metadata", nullable=True),
    _text_column("type"),  # instant, long_term
    _moment("expires_at", nullable=False),  # what the contract shows
    _moment("closes_at"),  # when it really expires: null while a session keeps it open
    _moment("expired_at"),
    _text_column("meeting_code"),
    _text_column("host_id"),  # `participantId` of the host's token
    _flag("expire_after_use"),
    _flag("auto_record"),
    _flag("record_only_owner"),
    _text_column("theme_id", nullable=True),
    _text_column("join_approval_level"),
    _text_column("microphone_state"),
    _text_column("language"),
    sa.Column("features", sa.JSON, nullable=False),  # the five available_features by name
    _text_column("rooms_url", nullable=True),
    _text_column("sessions_url", nullable=True),
    _text_column("recordings_url", nullable=True),
    _flag("locked"),
    _flag("imported"),  # its host tokens are another's
    _moment("created_at", nullable=False),
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
        "ix_room_open",
        "application_id",
        "closes_at",
        sqlite_where=sa.text("expired_at is null"),
        postgresql_where=sa.text("expired_at is null"),
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
    _text_column("engine_room"),
    _text_column("state"),  # opening, running, ended
    _moment("opened_at", nullable=False),
    _moment("started_at"),
    _moment("emptied_at"),  # when the last person left, while nobody has come back
    _moment("due_at"),  # when a step must look: end after the grace, give up an opening that nobody used
    _moment("ended_at"),
    _flag("ended_by_host"),
    _flag("clearing"),  # the engine's room is still to be deleted
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
    sa.Index("ix_session_clearing", "id", sqlite_where=sa.text("clearing"), postgresql_where=sa.text("clearing")),
    sa.Index("ix_session_room", "room_id", "started_at"),
    sa.Index("ix_session_application", "application_id", "started_at"),
)

admission = sa.Table(
    "admission",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),  # the person's identity in the engine, and participant_id in events
    sa.Column("session_id", sa.ForeignKey("session.id"), nullable=False, index=True),
    sa.Column("room_id", sa.Text, nullable=False),
    _text_column("key_hash"),
    _text_column("name"),
    _flag("is_host"),
    _moment("created_at", nullable=False),
    _moment("removed_at"),
)

knock = sa.Table(
    "knock",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),  # becomes the admission's id
    sa.Column("room_id", sa.ForeignKey("room.id"), nullable=False),
    sa.Column("application_id", sa.ForeignKey("application.id"), nullable=False),
    _text_column("key_hash"),
    _text_column("name"),
    _text_column("state"),  # waiting, admitted, denied
    _moment("asked_at", nullable=False),
    _moment("seen_at", nullable=False),  # when the waiting page was last heard of
    _moment("decided_at"),
    _text_column("session_id", nullable=True),  # the session for which it was admitted, if one was there
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
    _text_column("person_id"),  # the admission's id
    _text_column("name"),
    _flag("is_host"),
    _moment("joined_at", nullable=False),
    _moment("missed_at"),  # first time that the engine did not list it
    _moment("left_at"),
    _text_column("reason", nullable=True),
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
    _text_column("state"),  # lifecycle.RecordingState
    _flag("automatic"),
    _moment("requested_at", nullable=False),
    _moment("started_at"),
    _moment("ended_at"),
    _moment("alive_at"),  # the last second of media that its recorder told
    sa.Column("seconds", sa.Integer, nullable=True),  # length of the file
    _text_column("reason", nullable=True),  # public: what went wrong; the end is then `failed`, with or without a file
    sa.Column("bytes", sa.BigInteger, nullable=True),
    _moment("stored_at"),  # when the file had safely arrived in the storage
    _text_column("machine", nullable=True),  # where the file lies until then
    sa.Column("attempt", sa.Integer, nullable=False),
    _moment("due_at"),
    _flag("showing"),  # the meeting's page is still to be told of the last change
    _moment("deleted_at"),
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

event = sa.Table(
    "event",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("application_id", sa.ForeignKey("application.id"), nullable=False),
    _text_column("type"),
    sa.Column("room_id", sa.Text, nullable=True),
    sa.Column("session_id", sa.Text, nullable=True),
    sa.Column("sequence", sa.BigInteger, nullable=True),  # within its session
    _text_column("metadata", nullable=True),  # the room's, for the header
    _text_column("body"),  # the exact bytes that every attempt sends
    _moment("created_at", nullable=False),
    sa.Index("ix_event_application", "application_id", "id"),
    sa.Index("ix_event_room", "room_id"),
)

endpoint = sa.Table(
    "endpoint",
    metadata,
    _serial(),
    sa.Column("application_id", sa.ForeignKey("application.id"), nullable=False),
    _text_column("url"),
    sa.Column("failures", sa.Integer, nullable=False),  # in a row
    _moment("failing_since"),
    _moment("probe_at"),  # breaker open: its deliveries are parked, and one of them may try at this time
    _moment("disabled_at"),
    _text_column("disabled_reason", nullable=True),
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
    _serial(),
    sa.Column("event_id", sa.ForeignKey("event.id"), nullable=False, index=True),
    sa.Column("endpoint_serial", sa.ForeignKey("endpoint.serial"), nullable=False),
    sa.Column("application_id", sa.Text, nullable=False),
    _text_column("lane"),  # first attempts of one lane (session or room) go out in order
    _text_column("state"),  # pending, delivered, dead
    sa.Column("attempt", sa.Integer, nullable=False),
    _moment("due_at"),  # null while pending: parked behind its endpoint's open breaker
    _moment("tried_at"),  # when its first attempt had an outcome: until then it holds back the later ones of its lane
    _moment("created_at", nullable=False),
    _moment("settled_at"),
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
    _serial(),
    sa.Column("delivery_serial", sa.ForeignKey("delivery.serial"), nullable=False, index=True),
    sa.Column("number", sa.Integer, nullable=False),
    _moment("at", nullable=False),
    sa.Column("status", sa.Integer, nullable=True),
    sa.Column("milliseconds", sa.Integer, nullable=False),
    _text_column("outcome"),  # delivered, refused, timeout, unreachable, blocked, …
    _text_column("answer", nullable=True),  # the first 1 kB
    sqlite_autoincrement=True,
)

miss = sa.Table(
    "miss",
    metadata,
    sa.Column("scope", sa.Text, primary_key=True),  # "total", or an address
    sa.Column("minute", sa.BigInteger, primary_key=True),
    sa.Column("count", sa.Integer, nullable=False),
)
