"""/meetings as client programs speak to it (ConnectyCube contract §0, §1.2, §1.3, §6)."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import httpx
import pytest
import pytest_asyncio

from convene import access
from convene.users import User
from tests import world as worlds
from tests.world import START, World

TOMORROW = int((START + timedelta(days=1)).timestamp())
BASIC = {"name": "Launch review", "start_date": TOMORROW, "end_date": TOMORROW + 3600, "attendees": []}
KEYS = [
    "_id",
    "name",
    "start_date",
    "end_date",
    "attendees",
    "public",
    "scheduled",
    "record",
    "created_at",
    "updated_at",
]
KEYS += ["host_id", "notify", "chat_dialog_id", "notify_before", "timezone"]


@dataclass
class Phone:
    """One user's client program."""

    world: World
    user: User
    headers: dict[str, str] = field(default_factory=dict)

    async def ask(self, method: str, path: str, **more: Any) -> httpx.Response:
        headers = self.headers | more.pop("headers", {})
        return await self.world.client.request(method, path, headers=headers, **more)

    async def make(self, **said: Any) -> dict[str, Any]:
        answer = await self.ask("POST", "/meetings", json=BASIC | said)
        assert answer.status_code == 201, answer.text
        return dict(answer.json())

    async def listed(self, query: str = "", **more: Any) -> list[dict[str, Any]]:
        answer = await self.ask("GET", f"/meetings?{query}", **more)
        assert answer.status_code == 200, answer.text
        return list(answer.json())

    async def refused(self, method: str, path: str, **more: Any) -> tuple[int, dict[str, Any]]:
        answer = await self.ask(method, path, **more)
        assert answer.status_code >= 400, answer.text
        return answer.status_code, answer.json()["errors"]


async def phone(world: World, login: str, **given: Any) -> Phone:
    user = await world.cube.user(login, **given)
    return Phone(world, user, await world.cube.token(user))


@pytest_asyncio.fixture
async def grace(world: World) -> AsyncIterator[Phone]:
    yield await phone(world, "grace")


@pytest_asyncio.fixture
async def ada(world: World) -> AsyncIterator[Phone]:
    yield await phone(world, "ada", email="ada@example.org", verified=True)


# --- POST -----------------------------------------------------------------------------------------------------------


async def test_a_meeting_is_answered_with_its_fifteen_keys(grace: Phone) -> None:
    guests = [{"id": 7001, "email": "ada@example.org"}, {"email": "guest@example.net"}, {"id": 7002}]
    answer = await grace.ask("POST", "/meetings", json=BASIC | {"attendees": guests, "chat": False, "colour": "red"})
    assert answer.status_code == 201
    made = answer.json()
    assert list(made) == KEYS, "in the contract's order, and no more"
    assert made | {"_id": "?"} == {
        "_id": "?",
        "name": "Launch review",
        "start_date": TOMORROW,
        "end_date": TOMORROW + 3600,
        "attendees": guests,
        "public": False,
        "scheduled": False,
        "record": False,
        "created_at": "2026-03-01T08:00:00Z",
        "updated_at": "2026-03-01T08:00:00Z",
        "host_id": grace.user.number,
        "notify": False,
        "chat_dialog_id": None,
        "notify_before": None,
        "timezone": None,
    }
    assert len(made["_id"]) == 24
    assert "CB-Token-ExpirationDate" in answer.headers


async def test_what_the_sdks_send(grace: Phone) -> None:
    flutter = {"notify": True, "notify_before": None, "public": False, "record": None, "scheduled": True, "chat": True}
    made = await grace.make(**flutter)
    assert (made["record"], made["notify_before"], made["scheduled"]) == (False, None, True)
    assert made["chat_dialog_id"] < made["_id"]
    made = await grace.make(start_date=TOMORROW * 1000, end_date=(TOMORROW - 60) * 1000)
    assert (made["start_date"], made["end_date"]) == (TOMORROW * 1000, (TOMORROW - 60) * 1000), "nonsense comes back"
    answer = await grace.ask(
        "POST", "/meetings.json", json={key: BASIC[key] for key in ("name", "start_date", "end_date")}
    )
    assert (answer.status_code, answer.json()["attendees"]) == (201, [])


async def test_what_a_meeting_may_say(grace: Phone) -> None:
    said = {
        "public": True,
        "scheduled": True,
        "record": True,
        "notify": True,
        "notify_before": {"metric": "hours", "value": 1},
        "timezone": {"offset": 120, "name": "Europe/Riga"},
        "rrule": "RRULE:FREQ=WEEKLY;COUNT=10",
    }
    made = await grace.make(**said)
    assert {key: made[key] for key in said} == said | {"rrule": "FREQ=WEEKLY;COUNT=10"}
    assert list(made) == [*KEYS, "rrule"]
    assert (await grace.listed())[0] == made


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", ""),
        ("name", None),
        ("name", 7),
        ("name", "x" * 1001),
        ("start_date", None),
        ("start_date", "tomorrow"),
        ("start_date", True),
        ("end_date", {}),
        ("end_date", 2**63),
        ("end_date", 1e300),
        ("attendees", {}),
        ("attendees", [{}]),
        ("attendees", [{"name": "Ada"}]),
        ("attendees", ["ada@example.org"]),
        ("attendees", [{"id": "x"}]),
        ("attendees", [{"email": 7}]),
        ("attendees", [{"email": "*"}]),
        ("attendees", [{"email": "a@b\nBcc: c@d"}]),
        ("attendees", [{"id": None, "email": ""}]),
        ("public", "maybe"),
        ("record", []),
        ("notify", 2),
        ("chat", {}),
        ("notify_before", 10),
        ("notify_before", {"metric": "minutes", "value": 56}),
        ("notify_before", {"metric": "hours", "value": 0}),
        ("notify_before", {"metric": "days", "value": 31}),
        ("notify_before", {"metric": "weeks", "value": 5}),
        ("notify_before", {"metric": "years", "value": 1}),
        ("notify_before", {"metric": [], "value": 1}),
        ("notify_before", {"metric": "hours"}),
        ("timezone", "Europe/Riga"),
        ("timezone", {"offset": 1440, "name": "x"}),
        ("timezone", {"name": "Europe/Riga"}),
        ("timezone", {"offset": 0, "name": 7}),
        ("rrule", "FREQ=SECONDLY"),
        ("rrule", 7),
    ],
)
async def test_what_is_refused_names_its_field(grace: Phone, field: str, value: object) -> None:
    status, errors = await grace.refused("POST", "/meetings", json=BASIC | {field: value})
    assert (status, set(errors)) == (422, {"base", field})
    assert errors["base"] == errors[field]
    assert await grace.listed() == []


async def test_who_may_not_is_told_so_first(world: World, grace: Phone) -> None:
    path, wrong = "/meetings", {"name": 7}
    nobody = await world.client.post(path, json=wrong)
    assert (nobody.status_code, nobody.json()) == (401, {"errors": {"base": ["Required session does not exist"]}})
    application = Phone(world, grace.user, await world.cube.token())
    assert await application.refused("POST", path, json=wrong) == (403, {"base": ["Forbidden. Need user."]})
    assert (await application.ask("GET", path)).status_code == 403


async def test_a_key_makes_one_meeting_of_many_tries(grace: Phone, ada: Phone) -> None:
    once = {"Idempotency-Key": "friday"}
    answers = await asyncio.gather(*(grace.ask("POST", "/meetings", json=BASIC, headers=once) for _ in range(4)))
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.json()["_id"] for answer in answers}) == 1
    assert len(await grace.listed()) == 1
    other = await ada.ask("POST", "/meetings", json=BASIC, headers=once)
    assert other.json()["host_id"] == ada.user.number, "another user's key is another key"
    status, errors = await grace.refused("POST", "/meetings", json=BASIC | {"name": "Other"}, headers=once)
    assert (status, set(errors)) == (422, {"base", "Idempotency-Key"})


# --- GET ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/meetings?_id=", "/meetings.json?_id="])
async def test_one_by_its_id_is_an_object(grace: Phone, path: str) -> None:
    made = await grace.make()
    await grace.make()
    answer = await grace.ask("GET", f"{path}{made['_id']}")
    assert (answer.status_code, answer.json()) == (200, made)


async def test_who_reads_what(grace: Phone, ada: Phone) -> None:
    bob = await phone(grace.world, "bob", email="bob@example.org")
    guests = [{"email": "ADA@example.org"}, {"email": "bob@example.org"}]
    private, public = await grace.make(attendees=guests), await grace.make(public=True)
    for who, sees in ((grace, [public, private]), (ada, [private]), (bob, [])):
        assert await who.listed() == sees
        for meeting in (private, public):
            answer = await who.ask("GET", f"/meetings?_id={meeting['_id']}")
            seen = meeting in sees or meeting is public
            assert answer.status_code == (200 if seen else 404)
            assert answer.json() == (meeting if seen else {"errors": {"base": ["Meeting not found"]}})
    for wrong in ("f" * 24, "x", "12345", private["_id"].upper() + "0"):
        assert (await grace.ask("GET", "/meetings", params={"_id": wrong})).status_code == 404


@pytest_asyncio.fixture
async def week(grace: Phone) -> AsyncIterator[list[dict[str, Any]]]:
    """Five meetings, made a second apart; each starts earlier than the one before; every other one is scheduled."""
    made = []
    for number in range(5):
        grace.world.later(seconds=1)
        start = TOMORROW - number * 3600
        made.append(await grace.make(start_date=start, end_date=start + 60 * number, scheduled=number % 2 == 0))
    yield made


@pytest.mark.parametrize(
    ("query", "numbers"),
    [
        ("", [4, 3, 2, 1, 0]),
        ("limit=2&offset=1", [3, 2]),
        ("limit=2&skip=3", [1, 0]),
        ("limit=1000", [4, 3, 2, 1, 0]),
        ("offset=9007199254740991", []),
        ("limit=0", []),
        ("sort_asc=_id", [0, 1, 2, 3, 4]),
        ("sort_desc=start_date", [0, 1, 2, 3, 4]),
        ("sort_asc=created_at&limit=1", [0]),
        ("start_date={2}", [2]),
        ("start_at={2}", [2]),
        ("start_date[gte]={2}&sort_asc=start_date", [2, 1, 0]),
        ("start_date%5Bgt%5D={2}", [1, 0]),
        ("start_date[lt]={1}&start_date[gt]={4}", [3, 2]),
        ("start_date[lte]={3}", [4, 3]),
        ("start_date[ne]={3}", [4, 2, 1, 0]),
        ("start_date={1}%2C{3}", [3, 1]),
        ("start_date[in]={1},{3}", [3, 1]),
        ("start_date[in][]={1}&start_date[in][]={3}", [3, 1]),
        ("start_date[in]={1}&start_date[in]={3}", [3, 1]),
        ("start_date[nin]={1},{3}", [4, 2, 0]),
        ("start_date[gte]=2026-03-02T05:00:00Z", [3, 2, 1, 0]),
        ("scheduled=true", [4, 2, 0]),
        ("scheduled=false&start_date[gt]={3}", [1]),
        ("scheduled=1", [4, 2, 0]),
        ("created_at[gt]=2026-03-01T08%3A00%3A03Z", [4, 3]),
        ("created_at[gte]=2026-03-01T10:00:03%2B02:00", [4, 3, 2]),
        ("created_at[gte]=2026-03-01T10:00:03+02:00", [4, 3, 2]),
        ("created_at[lt]=2026-03-01T08:00:02.000Z", [0]),
        ("created_at=2026-03-01T08:00:02Z", [1]),
        ("created_at[gt]=1772352003", [4, 3]),
        ("created_at[gt]=1772352003000", [4, 3]),
        (
            "created_at[gt]=Sun%20Mar%2001%202026%2010%3A00%3A03%20GMT%2B0200%20(Eastern%20European%20Standard%20Time)",
            [4, 3],
        ),
        ("created_at[gt]=Sun%2C%2001%20Mar%202026%2008%3A00%3A03%20GMT", [4, 3]),
        ("created_at[gt]=2026-03-01", [4, 3, 2, 1, 0]),
        ("updated_at[lte]=2026-03-01T08:00:01Z", [0]),
        ("created_at=null&scheduled=undefined&start_date[gte]=&_id=", [4, 3, 2, 1, 0]),
        ("colour=red", [4, 3, 2, 1, 0]),
        ("_id[in]=@1%2C@4", [4, 1]),
        ("_id[lt]=@2", [1, 0]),
        ("_id=@1,@2", [2, 1]),
    ],
)
async def test_filters(grace: Phone, week: list[dict[str, Any]], query: str, numbers: list[int]) -> None:
    for number, meeting in enumerate(week):
        query = query.replace(f"{{{number}}}", str(meeting["start_date"])).replace(f"@{number}", meeting["_id"])
    found = [week.index(one) for one in await grace.listed(query)]
    assert found == numbers


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("start_date=soon", "start_date"),
        ("end_date[gte]=99999999999999999999", "end_date"),
        ("created_at[gt]=yesterday", "created_at"),
        ("created_at[gt]=2026-13-01", "created_at"),
        ("created_at[gt]=10", None),
        ("updated_at=10:30", "updated_at"),
        ("scheduled=maybe", "scheduled"),
        ("start_date[ctn]=1", "start_date"),
        ("sort_desc=name", "sort_desc"),
        ("limit=many", "limit"),
        ("offset=-1", "offset"),
    ],
)
async def test_filters_that_say_nothing_readable(grace: Phone, query: str, field: str | None) -> None:
    if field is None:
        assert await grace.listed(query) == []
        return
    status, errors = await grace.refused("GET", f"/meetings?{query}")
    assert (status, set(errors)) == (422, {"base", field})


async def test_a_page_with_its_total(grace: Phone, week: list[dict[str, Any]]) -> None:
    paged = {"CB-Api-Version": "2"}
    answer = await grace.ask("GET", "/meetings?limit=2&offset=1", headers=paged)
    assert answer.json() == {"total_entries": 5, "skip": 1, "limit": 2, "items": [week[3], week[2]]}
    answer = await grace.ask("GET", "/meetings?scheduled=true", headers=paged)
    assert answer.json() == {"total_entries": 3, "skip": 0, "limit": 100, "items": [week[4], week[2], week[0]]}


async def test_what_documented_curl_sends(grace: Phone, week: list[dict[str, Any]]) -> None:
    """`curl -X GET -d 'a=b'` sends the filter as a form; SDKs send that type with no body, and a bare question mark."""
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    answer = await grace.ask("GET", "/meetings", content="scheduled=true&limit=1", headers=form)
    assert answer.json() == [week[4]]
    answer = await grace.ask("GET", "/meetings", content=f"_id={week[2]['_id']}", headers=form)
    assert answer.json() == week[2]
    answer = await grace.ask("GET", "/meetings.json?", headers=form)
    assert len(answer.json()) == 5


# --- PUT ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "changes",
    [
        {"record": True},
        {"name": "Retrospective", "start_date": TOMORROW + 60, "end_date": TOMORROW},
        {"attendees": [{"id": 7001}, {"email": "guest@example.net"}]},
        {"attendees": []},
        {"public": True, "scheduled": True, "notify": True},
        {"notify_before": {"metric": "weeks", "value": 4}, "timezone": {"offset": -300, "name": "America/Bogota"}},
        {"notify_before": None, "timezone": None},
    ],
)
async def test_any_part_can_be_changed(grace: Phone, changes: Mapping[str, Any]) -> None:
    before = await grace.make(attendees=[{"id": 7000}], notify_before={"metric": "hours", "value": 2})
    grace.world.later(minutes=5)
    answer = await grace.ask("PUT", f"/meetings/{before['_id']}.json", json=changes)
    assert answer.status_code == 200
    assert answer.json() == before | changes | {"updated_at": "2026-03-01T08:05:00Z"}
    assert (await grace.listed())[0] == answer.json()


@pytest.mark.parametrize("body", [{}, {"record": False}, {"chat": True}, {"host_id": 1, "_id": "x", "user_id": 5}])
async def test_a_change_of_nothing_is_harmless(grace: Phone, body: Mapping[str, Any]) -> None:
    before = await grace.make()
    grace.world.later(minutes=5)
    answer = await grace.ask("PUT", f"/meetings/{before['_id']}", json=body)
    assert (answer.status_code, answer.json()) == (200, before)


async def test_only_the_host_changes_and_deletes(grace: Phone, ada: Phone) -> None:
    private = await grace.make()
    for guests in ({"public": True}, {"attendees": [{"id": ada.user.number}]}):
        readable = await grace.make(**guests)
        for method in ("PUT", "DELETE"):
            assert await ada.refused(method, f"/meetings/{readable['_id']}", json={"name": 7}) == (
                403,
                {"base": ["Forbidden"]},
            )
    for method in ("PUT", "DELETE"):
        for id in (private["_id"], "f" * 24, "0", "recordings", "%00", "%ed%a0%80"):
            assert (await ada.refused(method, f"/meetings/{id}", json={"name": 7}))[0] == 404
    assert private in await grace.listed()
    status, errors = await grace.refused("PUT", f"/meetings/{private['_id']}", json={"name": 7})
    assert (status, set(errors)) == (422, {"base", "name"})


async def test_two_changes_at_once_both_count(grace: Phone) -> None:
    made = await grace.make()
    one, other = {"name": "Retrospective"}, {"public": True, "attendees": [{"id": 7001}]}
    path = f"/meetings/{made['_id']}"
    answers = await asyncio.gather(*(grace.ask("PUT", path, json=body) for body in (one, other)))
    assert [answer.status_code for answer in answers] == [200, 200]
    assert (await grace.listed())[0] == made | one | other


# --- DELETE ---------------------------------------------------------------------------------------------------------


async def test_a_deleted_meeting_is_gone(grace: Phone, ada: Phone) -> None:
    made = await grace.make(attendees=[{"id": ada.user.number}])
    answer = await grace.ask("DELETE", f"/meetings/{made['_id']}.json")
    assert (answer.status_code, answer.content) == (200, b"")
    for who in (grace, ada):
        assert await who.listed() == []
        assert (await who.refused("GET", f"/meetings?_id={made['_id']}"))[0] == 404
    assert (await grace.refused("DELETE", f"/meetings/{made['_id']}"))[0] == 404
    assert (await grace.refused("PUT", f"/meetings/{made['_id']}", json={"record": True}))[0] == 404


async def test_a_change_and_a_deletion_at_once(grace: Phone) -> None:
    made = [await grace.make() for _ in range(4)]
    asked = [grace.ask("PUT", f"/meetings/{one['_id']}", json={"start_date": TOMORROW + 60}) for one in made]
    asked += [grace.ask("DELETE", f"/meetings/{one['_id']}") for one in made]
    answers = await asyncio.gather(*asked)
    assert {answer.status_code for answer in answers[:4]} <= {200, 404}
    assert {answer.status_code for answer in answers[4:]} == {200}
    assert await grace.listed() == []


# --- Walls ----------------------------------------------------------------------------------------------------------


async def test_another_applications_meetings_are_none(grace: Phone) -> None:
    made = await grace.make(public=True)
    other = await grace.world.db.write(access.create_first, "Mallory", worlds.key_pair())
    cube = await worlds.cube(grace.world.db, other.application_id)
    stranger = Phone(grace.world, await cube.user("mallory"))
    stranger.headers = await cube.token(stranger.user)
    assert await stranger.listed() == []
    assert await stranger.listed(f"_id[in]={made['_id']},{made['_id']}") == []
    assert (await stranger.refused("GET", f"/meetings?_id={made['_id']}"))[0] == 404
    for method in ("PUT", "DELETE"):
        assert (await stranger.refused(method, f"/meetings/{made['_id']}", json={"name": "stolen"}))[0] == 404
    invited = await grace.make(attendees=[{"id": stranger.user.number}])
    assert await stranger.listed() == [], "a number of another application's user is nobody's here"
    assert await grace.listed() == [invited, made]
