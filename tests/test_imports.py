"""Import: what another platform's lists returned goes on here, with ids, codes, order and links; or nothing does."""

import copy
import json
import uuid
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import jwt
import pytest
import sqlalchemy as sa
from PIL import Image

from convene import access, events, imports, tables
from convene.db import Tx
from convene.errors import Conflict
from convene.web.vonage import exported
from tests.test_cli import convene, one_line
from tests.world import START, World, key_pair, world

THEME = {
    "theme_id": "7b1c3a52-8f1e-4e8c-9c0b-64a1d1c0aa01",
    "theme_name": "spring",
    "domain": "VCP",
    "account_id": "1a2b3c4d",
    "application_id": "c0ffee00-0000-4000-8000-000000000001",
    "main_color": "#0a7d4f",
    "short_company_url": "acme",
    "brand_text": "Acme",
    "brand_image_colored": "logos/colored/1",
    "brand_image_white": None,
    "branded_favicon": None,
}


def host_token(host_id: str, **header: str) -> str:
    """A token as the vendor signs it, with a secret that nobody here has."""
    given = {"kid": "5f0b5a1e-5f6b-4a4c-9d7e-0f8b0d6f1a11", **header}
    return jwt.encode(
        {"participantId": host_id, "iat": 1674550000}, "their own secret, 256 bits long..", "HS256", given
    )


def a_room(number: int, **changes: Any) -> dict[str, Any]:
    """A room of long term, as the live API answered it."""
    code, host_id = str(604118237 + number), str(uuid.UUID(int=number << 64 | 4 << 76 | 8 << 60))
    host_url = f"https://meetings.vonage.com/?room_token={code}&participant_token={host_token(host_id)}"
    return {
        "id": str(uuid.UUID(int=number + 1)),
        "display_name": f"Weekly {number}",
        "metadata": None,
        "type": "long_term",
        "expires_at": "2027-01-31T10:00:00.000Z",
        "recording_options": {"auto_record": True, "record_only_owner": False},
        "meeting_code": code,
        "_links": {"host_url": {"href": host_url}, "guest_url": {"href": f"https://meetings.vonage.com/{code}"}},
        "created_at": f"2025-01-31T09:12:{number % 60:02}.101Z",
        "is_available": True,
        "expire_after_use": False,
        "theme_id": None,
        "initial_join_options": {"microphone_state": "off"},
        "join_approval_level": "none",
        "ui_settings": {"language": "default"},
        "available_features": {
            "is_recording_available": True,
            "is_chat_available": False,
            "is_whiteboard_available": True,
            "is_locale_switcher_available": False,
            "is_captions_available": False,
        },
        **changes,
    }


async def bring(world: World, rooms: Any, themes: Any = (), application_id: str = "") -> imports.Counts:
    found, wrong = exported.rooms_in(rooms, "rooms.json")
    styles, more = exported.themes_in(list(themes), "themes.json")
    assert (wrong, more) == ([], [])
    return await world.db.write(imports.bring, application_id or world.application_id, found, styles)


async def listed(world: World, **query: Any) -> Any:
    return (await world.client.get("/v1/meetings/rooms", params=query, headers=world.auth)).json()


async def look(world: World, code: str, token: str | None = None) -> tuple[int, str | None]:
    answer = await world.client.post("/api/meeting/look", json={"code": code, "participant_token": token})
    return answer.status_code, answer.json().get("role")


def token_of(room: dict[str, Any]) -> str:
    [token] = parse_qs(urlsplit(room["_links"]["host_url"]["href"]).query)["participant_token"]
    return token


def stripped(room: dict[str, Any]) -> dict[str, Any]:
    """Without the links, whose tokens are fresh each time."""
    return {name: value for name, value in room.items() if name != "_links"}


# --- What goes on ---------------------------------------------------------------------------------------------------


async def test_pages_of_one_platform_go_on_at_another(world: World, tmp_path: Path) -> None:
    async with new_home(tmp_path) as other:
        for number in range(5):
            given = {
                "display_name": f"Weekly {number}",
                "type": "long_term",
                "expires_at": "2027-01-31T10:00:00Z",
                "metadata": f"n{number}",
                "join_approval_level": "after_owner_only",
                "callback_urls": {"rooms_callback_url": "https://example.org/r"},
                "ui_settings": {"language": "fr"},
            }
            made = await world.client.post("/v1/meetings/rooms", json=given, headers=world.auth)
            assert made.status_code == 201
        pages, page = [], await listed(world, page_size=2)
        while True:
            pages.append(page)
            if "next" not in page["_links"]:
                break
            page = (await world.client.get(page["_links"]["next"]["href"], headers=world.auth)).json()
        assert len(pages) == 3
        assert asdict(await bring(other, pages)) == {
            "rooms": 5,
            "expired": 0,
            "known_rooms": 0,
            "themes": 0,
            "known_themes": 0,
        }
        here = await listed(other)
        before = [room for page in pages for room in page["_embedded"]]
        assert [stripped(room) for room in here["_embedded"]] == [stripped(room) for room in before]
        assert here["total_items"] == 5
        for old, new in zip(before, here["_embedded"], strict=True):
            assert old["_links"]["guest_url"] == new["_links"]["guest_url"]
            assert await look(other, old["meeting_code"]) == (200, "guest")
            assert await look(other, old["meeting_code"], token_of(old)) == (200, "host")
            assert await look(other, old["meeting_code"], token_of(new)) == (200, "host")


def new_home(folder: Path) -> Any:
    (folder / "other").mkdir()
    return world(f"sqlite:///{folder / 'other' / 'convene.db'}", folder / "other")


async def test_the_vendors_rooms_and_themes_with_every_field(world: World) -> None:
    room = a_room(1, theme_id=THEME["theme_id"], callback_urls={"sessions_callback_url": "https://example.org/s"})
    done = await bring(world, {"page_size": 20, "_embedded": [room], "_links": {}}, [THEME])
    assert (done.rooms, done.themes) == (1, 1)
    [shown] = (await listed(world))["_embedded"]
    assert stripped(shown) == stripped(room)
    rows = await world.db.read(lambda tx: tx.all(sa.select(tables.theme)))
    [theme] = [dict(row._mapping) for row in rows]
    kept = {
        name: theme[name] for name in ("id", "application_id", "name", "main_color", "brand_text", "short_company_url")
    }
    assert kept == {
        "id": THEME["theme_id"],
        "application_id": world.application_id,
        "name": "spring",
        "main_color": "#0a7d4f",
        "brand_text": "Acme",
        "short_company_url": "acme",
    }


@pytest.mark.parametrize("form", ["page", "pages", "rooms", "object", "nested"])
async def test_every_form_of_a_list(world: World, form: str) -> None:
    first, second = a_room(1), a_room(2)
    documents = {
        "page": {"_embedded": [first, second], "page_size": 20},
        "pages": [{"_embedded": [first]}, {"_embedded": [first, second]}],  # pages may overlap
        "rooms": [first, second],
        "object": {"_embedded": {"rooms": [first, second]}},
        "nested": [[first], [second]],
    }
    assert (await bring(world, documents[form])).rooms == 2
    assert [room["id"] for room in (await listed(world))["_embedded"]] == [first["id"], second["id"]]


async def test_a_second_run_changes_nothing(world: World) -> None:
    given = [a_room(number) for number in range(3)]
    await bring(world, given, [THEME])
    changed = {"update_details": {"join_approval_level": "explicit_approval"}}
    path = f"/v1/meetings/rooms/{given[0]['id']}"
    assert (await world.client.patch(path, json=changed, headers=world.auth)).status_code == 200
    before = [stripped(room) for room in (await listed(world))["_embedded"]]
    again = await bring(world, [*given, a_room(9)], [THEME])
    assert asdict(again) == {"rooms": 1, "expired": 0, "known_rooms": 3, "themes": 0, "known_themes": 1}
    after = await listed(world)
    assert [stripped(room) for room in after["_embedded"]][:3] == before and after["total_items"] == 4


async def test_what_is_over_is_kept_as_over_and_not_announced(world: World) -> None:
    urls = {"rooms_callback_url": "https://example.org/r"}
    over = a_room(1, expires_at="2025-06-30T00:00:00.000Z", callback_urls=urls)
    deleted = a_room(2, is_available=False, callback_urls=urls)
    done = await bring(world, [over, deleted, a_room(3)])
    assert (done.rooms, done.expired) == (3, 2)
    assert [room["is_available"] for room in (await listed(world))["_embedded"]] == [False, False, True]
    assert (await look(world, over["meeting_code"]))[0] == 404
    assert (await look(world, deleted["meeting_code"], token_of(deleted)))[0] == 410  # its host is told the truth
    assert await world.db.read(events.latest, world.application_id) == []


# --- Who is host ----------------------------------------------------------------------------------------------------


async def test_only_the_hosts_own_name_makes_a_host(world: World) -> None:
    room = a_room(1)
    await bring(world, [room])
    host_id, code = access.host_named_in(token_of(room)) or "", room["meeting_code"]
    assert await look(world, code, host_token(host_id)) == (200, "host")  # any link that was sent out: `iat` differs
    for token in (
        host_token(str(uuid.uuid4())),
        host_token(host_id.upper()) if host_id != host_id.upper() else host_token("0"),
        jwt.encode({"participantId": host_id}, "", "none"),
        jwt.encode({"participantId": host_id}, key_pair().private_key, "RS256"),
        jwt.encode({"participantId": [host_id]}, "their own secret, 256 bits long..", "HS256"),
        host_token(host_id)[:-1],
        f"{host_token(host_id).rpartition('.')[0]}.",
        host_id,
    ):
        assert await look(world, code, token) == (200, "guest"), token


async def test_rooms_of_our_own_take_no_other_signature(world: World) -> None:
    made = await world.client.post("/v1/meetings/rooms", json={"display_name": "x"}, headers=world.auth)
    code, token = made.json()["meeting_code"], token_of(made.json())
    host_id = access.host_named_in(token)
    assert host_id is not None
    assert await look(world, code, token) == (200, "host")
    assert await look(world, code, host_token(host_id)) == (200, "guest")


# --- What is refused ------------------------------------------------------------------------------------------------


def test_every_fault_is_told_with_its_place() -> None:
    def without_token(room: dict[str, Any]) -> dict[str, Any]:
        changed = copy.deepcopy(room)
        changed["_links"]["host_url"]["href"] = "https://meetings.vonage.com/?room_token=1"
        return changed

    weak = a_room(1)
    weak["_links"]["host_url"]["href"] = f"https://x/?participant_token={host_token('7')}"
    given = [
        a_room(0),
        a_room(1, id="x", meeting_code="12", created_at="yesterday", is_available="yes"),
        a_room(1, display_name="", type="weekly", ui_settings={"language": "xx"}, expires_at=None),
        without_token(a_room(2)),
        weak,
        7,
    ]
    rooms, problems = exported.rooms_in([{"_embedded": given}], "rooms.json")
    assert [room.place for room in rooms] == ["rooms.json[0]._embedded[0]"]
    assert [line.removeprefix("rooms.json[0]._embedded") for line in problems] == [
        "[1].id: must be a valid GUID",
        "[1].meeting_code: must be 9 to 18 digits",
        "[1].created_at: must be a valid date",
        "[1].is_available: must be a boolean",
        "[2].expires_at: must be a valid date",
        "[2].type: must be one of [instant, long_term]",
        "[2].display_name: is not allowed to be empty",
        "[2].ui_settings.language: must be one of [default, ar, ca, de, en, es, fr, he, it, pt-br, zh-tw, zh-cn]",
        "[3]._links.host_url.href: has no participant_token",
        "[4]._links.host_url.href: its participant_token is no HS256 token with a UUID as participantId",
        "[5]: must be an object",
    ]
    themes, problems = exported.themes_in(
        [THEME | {"main_color": "green", "brand_text": 1, "short_company_url": "1 2"}], "t"
    )
    assert themes == []
    assert [line.partition(":")[0] for line in problems] == [
        "t[0].main_color",
        "t[0].brand_text",
        "t[0].short_company_url",
    ]


async def refused(world: World, rooms: Any, themes: Any = ()) -> list[str]:
    before = await listed(world)
    with pytest.raises(Conflict) as bad:
        await bring(world, rooms, themes)
    after = await listed(world)
    assert [room["id"] for room in after["_embedded"]] == [room["id"] for room in before["_embedded"]]
    return list(bad.value.details["problems"])


async def test_what_others_have_is_told_and_nothing_is_written(world: World) -> None:
    other = await world.db.write(access.create_first, "Bob", key_pair())
    mine, theirs, third = a_room(1), a_room(2), a_room(7)
    await bring(world, [theirs, third], [THEME], other.application_id)
    await bring(world, [mine])
    given = [
        a_room(3),
        theirs,
        a_room(4, meeting_code=third["meeting_code"]),
        a_room(5, meeting_code=mine["meeting_code"]),
        mine | {"meeting_code": "999999999"},
        a_room(6, theme_id="11111111-1111-4111-8111-111111111111"),
    ]
    second = THEME | {"theme_id": str(uuid.UUID(int=7)), "short_company_url": "acme"}
    themes = [THEME, second, second | {"theme_id": str(uuid.UUID(int=8)), "short_company_url": None}]
    assert await refused(world, given, themes) == [
        f"themes.json[0].theme_id: the theme {THEME['theme_id']} belongs to another application",
        "themes.json[1].short_company_url: acme is taken by a theme that is here",
        "themes.json[2].theme_name: spring is taken by themes.json[1]",
        f"rooms.json[1].id: the room {theirs['id']} belongs to another application",
        f"rooms.json[4].meeting_code: the room {mine['id']} is here with another code",
        "rooms.json[2].meeting_code: 604118244 is taken by a room of another application",
        "rooms.json[3].meeting_code: 604118238 is taken by a room of this application",
        "rooms.json[5].theme_id: there is no theme 11111111-1111-4111-8111-111111111111",
    ]


async def test_pictures_come_from_files(world: World, tmp_path: Path) -> None:
    folder = tmp_path / "pictures" / THEME["theme_id"]
    folder.mkdir(parents=True)
    Image.new("RGBA", (40, 20), (0, 0, 0, 0)).save(folder / "white.png")
    found, problems = exported.themes_in([THEME], "themes.json", folder.parent)
    assert problems == [] and exported.without_picture([THEME], found) == 0
    await world.db.write(imports.bring, world.application_id, [], found)
    shown = await world.client.get(f"/v1/meetings/themes/{THEME['theme_id']}", headers=world.auth)
    assert shown.json()["brand_image_colored_url"] is None
    picture = await world.client.get(shown.json()["brand_image_white_url"])
    assert (picture.status_code, picture.content) == (200, (folder / "white.png").read_bytes())

    (folder / "favicon.png").write_bytes(b"GIF89a")
    found, problems = exported.themes_in([THEME], "themes.json", folder.parent)
    assert found == [] and problems[0].endswith("favicon.png cannot be the favicon picture: type")


async def test_an_address_that_is_a_path_of_ours_is_told(world: World) -> None:
    told = "themes.json[0].short_company_url: V2 is the start of our own paths"
    assert await refused(world, [], [THEME | {"short_company_url": "V2"}]) == [told]


async def test_one_code_twice_is_told(world: World) -> None:
    given = [a_room(1), a_room(2, meeting_code=a_room(1)["meeting_code"]), a_room(1) | {"meeting_code": "888888888"}]
    assert await refused(world, given) == [
        "rooms.json[1].meeting_code: the same as that of rooms.json[0]",
        "rooms.json[2].id: the same as rooms.json[0], with another meeting_code",
    ]


async def test_a_failure_on_the_way_leaves_nothing(world: World) -> None:
    rooms, _ = exported.rooms_in([a_room(1), a_room(2)], "rooms.json")
    themes, _ = exported.themes_in([THEME], "themes.json")

    def half(tx: Tx) -> None:
        imports.bring(tx, world.application_id, rooms, themes)
        raise ValueError("the power is gone")

    with pytest.raises(ValueError, match="power"):
        await world.db.write(half)
    assert (await listed(world))["total_items"] == 0
    assert (await bring(world, [a_room(1)], [THEME])).themes == 1


# --- The command ----------------------------------------------------------------------------------------------------


def test_the_command_imports_and_says_what_is_missing(tmp_path: Path) -> None:
    assert convene(tmp_path, "migrate").returncode == 0
    made = json.loads(convene(tmp_path, "app", "create", "Acme", "--new-account").stdout)
    (tmp_path / "rooms.json").write_text(json.dumps({"_embedded": [a_room(1, theme_id=THEME["theme_id"])]}))
    (tmp_path / "themes.json").write_text(json.dumps([THEME]))
    command = ("import", "vonage", "rooms.json", "themes.json", "--app", made["application_id"])
    first, second = convene(tmp_path, *command), convene(tmp_path, *command)
    assert first.returncode == 0, first.stderr
    assert first.stdout.startswith("Imported 1 rooms, of which 0 are over, and 1 themes.")
    assert "1 themes had pictures" in first.stdout
    assert "Here already: 1 rooms and 1 themes." in second.stdout

    bad = convene(tmp_path, "import", "vonage", "themes.json")
    assert bad.returncode == 1 and "Nothing was imported" in bad.stderr.splitlines()[-1]
    assert "themes.json[0].id: must be a valid GUID" in bad.stderr and "Traceback" not in bad.stderr
    missing = convene(tmp_path, "import", "vonage", "none.json")
    assert missing.returncode == 1 and one_line(missing.stderr)


def test_the_rooms_of_the_tests_are_as_they_should_be() -> None:
    assert START + timedelta(days=300) < START.replace(year=2027, month=1, day=31)
    hosts = {access.host_named_in(token_of(a_room(number))) for number in range(10)}
    assert None not in hosts and len(hosts) == 10
