"""The paths of the ConnectyCube door: their spellings, the other API's paths beside them, and pages of other sites."""

import pytest

from tests.world import World

MEETING = "69a1f00c2b7d4e0011c0a9e1"
NOT_OURS = "6f1dbd05-9ed0-4f52-8c3b-6a7d1bc5a8b1"


@pytest.mark.parametrize("path", ["/session", "/session.json", "//session.json", "/session/", "/session.json/"])
async def test_every_spelling_is_the_same_path(world: World, path: str) -> None:
    answer = await world.client.get(f"http://localhost:8000{path}", headers=await world.cube.token())
    assert answer.status_code == 200 and answer.json()["session"]["application_id"] == world.cube.client.number


@pytest.mark.parametrize(
    "path",
    [
        "/meetings",
        "/meetings.json",
        f"/meetings/{MEETING}",
        f"/meetings/{MEETING}.json",
        f"/meetings/recordings/{MEETING}.json",
        f"/meetings/{MEETING}/link",
        "/users/nothing/there",
        "/chat/Nothing",
        "/admin",
        "/login/x",
    ],
)
async def test_what_is_ours_by_its_form_is_refused_in_our_shape(world: World, path: str) -> None:
    answer = await world.client.patch(path)
    assert answer.status_code == 404 and list(answer.json()) == ["errors"]


@pytest.mark.parametrize("path", ["/meetings/rooms", "/meetings/themes", f"/meetings/recordings/{NOT_OURS}"])
async def test_paths_of_the_other_api_stay_its_own(world: World, path: str) -> None:
    bare, known = await world.client.get(path), await world.client.get(path, headers=world.auth)
    assert (bare.status_code, bare.json()["title"]) == (401, "Missing Auth")
    assert known.status_code == (404 if NOT_OURS in path else 200) and "errors" not in known.json()


async def test_with_our_credentials_any_meeting_path_is_ours(world: World) -> None:
    for headers in (await world.cube.token(), world.cube.admin):
        answer = await world.client.patch("/meetings/nonsense", headers=headers)
        assert answer.status_code == 404 and "base" in answer.json()["errors"]


async def test_pages_of_other_sites_may_ask(world: World) -> None:
    asked = {"Origin": "https://shop.example", "Access-Control-Request-Method": "POST"}
    asked["Access-Control-Request-Headers"] = "cb-token,content-type"
    for path in (
        "/session.json",
        "/meetings.json",
        "/meetings/nonsense.json",
        f"/meetings/{MEETING}.json",
        "/users/v2",
    ):
        answer = await world.client.options(path, headers=asked)
        assert answer.status_code == 204
        assert answer.headers["access-control-allow-origin"] == "*"
        allowed = answer.headers["access-control-allow-headers"].split(", ")
        assert {"content-type", "cb-token", "cb-sdk", "cb-authkey", "cb-api-version"} <= set(allowed)
        assert {"connectycube-rest-api-version", "cb-administration-api-key"} <= set(allowed)
        assert answer.headers["access-control-allow-methods"] == "GET, POST, PUT, DELETE, PATCH, OPTIONS"


async def test_answers_and_refusals_may_be_read_by_them(world: World) -> None:
    for answer in (
        await world.client.get("/session", headers=await world.cube.token()),
        await world.client.get("/session"),
        await world.client.get("/users/nothing"),
    ):
        assert answer.headers["access-control-allow-origin"] == "*"
        assert answer.headers["access-control-expose-headers"] == "CB-Token-ExpirationDate, Date"
