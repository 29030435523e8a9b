"""The answers of our own API, as its document shows them."""

from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from convene.events import EventType
from convene.lifecycle import EndpointState

LONGEST = 36_500  # days


class Event(BaseModel):
    """What happened. `payload` is what callbacks carry; `state`: of its newest delivery."""

    id: str
    type: EventType
    created_at: datetime
    room_id: str
    session_id: str | None
    sequence: int | None
    state: Literal["unaddressed", "pending", "delivered", "dead"]
    payload: dict[str, Any]


class EventPage(BaseModel):
    """Some events. `next`: the address to ask for those that follow."""

    events: list[Event]
    has_more: bool
    next: str | None


class Attempt(BaseModel):
    """One attempt to deliver: what came back, and how long it took. `answer`: the first 1 kB."""

    number: int
    at: datetime
    status: int | None
    milliseconds: int
    outcome: str
    answer: str | None


class Delivery(BaseModel):
    """A delivery to one URL; a replay makes a further one. Pending without `due_at`: it waits for its endpoint."""

    id: int
    url: str
    state: Literal["pending", "delivered", "dead"]
    due_at: datetime | None
    created_at: datetime
    settled_at: datetime | None
    attempts: list[Attempt]


class EventDetail(Event):
    """An event with the log of its deliveries, oldest first."""

    deliveries: list[Delivery]


class Replayed(BaseModel):
    """How many deliveries are due again."""

    deliveries: int


class Again(BaseModel):
    """How many events are meant; those that have an address now are delivered again."""

    events: int


class Waiting(BaseModel):
    """Deliveries that have not arrived: on their way or tried again; or held back until a probe succeeds."""

    due: int
    parked: int


class Endpoint(BaseModel):
    """A URL that callbacks went to. `open`: its breaker is, and only probes go there; `failures`: in a row."""

    id: int
    url: str
    state: EndpointState
    failures: int
    failing_since: datetime | None
    next_probe_at: datetime | None
    disabled_at: datetime | None
    disabled_reason: str | None
    deliveries: Waiting


class Endpoints(BaseModel):
    """All of an application, in the order in which they were first used."""

    endpoints: list[Endpoint]


class Kept(BaseModel):
    """For how many days what is over is kept: 0 for ever, null as this installation does."""

    model_config = ConfigDict(extra="forbid", strict=True)
    keep_rooms_days: int | None = Field(default=None, ge=0, le=LONGEST)
    keep_recordings_days: int | None = Field(default=None, ge=0, le=LONGEST)
    keep_chat_days: int | None = Field(default=None, ge=0, le=LONGEST)
    keep_events_days: int | None = Field(default=None, ge=0, le=LONGEST)


class InForce(BaseModel):
    """What follows: the application's own days, or else the installation's."""

    keep_rooms_days: int
    keep_recordings_days: int
    keep_chat_days: int
    keep_events_days: int


class OwnApplication(Kept):
    """The application that asks."""

    id: str
    name: str
    callback_signature: Literal["standard", "vonage"]
    in_force: InForce


class Secret(BaseModel):
    """The new secret that signs callbacks, shown this once; until `old_valid_until` the one before signs as well."""

    secret: str
    old_valid_until: datetime
