"""Recordings at the vendor's door: what each state looks like, who may see it, and when it may go."""

from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
import sqlalchemy as sa

from convene import access, recordings, sessions, tables
from convene.db import Tx
from convene.lifecycle import RecordingState
from tests import world as worlds
from tests.world import World

BASES = ("/beta/meetings", "/meetings", "/v1/meetings")


async def call(world: World, method: str, path: str) -> httpx.Response:
    return await world.client.request(method, path, headers=world.auth)


async def make_session(world: World, **fields: Any) -> str:
    """A running session in a new room; its id."""
    room = await world.client.post("/v1/meetings/rooms", headers=world.auth, json={"display_name": "Standup", **fields})

    def work(tx: Tx) -> str:
        id = tables.new_session_id()
        row = {"id": id, "room_id": room.json()["id"], "application_id": world.application_id, "generation": 1}
        row |= {"engine_room": f"{id}.1", "state": "running", "opened_at": tx.now, "started_at": tx.now}
        tx.execute(sa.insert(tables.session), row | {"ended_by_host": False, "clearing": False, "sequence": 0})
        return id

    return await world.db.write(work)


async def make_recording(world: World, session_id: str, state: RecordingState, **fields: Any) -> str:
    """A recording in a given state; its id."""

    def work(tx: Tx) -> str:
        id = recordings.request(tx, session_id).id
        tx.execute(sa.update(tables.recording).where(tables.recording.c.id == id).values(state=state, **fields))
        return id

    return await world.db.write(work)


async def make_uploaded(world: World, session_id: str) -> str:
    times = {"started_at": world.now, "ended_at": world.now, "stored_at": world.now, "seconds": 10, "due_at": None}
    return await make_recording(world, session_id, RecordingState.UPLOADED, **times)


@pytest.mark.parametrize(
    ("state", "status"),
    [
        (RecordingState.REQUESTED, "started"),
        (RecordingState.STARTING, "started"),
        (RecordingState.ACTIVE, "started"),
        (RecordingState.STOPPING, "stopped"),
        (RecordingState.UPLOADING, "stopped"),
    ],
)
async def test_a_recording_without_a_file(world: World, state: RecordingState, status: str) -> None:
    session = await make_session(world)
    id = await make_recording(world, session, state)
    answer = await call(world, "GET", f"/v1/meetings/recordings/{id}")
    assert answer.json() == {"id": id, "session_id": session, "status": status, "_links": {}}, "absent, never null"


async def test_one_that_failed_says_why_wherever_it_is_shown(world: World) -> None:
    session = await make_session(world)
    failed = {"reason": "The disk was full.", "ended_at": world.now, "due_at": None}
    id = await make_recording(world, session, RecordingState.FAILED, **failed)
    one = (await call(world, "GET", f"/v1/meetings/recordings/{id}")).json()
    assert one == {
        "id": id,
        "session_id": session,
        "ended_at": "2026-03-01T08:00:00.000Z",
        "status": "stopped",
        "failure_reason": "The disk was full.",
        "_links": {},
    }
    for path in (f"/sessions/{session}", f"/sessions/{session}/recordings"):
        assert (await call(world, "GET", f"/v1/meetings{path}")).json()["_embedded"]["recordings"] == [one]


async def test_a_running_recording_has_a_start_and_no_end(world: World) -> None:
    id = await make_recording(world, await make_session(world), RecordingState.ACTIVE, started_at=world.now)
    answer = (await call(world, "GET", f"/v1/meetings/recordings/{id}")).json()
    assert answer["started_at"] == "2026-03-01T08:00:00.000Z"
    assert "ended_at" not in answer


@pytest.mark.parametrize("state", [RecordingState.UPLOADED, RecordingState.FAILED])
async def test_a_stored_recording_has_a_link(world: World, state: RecordingState) -> None:
    session = await make_session(world)
    times = {"started_at": world.now, "ended_at": world.now, "stored_at": world.now, "seconds": 10, "due_at": None}
    id = await make_recording(world, session, state, **times)
    answer = await call(world, "GET", f"/v1/meetings/recordings/{id}")
    found = answer.json()
    assert ("failure_reason" in found) is (state is RecordingState.FAILED)
    found.pop("failure_reason", None)
    assert list(found) == ["id", "session_id", "started_at", "ended_at", "status", "_links"]
    assert UUID(found["id"])
    assert (found["session_id"], found["status"]) == (session, "uploaded")
    assert found["started_at"] == found["ended_at"] == "2026-03-01T08:00:00.000Z"
    assert found["_links"]["url"]["href"].startswith(f"{world.runtime.settings.base_url}/recordings/{id}/")


async def test_the_recordings_of_a_session(world: World) -> None:
    session, other = await make_session(world), await make_session(world)
    ids = [await make_uploaded(world, session) for _ in range(2)]
    for base in BASES:
        for path in (f"/sessions/{session}/recordings", f"/sessions/{session}", f"//sessions/{session}/recordings/"):
            answer = await call(world, "GET", base + path)
            assert answer.status_code == 200
            assert sorted(one["id"] for one in answer.json()["_embedded"]["recordings"]) == sorted(ids)
    assert (await call(world, "GET", f"/v1/meetings/sessions/{other}/recordings")).json() == {
        "_embedded": {"recordings": []}
    }


async def test_what_there_is_not(world: World) -> None:
    for id in (str(uuid4()), "x", "%00", "x" * 4000, "é"):
        shown = "\0" if id == "%00" else id
        messages = {
            ("GET", f"/recordings/{id}"): f"Recording {shown} was not found",
            ("DELETE", f"/recordings/{id}"): "Could not find recording",
            ("GET", f"/sessions/{id}/recordings"): f"Failed to find session recordings by id: {shown}",
            ("GET", f"/sessions/{id}"): f"Failed to fetch resource with id {shown}",
        }
        for (method, path), message in messages.items():
            answer = await call(world, method, f"/v1/meetings{path}")
            assert answer.json() == {"message": message, "name": "NotFoundError", "status": 404}
            assert answer.status_code == 404


async def test_another_tenants_recordings_do_not_exist(world: World) -> None:
    session = await make_session(world)
    id = await make_uploaded(world, session)
    other = worlds.basic(await world.db.write(access.create_first, "Bob", worlds.key_pair()))
    for method, path in (
        ("GET", f"/recordings/{id}"),
        ("DELETE", f"/recordings/{id}"),
        ("GET", f"/sessions/{session}/recordings"),
        ("GET", f"/sessions/{session}"),
    ):
        answer = await world.client.request(method, f"/v1/meetings{path}", headers=other)
        assert answer.status_code == 404, path
        assert "_links" not in answer.text
    assert (await call(world, "GET", f"/v1/meetings/recordings/{id}")).status_code == 200


async def test_deleting(world: World) -> None:
    session = await make_session(world)
    id = await make_uploaded(world, session)
    answer = await call(world, "DELETE", f"/beta/meetings/recordings/{id}")
    assert (answer.status_code, answer.content) == (204, b"")
    for method in ("GET", "DELETE"):
        assert (await call(world, method, f"/v1/meetings/recordings/{id}")).status_code == 404
    assert (await call(world, "GET", f"/v1/meetings/sessions/{session}")).json()["_embedded"]["recordings"] == []


@pytest.mark.parametrize("state", [RecordingState.ACTIVE, RecordingState.STOPPING, RecordingState.UPLOADING])
async def test_what_is_not_uploaded_cannot_be_deleted(world: World, state: RecordingState) -> None:
    id = await make_recording(world, await make_session(world), state, started_at=world.now)
    answer = await call(world, "DELETE", f"/v1/meetings/recordings/{id}")
    assert (answer.status_code, answer.json()["name"]) == (403, "ForbiddenError")
    assert (await call(world, "GET", f"/v1/meetings/recordings/{id}")).status_code == 200


async def test_deleting_a_room_ends_its_session_and_its_recording(world: World) -> None:
    session = await make_session(world)
    id = await make_recording(world, session, RecordingState.ACTIVE, started_at=world.now)
    room = (await world.db.read(sessions.get, session)).room_id
    world.later(minutes=1)
    assert (await call(world, "DELETE", f"/v1/meetings/rooms/{room}")).status_code == 204
    assert (await world.db.read(sessions.get, session)).ended_at == world.now
    assert (await call(world, "GET", f"/v1/meetings/recordings/{id}")).json()["status"] == "stopped"
    kinds = await world.db.read(lambda tx: [row.type for row in tx.all(sa.select(tables.event.c.type))])
    assert sorted(kinds) == ["room:expired", "session:ended"]
