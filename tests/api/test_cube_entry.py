"""Entering a scheduled meeting at the page's door: by the plain link, and by the links of its host and its attendees."""

from typing import Any

import httpx
import pytest
import sqlalchemy as sa

from convene import tables
from convene.users import User
from tests.api.test_join import inside
from tests.api.test_waiting import decide, proof
from tests.world import START, World

TOMORROW = int(START.timestamp()) + 86400


async def make(world: World, host: User, *attendees: dict[str, Any], **said: Any) -> str:
    """A meeting as its host makes it; its id."""
    body = {"name": "Launch review", "start_date": TOMORROW, "end_date": TOMORROW + 3600, **said}
    answer = await world.client.post(
        "/meetings", json=body | {"attendees": list(attendees)}, headers=await world.cube.token(host)
    )
    assert answer.status_code == 201, answer.text
    return str(answer.json()["_id"])


async def personal(world: World, meeting: str, **who: Any) -> str:
    """The token in somebody's link, as the administrator gets it."""
    answer = await world.client.post(f"/admin/meetings/{meeting}/links", json=who, headers=world.cube.admin)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["link"].partition("participant_token=")[2])


async def look(world: World, meeting: str, token: str | None = None) -> httpx.Response:
    return await world.client.post("/api/meeting/look", json={"code": meeting, "participant_token": token})


async def join(world: World, meeting: str, name: str = "Ann", **more: Any) -> httpx.Response:
    return await world.client.post("/api/meeting/join", json={"code": meeting, "name": name, **more})


async def number_of(world: World, person: str) -> int | None:
    column = tables.admission.c.user_number
    return await world.db.read(
        lambda tx: tx.connection.scalar(sa.select(column).where(tables.admission.c.id == person))
    )


async def test_host_and_attendees_come_in_and_a_stranger_waits_for_leave(world: World) -> None:
    grace = await world.cube.user("grace", full_name="Grace H")
    ada = await world.cube.user("ada", full_name="Ada L")
    meeting = await make(world, grace, {"id": ada.number}, {"email": "Guest@example.net"})
    host, attendee, guest = [
        await personal(world, meeting, **who)
        for who in ({"user_id": grace.number}, {"user_id": ada.number}, {"email": "guest@example.net"})
    ]
    seen = [(await look(world, meeting, token)).json() for token in (None, host, attendee, guest)]
    assert [(one["role"], one["name"]) for one in seen] == [
        ("guest", None),
        ("host", "Grace H"),
        ("guest", "Ada L"),
        ("guest", None),
    ]
    assert seen[0]["room"]["display_name"] == "Launch review"

    waits = await join(world, meeting, "Mallory")
    assert waits.status_code == 202 and "engine" not in waits.json()
    first = await join(world, meeting, "Ada", participant_token=attendee)  # before any host
    assert (first.status_code, first.json()["role"]) == (200, "guest")
    second = await join(world, meeting, "Guest", participant_token=guest)
    assert second.json()["session_id"] == first.json()["session_id"]
    numbers = [await number_of(world, one.json()["admission"]["id"]) for one in (first, second)]
    assert numbers == [ada.number, None]

    headers, person = await inside(world, {"meeting_code": meeting, **linked(host)}, "Grace", host=True)
    assert await number_of(world, person) == grace.number
    assert (await decide(world, headers, waits.json()["waiting"], "admit")).status_code == 204
    again = await join(world, meeting, "Mallory", admission=waits.json()["waiting"])
    assert again.status_code == 200 and await number_of(world, again.json()["admission"]["id"]) is None


def linked(token: str) -> dict[str, Any]:
    """What `inside` reads a host's token from."""
    return {"_links": {"host_url": {"href": f"?participant_token={token}"}}}


async def test_who_waits_already_comes_in_by_his_own_link(world: World) -> None:
    grace, ada = await world.cube.user("grace"), await world.cube.user("ada")
    meeting = await make(world, grace, {"id": ada.number})
    waiting = (await join(world, meeting, "Ada")).json()["waiting"]
    token = await personal(world, meeting, user_id=ada.number)
    came = await join(world, meeting, "Ada", admission=waiting, participant_token=token)
    assert came.status_code == 200 and came.json()["admission"]["id"] == waiting["id"]
    assert await number_of(world, waiting["id"]) == ada.number
    stands = await world.client.get("/api/meeting/waiting", headers=proof(waiting))
    assert '"admitted"' in stands.text


async def test_who_was_taken_off_the_list_knocks_like_everybody(world: World) -> None:
    grace, ada = await world.cube.user("grace"), await world.cube.user("ada")
    meeting = await make(world, grace, {"id": ada.number})
    token = await personal(world, meeting, user_id=ada.number)
    changed = await world.client.put(
        f"/meetings/{meeting}", json={"attendees": []}, headers=await world.cube.token(grace)
    )
    assert changed.status_code == 200
    assert (await join(world, meeting, "Ada", participant_token=token)).status_code == 202
    assert (await look(world, meeting, token)).json()["name"] is None


async def test_a_deleted_meeting_is_found_by_nobody(world: World) -> None:
    grace = await world.cube.user("grace")
    meeting = await make(world, grace)
    token = await personal(world, meeting, user_id=grace.number)
    deleted = await world.client.delete(f"/meetings/{meeting}", headers=await world.cube.token(grace))
    assert deleted.status_code == 200
    for given in (None, token):
        assert (await look(world, meeting, given)).status_code == 404
        assert (await join(world, meeting, participant_token=given)).status_code == 404


async def test_an_expired_meeting_tells_the_truth_to_the_invited_alone(world: World) -> None:
    grace = await world.cube.user("grace")
    meeting = await make(world, grace)
    token = await personal(world, meeting, user_id=grace.number)
    world.later(days=world.runtime.settings.meeting_open_days + 3)
    assert (await look(world, meeting)).status_code == 404
    assert (await look(world, meeting, token)).status_code == 410


async def test_a_public_meeting_lets_everybody_in_and_knows_the_users(world: World) -> None:
    grace, ada = await world.cube.user("grace"), await world.cube.user("ada")
    meeting = await make(world, grace, public=True)
    assert (await join(world, meeting, "Mallory")).status_code == 200
    token = await personal(world, meeting, user_id=ada.number)
    came = await join(world, meeting, "Ada", participant_token=token)
    assert await number_of(world, came.json()["admission"]["id"]) == ada.number


async def test_a_lock_holds_for_attendees_and_not_for_the_host(world: World) -> None:
    grace, ada = await world.cube.user("grace"), await world.cube.user("ada")
    meeting = await make(world, grace, {"id": ada.number})
    host = await personal(world, meeting, user_id=grace.number)
    attendee = await personal(world, meeting, user_id=ada.number)
    headers, _ = await inside(world, {"meeting_code": meeting, **linked(host)}, "Grace", host=True)
    assert (await world.client.post("/api/meeting/lock", json={"locked": True}, headers=headers)).status_code == 204
    assert (await join(world, meeting, "Ada", participant_token=attendee)).status_code == 423
    assert (await join(world, meeting, "Grace's telephone", participant_token=host)).status_code == 200


async def test_ids_cannot_be_tried_through_and_the_invited_are_not_hindered(world: World) -> None:
    grace = await world.cube.user("grace")
    meeting = await make(world, grace)
    token = await personal(world, meeting, user_id=grace.number)
    limit = world.runtime.settings.code_misses_address
    answers = [await look(world, f"{n:024x}", token) for n in range(limit + 1)]
    assert {answer.status_code for answer in answers[:-1]} == {404} and answers[-1].status_code == 429
    assert (await look(world, meeting)).status_code == 429
    assert (await look(world, meeting, token)).status_code == 200


@pytest.mark.parametrize("code", ["g" * 24, "\x00" * 24, "٣" * 24, "٣" * 12, "1" * 24])
async def test_what_is_no_id_is_no_meeting(world: World, code: str) -> None:
    assert (await look(world, code)).status_code == 404


async def test_the_rooms_own_code_leads_there_too(world: World) -> None:
    grace, ada = await world.cube.user("grace"), await world.cube.user("ada")
    meeting = await make(world, grace, {"id": ada.number})
    token = await personal(world, meeting, user_id=ada.number)
    statement = sa.select(tables.room.c.meeting_code).where(tables.room.c.is_meetings)
    code = await world.db.read(lambda tx: tx.connection.scalar(statement))
    assert (await join(world, str(code), "Mallory")).status_code == 202
    assert (await join(world, str(code), "Ada", participant_token=token)).status_code == 200


# --- Who gets a link ------------------------------------------------------------------------------------------------


async def test_a_user_gets_his_own_link_and_nobody_elses(world: World) -> None:
    cube = world.cube
    grace, ada, mal = [await cube.user(name) for name in ("grace", "ada", "mal")]
    eve = await cube.user("eve", email="eve@example.org", verified=True)
    meeting = await make(world, grace, {"id": ada.number}, {"email": "Eve@example.org"})
    path = f"/meetings/{meeting}/link"
    links = [
        (await world.client.get(path, headers=await cube.token(user))).json()["link"] for user in (grace, ada, eve)
    ]
    assert all(link.startswith(f"http://localhost:8000/{meeting}?participant_token=") for link in links)
    names = [(await look(world, meeting, link.partition("participant_token=")[2])).json()["name"] for link in links]
    assert names == ["grace", "ada", "eve"]
    refused = await world.client.get(path, headers=await cube.token(mal))
    assert (refused.status_code, list(refused.json())) == (404, ["errors"])
    await world.client.put(f"/meetings/{meeting}", json={"public": True}, headers=await cube.token(grace))
    assert (await world.client.get(path, headers=await cube.token(mal))).status_code == 200
    assert (await world.client.get(path, headers=await cube.token())).status_code == 403
    assert (await world.client.get(path)).status_code == 401


@pytest.mark.parametrize("body", [{}, {"user_id": 99999}, {"user_id": "x"}, {"user_id": True}, {"email": "no@one.org"}])
async def test_an_administrator_gets_links_of_the_invited_alone(world: World, body: dict[str, Any]) -> None:
    meeting = await make(world, await world.cube.user("grace"))
    answer = await world.client.post(f"/admin/meetings/{meeting}/links", json=body, headers=world.cube.admin)
    assert (answer.status_code, "base" in answer.json()["errors"]) == (422, True)
    mal = await world.cube.user("mal")
    answer = await world.client.post(
        f"/admin/meetings/{meeting}/links", json={"user_id": mal.number}, headers=world.cube.admin
    )
    assert answer.status_code == 422
    nowhere = await world.client.post(f"/admin/meetings/{'0' * 24}/links", json=body, headers=world.cube.admin)
    assert nowhere.status_code == 404
