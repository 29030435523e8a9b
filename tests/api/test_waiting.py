"""The room's door: who waits and who comes in, by each level, in every order of events; and what all of them are told."""

import asyncio
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from convene import knocks, rooms, sessions, worker
from convene.db import Database, Tx
from tests import world as worlds
from tests.api.test_join import host_token, inside, join, make
from tests.listening import Listener, listening
from tests.world import World

EXPLICIT = {"join_approval_level": "explicit_approval"}
AFTER_OWNER = {"join_approval_level": "after_owner_only"}


def lasting(world: World) -> dict[str, Any]:
    """The fields of a room that outlives its sessions."""
    return {"type": "long_term", "expires_at": (world.now + timedelta(days=7)).isoformat()}


async def knock(world: World, room: dict[str, Any], name: str = "Gustav", **more: Any) -> dict[str, str]:
    """Somebody comes to the door and has to wait: his proof."""
    answer = await join(world, room, name, **more)
    assert answer.status_code == 202, answer.text
    assert "engine" not in answer.json() and "token" not in answer.text
    return answer.json()["waiting"]  # type: ignore[no-any-return]


def proof(of: dict[str, str]) -> dict[str, str]:
    return {"Authorization": f"Bearer {of['id']}.{of['key']}"}


async def wait(stack: AsyncExitStack, world: World, waiting: dict[str, str]) -> Listener:
    return await stack.enter_async_context(listening(world, "/api/meeting/waiting", proof(waiting)))


async def watch(stack: AsyncExitStack, world: World, host: dict[str, str]) -> Listener:
    return await stack.enter_async_context(listening(world, "/api/meeting/host", host))


async def decide(world: World, host: dict[str, str], waiting: dict[str, str], word: str) -> httpx.Response:
    return await world.client.post(f"/api/meeting/waiting/{waiting['id']}/{word}", headers=host)


async def end(world: World, host: dict[str, str]) -> None:
    assert (await world.client.post("/api/meeting/end", headers=host)).status_code == 204


async def patch(world: World, room: dict[str, Any], **details: Any) -> None:
    body = {"update_details": details}
    answer = await world.client.patch(f"/v1/meetings/rooms/{room['id']}", json=body, headers=world.auth)
    assert answer.status_code == 200, answer.text


# --- The table of levels --------------------------------------------------------------------------------------------


async def test_at_level_none_nobody_waits(world: World) -> None:
    room = await make(world)
    assert (await join(world, room, "Gustav")).status_code == 200


async def test_after_owner_only_guests_wait_for_the_host_and_then_come_in_also_when_he_has_left(world: World) -> None:
    room = await make(world, **AFTER_OWNER)
    gustav = await knock(world, room)
    async with AsyncExitStack() as stack:
        page = await wait(stack, world, gustav)
        await page.shows(state="waiting", level="after_owner_only", host_here=False, position=1)
        host = (await join(world, room, "Hanna", participant_token=host_token(room))).json()
        assert (await join(world, room, "Early")).status_code == 202, "a click of the host is not yet a host"
        _, hanna = await seen(world, host)
        await page.shows(state="admitted")
        await page.until(lambda me: me.over)
    entered = (await join(world, room, "Gustav", admission=gustav)).json()
    assert entered["admission"] == gustav
    await gone(world, host["session_id"], hanna)
    assert (await join(world, room, "Late")).status_code == 200


async def test_a_new_session_needs_its_host_again(world: World) -> None:
    room = await make(world, **AFTER_OWNER, **lasting(world))
    host, _ = await inside(world, room, "Hanna", host=True)
    entered = (await join(world, room, "Gustav")).json()
    await end(world, host)
    again = await join(world, room, "Gustav", admission=entered["admission"])
    assert again.status_code == 202
    assert again.json()["waiting"]["id"] != entered["admission"]["id"], "the old admission is spent"


async def test_explicit_approval_each_guest_waits_for_a_word_of_the_host(world: World) -> None:
    room = await make(world, **EXPLICIT)
    host, _ = await inside(world, room, "Hanna", host=True)
    async with AsyncExitStack() as stack:
        hosts = await watch(stack, world, host)
        await hosts.lists()
        gustav = await knock(world, room)
        world.later(seconds=1)
        carla = await knock(world, room, "Carla")
        first, second = await wait(stack, world, gustav), await wait(stack, world, carla)
        await first.shows(state="waiting", host_here=True, position=1)
        await second.shows(state="waiting", position=2)
        listed = await hosts.lists("Gustav", "Carla")
        assert [one["id"] for one in listed] == [gustav["id"], carla["id"]]
        assert (await decide(world, host, gustav, "admit")).status_code == 204
        await first.shows(state="admitted")
        await second.shows(state="waiting", position=1)
        await hosts.lists("Carla")
        assert (await decide(world, host, carla, "deny")).status_code == 204
        await second.shows(state="denied")
        await hosts.lists()
    entered = await join(world, room, "Gustav", admission=gustav)
    assert (entered.status_code, entered.json()["admission"]) == (200, gustav)
    refused = await join(world, room, "Carla", admission=carla)
    assert (refused.status_code, refused.json()["error"]["code"]) == (403, "denied")


async def test_all_at_once(world: World) -> None:
    room = await make(world, **EXPLICIT)
    host, _ = await inside(world, room, "Hanna", host=True)
    people = [await knock(world, room, name) for name in ("Ann", "Ben", "Cy")]
    assert (await world.client.post("/api/meeting/waiting/admit_all", headers=host)).status_code == 204
    for person in people:
        assert (await join(world, room, "x", admission=person)).json()["admission"] == person
    assert (await world.client.post("/api/meeting/waiting/admit_all", headers=host)).status_code == 204


async def test_the_host_never_waits(world: World) -> None:
    for level in (EXPLICIT, AFTER_OWNER):
        room = await make(world, **level)
        assert (await join(world, room, "Hanna", participant_token=host_token(room))).status_code == 200


async def test_who_waits_and_then_opens_the_hosts_link_is_the_host(world: World) -> None:
    room = await make(world, **EXPLICIT)
    waiting = await knock(world, room, "Hanna")
    joined = (await join(world, room, "Hanna", admission=waiting, participant_token=host_token(room))).json()
    assert (joined["role"], joined["admission"]) == ("host", waiting)


# --- Nobody twice, nobody without leave ------------------------------------------------------------------------------


async def test_a_guest_who_reloads_keeps_his_place_and_may_change_his_name(world: World) -> None:
    room = await make(world, **EXPLICIT)
    host, _ = await inside(world, room, "Hanna", host=True)
    gustav = await knock(world, room)
    world.later(seconds=1)
    await knock(world, room, "Carla")
    world.later(seconds=1)
    assert await knock(world, room, "Gustavo", admission=gustav) == gustav
    async with AsyncExitStack() as stack:
        await (await watch(stack, world, host)).lists("Gustavo", "Carla")


async def test_admitted_while_he_reloads_he_comes_straight_in(world: World) -> None:
    room = await make(world, **EXPLICIT)
    host, _ = await inside(world, room, "Hanna", host=True)
    gustav = await knock(world, room)
    async with AsyncExitStack() as stack:
        await (await wait(stack, world, gustav)).shows(state="waiting")
    assert (await decide(world, host, gustav, "admit")).status_code == 204
    async with AsyncExitStack() as stack:
        await (await wait(stack, world, gustav)).shows(state="admitted")
    for _ in range(3):  # a reload, a second tab, a lost answer
        assert (await join(world, room, "Gustav", admission=gustav)).json()["admission"] == gustav


async def test_an_admission_to_another_session_is_no_leave(world: World) -> None:
    room = await make(world, **EXPLICIT, **lasting(world))
    host, _ = await inside(world, room, "Hanna", host=True)
    used, unused = await knock(world, room, "Used"), await knock(world, room, "Unused")
    for one in (used, unused):
        await decide(world, host, one, "admit")
    assert (await join(world, room, "Used", admission=used)).status_code == 200
    await end(world, host)
    host, _ = await inside(world, room, "Hanna", host=True)
    for one in (used, unused):
        again = await knock(world, room, "Again", admission=one)
        assert again["id"] != one["id"]
    async with AsyncExitStack() as stack:
        await (await watch(stack, world, host)).lists("Again", "Again")


async def test_a_denial_ends_with_its_session(world: World) -> None:
    room = await make(world, **EXPLICIT, **lasting(world))
    host, _ = await inside(world, room, "Hanna", host=True)
    gustav = await knock(world, room)
    await decide(world, host, gustav, "deny")
    await end(world, host)
    host, _ = await inside(world, room, "Hanna", host=True)
    assert await knock(world, room, "Gustav", admission=gustav) == gustav
    async with AsyncExitStack() as stack:
        await (await watch(stack, world, host)).lists("Gustav")


async def test_who_was_removed_stays_out(world: World) -> None:
    room = await make(world, **EXPLICIT)
    host, _ = await inside(world, room, "Hanna", host=True)
    gustav = await knock(world, room)
    await decide(world, host, gustav, "admit")
    await join(world, room, "Gustav", admission=gustav)
    assert (await world.client.delete(f"/api/meeting/people/{gustav['id']}", headers=host)).status_code == 204
    again = await join(world, room, "Gustav", admission=gustav)
    assert (again.status_code, again.json()["error"]["code"]) == (403, "removed")
    assert (await join(world, room, "Gustav")).status_code == 202, "without the proof he is a stranger, who waits"


async def test_a_guessed_key_is_no_proof(world: World) -> None:
    room, other = await make(world, **EXPLICIT), await make(world)
    gustav = await knock(world, room)
    forged = gustav | {"key": "guessed"}
    assert (await knock(world, room, "Eve", admission=forged))["id"] != gustav["id"]
    assert (await world.client.get("/api/meeting/waiting", headers=proof(forged))).status_code == 401
    assert (await world.client.delete("/api/meeting/waiting", headers=proof(forged))).status_code == 401
    assert (await world.client.get("/api/meeting/session", headers=proof(gustav))).status_code == 401
    host, _ = await inside(world, room, "Hanna", host=True)
    await decide(world, host, gustav, "admit")
    elsewhere = await join(world, other, "Gustav", admission=gustav)
    assert elsewhere.json()["admission"]["id"] != gustav["id"], "leave for one room is none for another"


async def test_decisions_are_made_once(world: World) -> None:
    room = await make(world, **EXPLICIT)
    host, _ = await inside(world, room, "Hanna", host=True)
    other, _ = await inside(world, room, "Heinz", host=True)
    ann, ben = await knock(world, room, "Ann"), await knock(world, room, "Ben")
    assert [(await decide(world, who, ann, "admit")).status_code for who in (host, host, other)] == [204, 204, 204]
    late = await decide(world, other, ann, "deny")
    assert (late.status_code, late.json()["error"]["code"]) == (409, "already_admitted")
    assert [(await decide(world, who, ben, "deny")).status_code for who in (host, host, other)] == [204, 204, 204]
    late = await decide(world, other, ben, "admit")
    assert (late.status_code, late.json()["error"]["code"]) == (409, "already_denied")
    assert (await join(world, room, "Ann", admission=ann)).status_code == 200
    assert (await join(world, room, "Ben", admission=ben)).status_code == 403


async def test_who_was_refused_may_ask_again_after_a_minute_three_times(world: World) -> None:
    room = await make(world, **EXPLICIT, **lasting(world))
    host, _ = await inside(world, room, "Hanna", host=True)
    gustav = await knock(world, room)
    async with AsyncExitStack() as stack:
        hosts = await watch(stack, world, host)
        for _ in range(3):
            page = await wait(stack, world, gustav)
            await hosts.lists("Gustav")
            await decide(world, host, gustav, "deny")
            await page.shows(state="denied", retry_after=60)
            await hosts.lists()
            world.later(seconds=59)
            early = await join(world, room, "Gustav", admission=gustav)
            assert (early.status_code, early.json()["error"]["retry_after"]) == (403, 1)
            assert early.headers["Retry-After"] == "1"
            world.later(seconds=1)
            carla = await knock(world, room, "Carla")
            world.later(seconds=1)
            assert await knock(world, room, admission=gustav) == gustav
            # He has no other place than one who comes now.
            await hosts.lists("Carla", "Gustav")
            await world.client.delete("/api/meeting/waiting", headers=proof(carla))
        page = await wait(stack, world, gustav)
        await decide(world, host, gustav, "deny")
        await page.shows(state="denied", retry_after=None)
    world.later(minutes=10)
    last = await join(world, room, "Gustav", admission=gustav)
    assert (last.status_code, last.json()["error"]["code"]) == (403, "denied")
    assert "retry_after" not in last.json()["error"]
    # The next session begins anew.
    await end(world, host)
    await inside(world, room, "Hanna", host=True)
    assert await knock(world, room, admission=gustav) == gustav


async def test_who_asks_again_is_let_in(world: World) -> None:
    room = await make(world, **EXPLICIT)
    host, _ = await inside(world, room, "Hanna", host=True)
    gustav = await knock(world, room)
    await decide(world, host, gustav, "deny")
    assert (await decide(world, host, gustav, "admit")).status_code == 409, "he is not there to be let in"
    world.later(seconds=60)
    answers = await asyncio.gather(*(join(world, room, "Gustav", admission=gustav) for _ in range(4)))
    assert {answer.status_code for answer in answers} == {202}
    assert (await decide(world, host, gustav, "admit")).status_code == 204
    entered = await join(world, room, "Gustav", admission=gustav)
    assert (entered.status_code, entered.json()["admission"]) == (200, gustav)


async def test_everybody_at_once(world: World) -> None:
    """Hosts who admit, deny and admit all, while the guest knocks again and gives up: one outcome, and no error."""
    room = await make(world, **EXPLICIT)
    host, _ = await inside(world, room, "Hanna", host=True)
    for _ in range(8):
        gustav = await knock(world, room)
        answers = await asyncio.gather(
            decide(world, host, gustav, "admit"),
            join(world, room, "Gustav", admission=gustav),
            decide(world, host, gustav, "deny"),
            world.client.post("/api/meeting/waiting/admit_all", headers=host),
            join(world, room, "Gustav", admission=gustav),
            decide(world, host, gustav, "admit"),
        )
        assert {answer.status_code for answer in answers} <= {200, 202, 204, 403, 409}, [a.text for a in answers]
        end_state = (await join(world, room, "Gustav", admission=gustav)).status_code
        wins = {
            "admit": answers[0].status_code == 204 or answers[5].status_code == 204,
            "deny": answers[2].status_code == 204,
        }
        assert end_state in (200, 403)
        if end_state == 200:
            assert not wins["deny"]
        else:
            assert wins["deny"] and not wins["admit"]


async def test_one_ticket_shown_twice_at_once_is_one_person(world: World) -> None:
    room = await make(world, **AFTER_OWNER)
    gustav = await knock(world, room)
    await inside(world, room, "Hanna", host=True)
    answers = await asyncio.gather(*(join(world, room, "Gustav", admission=gustav) for _ in range(6)))
    assert {answer.status_code for answer in answers} == {200}
    assert {answer.json()["admission"]["id"] for answer in answers} == {gustav["id"]}


async def test_leave_without_a_session_opens_one(world: World) -> None:
    """By API, before anybody is in: it lasts as long as the session that is opened for it."""
    room = await make(world, **EXPLICIT, **lasting(world))
    gustav, carla = await knock(world, room), await knock(world, room, "Carla")
    for one in (gustav, carla):
        path = f"/v1/meetings/rooms/{room['id']}/waiting/{one['id']}/admit"
        assert (await world.client.post(path, headers=world.auth)).json()["state"] == "admitted"
    first = (await join(world, room, "Gustav", admission=gustav)).json()
    assert first["admission"] == gustav
    world.later(minutes=3)
    await world.db.write(worker.close_due)
    assert (await join(world, room, "Carla", admission=carla)).status_code == 202


# --- What changes around those who wait -------------------------------------------------------------------------------


async def test_a_level_changed_to_none_lets_everybody_in(world: World) -> None:
    room = await make(world, **EXPLICIT, **lasting(world))
    gustav = await knock(world, room)
    async with AsyncExitStack() as stack:
        page = await wait(stack, world, gustav)
        await page.shows(state="waiting", position=1)
        await patch(world, room, join_approval_level="none")
        await page.shows(state="admitted")
    assert (await join(world, room, "Gustav", admission=gustav)).json()["admission"] == gustav
    await patch(world, room, join_approval_level="explicit_approval")
    assert (await join(world, room, "Late")).status_code == 202


async def test_a_level_changed_to_explicit_keeps_new_guests_out_and_old_ones_in(world: World) -> None:
    room = await make(world, **lasting(world))
    entered = (await join(world, room, "Gustav")).json()
    await patch(world, room, join_approval_level="explicit_approval")
    assert (await join(world, room, "Late")).status_code == 202
    assert (await join(world, room, "Gustav", admission=entered["admission"])).status_code == 200


async def test_a_room_that_is_locked_keeps_everybody_out_until_it_is_open_again(world: World) -> None:
    room = await make(world, **EXPLICIT)
    host, _ = await inside(world, room, "Hanna", host=True)
    gustav = await knock(world, room)
    async with AsyncExitStack() as stack:
        page, hosts = await wait(stack, world, gustav), await watch(stack, world, host)
        await hosts.lists("Gustav")
        await world.db.write(rooms.lock, room["id"], locked=True)
        await page.shows(state="locked")
        await hosts.lists()
        assert (await join(world, room, "Gustav", admission=gustav)).status_code == 423
        assert (await decide(world, host, gustav, "admit")).status_code == 423
        await world.db.write(rooms.lock, room["id"], locked=False)
        await hosts.lists("Gustav")
    assert await knock(world, room, "Gustav", admission=gustav) == gustav


async def test_a_room_that_is_deleted_or_expires_sends_everybody_home(world: World) -> None:
    deleted, expired = await make(world, **EXPLICIT), await make(world, **EXPLICIT)
    gustav, carla = await knock(world, deleted), await knock(world, expired)
    async with AsyncExitStack() as stack:
        page = await wait(stack, world, gustav)
        await page.shows(state="waiting")
        answer = await world.client.delete(f"/v1/meetings/rooms/{deleted['id']}", headers=world.auth)
        assert answer.status_code == 204
        await page.shows(state="ended")
        world.later(minutes=10)
        await (await wait(stack, world, carla)).shows(state="ended")
    assert (await join(world, expired, "Carla", admission=carla)).status_code == 404


async def test_the_end_of_a_session_leaves_those_who_wait_waiting_for_the_next(world: World) -> None:
    room = await make(world, **EXPLICIT, **lasting(world))
    host, _ = await inside(world, room, "Hanna", host=True)
    gustav = await knock(world, room)
    async with AsyncExitStack() as stack:
        page = await wait(stack, world, gustav)
        hosts = await watch(stack, world, host)
        await page.shows(state="waiting", host_here=True)
        await hosts.lists("Gustav")
        await end(world, host)
        await page.shows(state="waiting", host_here=False)
        await hosts.until(lambda me: me.over)
        assert (await world.client.get("/api/meeting/host", headers=host)).status_code == 410
        host, _ = await inside(world, room, "Hanna", host=True)
        await page.shows(state="waiting", host_here=True)
        await decide(world, host, gustav, "admit")
        await page.shows(state="admitted")


async def test_who_gives_up_is_gone_at_once_and_who_closes_his_page_soon(world: World) -> None:
    room = await make(world, **EXPLICIT)
    host, _ = await inside(world, room, "Hanna", host=True)
    gustav, carla = await knock(world, room), await knock(world, room, "Carla")
    async with AsyncExitStack() as stack:
        hosts, page = await watch(stack, world, host), await wait(stack, world, gustav)
        await hosts.lists("Gustav", "Carla") if gustav["id"] < carla["id"] else await hosts.lists("Carla", "Gustav")
        assert (await world.client.delete("/api/meeting/waiting", headers=proof(gustav))).status_code == 204
        await hosts.lists("Carla")
        await page.until(lambda me: me.over)
    assert (await decide(world, host, gustav, "admit")).status_code == 404
    world.later(seconds=31)  # Carla's page never came to listen
    for _ in range(2):
        async with AsyncExitStack() as stack:
            hosts = await watch(stack, world, host)
            await hosts.lists()
            page = await wait(stack, world, carla)
            await page.shows(state="waiting", position=1)
            await hosts.lists("Carla")
        world.later(seconds=7)  # it was closed, and may be on its way back
        async with AsyncExitStack() as stack:
            await (await watch(stack, world, host)).lists("Carla")
        world.later(seconds=2)


async def test_of_two_pages_of_one_person_one_is_closed(world: World) -> None:
    room = await make(world, **EXPLICIT)
    host, _ = await inside(world, room, "Hanna", host=True)
    gustav = await knock(world, room)
    async with AsyncExitStack() as stack:
        await wait(stack, world, gustav)
        async with AsyncExitStack() as second:
            await wait(second, world, gustav)
        world.later(seconds=12)
        await (await watch(stack, world, host)).lists("Gustav")


async def test_so_many_may_wait_and_no_more(world: World) -> None:
    from convene.web.app import create_app

    settings = replace(world.runtime.settings, waiting_limit=2)
    app = create_app(replace(world.runtime, settings=settings))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://localhost:8000") as client:
        room = await make(world, **EXPLICIT)
        body = {"code": room["meeting_code"], "name": "Ann"}
        answers = await asyncio.gather(*(client.post("/api/meeting/join", json=body) for _ in range(5)))
        assert sorted(answer.status_code for answer in answers) == [202, 202, 409, 409, 409]
        full = next(answer for answer in answers if answer.status_code == 409)
        assert full.json()["error"]["code"] == "waiting_full"
        mine = next(answer for answer in answers if answer.status_code == 202).json()["waiting"]
        assert (await client.post("/api/meeting/join", json=body | {"admission": mine})).status_code == 202
        world.later(seconds=31)
        assert (await client.post("/api/meeting/join", json=body)).status_code == 202


# --- Streams ----------------------------------------------------------------------------------------------------------


async def test_a_stream_ends_at_once_when_the_server_stops(world: World) -> None:
    room = await make(world, **EXPLICIT)
    host, _ = await inside(world, room, "Hanna", host=True)
    async with AsyncExitStack() as stack:
        page = await wait(stack, world, await knock(world, room))
        hosts = await watch(stack, world, host)
        await page.shows(state="waiting")
        assert page.headers["content-type"].startswith("text/event-stream")
        assert page.headers["cache-control"] == "no-store"
        world.runtime.stopping.set()
        for listener in (page, hosts):
            await listener.until(lambda me: me.over)
    world.runtime.stopping.clear()


async def test_nobody_opens_streams_without_end(world: World) -> None:
    from convene.web import stream

    room = await make(world, **EXPLICIT)
    bells = stream.Bells(world.db, world.runtime.stopping)
    gustav = await knock(world, room)
    with bells.counted(*[gustav["id"]] * stream.PER_PERSON), pytest.raises(stream.TooMany):
        bells.check(gustav["id"], "192.0.2.1")
    bells.check(gustav["id"], "192.0.2.1")
    with bells.counted(*["192.0.2.1"] * stream.PER_ADDRESS), pytest.raises(stream.TooMany):
        bells.check("somebody", "192.0.2.1")


async def test_only_hosts_of_the_room_see_and_decide(world: World) -> None:
    room, other = await make(world, **EXPLICIT), await make(world, **EXPLICIT)
    host, _ = await inside(world, room, "Hanna", host=True)
    stranger, _ = await inside(world, other, "Oscar", host=True)
    gustav = await knock(world, room)
    await decide(world, host, gustav, "admit")
    guest = proof(gustav)
    carla = await knock(world, room, "Carla")
    for who, status in ((guest, 403), ({}, 401), (proof(carla), 401), (world.auth, 401)):
        assert (await world.client.get("/api/meeting/host", headers=who)).status_code == status
        assert (await decide(world, who, carla, "admit")).status_code == status
        assert (await decide(world, who, carla, "deny")).status_code == status
        assert (await world.client.post("/api/meeting/waiting/admit_all", headers=who)).status_code == status
    assert (await decide(world, stranger, carla, "admit")).status_code == 404
    assert (await world.client.post("/api/meeting/waiting/admit_all", headers=stranger)).status_code == 204
    assert (await join(world, room, "Carla", admission=carla)).status_code == 202
    assert (await decide(world, host, {"id": "%00"}, "admit")).status_code == 404


async def test_old_knocks_are_forgotten(world: World) -> None:
    room = await make(world, **EXPLICIT, **lasting(world))
    gustav = await knock(world, room)
    world.later(days=1, seconds=1)
    await world.db.write(knocks.forget)
    assert (await world.client.get("/api/meeting/waiting", headers=proof(gustav))).status_code == 401
    assert (await knock(world, room, admission=gustav))["id"] != gustav["id"]


async def test_another_process_tells_as_well(postgres_url: str, tmp_path: Path) -> None:
    await asyncio.to_thread(worlds.emptied, postgres_url)
    async with worlds.world(postgres_url, tmp_path) as world:
        second = Database(postgres_url, clock=lambda: world.now)
        await second.open()
        try:
            elsewhere = replace(world, runtime=replace(world.runtime, db=second))
            room = await make(world, **EXPLICIT)
            host, _ = await inside(world, room, "Hanna", host=True)
            async with AsyncExitStack() as stack:
                hosts = await watch(stack, elsewhere, host)
                await hosts.lists()
                gustav = await knock(world, room)
                await hosts.lists("Gustav")
                page = await wait(stack, elsewhere, gustav)
                await page.shows(state="waiting")
                await decide(world, host, gustav, "admit")
                await page.shows(state="admitted")
        finally:
            await second.close()


# --- By API -----------------------------------------------------------------------------------------------------------


async def test_the_same_powers_by_api(world: World) -> None:
    room = await make(world, **EXPLICIT)
    door = f"/v1/meetings/rooms/{room['id']}/waiting"
    people = {}
    for name in ("Ann", "Ben", "Cy"):
        people[name] = await knock(world, room, name)
        world.later(seconds=1)
    listed = (await world.client.get(door, headers=world.auth)).json()["_embedded"]["waiting"]
    assert [(one["name"], one["id"], one["state"]) for one in listed] == [
        (name, one["id"], "waiting") for name, one in people.items()
    ]
    assert listed[0]["asked_at"] == room["created_at"]
    denied = await world.client.post(f"{door}/{people['Ann']['id']}/deny", headers=world.auth)
    assert (denied.status_code, denied.json()["state"]) == (200, "denied")
    clash = await world.client.post(f"{door}/{people['Ann']['id']}/admit", headers=world.auth)
    assert (clash.status_code, clash.json()["name"]) == (409, "ConflictError")
    admitted = await world.client.post(f"{door}/admit_all", headers=world.auth)
    assert {one["name"] for one in admitted.json()["_embedded"]["waiting"]} == {"Ben", "Cy"}
    assert (await world.client.get(door, headers=world.auth)).json() == {"_embedded": {"waiting": []}}
    assert (await join(world, room, "Ben", admission=people["Ben"])).status_code == 200
    for path in (f"{door}/{room['id']}/admit", f"{door}/x/deny", f"/v1/meetings/rooms/{people['Ann']['id']}/waiting"):
        method = "GET" if path.endswith("waiting") else "POST"
        answer = await world.client.request(method, path, headers=world.auth)
        assert (answer.status_code, answer.json()["name"]) == (404, "NotFoundError")
    assert (await world.client.get(door)).status_code == 401


async def test_everybody_who_waits_is_refused_at_once_by_api_and_by_the_host(world: World) -> None:
    room = await make(world, **EXPLICIT)
    door = f"/v1/meetings/rooms/{room['id']}/waiting"
    host, _ = await inside(world, room, "Hanna", host=True)
    ann, ben = await knock(world, room, "Ann"), await knock(world, room, "Ben")
    await decide(world, host, ann, "admit")
    denied = await world.client.post(f"{door}/deny_all", headers=world.auth)
    assert [(one["name"], one["state"]) for one in denied.json()["_embedded"]["waiting"]] == [("Ben", "denied")]
    assert (await world.client.get(door, headers=world.auth)).json() == {"_embedded": {"waiting": []}}
    assert (await join(world, room, "Ben", admission=ben)).status_code == 403
    assert (await join(world, room, "Ann", admission=ann)).status_code == 200, "who is in stays in"
    again = await world.client.post(f"{door}/deny_all", headers=world.auth)
    assert (again.status_code, again.json()) == (200, {"_embedded": {"waiting": []}})

    carla = await knock(world, room, "Carla")
    assert (await world.client.post("/api/meeting/waiting/deny_all", headers=proof(ann))).status_code == 403
    assert (await world.client.post("/api/meeting/waiting/deny_all", headers=host)).status_code == 204
    assert (await join(world, room, "Carla", admission=carla)).status_code == 403


async def test_nobody_is_let_into_an_expired_room_by_api(world: World) -> None:
    room = await make(world, **EXPLICIT)
    gustav = await knock(world, room)
    world.later(minutes=10)
    door = f"/v1/meetings/rooms/{room['id']}/waiting"
    answer = await world.client.post(f"{door}/{gustav['id']}/admit", headers=world.auth)
    assert (answer.status_code, answer.json()["name"]) == (409, "ConflictError")
    assert (await world.client.get(door, headers=world.auth)).json()["_embedded"]["waiting"] == []


# --- What the engine says ---------------------------------------------------------------------------------------------


async def seen(world: World, joined: dict[str, Any]) -> tuple[dict[str, str], str]:
    """The engine has seen the person who has just joined: his headers and his sid."""
    from convene.engine import Person

    person = joined["admission"]["id"]
    stay = Person(f"PA_{person[:8]}", person, joined["name"], world.now, False)
    await world.db.write(worker.observe, joined["session_id"], [stay], timedelta(seconds=20))
    return proof(joined["admission"]), stay.sid


async def gone(world: World, session_id: str, sid: str) -> None:
    """The engine has told that this stay is over; somebody else is still in."""
    from convene.engine import EngineEvent, Person

    def tell(tx: Tx) -> None:
        session = sessions.get(tx, session_id)
        identity = session_identity(tx, sid)
        stay = Person(sid, identity, "Hanna", world.now, False)
        event = EngineEvent(f"EV_{sid}", "participant_left", session.engine_room, "RM_1", world.now, stay)
        sessions.apply(tx, event, timedelta(seconds=20))
        assert not sessions.host_here(tx, session_id) and sessions.host_came(tx, session_id)

    await world.db.write(tell)


def session_identity(tx: Tx, sid: str) -> str:
    import sqlalchemy as sa

    from convene.tables import participant

    return str(tx.connection.execute(sa.select(participant.c.person_id).where(participant.c.sid == sid)).scalar_one())
