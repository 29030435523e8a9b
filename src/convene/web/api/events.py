"""Events by our own API: to look at, to pull instead of being called, and to be delivered once more."""

import json
from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, BeforeValidator, ConfigDict, StrictBool

from convene import callbacks, events
from convene.callbacks import Attempt, Delivery
from convene.db import Tx
from convene.errors import Conflict, Invalid, NotFound
from convene.events import Event, EventType
from convene.runtime import Runtime
from convene.web.api import bodies
from convene.web.app import answer
from convene.web.caller import Caller

READ, WRITE = "events:read", "events:write"
LARGEST_PAGE, PAGE = 1000, 50
CURSOR = r"^(evt_[0-9a-f]{1,64})?$"

Cursor = Annotated[str | None, Query(pattern=CURSOR)]
Limit = Annotated[int, Query(ge=1, le=LARGEST_PAGE)]
Types = Annotated[list[EventType], Query(alias="type", max_length=len(EventType), default_factory=list)]


def _text(value: Any) -> Any:
    """Pydantic reads numbers too, as seconds or as milliseconds, by their size."""
    if not isinstance(value, str):
        raise ValueError("must be a time as text")
    return value


class Since(BaseModel):
    """From when on; a time without a zone is UTC. `delivered_too`: also what arrived, for a receiver that lost it."""

    model_config = ConfigDict(extra="forbid")
    since: Annotated[datetime, BeforeValidator(_text)]
    delivered_too: StrictBool = False


def add(routes: APIRouter, runtime: Runtime) -> None:
    """Adds the four routes."""
    db, address = runtime.db, f"{runtime.settings.base_url}/api/events"

    @routes.get("/events", response_model=bodies.EventPage, summary="List events")
    async def listed(
        request: Request, types: Types, after: Cursor = None, before: Cursor = None, limit: Limit = PAGE
    ) -> Response:
        """Newest first, and with `before` the older ones. With `after`, even an empty one: in the order in which things
        happened, from that event on; `next` is then the address to ask the next time, also when nothing is there yet."""
        if after is not None and before is not None:
            raise Invalid("invalid", "`after` and `before` are two ways to read on: give one.", field="before")
        found = await db.read(_page, Caller(request, READ), after, before or None, limit + 1, types)
        shown, more = found[:limit], len(found) > limit
        kept = f"&limit={limit}" + "".join(f"&type={one}" for one in types)
        following = None
        if after is not None:
            following = f"{address}?after={shown[-1].id if shown else after}{kept}"
        elif more:
            following = f"{address}?before={shown[-1].id}{kept}"
        return answer({"events": [_event(one) for one in shown], "has_more": more, "next": following})

    @routes.get(
        "/events/{event_id}", response_model=bodies.EventDetail, summary="Get an event, and how its delivery went"
    )
    async def get(request: Request, event_id: str) -> Response:
        event, deliveries, attempts = await db.read(_get, Caller(request, READ), event_id)
        return answer(_event(event) | {"deliveries": [_delivery(one, attempts) for one in deliveries]})

    @routes.post(
        "/events/replay",
        status_code=202,
        response_model=bodies.Again,
        summary="Deliver again all events since a time: those that never arrived, or all of them",
    )
    async def replay_since(request: Request, body: Since) -> Response:
        caller = Caller(request, WRITE)
        since = body.since if body.since.tzinfo else body.since.replace(tzinfo=UTC)
        if since.year < 1970:
            raise Invalid("invalid", "`since` must be after 1970.", field="since")

        async def deliver() -> None:
            after: str | None = ""
            while after is not None:  # each bite in a transaction of its own: nobody else waits long
                after = await db.write(_replay_some, caller, since, after, body.delivered_too)

        return await caller.once(lambda tx: _count(tx, caller, since, body.delivered_too), status=202, after=deliver)

    @routes.post(
        "/events/{event_id}/replay",
        status_code=202,
        response_model=bodies.Replayed,
        summary="Deliver an event once more",
    )
    async def replay(request: Request, event_id: str) -> Response:
        caller = Caller(request, WRITE)
        return await caller.once(lambda tx: _replay(tx, caller, event_id), status=202)


# --- Units of work --------------------------------------------------------------------------------------------------


def _page(
    tx: Tx, caller: Caller, after: str | None, before: str | None, limit: int, types: list[EventType]
) -> list[Event]:
    own = caller.application(tx).id
    if after is not None:
        return events.page(tx, own, after=after, until=tx.settled, limit=limit, types=types)
    return events.latest(tx, own, before=before, limit=limit, types=types)


def _get(tx: Tx, caller: Caller, event_id: str) -> tuple[Event, list[Delivery], list[Attempt]]:
    own, id = caller.application(tx).id, _plain(event_id)
    return events.get(tx, own, id), callbacks.deliveries_of(tx, own, id), callbacks.attempts_of(tx, own, id)


def _replay(tx: Tx, caller: Caller, event_id: str) -> dict[str, int]:
    if not (count := callbacks.replay(tx, caller.application(tx).id, _plain(event_id))):
        raise Conflict("no_address", "Neither the room nor the application has a callback URL for this event.")
    return {"deliveries": count}


def _count(tx: Tx, caller: Caller, since: datetime, delivered_too: bool) -> dict[str, int]:
    return {"events": callbacks.count_since(tx, caller.application(tx).id, since, delivered_too=delivered_too)}


def _replay_some(tx: Tx, caller: Caller, since: datetime, after: str, delivered_too: bool) -> str | None:
    own = caller.application(tx).id
    return callbacks.replay_some(tx, own, since, after, delivered_too=delivered_too)[1]


def _plain(id: str) -> str:
    """No id of ours has other characters or is longer, and PostgreSQL refuses some of them loudly."""
    if not id.isascii() or not id.isprintable() or len(id) > 100:
        raise NotFound("event_unknown", "There is no such event.")
    return id


# --- Answers --------------------------------------------------------------------------------------------------------


def _event(event: Event) -> dict[str, Any]:
    return {
        "id": event.id,
        "type": event.type,
        "created_at": event.created_at,
        "room_id": event.room_id,
        "session_id": event.session_id,
        "sequence": event.sequence,
        "state": event.state,
        "payload": json.loads(event.body),
    }


def _delivery(delivery: Delivery, attempts: list[Attempt]) -> dict[str, Any]:
    return {
        "id": delivery.serial,
        "url": delivery.url,
        "state": delivery.state,
        "due_at": delivery.due_at,
        "created_at": delivery.created_at,
        "settled_at": delivery.settled_at,
        "attempts": [
            {
                "number": one.number,
                "at": one.at,
                "status": one.status,
                "milliseconds": one.milliseconds,
                "outcome": one.outcome,
                "answer": one.answer,
            }
            for one in attempts
            if one.delivery_serial == delivery.serial
        ],
    }
