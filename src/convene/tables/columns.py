"""What every table is made of: ids, moments and the kinds of columns. Times are UTC, stored as whole milliseconds."""

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
    return f"1_MX4{_random(9)}~{_random(9)}~{_random(12)}-fg"


_event_places = itertools.count()


def new_event_id(now: datetime) -> str:
    """An id for an event that sorts by time, then by its making in this process; the `webhook-id` of all its deliveries.

    Contains no dot (Standard Webhooks).
    """
    return f"evt_{(now - EPOCH) // MILLISECOND:012x}{next(_event_places) % 0x100000:05x}{secrets.token_hex(8)}"


def first_event_id(moment: datetime) -> str:
    """No event of this moment, or of a later one, sorts before it; every earlier one does."""
    return f"evt_{(moment - EPOCH) // MILLISECOND:012x}"


_object_places = itertools.count(secrets.randbelow(1 << 24))
_process = secrets.token_bytes(5)


def new_object_id(now: datetime) -> str:
    """24 hex digits in the layout of a Mongo ObjectId, which sort by time: seconds, 5 random bytes of this process, a counter."""
    seconds = (now - EPOCH) // timedelta(seconds=1)
    return f"{seconds:08x}{_process.hex()}{next(_object_places) % (1 << 24):06x}"


def new_secret() -> str:
    """256 random bits as text."""
    return secrets.token_urlsafe(32)


def _random(size: int) -> str:
    return urlsafe_b64encode(secrets.token_bytes(size)).decode().rstrip("=").replace("_", "x")


metadata = sa.MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def serial() -> sa.Column[int]:
    return sa.Column("serial", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True, autoincrement=True)


def moment(name: str, *, nullable: bool = True) -> sa.Column[datetime]:
    return sa.Column(name, Moment, nullable=nullable)


def text(name: str, *, nullable: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.Text, nullable=nullable)


def flag(name: str) -> sa.Column[bool]:
    return sa.Column(name, sa.Boolean, nullable=False)
