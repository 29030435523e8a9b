"""Our own API: events to look at and to pull, their deliveries, endpoints, and what an application keeps."""

import base64
import json
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from convene import access, callbacks, events, keys
from convene.callbacks import Tried
from convene.courier import Outcome, OutcomeKind
from convene.db import SETTLING, Tx
from convene.events import EventType
from convene.lifecycle import EndpointState
from tests import world as worlds
from tests.announcements import announcement
from tests.test_events import a_room, emit
from tests.world import World

URL = "http://127.0.0.1:9/sessions"


async def ask(world: World, method: str, path: str, body: object = None, **headers: str) -> httpx.Response:
    return await world.client.request(method, f"/api{path}", headers=world.auth | headers, json=body)


async def told(world: World, *kinds: str, url: str | None = URL) -> list[str]:
    """Events of these kinds, one a second; their ids. `url`: where their callbacks go."""
    await world.db.write(
        lambda tx: access.set_callback_urls(tx, world.application_id, rooms=url, sessions=url, recordings=url)
    )
    room = await a_room(world)
    ids = []
    for kind in kinds:
        ids += await emit(world, announcement(EventType(kind), room.id))
        world.later(seconds=1)
    return ids


async def attempted(world: World, status: int) -> None:
    """One attempt of all that is due, answered with this status."""

    def work(tx: Tx) -> None:
        turn = callbacks.claim(tx, held={}, room=100)
        kind = OutcomeKind.DELIVERED if status < 300 else OutcomeKind.REFUSED
        tried = [Tried(one, tx.now, Outcome(kind, status, 12, answer="so")) for one in turn.claims]
        callbacks.settle(tx, tried)

    await world.db.write(work)


def basic_of(key: keys.New) -> dict[str, str]:
    """The Authorization header of a key for Basic."""
    return {"Authorization": f"Basic {base64.b64encode(f'{key.key.id}:{key.secret}'.encode()).decode()}"}


def path_of(address: str) -> str:
    parts = urlsplit(address)
    assert f"{parts.scheme}://{parts.netloc}" == "http://localhost:8000"
    return f"{parts.path}?{parts.query}".removeprefix("/api")


async def test_an_event_as_it_is_told(world: World) -> None:
    [id] = await told(world, "room:expired")
    page = (await ask(world, "GET", "/events")).json()
    [event] = page["events"]
    assert list(event) == ["id", "type", "created_at", "room_id", "session_id", "sequence", "state", "payload"]
    assert (event["id"], event["type"], event["state"]) == (id, "room:expired", "pending")
    assert event["payload"] == json.loads((await world.db.read(events.get, world.application_id, id)).body)
    assert (page["has_more"], page["next"]) == (False, None)


async def test_newest_first_and_on_to_the_older_ones(world: World) -> None:
    ids = await told(world, *["room:expired"] * 5)
    seen, path = [], "/events?limit=2"
    while path:
        page = (await ask(world, "GET", path)).json()
        assert page["has_more"] is (page["next"] is not None)
        seen += [event["id"] for event in page["events"]]
        path = path_of(page["next"]) if page["next"] else ""
    assert seen == ids[::-1]


async def test_pulling_from_a_cursor_misses_none(world: World) -> None:
    first = await told(world, *["room:expired"] * 3)
    world.now += SETTLING
    page = (await ask(world, "GET", "/events?after=&limit=2")).json()
    assert ([event["id"] for event in page["events"]], page["has_more"]) == (first[:2], True)
    page = (await ask(world, "GET", path_of(page["next"]))).json()
    assert ([event["id"] for event in page["events"]], page["has_more"]) == (first[2:], False)
    empty = (await ask(world, "GET", path_of(page["next"]))).json()
    assert (empty["events"], empty["next"]) == ([], page["next"]), "the same question, until something happens"
    more = await told(world, "room:expired")
    world.now += SETTLING
    assert [event["id"] for event in (await ask(world, "GET", path_of(empty["next"]))).json()["events"]] == more


async def test_what_may_still_be_overtaken_is_not_pulled_yet(world: World) -> None:
    [id] = await told(world, "room:expired")
    world.later(seconds=-1)  # the very moment of the event
    pulled = (await ask(world, "GET", "/events?after=")).json()["events"]
    assert [event["id"] for event in pulled] == ([id] if world.db.is_sqlite else [])
    assert len((await ask(world, "GET", "/events")).json()["events"]) == 1
    world.now += SETTLING
    assert len((await ask(world, "GET", "/events?after=")).json()["events"]) == 1


async def test_by_type(world: World) -> None:
    ids = await told(world, "room:expired", "room:expired")
    assert (await ask(world, "GET", "/events?type=session:ended")).json()["events"] == []
    both = (await ask(world, "GET", "/events?type=session:ended&type=room:expired&limit=1")).json()
    assert [event["id"] for event in both["events"]] == ids[1:]
    assert "type=session:ended&type=room:expired" in both["next"]


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=1001", "limit=x", "type=nonsense", "after=x", "before=%00", "after=evt_1&before=evt_2"]
)
async def test_a_wrong_question(world: World, query: str) -> None:
    answer = await ask(world, "GET", f"/events?{query}")
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "invalid")


async def test_deliveries_with_their_attempts_and_a_replay(world: World) -> None:
    [id] = await told(world, "room:expired")
    await attempted(world, 500)
    world.later(minutes=1)
    await attempted(world, 204)
    [delivery] = (await ask(world, "GET", f"/events/{id}")).json()["deliveries"]
    assert (delivery["url"], delivery["state"], delivery["due_at"]) == (URL, "delivered", None)
    tries = [(one["number"], one["status"], one["outcome"], one["answer"]) for one in delivery["attempts"]]
    assert tries == [(1, 500, "refused", "so"), (2, 204, "delivered", "so")]
    again = await ask(world, "POST", f"/events/{id}/replay")
    assert (again.status_code, again.json()) == (202, {"deliveries": 1})
    found = (await ask(world, "GET", f"/events/{id}")).json()
    assert [one["state"] for one in found["deliveries"]] == ["delivered", "pending"]
    assert found["state"] == "pending"


async def test_a_replay_without_an_address_is_refused(world: World) -> None:
    [id] = await told(world, "room:expired", url=None)
    answer = await ask(world, "POST", f"/events/{id}/replay")
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "no_address")


async def test_replaying_all_that_never_arrived_since(world: World) -> None:
    await told(world, "room:expired")
    since = world.now
    await told(world, *["room:expired"] * 3, url=None)
    await world.db.write(
        lambda tx: access.set_callback_urls(tx, world.application_id, rooms=URL, sessions=None, recordings=None)
    )
    counts = []
    for form in (since.isoformat(), since.replace(tzinfo=None).isoformat()):
        answer = await ask(world, "POST", "/events/replay", {"since": form})
        assert answer.status_code == 202
        counts.append(answer.json()["events"])
    assert counts == [3, 0], "the second time all of them are on their way"
    states = [event["state"] for event in (await ask(world, "GET", "/events")).json()["events"]]
    assert states == ["pending"] * 4
    for body in (
        {},
        {"since": "then"},
        {"since": "1492-10-12"},
        {"since": form, "x": 1},
        {"since": form, "delivered_too": "yes"},
    ):
        assert (await ask(world, "POST", "/events/replay", body)).status_code == 400


async def test_a_long_list_is_replayed_whole(world: World) -> None:
    room = await a_room(world)
    count = events.CHUNK + 7
    await world.db.write(events.emit, *[announcement(EventType.ROOM_EXPIRED, room.id)] * count)
    await world.db.write(
        lambda tx: access.set_callback_urls(tx, world.application_id, rooms=URL, sessions=None, recordings=None)
    )
    answer = await ask(world, "POST", "/events/replay", {"since": world.now.isoformat()})
    assert answer.json() == {"events": count}
    [endpoint] = (await ask(world, "GET", "/endpoints")).json()["endpoints"]
    assert endpoint["deliveries"] == {"due": count, "parked": 0}


async def test_the_states_of_an_endpoint(world: World) -> None:
    await told(world, "room:expired")
    [endpoint] = (await ask(world, "GET", "/endpoints")).json()["endpoints"]
    assert (endpoint["url"], endpoint["state"], endpoint["deliveries"]) == (URL, "ok", {"due": 1, "parked": 0})
    address = f"/endpoints/{endpoint['id']}"
    await attempted(world, 500)
    failing = (await ask(world, "GET", address)).json()
    assert (failing["state"], failing["failures"]) == ("failing", 1)
    assert failing["failing_since"] == "2026-03-01T08:00:01.000Z"
    for _ in range(9):
        world.later(hours=1)
        await attempted(world, 500)
    opened = (await ask(world, "GET", address)).json()
    assert (opened["state"], opened["failures"]) == ("open", 10)
    assert opened["next_probe_at"] is not None
    world.later(hours=1)
    await told(world, "room:expired")
    await attempted(world, 410)
    gone = (await ask(world, "GET", address)).json()
    assert (gone["state"], gone["disabled_reason"]) == ("disabled", "gone")
    assert gone["disabled_at"] is not None
    enabled = await ask(world, "POST", f"{address}/enable")
    assert (enabled.status_code, enabled.json()["state"], enabled.json()["failures"]) == (200, EndpointState.OK, 0)
    assert enabled.json()["deliveries"]["parked"] == 0
    assert (await ask(world, "GET", address)).json() == enabled.json()


async def test_what_there_is_not(world: World) -> None:
    for method, path, status in (
        ("GET", "/events/evt_1", 404),
        ("GET", "/events/%00", 404),
        ("POST", "/events/evt_1/replay", 404),
        ("GET", "/endpoints/99", 404),
        ("POST", "/endpoints/99/enable", 404),
        ("GET", "/endpoints/x", 400),
        ("GET", f"/endpoints/{2**63}", 400),
    ):
        answer = await ask(world, method, path)
        assert (answer.status_code, set(answer.json()["error"]) >= {"code", "message"}) == (status, True), path


async def test_each_tenant_sees_its_own(world: World) -> None:
    [id] = await told(world, "room:expired")
    serial = (await ask(world, "GET", "/endpoints")).json()["endpoints"][0]["id"]
    bob = worlds.basic(await world.db.write(access.create_first, "Bob", worlds.key_pair()))
    assert (await ask(world, "GET", "/events", **bob)).json()["events"] == []
    assert (await ask(world, "GET", "/endpoints", **bob)).json()["endpoints"] == []
    for method, path in (
        ("GET", f"/events/{id}"),
        ("POST", f"/events/{id}/replay"),
        ("GET", f"/endpoints/{serial}"),
        ("POST", f"/endpoints/{serial}/enable"),
    ):
        assert (await ask(world, method, path, **bob)).status_code == 404, path
        nobody = await world.client.request(method, f"/api{path}")
        assert (nobody.status_code, nobody.json()["error"]["code"]) == (401, "missing_auth")
    since = {"since": (world.now - timedelta(days=1)).isoformat()}
    assert (await ask(world, "POST", "/events/replay", since, **bob)).json() == {"events": 0}


async def test_how_long_an_application_keeps_things(world: World) -> None:
    found = (await ask(world, "GET", "/application")).json()
    assert (found["id"], found["keep_events_days"]) == (world.application_id, None)
    assert found["in_force"] == {
        "keep_rooms_days": 0,
        "keep_recordings_days": 0,
        "keep_chat_days": 0,
        "keep_events_days": 30,
    }
    changed = await ask(world, "PATCH", "/application", {"keep_rooms_days": 90, "callback_signature": "vonage"})
    assert (changed.status_code, changed.json()["in_force"]["keep_rooms_days"]) == (200, 90)
    assert changed.json()["callback_signature"] == "vonage"
    back = (await ask(world, "PATCH", "/application", {"keep_rooms_days": None, "keep_events_days": 0})).json()
    assert (back["keep_rooms_days"], back["keep_events_days"], back["in_force"]["keep_events_days"]) == (None, 0, 0)
    assert back["callback_signature"] == "vonage", "what is not given stays"


@pytest.mark.parametrize(
    "body",
    [{}, {"keep_rooms_days": -1}, {"keep_rooms_days": "7"}, {"keep_rooms_days": 10**6}, {"x": 1}, [], {"id": "x"}],
)
async def test_a_wrong_change(world: World, body: Any) -> None:
    answer = await ask(world, "PATCH", "/application", body)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "invalid")


async def test_a_new_callback_secret_by_api(world: World) -> None:
    before = await world.db.read(access.callback_secrets, world.application_id)
    key = {"Idempotency-Key": "r1"}
    made = await ask(world, "POST", "/application/callback-secret/rotate", **key)
    assert (made.status_code, made.json()["old_valid_until"]) == (201, "2026-03-02T08:00:00.000Z")
    again = await ask(world, "POST", "/application/callback-secret/rotate", **key)
    assert again.json() == made.json(), "an answer that got lost is given again, and no third secret made"
    assert await world.db.read(access.callback_secrets, world.application_id) == [made.json()["secret"], *before]


async def test_keys_have_scopes(world: World) -> None:
    wish = keys.Wish("reader", ("events:read",))
    made = await world.db.write(keys.add, world.application_id, wish)
    reader = basic_of(made)
    assert (await ask(world, "GET", "/events", **reader)).status_code == 200
    for method, path, body in (
        ("POST", "/events/replay", {"since": world.now.isoformat()}),
        ("POST", "/endpoints/1/enable", None),
        ("GET", "/application", None),
    ):
        answer = await ask(world, method, path, body, **reader)
        assert (answer.status_code, answer.json()["error"]["code"]) == (403, "scope_missing")
