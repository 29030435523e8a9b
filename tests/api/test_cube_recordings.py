"""/meetings/recordings and /admin/meetings/recordings: who sees what, in which units, for how long, and what is deleted."""

from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from convene import access, clients, meetings
from convene.meetings import recorded
from convene.sessions import Right
from convene.users import User
from convene.worker import Worker
from tests.api.test_cube_entry import make
from tests.test_recorded import REPORT_URL, Call, a_file, reports
from tests.world import World, key_pair

KEYS = {
    *("_id", "room_id", "participants_ids", "participants_count", "duration", "size", "download_url", "file_uid"),
    *("created_at", "updated_at"),
}


async def a_call(world: World, host: User, *attendees: dict[str, Any], **said: Any) -> Call:
    """A meeting that records, and its room."""
    id = await make(world, host, *attendees, record=True, **said)
    return Call(world, await world.db.read(meetings.get, world.application_id, id))


async def seen(world: World, call: Call, user: User | None = None) -> httpx.Response:
    headers = await world.cube.token(user) if user else world.cube.admin
    base = "/meetings/recordings" if user else "/admin/meetings/recordings"
    return await world.client.get(f"{base}/{call.meeting.id}", headers=headers)


def lives(link: str, span: timedelta, now: datetime) -> bool:
    """Whether the link, made now, works for so long."""
    [expires] = parse_qs(urlsplit(link).query)["expires"]
    return int(expires) == int((now + span).timestamp())


async def test_users_and_administrators_see_the_same_files_each_in_their_units(world: World) -> None:
    grace, ada = await world.cube.user("grace"), await world.cube.user("ada")
    eve = await world.cube.user("eve", email="eve@example.org", verified=True)
    call = await a_call(world, grace, {"id": ada.number}, {"email": "eve@example.org"})
    assert (await seen(world, call, grace)).json() == (await seen(world, call)).json() == []
    host = await call.enter(Right(True, True, grace.number))
    id = await call.begin()
    assert (await seen(world, call, grace)).json() == []
    world.later(seconds=61)
    await call.leave(host)
    await call.end()
    await call.complete(id, 61.2)
    await call.store(3_214_567)

    [mine] = (await seen(world, call, grace)).json()
    assert set(mine) == KEYS and "id" not in mine
    assert (mine["duration"], mine["size"], mine["file_uid"]) == (61.0, 3.21, id)
    assert (mine["room_id"], mine["participants_ids"], mine["participants_count"]) == (
        call.meeting.id,
        [grace.number],
        1,
    )
    assert (mine["created_at"], mine["updated_at"]) == ("2026-03-01T08:00:00Z", "2026-03-01T08:01:01Z")
    assert lives(mine["download_url"], timedelta(hours=1), world.now)
    for user in (ada, eve):
        assert [one["_id"] for one in (await seen(world, call, user)).json()] == [mine["_id"]]
    [whole] = (await seen(world, call)).json()
    assert (whole["duration"], whole["size"], whole["_id"]) == (61_000, 3_214_567, mine["_id"])
    assert set(whole) == KEYS and lives(whole["download_url"], timedelta(days=7), world.now)


async def test_who_may_not_see_them(world: World) -> None:
    grace, mal = await world.cube.user("grace"), await world.cube.user("mal")
    call, public = await a_call(world, grace), await a_call(world, grace, public=True)
    private = await seen(world, call, mal)
    assert (private.status_code, private.json()) == (404, {"errors": {"base": ["Meeting not found"]}})
    readable = await seen(world, public, mal)
    assert (readable.status_code, readable.json()) == (403, {"errors": {"base": ["Forbidden"]}})
    app = await world.client.get(f"/meetings/recordings/{call.meeting.id}", headers=await world.cube.token())
    assert app.status_code == 403
    assert (await world.client.get(f"/meetings/recordings/{call.meeting.id}")).status_code == 401
    token = await world.cube.token(grace)
    assert (await world.client.get(f"/admin/meetings/recordings/{call.meeting.id}", headers=token)).status_code == 401
    for unknown in ("0" * 24, "nothing"):
        for base, headers in (("/meetings", token), ("/admin/meetings", world.cube.admin)):
            answer = await world.client.get(f"{base}/recordings/{unknown}.json", headers=headers)
            assert (answer.status_code, list(answer.json())) == (404, ["errors"])


async def test_another_applications_administrator_finds_nothing(world: World) -> None:
    grace = await world.cube.user("grace")
    call = await a_call(world, grace)
    await a_file(call)
    other = await world.db.write(access.open_application, world.first.api_key, "Other", key_pair().public_key)
    await world.db.write(clients.create, other)
    key = await world.db.write(clients.new_administration_key, other)
    headers, path = {"CB-Administration-API-Key": key}, f"/admin/meetings/recordings/{call.meeting.id}"
    [file] = await call.files()
    for method, at in (("GET", path), ("DELETE", path), ("DELETE", f"{path}/{file.id}")):
        assert (await world.client.request(method, at, headers=headers)).status_code == 404
    link = f"/admin/meetings/{call.meeting.id}/links"
    assert (await world.client.post(link, json={"user_id": grace.number}, headers=headers)).status_code == 404
    assert len(await call.files()) == 1


async def test_an_administrator_deletes_one_or_all(world: World) -> None:
    call = await a_call(world, await world.cube.user("grace"))
    for _ in range(3):
        await a_file(call)
    ids = [one["_id"] for one in (await seen(world, call)).json()]
    path = f"/admin/meetings/recordings/{call.meeting.id}"
    gone = await world.client.delete(f"{path}/{ids[1].upper()}", headers=world.cube.admin)
    assert (gone.status_code, gone.json()) == (200, {})
    assert (await world.client.delete(f"{path}/{ids[1]}", headers=world.cube.admin)).status_code == 404
    assert [one["_id"] for one in (await seen(world, call)).json()] == [ids[0], ids[2]]
    for _ in range(2):
        answer = await world.client.delete(path, headers=world.cube.admin)
        assert (answer.status_code, answer.json()) == (200, {})
    assert (await seen(world, call)).json() == []


async def test_recordings_of_a_deleted_meeting_stay_for_the_administrator(world: World) -> None:
    grace = await world.cube.user("grace")
    call = await a_call(world, grace)
    await a_file(call)
    token = await world.cube.token(grace)
    assert (await world.client.delete(f"/meetings/{call.meeting.id}", headers=token)).status_code == 200
    assert (await seen(world, call, grace)).status_code == 404
    assert len((await seen(world, call)).json()) == 1


async def test_the_vendors_other_paths_are_still_theirs(world: World) -> None:
    """`/meetings/recordings/<uuid>` belongs to the other API, without credentials of this one."""
    call = await a_call(world, await world.cube.user("grace"))
    await a_file(call)
    [file] = await call.files()
    answer = await world.client.get(f"/v1/meetings/recordings/{file.recording.id}", headers=world.auth)
    assert (answer.status_code, answer.json()["status"]) == (200, "uploaded")


async def test_the_sweep_reports_what_the_list_shows(world: World) -> None:
    await world.db.write(lambda tx: clients.change(tx, world.application_id, recorded_url=REPORT_URL))
    grace = await world.cube.user("grace", full_name="Grace H")
    call = await a_call(world, grace)
    await a_file(call)
    worker = Worker(world.runtime)
    await worker.sweep()
    await worker.sweep()
    [told] = await reports(world)
    [record] = told["callRecords"]
    [listed] = (await seen(world, call, grace)).json()
    assert lives(record["download_url"], timedelta(days=7), world.now)
    assert record | {"download_url": ""} == listed | {"download_url": ""}
    answer = await world.client.get(f"/meetings?_id={call.meeting.id}", headers=await world.cube.token(grace))
    assert told["meeting"] == answer.json()
    assert (await world.client.get(urlsplit(record["download_url"]).path)).status_code == 403  # without its signature
    listing = await world.client.get("/api/events?type=meeting:recorded", headers=world.auth)
    assert [one["type"] for one in listing.json()["events"]] == ["meeting:recorded"]


@pytest.mark.parametrize("on", [True, False])
async def test_a_change_of_record_is_answered_and_followed(world: World, on: bool) -> None:
    grace = await world.cube.user("grace")
    call = await a_call(world, grace)
    await call.enter()
    token = await world.cube.token(grace)
    for _ in range(2):
        answer = await world.client.put(f"/meetings/{call.meeting.id}.json", json={"record": on}, headers=token)
        assert (answer.status_code, answer.json()["record"]) == (200, on)
        assert (await call.live() is not None) is on


async def test_files_are_known_by_the_same_id_for_ever(world: World) -> None:
    call = await a_call(world, await world.cube.user("grace"))
    await a_file(call)
    before = [one["_id"] for one in (await seen(world, call)).json()]
    world.later(days=3)
    await a_file(call)
    after = [one["_id"] for one in (await seen(world, call)).json()]
    assert after[:1] == before and after == sorted(after) and all(len(one) == 24 for one in after)
    assert [file.id for file in await world.db.read(recorded.files, call.meeting)] == after
