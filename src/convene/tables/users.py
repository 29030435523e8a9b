"""An application's own users, the tokens they act by, and what its client programs are configured with."""

from typing import Any

import sqlalchemy as sa

from convene.tables.columns import Moment, flag, metadata, moment, serial, text


class Tags(sa.TypeDecorator[list[str]]):
    """Words without commas, as one text with commas between them: both databases can search in it."""

    impl = sa.Text
    cache_ok = True

    def process_bind_param(self, value: list[str] | None, dialect: sa.Dialect) -> Any:
        """The text; none is null."""
        return ",".join(value) if value else None

    def process_result_value(self, value: Any, dialect: sa.Dialect) -> list[str] | None:
        """Back to the words."""
        return value.split(",") if value else None


client = sa.Table(
    "client",
    metadata,
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=True),  # the application_id of client programs
    sa.Column("application_id", sa.ForeignKey("application.id"), nullable=False, unique=True),
    text("auth_key"),  # ships in browsers: it is no secret
    text("auth_secret"),  # signs what old clients send: needed in clear
    flag("opens_users"),  # an unknown login makes a new user
    text("meeting_link", nullable=True),  # template with `%s` for a meeting's id; null: our own page
    text("recorded_url", nullable=True),  # where finished meetings with recordings are announced
    text("language"),  # of mails to people who have none themselves
    moment("created_at", nullable=False),
    sqlite_autoincrement=True,
)

administration_key = sa.Table(
    "administration_key",
    metadata,
    sa.Column("hash", sa.Text, primary_key=True),  # SHA-256 hex of a key of 256 random bits
    sa.Column("application_id", sa.ForeignKey("application.id"), nullable=False, index=True),
    moment("created_at", nullable=False),
    moment("expires_at"),  # set on the old one while rotating
)

app_user = sa.Table(
    "app_user",
    metadata,
    sa.Column("number", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True, autoincrement=True),
    text("object_id"),  # 24 hex digits
    sa.Column("application_id", sa.ForeignKey("application.id"), nullable=False),
    text("login", nullable=True),
    text("email", nullable=True),
    text("email_key", nullable=True),  # as it is compared: case-folded
    flag("email_verified"),  # said by the operator, not by the user
    text("password_hash", nullable=True),  # argon2
    text("full_name", nullable=True),
    text("phone", nullable=True),
    text("website", nullable=True),
    text("external_id", nullable=True),
    sa.Column("external_user_id", sa.BigInteger, nullable=True),
    text("facebook_id", nullable=True),
    text("twitter_id", nullable=True),
    sa.Column("blob_id", sa.BigInteger, nullable=True),
    text("custom_data", nullable=True),
    text("avatar", nullable=True),
    sa.Column("user_tags", Tags, nullable=True),
    sa.Column("timezone", sa.Integer, nullable=True),
    text("language", nullable=True),
    flag("is_guest"),
    moment("created_at", nullable=False),
    moment("updated_at", nullable=False),
    moment("last_request_at"),
    moment("expires_at"),  # of guests: when they are deleted
    sa.UniqueConstraint("application_id", "login"),
    sa.UniqueConstraint("application_id", "email_key"),
    sa.Index(
        "ix_app_user_expires",
        "expires_at",
        sqlite_where=sa.text("expires_at is not null"),
        postgresql_where=sa.text("expires_at is not null"),
    ),
    sqlite_autoincrement=True,
)

user_token = sa.Table(
    "user_token",
    metadata,
    serial(),
    text("hash"),  # SHA-256 hex of the token
    sa.Column("application_id", sa.ForeignKey("application.id"), nullable=False, index=True),
    sa.Column("user_number", sa.ForeignKey("app_user.number"), nullable=True, index=True),  # null: the application's
    sa.Column("nonce", sa.BigInteger, nullable=True),
    moment("created_at", nullable=False),
    moment("updated_at", nullable=False),
    sa.Column("expires_at", Moment, nullable=False, index=True),  # slides with use
    sa.UniqueConstraint("hash"),
    sqlite_autoincrement=True,
)
