"""The model of room life: what happened, and what follows from it. When a room closes is computed from its history."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

GRACE = timedelta(seconds=20)
OPENING = timedelta(minutes=2)
AFTER_USE = timedelta(minutes=10)


@dataclass
class Stay:
    """One connection of one person."""

    person: str
    joined_at: datetime
    missed_at: datetime | None = None
    left_at: datetime | None = None


@dataclass
class Take:
    """One recording."""

    id: str
    automatic: bool
    due_at: datetime | None
    state: str = "requested"
    attempt: int = 0
    begun: bool = False

    @property
    def live(self) -> bool:
        return self.state in ("requested", "starting", "active", "stopping")


@dataclass
class Meeting:
    """One session; it runs from the first stay on."""

    id: str
    room: "House"
    engine_room: str
    opened_at: datetime
    stays: dict[str, Stay] = field(default_factory=dict)
    takes: list[Take] = field(default_factory=list)
    emptied_at: datetime | None = None
    ended_at: datetime | None = None

    @property
    def present(self) -> list[Stay]:
        return [stay for stay in self.stays.values() if stay.left_at is None]

    @property
    def take(self) -> Take | None:
        return next((take for take in self.takes if take.live), None)

    def is_due(self, now: datetime) -> bool:
        if not self.stays:
            return now >= self.opened_at + OPENING
        return self.emptied_at is not None and now >= self.emptied_at + GRACE


@dataclass
class House:
    """One room."""

    id: str
    instant: bool
    after_use: bool
    auto_record: bool
    expires_at: datetime
    meetings: list[Meeting] = field(default_factory=list)
    announced: bool = False

    @property
    def live(self) -> Meeting | None:
        return next((meeting for meeting in self.meetings if meeting.ended_at is None), None)

    @property
    def last_use(self) -> datetime | None:
        return max((m.ended_at for m in self.meetings if m.ended_at and m.stays), default=None)

    @property
    def shown(self) -> datetime:
        """`expires_at` of the contract."""
        return self.last_use + AFTER_USE if self.instant and self.last_use else self.expires_at

    @property
    def closes_at(self) -> datetime | None:
        if self.live is not None:
            return None if self.instant else self.expires_at
        if self.instant or not (self.after_use and self.last_use):
            return self.shown
        return min(self.expires_at, self.last_use + AFTER_USE)

    def open(self, now: datetime) -> bool:
        return not self.announced and (self.closes_at is None or now < self.closes_at)


@dataclass
class Ticket:
    """One person's admission to one session."""

    id: str
    key: str
    meeting: Meeting
    removed: bool = False
