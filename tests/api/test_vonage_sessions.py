"""Sessions by the API: the list, one with its people, attendance as CSV; each tenant sees its own."""

import csv
import io
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
import sqlalchemy as sa

from convene import access, keys, tables
from convene.db import Tx
from convene.lifecycle import RecordingState
from tests import world as worlds
from tests.api.test_events_api import basic_of
from tests.api.test_vonage_recordings import make_recording, make_session, make_uploaded
from tests.world import World

LIST = "/v1/meetings/sessions"


async def get(world: World, path: str, **query: object) -> httpx.Response:
    params = {name: str(value) for name, value in query.items()} or None  # an empty one would drop the path's own
    return await world.client.get(path, headers=world.auth, params=params)


async def stay(world: World, session: str, person: str, name: str, **fields: Any) -> None:
    """A stay of somebody from now on; `minutes`: after which it ended."""

    def work(tx: Tx) -> None:
        row = {"sid": tables.new_id(), "session_id": session, "person_id": person, "name": name, "is_host": False}
        tx.execute(sa.insert(tables.participant), row | {"joined_at": tx.now} | fields)

    await world.db.write(work)


async def ended(world: World, session: str) -> None:
    values = {"state": "ended", "ended_at": world.now}
    await world.db.write(
        lambda tx: tx.execute(sa.update(tables.session).where(tables.session.c.id == session).values(**values))
    )


async def test_the_nine_fields_of_a_session(world: World) -> None:
    session = await make_session(world)
    ann, ben = tables.new_id(), tables.new_id()
    began = world.now
    world.later(minutes=10)
    await stay(world, session, ann, "Ann", joined_at=began, left_at=world.now, reason="CLIENT_INITIATED")
    await stay(world, session, ben, "Ben", joined_at=began, left_at=world.now)
    await stay(world, session, ann, "Ann", joined_at=world.now)
    await make_recording(world, session, RecordingState.UPLOADED, started_at=began, ended_at=world.now, seconds=61)
    world.later(minutes=5, seconds=1)
    [running] = (await get(world, LIST)).json()["_embedded"]["sessions"]
    assert list(running) == [
        "id",
        "room_id",
        "room_display_name",
        "start_time",
        "is_recorded",
        "participants_number",
        "billed_time",
        "recordings_time",
    ], "a session that goes on has no end: absent, never null"
    assert (running["id"], running["room_display_name"]) == (session, "Standup")
    assert (running["participants_number"], running["billed_time"], running["recordings_time"]) == (2, 26, 2)
    assert running["start_time"] == "2026-03-01T08:00:00.000Z"
    await ended(world, session)
    [over] = (await get(world, LIST)).json()["_embedded"]["sessions"]
    assert (over["end_time"], over["is_recorded"]) == ("2026-03-01T08:15:01.000Z", True)


async def test_the_list_by_time_and_by_recording(world: World) -> None:
    ids = []
    for number in range(5):
        ids.append(await make_session(world))
        if number % 2:
            await make_uploaded(world, ids[-1])
        world.later(hours=1)

    async def listed(**query: object) -> list[str]:
        answer = await get(world, LIST, **query)
        assert answer.status_code == 200, answer.text
        return [one["id"] for one in answer.json()["_embedded"]["sessions"]]

    assert await listed() == ids
    assert await listed(**{"from": "2026-03-01T09:00:00.000Z", "to": "2026-03-01T11:00:00Z"}) == ids[1:3]
    assert await listed(**{"from": "2026-03-01T12:00:00+0100"}) == ids[3:]
    assert await listed(recorded="true") == ids[1::2]
    assert await listed(recorded="false") == ids[::2]
    unescaped = await world.client.get(f"{LIST}?from=2026-03-01T12:00:00+0100", headers=world.auth)
    assert [one["id"] for one in unescaped.json()["_embedded"]["sessions"]] == ids[3:]


async def test_following_the_links_shows_each_once(world: World) -> None:
    ids = [await make_session(world) for _ in range(5)]  # all at the same moment: the id decides
    seen, path = [], f"{LIST}?page_size=2&from=2026-03-01T08:00:00Z"
    while path:
        page = (await get(world, path)).json()
        assert page["page_size"] == 2
        seen += [one["id"] for one in page["_embedded"]["sessions"]]
        last, path = path, page["_links"].get("next", {}).get("href", "")
        path = f"{urlsplit(path).path}?{urlsplit(path).query}" if path else ""
    assert (len(seen), set(seen)) == (5, set(ids))
    prev = (await get(world, last)).json()["_links"]["prev"]["href"]
    assert prev == "http://localhost:8000/v1/meetings/sessions?page_size=2&offset=2&from=2026-03-01T08%3A00%3A00Z"
    assert (await get(world, LIST, page_size=1000)).json()["page_size"] == 1000


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ({"from": "yesterday"}, '"from" must be a valid date'),
        ({"to": "2026-13-01"}, '"to" must be a valid date'),
        ({"recorded": "maybe"}, '"recorded" must be a boolean'),
        ({"offset": "-1"}, '"offset" must be greater than or equal to 0'),
        ({"page_size": "1001"}, '"page_size" must be less than or equal to 1000'),
    ],
)
async def test_a_wrong_question_names_the_field(world: World, query: dict[str, str], message: str) -> None:
    answer = await get(world, LIST, **query)
    assert (answer.status_code, answer.json()["message"]) == (400, message)
    assert (await world.client.get(LIST, params=query)).status_code == 401, "a stranger learns nothing"


async def test_a_session_with_its_people_and_recordings(world: World) -> None:
    session = await make_session(world)
    ann, began = tables.new_id(), world.now
    world.later(minutes=10)
    await stay(
        world, session, ann, "Ann", joined_at=began, left_at=world.now, reason="CONNECTION_TIMEOUT", is_host=True
    )
    await stay(world, session, ann, "Anna", is_host=True)
    recording = await make_uploaded(world, session)
    found = (await get(world, f"{LIST}/{session}")).json()
    assert (found["id"], found["state"], found["is_locked"]) == (session, "running", False)
    [file] = found["_embedded"]["recordings"]
    assert file == (await get(world, f"/v1/meetings/recordings/{recording}")).json()
    people = [
        {
            "id": ann,
            "name": "Anna",
            "is_host": True,
            "is_present": True,
            "intervals": [
                {
                    "joined_at": "2026-03-01T08:00:00.000Z",
                    "left_at": "2026-03-01T08:10:00.000Z",
                    "reason": "CONNECTION_TIMEOUT",
                },
                {"joined_at": "2026-03-01T08:10:00.000Z"},
            ],
        }
    ]
    assert found["_embedded"]["participants"] == people
    assert (await get(world, f"{LIST}/{session}/participants")).json() == {"_embedded": {"participants": people}}


async def test_attendance_as_csv_that_no_spreadsheet_runs(world: World) -> None:
    session = await make_session(world)
    names = ['=HYPERLINK("http://evil.example","x")', "+1", "-2", "@SUM(A1)", "＝1+1", 'Ann "A", Lee', "Zoë 李"]
    for name in names:
        await stay(world, session, tables.new_id(), name)
    first = tables.new_id()
    left = {"left_at": world.now + timedelta(seconds=90), "reason": "CLIENT_INITIATED"}
    await stay(world, session, first, "Ann", joined_at=world.now, **left)
    answer = await get(world, f"{LIST}/{session}/participants.csv")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["content-disposition"].startswith('attachment; filename="attendance ')
    text = answer.content.decode()
    assert text.startswith("\ufeffparticipant_id,name,is_host,joined_at,left_at,seconds,reason\r\n")
    assert text.count("\n") == text.count("\r\n") == len(names) + 2
    rows = list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"), newline="")))
    assert {row["name"] for row in rows} == {*(f"'{name}" for name in names[:5]), *names[5:], "Ann"}
    [ann] = [row for row in rows if row["participant_id"] == first]
    assert ann == {
        "participant_id": first,
        "name": "Ann",
        "is_host": "false",
        "joined_at": "2026-03-01T08:00:00.000Z",
        "left_at": "2026-03-01T08:01:30.000Z",
        "seconds": "90",
        "reason": "CLIENT_INITIATED",
    }


async def test_what_there_is_not(world: World) -> None:
    session = await make_session(world)
    await world.db.write(lambda tx: tx.execute(sa.update(tables.session).values(started_at=None)))
    for id in (session, "x", "%00", "x" * 300, "é", tables.new_session_id()):
        for path in ("", "/participants", "/participants.csv"):
            answer = await get(world, f"{LIST}/{id}{path}")
            assert (answer.status_code, answer.json()["name"]) == (404, "NotFoundError"), (id, path)
    assert (await get(world, LIST)).json()["_embedded"]["sessions"] == [], "nobody ever entered it"


async def test_another_tenants_sessions_do_not_exist(world: World) -> None:
    session = await make_session(world)
    await stay(world, session, tables.new_id(), "Ann")
    bob = worlds.basic(await world.db.write(access.create_first, "Bob", worlds.key_pair()))
    assert (await world.client.get(LIST, headers=bob)).json()["_embedded"]["sessions"] == []
    for path in ("", "/participants", "/participants.csv"):
        answer = await world.client.get(f"{LIST}/{session}{path}", headers=bob)
        assert answer.status_code == 404 and "Ann" not in answer.text
    assert (await world.client.delete(f"{LIST}/{session}", headers=bob)).status_code == 404
    assert (await get(world, f"{LIST}/{session}")).status_code == 200


async def test_recordings_are_for_keys_that_may_see_them(world: World) -> None:
    session = await make_session(world)
    await make_uploaded(world, session)
    for scopes, status, shown in (
        (("sessions:read",), 200, {"participants"}),
        (("sessions:read", "recordings:read"), 200, {"participants", "recordings"}),
        (("recordings:read",), 403, None),
    ):
        key = basic_of(await world.db.write(keys.add, world.application_id, keys.Wish("k", scopes)))
        answer = await world.client.get(f"{LIST}/{session}", headers=key)
        assert answer.status_code == status
        assert shown is None or set(answer.json()["_embedded"]) == shown
