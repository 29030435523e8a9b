"""What letters are made of: the facts of one notice, and who reads a letter."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

LARGEST_OFFSET = 14 * 60  # minutes: no place on earth is further from UTC


class Kind(StrEnum):
    """Why somebody is written to."""

    INVITATION = "invitation"
    CHANGE = "change"
    CANCELLATION = "cancellation"
    REMINDER = "reminder"
    RECORDED = "recorded"


class Part(StrEnum):
    """What of a letter an application can word itself."""

    SUBJECT = "subject"
    TEXT = "text"
    HTML = "html"


@dataclass(frozen=True, slots=True)
class Guest:
    """Somebody whom a letter names; at least one of the two is there."""

    name: str | None
    email: str | None

    @property
    def called(self) -> str:
        """By the name, else by the address."""
        return self.name or self.email or ""


@dataclass(frozen=True, slots=True)
class Recorded:
    """A recording's file."""

    id: str
    seconds: int


@dataclass(frozen=True, slots=True)
class Facts:
    """One notice. `start`, `end`, `at` (when it happened): Unix seconds, None where a client sent nonsense;
    `offset`: minutes from UTC, `zone`: its IANA name, if a known one was given; `sequence`: of the calendar entry."""

    meeting_id: str
    name: str
    start: int | None
    end: int | None
    offset: int
    zone: str | None
    rrule: str | None
    sequence: int
    at: int
    host: Guest
    guests: tuple[Guest, ...] = ()
    recorded: tuple[Recorded, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """As it is stored."""
        return asdict(self)

    @classmethod
    def of(cls, stored: Mapping[str, Any]) -> "Facts":
        """What `as_json` gave."""
        inner = {
            "host": Guest(**stored["host"]),
            "guests": tuple(Guest(**one) for one in stored["guests"]),
            "recorded": tuple(Recorded(**one) for one in stored["recorded"]),
        }
        return cls(**{**stored, **inner})

    @property
    def clock(self) -> tzinfo:
        """The meeting's time zone: the named one, else the fixed offset."""
        if self.zone:
            return ZoneInfo(self.zone)
        fixed = max(-LARGEST_OFFSET, min(self.offset, LARGEST_OFFSET))
        return timezone(timedelta(minutes=fixed)) if fixed else UTC

    @property
    def begins(self) -> datetime | None:
        """Its start in its time zone."""
        return None if self.start is None else datetime.fromtimestamp(self.start, self.clock)

    @property
    def ends(self) -> datetime | None:
        """Its end; None when it is not after the start."""
        if self.start is None or self.end is None or self.end <= self.start:
            return None
        return datetime.fromtimestamp(self.end, self.clock)


@dataclass(frozen=True, slots=True)
class Reader:
    """Whom a letter is for. `link`: his own way into the meeting; `downloads`: addresses of the recorded files, in their order."""

    address: str
    name: str | None
    language: str
    is_host: bool
    link: str | None = None
    downloads: tuple[str, ...] = ()
    days: int = 7  # for which the downloads work
