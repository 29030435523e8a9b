"""Accounts, applications with their keys, limits and looks."""

import sqlalchemy as sa

from convene.tables.columns import Moment, flag, metadata, moment, text

account = sa.Table(
    "account",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),  # 8 hex digits: the api_key of Basic authentication
    text("name"),
    moment("created_at", nullable=False),
)

account_secret = sa.Table(
    "account_secret",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("account_id", sa.ForeignKey("account.id"), nullable=False, index=True),
    text("hash"),  # SHA-256 hex of a secret of 256 random bits
    moment("created_at", nullable=False),
    moment("expires_at"),
)

application = sa.Table(
    "application",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("account_id", sa.ForeignKey("account.id"), nullable=False, index=True),
    text("name"),
    flag("is_default"),  # the application that a Basic caller of the account acts for
    text("token_kid"),  # `kid` of its rooms' participant tokens
    text("token_secret"),  # their HS256 secret
    text("rooms_url", nullable=True),
    text("sessions_url", nullable=True),
    text("recordings_url", nullable=True),
    text("callback_signature"),  # standard, or `vonage`: a JWT as well
    text("default_theme_id", nullable=True),
    sa.Column("keep_rooms_days", sa.Integer, nullable=True),  # how long what is over is kept; null: the setting's days
    sa.Column("keep_recordings_days", sa.Integer, nullable=True),
    sa.Column("keep_chat_days", sa.Integer, nullable=True),
    sa.Column("keep_events_days", sa.Integer, nullable=True),
    sa.Column("kept_settings", sa.JSON, nullable=True),  # of the Application API, for others: capabilities, privacy
    moment("created_at", nullable=False),
    moment("deleted_at"),
)

api_key = sa.Table(
    "api_key",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),  # `kid` of its tokens, or the user name of Basic authentication
    sa.Column("application_id", sa.ForeignKey("application.id"), nullable=False, index=True),
    text("name"),
    text("kind"),  # rsa: verifies RS256 tokens; secret: Basic
    text("public_key", nullable=True),  # PEM, of `rsa`
    text("hash", nullable=True),  # SHA-256 hex of a secret of 256 random bits, of `secret`
    sa.Column("scopes", sa.JSON, nullable=False),  # a list; ["*"] is everything
    moment("created_at", nullable=False),
    moment("expires_at"),
    moment("last_used_at"),
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
    # No foreign key: PostgreSQL would look at the application's row with each answer, and that row is never removed.
    sa.Column("application_id", sa.Text, primary_key=True),
    sa.Column("key", sa.Text, primary_key=True),  # the Idempotency-Key
    text("fingerprint"),  # SHA-256 hex of method, path and body
    sa.Column("status", sa.Integer, nullable=True),
    text("body", nullable=True),
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
    text("name"),
    text("main_color"),  # "#" and 3 or 6 hex digits, as given
    text("brand_text"),
    text("short_company_url", nullable=True),
    text("colored_key", nullable=True),  # pictures, by key: for light backgrounds,
    text("white_key", nullable=True),  # for dark ones,
    text("favicon_key", nullable=True),  # and the tab's icon
    moment("created_at", nullable=False),
    sa.UniqueConstraint("application_id", "name"),
    sa.UniqueConstraint("short_company_url"),
)

picture = sa.Table(
    "picture",
    metadata,
    sa.Column("key", sa.Text, primary_key=True),
    sa.Column("application_id", sa.ForeignKey("application.id"), nullable=False, index=True),
    text("kind"),  # white, colored, favicon
    sa.Column("data", sa.LargeBinary, nullable=False),  # the PNG, as it was uploaded
    moment("created_at", nullable=False),
    moment("expires_at"),  # of an upload that no theme has taken; null once one has
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
    text("secret"),  # "whsec_" + base64, as Standard Webhooks writes it
    moment("created_at", nullable=False),
    moment("expires_at"),  # set on the old one while rotating
)
