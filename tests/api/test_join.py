"""What the meeting page asks: looking, joining, the host's powers; and that codes cannot be tried through."""

import secrets
from datetime import timedelta
from typing import Any

import httpx
import pytest
import sqlalchemy as sa

from convene import guesses, recordings, sessions, tables, worker
from convene.engine import Person
from convene.errors import TooMany, Unauthenticated
from tests.world import World


async def make(world: World, **fields: Any) -> dict[str, Any]:
    answer = await world.client.post(
        "/v1/meetings/rooms", json={"display_name": "Weekly sync", **fields}, headers=world.auth
    )
    assert answer.status_code == 201, answer.text
    return answer.json()  # type: ignore[no-any-return]


def host_token(room: dict[str, Any]) -> str:
    return str(room["_links"]["host_url"]["href"].partition("participant_token=")[2])


async def join(world: World, room: dict[str, Any], name: str = "Ann", **more: Any) -> httpx.Response:
    return await world.client.post("/api/meeting/join", json={"code": room["meeting_code"], "name": name, **more})


async def inside(world: World, room: dict[str, Any], name: str, *, host: bool = False) -> tuple[dict[str, str], str]:
    """Somebody who has joined and whom the engine has seen: his headers and his id."""
    answer = (await join(world, room, name, participant_token=host_token(room) if host else None)).json()
    person, key = answer["admission"]["id"], answer["admission"]["key"]
    live = await world.db.read(sessions.get, answer["session_id"])
    stay = Person(f"PA_{person[:8]}", person, name, world.now, False)
    people = await world.engine.people(live.engine_room)
    await world.db.write(worker.observe, live.id, [*people, stay], timedelta(seconds=20))
    return {"Authorization": f"Bearer {person}.{key}"}, person


async def test_a_guest_sees_the_room_and_comes_in(world: World) -> None:
    room = await make(world, initial_join_options={"microphone_state": "off"})
    seen = (
        await world.client.post("/api/meeting/look", json={"code": room["meeting_code"], "participant_token": None})
    ).json()
    assert seen["role"] == "guest"
    assert seen["room"]["display_name"] == "Weekly sync"
    assert seen["room"]["microphone_state"] == "off"
    assert seen["room"]["features"]["recording"] is True
    assert seen["session"] is None
    answer = (await join(world, room, "  Ann\u202e \n Lee ")).json()
    assert (answer["name"], answer["role"], answer["engine"]["url"]) == ("Ann Lee", "guest", None)
    claims = world.engine.read_token(answer["engine"]["token"])
    live = await world.db.read(sessions.get, answer["session_id"])
    assert (claims.identity, claims.room) == (answer["admission"]["id"], live.engine_room)
    assert [made.name for made in await world.engine.list_rooms()] == [live.engine_room]


async def test_the_hosts_link_makes_a_host_and_another_rooms_does_not(world: World) -> None:
    mine, other = await make(world), await make(world)
    assert (await join(world, mine, participant_token=host_token(mine))).json()["role"] == "host"
    assert (await join(world, mine, participant_token=host_token(other))).json()["role"] == "guest"
    assert (await join(world, mine, participant_token=host_token(mine)[:-2] + "xx")).json()["role"] == "guest"


@pytest.mark.parametrize("name", ["", "   ", "\u202e", "x" * 61])
async def test_a_name_is_needed(world: World, name: str) -> None:
    answer = await join(world, await make(world), name)
    assert (answer.status_code, answer.json()["error"]["field"]) == (400, "name")


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"code": 7}', b'{"code": "123456789", "name": "A", "extra": 1}'])
async def test_a_bad_body_is_refused_with_the_field(world: World, body: bytes) -> None:
    answer = await world.client.post("/api/meeting/join", content=body, headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "invalid")


async def test_wrong_and_expired_codes_get_one_and_the_same_answer(world: World) -> None:
    room = await make(world)
    world.later(minutes=10)
    answers = [
        await world.client.post("/api/meeting/look", json={"code": code})
        for code in (room["meeting_code"], "999999999999", "abc", "٣٣٣", "' or 1=1")
    ]
    assert {answer.status_code for answer in answers} == {404}
    assert len({answer.content for answer in answers}) == 1
    assert len({tuple(sorted(answer.headers.items())) for answer in answers}) == 1
    told = await world.client.post(
        "/api/meeting/look", json={"code": room["meeting_code"], "participant_token": host_token(room)}
    )
    assert (told.status_code, told.json()["error"]["code"]) == (410, "expired")
    assert told.json()["error"]["ended_at"] == room["expires_at"]


async def test_the_hosts_link_shows_the_recordings_also_when_the_room_is_over(world: World) -> None:
    """Each with its time and, once stored, with a link that works; nobody else is told of them."""
    room, other = await make(world), await make(world)
    for one in (room, other):
        proof, _ = await inside(world, one, "Host", host=True)
        assert (await world.client.post("/api/meeting/recording", headers=proof)).status_code == 201
        await world.db.write(sessions.close, one["id"])
        world.later(seconds=1)
    mine = await world.db.read(recordings.of_room, world.application_id, room["id"], 20)

    async def seen(token: str | None) -> httpx.Response:
        asked = {"code": room["meeting_code"], "participant_token": token}
        return await world.client.post("/api/meeting/look", json=asked)

    [told] = (await seen(host_token(room))).json()["recordings"]
    assert (told["id"], told["url"]) == (mine[0].id, None)
    assert (await seen(host_token(other))).json()["recordings"] == [], "to this room's host, not to another's"
    stored = {"state": "uploaded", "started_at": world.now, "stored_at": world.now, "seconds": 10, "due_at": None}
    change = sa.update(tables.recording).where(tables.recording.c.id == mine[0].id).values(stored)
    await world.db.write(lambda tx: tx.execute(change) and None)
    world.later(minutes=10)
    over = await seen(host_token(room))
    assert over.status_code == 410
    [told] = over.json()["error"]["recordings"]
    assert (told["id"], told["state"], told["started_at"]) == (mine[0].id, "uploaded", "2026-03-01T08:00:02.000Z")
    assert f"/recordings/{mine[0].id}/" in told["url"]
    guest = await seen(None)
    assert guest.status_code == 404
    assert "recordings" not in guest.text


async def test_codes_cannot_be_tried_through(world: World) -> None:
    room = await make(world)
    for number in range(world.runtime.settings.code_misses_address):
        assert (await world.client.post("/api/meeting/look", json={"code": str(10**11 + number)})).status_code == 404
    slow = await world.client.post("/api/meeting/look", json={"code": str(10**11)})
    assert (slow.status_code, slow.json()["error"]["code"]) == (429, "slow_down")
    assert 0 < int(slow.headers["Retry-After"]) <= 60
    right = await world.client.post(
        "/api/meeting/look", json={"code": room["meeting_code"]}, headers={"X-Forwarded-For": "8.8.8.8"}
    )
    assert right.status_code == 429, "a right guess must not stand out, whatever address a header claims"
    host = await world.client.post(
        "/api/meeting/look", json={"code": room["meeting_code"], "participant_token": host_token(room)}
    )
    assert host.status_code == 200
    world.later(minutes=1)
    assert (await world.client.post("/api/meeting/look", json={"code": room["meeting_code"]})).status_code == 200


LIMITS = guesses.Limits(address=10, total=60)
CODE, SHORT = "1" * 12, "1" * 9


async def may_try(world: World, address: str, code: str = CODE) -> bool:
    try:
        await world.db.read(guesses.check, code, address, LIMITS)
    except TooMany:
        return False
    return True


async def miss(world: World, *addresses: str, code: str = CODE) -> None:
    for address in addresses:
        await world.db.write(guesses.missed, code, address)


async def test_many_addresses_together_have_one_budget_and_cannot_spend_it_for_others(world: World) -> None:
    guessing = [f"10.0.0.{number}" for number in range(60)]
    await miss(world, *guessing[:-1])
    assert await may_try(world, guessing[0])
    await miss(world, guessing[-1])
    assert not any([await may_try(world, address) for address in guessing]), "whoever has missed is answered no more"
    assert await may_try(world, "192.0.2.1"), "and nobody else is shut out"
    await miss(world, *(f"10.{site}.0.{number}" for site in (1, 2, 3) for number in range(180)))
    assert not await may_try(world, "192.0.2.1"), "up to ten times as many"
    world.later(minutes=1)
    assert await may_try(world, guessing[0])


async def test_shorter_codes_are_guessed_sooner_and_may_be_tried_less_often(world: World) -> None:
    """Rooms that were brought along from elsewhere have nine digits."""
    await miss(world, *["10.0.0.1"] * guesses.LEAST, code=SHORT)
    assert not await may_try(world, "10.0.0.1", SHORT)
    assert await may_try(world, "10.0.0.2", SHORT) and await may_try(world, "10.0.0.1")
    await miss(world, *(f"10.0.1.{number}" for number in range(guesses.LEAST * guesses.NEVER_MORE)), code=SHORT)
    assert not await may_try(world, "10.0.0.2", SHORT)
    assert await may_try(world, "10.0.0.1"), "the others' budget is their own"


async def test_one_machines_ipv6_addresses_are_one_and_one_sites_are_few(world: World) -> None:
    await miss(world, *(f"2001:db8:1:2::{number:x}" for number in range(1, 11)))
    assert not await may_try(world, "2001:db8:1:2::ffff") and await may_try(world, "2001:db8:1:3::1")
    await miss(world, *(f"2001:db8:1:{number:x}::1" for number in range(3, 53)))
    assert not await may_try(world, "2001:db8:1:ffff::1"), "60 in all: a site that has missed is answered no more"
    assert await may_try(world, "2001:db8:2::1")


async def test_one_site_of_ipv6_has_ten_times_the_misses_of_one_address(world: World) -> None:
    limits = guesses.Limits(address=10, total=1000)
    await miss(world, *(f"2001:db8:1:{number:x}::1" for number in range(100)))
    with pytest.raises(TooMany):
        await world.db.read(guesses.check, CODE, "2001:db8:1:ffff::1", limits)
    await world.db.read(guesses.check, CODE, "2001:db8:2::1", limits)


async def test_a_reload_comes_back_as_the_same_person(world: World) -> None:
    room = await make(world)
    first = (await join(world, room)).json()
    again = (await join(world, room, admission=first["admission"])).json()
    assert again["admission"] == first["admission"], "an answer that is lost on its way locks nobody out"
    other = (await join(world, room, admission={"id": first["admission"]["id"], "key": "guessed"})).json()
    assert other["admission"]["id"] != first["admission"]["id"]


async def test_only_the_host_has_the_hosts_powers(world: World) -> None:
    room = await make(world)
    host, _ = await inside(world, room, "Hanna", host=True)
    guest, guest_id = await inside(world, room, "Gustav")
    for method, path, body in (
        ("POST", "end", None),
        ("POST", "recording", None),
        ("DELETE", "recording", None),
        ("POST", f"people/{guest_id}/mute", {"source": "camera"}),
        ("DELETE", f"people/{guest_id}", None),
    ):
        for who, status in ((guest, 403), ({}, 401), ({"Authorization": "Bearer x.y"}, 401), (world.auth, 401)):
            answer = await world.client.request(method, f"/api/meeting/{path}", json=body, headers=who)
            assert answer.status_code == status, (method, path)
    assert (await world.client.post("/api/meeting/end", headers=host)).status_code == 204
    assert (await world.client.post("/api/meeting/end", headers=host)).status_code == 410
    state = (await world.client.get("/api/meeting/session", headers=guest)).json()
    assert (state["state"], state["ended_by_host"], state["recordings"]) == ("ended", True, [])


async def test_a_host_has_no_power_in_another_meeting(world: World) -> None:
    mine, other = await make(world), await make(world)
    host, _ = await inside(world, mine, "Hanna", host=True)
    _, stranger = await inside(world, other, "Oscar")
    assert (await world.client.delete(f"/api/meeting/people/{stranger}", headers=host)).status_code == 404
    assert (
        await world.client.post(f"/api/meeting/people/{stranger}/mute", json={"source": "camera"}, headers=host)
    ).status_code == 404


async def test_a_removed_person_is_out(world: World) -> None:
    room = await make(world)
    host, _ = await inside(world, room, "Hanna", host=True)
    guest, guest_id = await inside(world, room, "Gustav")
    assert (await world.client.delete(f"/api/meeting/people/{guest_id}", headers=host)).status_code == 204
    assert (await world.client.get("/api/meeting/session", headers=guest)).json()["removed"] is True
    key = guest["Authorization"].partition(".")[2]
    back = await join(world, room, "Gustav", admission={"id": guest_id, "key": key})
    assert (back.status_code, back.json()["error"]["code"]) == (403, "removed")


async def test_recording_on_and_off(world: World) -> None:
    room = await make(world)
    host, _ = await inside(world, room, "Hanna", host=True)
    began = await world.client.post("/api/meeting/recording", headers=host)
    assert (began.status_code, began.json()["state"], began.json()["automatic"]) == (201, "requested", False)
    assert (await world.client.post("/api/meeting/recording", headers=host)).json()["error"][
        "code"
    ] == "recording_running"
    seen = (await world.client.post("/api/meeting/look", json={"code": room["meeting_code"]})).json()
    assert (seen["session"]["people"], seen["session"]["recording"]["id"]) == (1, began.json()["id"])
    assert (await world.client.delete("/api/meeting/recording", headers=host)).status_code == 202
    assert (await world.client.delete("/api/meeting/recording", headers=host)).json()["error"]["code"] == "no_recording"


async def test_an_automatic_recording_cannot_be_stopped_and_a_switched_off_one_not_started(world: World) -> None:
    automatic = await make(world, recording_options={"auto_record": True})
    host, _ = await inside(world, automatic, "Hanna", host=True)
    stop = await world.client.delete("/api/meeting/recording", headers=host)
    assert (stop.status_code, stop.json()["error"]["code"]) == (409, "recording_automatic")
    off = await make(world, available_features={"is_recording_available": False})
    host, _ = await inside(world, off, "Hanna", host=True)
    start = await world.client.post("/api/meeting/recording", headers=host)
    assert (start.status_code, start.json()["error"]["code"]) == (403, "recording_unavailable")


async def test_an_engine_that_is_away_is_told_plainly(world: World) -> None:
    room = await make(world)
    world.engine.away = True
    answer = await join(world, room)
    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "engine_unavailable")
    assert answer.headers["Retry-After"]


async def test_the_page_is_served_under_every_meeting_address(world: World) -> None:
    for path in ("/", "/604118237", "/acme/604118237", "/?room_token=1&participant_token=x"):
        page = await world.client.get(path)
        assert page.status_code == 200
        assert page.headers["content-type"].startswith("text/html")
        policy = page.headers["content-security-policy"]
        assert "default-src 'none'" in policy and "unsafe" not in policy and "frame-ancestors 'none'" in policy
        assert page.headers["referrer-policy"] == "no-referrer"
    assert (await world.client.head("/")).status_code == 200
    assert (await world.client.get("/assets/..%2f..%2fdb.py")).status_code == 404


async def test_a_host_token_without_a_signature_is_worth_nothing(world: World) -> None:
    room = await make(world)
    forged = host_token(room).rsplit(".", 1)[0] + "."
    assert (await join(world, room, participant_token=forged)).json()["role"] == "guest"


async def test_a_ticket_is_answered_with_the_question_that_it_came_with(world: World) -> None:
    room, closed = await make(world), await make(world, join_approval_level="explicit_approval")
    look = {"code": room["meeting_code"]}
    seen = (await world.client.post("/api/meeting/look", json=look)).json()
    assert seen["tickets"] is world.db.is_sqlite, "where another process may be asked there are none"
    tickets = world.runtime.tickets
    mine, waits, nameless = (secrets.token_urlsafe(32) for _ in range(3))
    joined = (await join(world, room, "Ann", ticket=mine)).json()
    assert (await join(world, closed, "Ben", ticket=waits)).status_code == 202
    assert (await join(world, room, " ", ticket=nameless)).status_code == 400
    if world.db.is_sqlite:
        assert await tickets.exchange(mine) == joined["engine"]["token"]
    for refused in (waits, nameless):
        with pytest.raises(Unauthenticated):
            await tickets.exchange(refused)
    assert (await join(world, room, "Ann", ticket="short")).status_code == 400
