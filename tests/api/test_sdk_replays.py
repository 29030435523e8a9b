"""The requests of those SDKs of the vendor that run on no Python and no Node, as they send them; read as they read them.

Java 8.20.1, .NET 7.22.0, PHP 4.10.7, Ruby 7.35.0 (contract §6.3 to §6.6). Their uploads of logos: test_logo_uploads.py.
"""

import base64
import json
import os
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import jwt
import pytest
import pytest_asyncio
import sqlalchemy as sa

from convene import access, rooms, tables
from convene.db import Tx
from convene.lifecycle import RecordingState
from convene.web.vonage.rooms import LARGEST_PAGE
from tests import world as worlds
from tests.api.test_vonage_recordings import make_recording, make_session, make_uploaded
from tests.sdk_parsers import Java, LogoUpload, Net, Number, php_room, php_rooms, read
from tests.world import World

BASE = "/v1/meetings"
FEATURES = {
    "is_captions_available": True,
    "is_chat_available": False,
    "is_locale_switcher_available": False,
    "is_recording_available": False,
    "is_whiteboard_available": False,
}
CALLBACKS = {f"{noun}_callback_url": "https://example.com" for noun in ("recordings", "rooms", "sessions")}
NUMBERS = "442071838750 en-GB United Kingdom; 12025550143 en-US USA"


@pytest_asyncio.fixture
async def world(database_url: str, tmp_path: Path) -> AsyncIterator[World]:
    """One that has numbers to dial in, and room for more rooms than one page shows."""
    settings = {"dial_in_numbers": NUMBERS, "rooms_limit": 3 * LARGEST_PAGE}
    async with worlds.world(database_url, tmp_path, **settings) as made:
        yield made


@dataclass
class Sdk:
    """One client: what is the same in all of its requests."""

    world: World
    headers: dict[str, str]
    claims: dict[str, Any]

    async def send(self, method: str, path: str, body: Any = None, **headers: str) -> httpx.Response:
        """A request with a fresh token; a body goes as it is, objects as compact JSON."""
        content = json.dumps(body, separators=(",", ":")) if isinstance(body, dict) else body
        token = jwt.encode(self.claims, self.world.first.private_key, algorithm="RS256")
        sent = {**self.headers, "Authorization": f"Bearer {token}", **headers}
        return await self.world.client.request(method, path, content=content, headers=sent)


def claims(world: World, **more: Any) -> dict[str, Any]:
    now = int(world.now.timestamp())
    return {"application_id": world.application_id, "iat": now, "jti": str(uuid4()), **more}


@pytest.fixture
def net(world: World) -> Sdk:
    """No `exp`, and a `jti` that is no UUID."""
    own = claims(world, jti=base64.b64encode(os.urandom(64)).decode())
    headers = {"User-Agent": "vonage-dotnet/7.22.0 dotnet/8.0.11", "Content-Type": "application/json; charset=utf-8"}
    return Sdk(world, headers, own)


@pytest.fixture
def java(world: World) -> Sdk:
    headers = {"User-Agent": "vonage-java-sdk/8.20.1 java/21.0.5", "Accept": "application/json"}
    return Sdk(world, {**headers, "Content-Type": "application/json"}, claims(world))


@pytest.fixture
def php(world: World) -> Sdk:
    """Its numeric dates have fractions."""
    now = world.now.timestamp()
    headers = {"User-Agent": "vonage-php/4.10.7 php/8.3", "accept": "application/json"}
    return Sdk(world, {**headers, "content-type": "application/json"}, claims(world, iat=now + 0.25, exp=now + 900.5))


@pytest.fixture
def ruby(world: World) -> Sdk:
    headers = {"User-Agent": "vonage-ruby/7.35.0 ruby/3.3.6", "Accept": "application/json"}
    exp = int(world.now.timestamp()) + 900
    return Sdk(world, {**headers, "Content-Type": "application/json"}, claims(world, exp=exp))


async def theme_of(sdk: Sdk) -> str:
    """A theme; its id."""
    body = {"brand_text": "Brand", "main_color": "#FF00FF"}
    return str((await sdk.send("POST", f"{BASE}/themes", body)).json()["theme_id"])


def later(world: World, form: str, **span: float) -> str:
    return (world.now + timedelta(**span)).strftime(form)


# --- .NET -----------------------------------------------------------------------------------------------------------


async def test_net_rooms(net: Sdk) -> None:
    always = {"available_features": FEATURES, "display_name": "string"}
    joined = {"initial_join_options": {"microphone_state": "default"}}
    least = always | joined | {"type": "instant", "ui_settings": {"language": "en"}}
    made = read(await net.send("POST", f"{BASE}/rooms", least), Net.Room, 201)
    assert (made.type, made.available_features.is_captions_available, made.callback_urls.rooms_callback_url) == (
        "instant",
        True,
        None,
    )

    theme = await theme_of(net)
    lasting = {"expire_after_use": True, "expires_at": later(net.world, "%Y-%m-%d %H:%M:%S", days=30)}
    more = {"callback_urls": CALLBACKS, "join_approval_level": "none", "metadata": "string", "theme_id": theme}
    more |= {"recording_options": {"auto_record": True, "record_only_owner": True}, "ui_settings": {"language": "de"}}
    room = read(await net.send("POST", f"{BASE}/rooms", least | lasting | more | {"type": "long_term"}), Net.Room, 201)
    assert room.expires_at == later(net.world, "%Y-%m-%dT%H:%M:%S.000Z", days=30)
    assert room.callback_urls.rooms_callback_url == "https://example.com"

    update = {**more, **joined, "available_features": FEATURES, "expire_after_use": True}
    del update["metadata"], update["recording_options"]
    update["expires_at"] = later(net.world, "%Y-%m-%dT00:00:00", days=40)
    changed = read(await net.send("PATCH", f"{BASE}/rooms/{room.id}", {"update_details": update}), Net.Room)
    assert changed.expires_at == later(net.world, "%Y-%m-%dT00:00:00.000Z", days=40)
    assert read(await net.send("GET", f"{BASE}/rooms/{room.id}"), Net.Room).id == room.id

    listed = read(await net.send("GET", f"{BASE}/rooms"), Net.Rooms)
    assert [one.id for one in listed.rooms] == [made.id, room.id]
    page = read(await net.send("GET", f"{BASE}/rooms?start_id=1&end_id=9&page_size=1"), Net.Rooms)
    assert ([one.id for one in page.rooms], page.page_size, page.total_items) == ([made.id], 1, 2)
    themed = read(await net.send("GET", f"{BASE}/themes/{theme}/rooms?start_id=1&end_id=9&page_size=5"), Net.Rooms)
    assert [one.id for one in themed.rooms] == [room.id]


async def test_net_themes(net: Sdk) -> None:
    body = {"brand_text": "Brand", "main_color": "#FF00FF"}
    named = body | {"short_company_url": "https://example.com", "theme_name": "Theme1"}
    theme = read(await net.send("POST", f"{BASE}/themes", named), Net.Theme, 201)
    assert (theme.theme_name, theme.main_color, theme.short_company_url) == ("Theme1", "#FF00FF", "example-com")
    one = f"{BASE}/themes/{theme.theme_id}"
    changed = read(await net.send("PATCH", one, {"update_details": named | {"brand_text": "Other"}}), Net.Theme)
    assert changed.brand_text == "Other"
    assert read(await net.send("PATCH", one, {}), dict[str, Any], 400)["name"] == "InputValidationError"
    assert read(await net.send("GET", one), Net.Theme) == changed
    assert read(await net.send("GET", f"{BASE}/themes"), list[Net.Theme]) == [changed]
    default = {"update_details": {"default_theme_id": theme.theme_id}}
    set_ = read(await net.send("PATCH", f"{BASE}/applications", default), Net.Application)
    assert (set_.default_theme_id, set_.account_id) == (theme.theme_id, net.world.first.api_key)
    assert read(await net.send("DELETE", one), dict[str, Any], 400)["message"] == "could not delete theme"
    assert (await net.send("DELETE", f"{one}?force=true")).status_code == 204


async def test_net_recordings(net: Sdk) -> None:
    """Whatever a recording is at, its answer has no null and no status that the client does not know."""
    for state in RecordingState:
        session = await make_session(net.world, display_name='Ünï {code} |%| "x" 100 %')
        is_whole = state == RecordingState.UPLOADED
        id = await make_uploaded(net.world, session) if is_whole else await make_recording(net.world, session, state)
        for sdk in (Net.Recording, Java.Recording):
            recording = read(await net.send("GET", f"{BASE}/recordings/{id}"), sdk)
            assert (recording.id, recording.session_id, recording.status == "uploaded") == (id, session, is_whole)
        listed = read(await net.send("GET", f"{BASE}/sessions/{session}/recordings"), Net.Recordings)
        assert [one.id for one in listed.embedded.recordings] == [id]
        if is_whole:
            assert (await net.send("DELETE", f"{BASE}/recordings/{id}")).status_code == 204


async def test_net_numbers_and_uploads(net: Sdk) -> None:
    numbers = read(await net.send("GET", f"{BASE}/dial-in-numbers"), list[Number])
    assert [number.locale for number in numbers] == ["en-GB", "en-US"]
    uploads = read(await net.send("GET", f"{BASE}/themes/logos-upload-urls"), list[LogoUpload])
    assert [upload.fields.logo_type for upload in uploads] == ["white", "colored", "favicon"]
    basic = {"Authorization": net.world.auth["Authorization"]}  # with a key and a secret alone it sends these
    assert read(await net.send("GET", f"{BASE}/rooms", **basic), Net.Rooms).total_items == 0


# --- Java -----------------------------------------------------------------------------------------------------------


async def test_java_rooms(java: Sdk) -> None:
    theme = await theme_of(java)
    expires = later(java.world, "%Y-%m-%dT%H:%M:%S", days=30)
    body = {
        "display_name": "Sample Meeting Room",
        "metadata": "My room",
        "type": "long_term",
        "is_available": True,
        "expire_after_use": False,
        "recording_options": {"auto_record": True, "record_only_owner": False},
        "initial_join_options": {"microphone_state": "on"},
        "ui_settings": {"language": "PT-BR"},
        "callback_urls": CALLBACKS,
        "available_features": {name: on for name, on in FEATURES.items() if name != "is_captions_available"},
        "theme_id": theme,
        "join_approval_level": "explicit_approval",
        "expires_at": f"{expires}.123456789Z",
    }
    room = read(await java.send("POST", f"{BASE}/rooms", body), Java.Room, 201)
    assert (room.expires_at, room.ui_settings, room.theme_id) == (f"{expires}.123Z", {"language": "pt-br"}, theme)
    update = {
        "expire_after_use": False,
        "initial_join_options": {"microphone_state": "on"},
        "callback_urls": {},
        "available_features": {},
        "join_approval_level": "after_owner_only",
        "theme_id": theme,
        "expires_at": later(java.world, "%Y-%m-%dT%H:%M:%SZ", days=9),
    }
    changed = read(await java.send("PATCH", f"{BASE}/rooms/{room.id}", {"update_details": update}), Java.Room)
    assert (changed.join_approval_level, changed.callback_urls) == ("after_owner_only", CALLBACKS)
    assert read(await java.send("GET", f"{BASE}/rooms/{room.id}"), Java.Room).created_at == room.created_at
    for path in ("rooms", f"themes/{theme}/rooms"):
        assert [one.id for one in await all_rooms(java, path)] == [room.id]


async def test_java_lists_all_rooms_however_many(java: Sdk) -> None:
    """It goes on from a full page to the next one, and throws when there is none."""
    theme, ids = await theme_of(java), list[str]()
    for count in (0, 1, LARGEST_PAGE, LARGEST_PAGE + 1, 2 * LARGEST_PAGE):
        ids += await java.world.db.write(more, java.world.application_id, theme, count - len(ids))
        for path in ("rooms", f"themes/{theme}/rooms"):
            assert [room.id for room in await all_rooms(java, path)] == ids


def more(tx: Tx, application_id: str, theme: str, count: int) -> list[str]:
    """So many rooms, of which all but the first are copies; their ids."""
    application, spec = access.application(tx, application_id), rooms.Spec(display_name="Standup", theme_id=theme)
    made = [rooms.create(tx, application, spec, limit=3 * LARGEST_PAGE, digits=9).id for _ in range(min(count, 1))]
    if count <= 1:
        return made
    first = tx.one(sa.select(tables.room).where(tables.room.c.id == made[0]))
    assert first is not None
    kept = {name: value for name, value in first._mapping.items() if name != "serial"}
    copies = [{**kept, "id": str(uuid4()), "meeting_code": str(uuid4().int)[:18]} for _ in range(1, count)]
    tx.execute(sa.insert(tables.room), copies)
    counted = {"application_id": application_id, "slot": rooms.SLOTS + first.serial, "rooms": len(copies)}
    tx.execute(sa.insert(tables.tally), counted)  # a slot that `rooms.create` cannot have taken
    return [*made, *(copy["id"] for copy in copies)]


async def all_rooms(java: Sdk, path: str) -> list[Java.Room]:
    """`listRooms` and `searchRoomsByTheme`: how that client goes from page to page."""
    start, found = "", list[Java.Room]()
    while True:
        page = read(await java.send("GET", f"{BASE}/{path}?page_size={LARGEST_PAGE}{start}"), Java.Rooms)
        found += page.rooms
        is_end = page.page_size < LARGEST_PAGE if start else page.total_items <= page.page_size
        if is_end:
            return found
        start = f"&start_id={page.next_id()}"


async def test_java_themes(java: Sdk) -> None:
    body = {"theme_name": "Vonage theme", "main_color": "#8a1278", "short_company_url": "https://developer.vonage.com"}
    theme = read(await java.send("POST", f"{BASE}/themes", body | {"brand_text": "Brand"}), Java.Theme, 201)
    one = f"{BASE}/themes/{theme.theme_id}"
    assert read(await java.send("PATCH", one, {"update_details": body}), Java.Theme) == theme
    assert read(await java.send("GET", one), Java.Theme) == theme
    assert read(await java.send("GET", f"{BASE}/themes"), list[Java.Theme]) == [theme]
    assert read(await java.send("GET", f"{BASE}/themes/logos-upload-urls"), list[LogoUpload])
    assert read(await java.send("GET", f"{BASE}/dial-in-numbers"), list[Number])
    default = {"update_details": {"default_theme_id": theme.theme_id}}
    assert read(await java.send("PATCH", f"{BASE}/applications", default), Net.Application)
    refusal = read(await java.send("DELETE", f"{one}?force=false"), Java.Refusal, 400)
    assert (refusal.name, refusal.status) == ("BadRequestError", 400)
    assert (await java.send("DELETE", f"{one}?force=true")).status_code == 204
    assert read(await java.send("GET", f"{BASE}/themes"), list[Java.Theme]) == []


async def test_refusals_can_be_read_by_all(java: Sdk) -> None:
    unknown = "4f2d3e1c-0b5a-4c6d-8e7f-9a0b1c2d3e4f"
    for method, path, body, status in (
        ("GET", f"rooms/{unknown}", None, 404),
        ("GET", f"recordings/{unknown}", None, 404),
        ("DELETE", f"recordings/{unknown}", None, 404),
        ("GET", "sessions/1_MX4~nothing-fg/recordings", None, 404),
        ("DELETE", f"themes/{unknown}?force=true", None, 404),
        ("PUT", f"themes/{unknown}/finalizeLogos", {"keys": ["x"]}, 404),
        ("POST", "rooms", {}, 400),
        ("PATCH", "applications", {}, 400),
        ("GET", "nothing", None, 404),
    ):
        refusal = read(await java.send(method, f"{BASE}/{path}", body), Java.Refusal, status)
        assert refusal.status == status and refusal.name and refusal.message
    stranger = read(await java.send("GET", f"{BASE}/rooms", Authorization="Bearer x"), Java.Refusal, 401)
    assert stranger.title and stranger.detail


# --- PHP ------------------------------------------------------------------------------------------------------------


async def test_php_rooms(php: Sdk) -> None:
    """Two slashes, and lists inside an object."""
    room = php_room(await php.send("POST", f"{BASE}//rooms", {"display_name": "Standup"}), 201)
    body = {
        "display_name": "Weekly",
        "type": "long_term",
        "expires_at": later(php.world, "%Y-%m-%dT%H:%M:%S.000Z", days=9),
    }
    weekly = php_room(await php.send("POST", f"{BASE}//rooms", body), 201)
    update = {"update_details": {"join_approval_level": "none", "theme_id": await theme_of(php)}}
    assert php_room(await php.send("PATCH", f"{BASE}//rooms/{weekly['id']}", update))["theme_id"]
    assert php_room(await php.send("GET", f"{BASE}//rooms/{room['id']}"))["id"] == room["id"]
    for query, names in (
        ("page_size=20", ["Standup", "Weekly"]),
        ("start_id=2&page_size=20", ["Weekly"]),
        ("start_id=1&end_id=2&page_size=3", ["Standup"]),
    ):
        listed = php_rooms(await php.send("GET", f"{BASE}//rooms?{query}"))
        assert [one["display_name"] for one in listed] == names
    path = f"{BASE}//themes/{update['update_details']['theme_id']}/rooms?page_size=20"
    assert [one["id"] for one in php_rooms(await php.send("GET", path))] == [weekly["id"]]


async def test_php_themes_and_the_rest(php: Sdk) -> None:
    """Its `createApplicationTheme` sends a name alone, which the contract refuses; so themes come from elsewhere."""
    assert (await php.send("POST", f"{BASE}//themes", {"theme_name": "spring"})).status_code == 400
    theme = await theme_of(php)
    one = f"{BASE}//themes/{theme}"
    changed = read(await php.send("PATCH", one, {"update_details": {"brand_text": "New"}}), dict[str, Any])
    assert (changed["theme_id"], changed["brand_text"]) == (theme, "New")
    assert read(await php.send("GET", one), dict[str, Any]) == changed
    assert read(await php.send("GET", f"{BASE}//themes"), list[dict[str, Any]]) == [changed]
    assert read(await php.send("GET", f"{BASE}//dial-in-numbers"), list[Number])
    assert read(await php.send("GET", f"{BASE}//themes/logos-upload-urls"), list[LogoUpload])
    for body in ({"update_details": {"default_theme_id": theme}}, {"default_theme_id": theme}):
        assert read(await php.send("PATCH", f"{BASE}//applications", body), Net.Application).default_theme_id == theme
    assert (await php.send("DELETE", f"{one}?force=true")).status_code == 204


async def test_php_recordings(php: Sdk) -> None:
    session = await make_session(php.world)
    id = await make_uploaded(php.world, session)
    assert read(await php.send("GET", f"{BASE}//recordings/{id}"), dict[str, Any])["id"] == id
    entries = read(await php.send("GET", f"{BASE}//sessions/{session}/recordings"), dict[str, dict[str, Any]])
    assert list(entries) == ["_embedded"], "its loop over this object makes one odd entry, and no error"
    assert (await php.send("DELETE", f"{BASE}//recordings/{id}")).status_code == 204


# --- Ruby -----------------------------------------------------------------------------------------------------------


async def test_ruby_rooms(ruby: Sdk) -> None:
    """Keys come in the order of its keywords; times without a zone."""
    expires = later(ruby.world, "%Y-%m-%d %H:%M:%S.000", days=30)
    body = {"type": "long_term", "expires_at": expires, "metadata": "x", "display_name": "Weekly"}
    room = read(await ruby.send("POST", f"{BASE}/rooms", body), Net.Room, 201)
    assert room.expires_at == later(ruby.world, "%Y-%m-%dT%H:%M:%S.000Z", days=30)
    update = {"update_details": {"expires_at": expires, "expire_after_use": True}}
    assert read(await ruby.send("PATCH", f"{BASE}/rooms/{room.id}", update), Net.Room).id == room.id
    assert read(await ruby.send("GET", f"{BASE}/rooms/{room.id}"), Net.Room).id == room.id
    assert [one.id for one in read(await ruby.send("GET", f"{BASE}/rooms"), Net.Rooms).rooms] == [room.id]


async def test_ruby_themes_and_the_rest(ruby: Sdk) -> None:
    body = {"theme_name": "spring", "short_company_url": "acme", "main_color": "#12f64e", "brand_text": "Brand"}
    theme = read(await ruby.send("POST", f"{BASE}/themes", body), Net.Theme, 201)
    one = f"{BASE}/themes/{theme.theme_id}"
    assert read(await ruby.send("PATCH", one, {"update_details": {"brand_text": "New"}}), Net.Theme).brand_text == "New"
    assert [t.theme_id for t in read(await ruby.send("GET", f"{BASE}/themes"), list[Net.Theme])] == [theme.theme_id]
    listed = read(await ruby.send("GET", f"{one}/rooms?page_size=10&start_id=1"), Net.Rooms)
    assert (listed.rooms, listed.page_size, listed.total_items) == ([], 10, 0)
    urls = read(await ruby.send("GET", f"{BASE}/themes/logos-upload-urls"), list[LogoUpload])
    assert {upload.fields.logo_type for upload in urls} == {"white", "colored", "favicon"}
    default = {"update_details": {"default_theme_id": theme.theme_id}}
    assert read(await ruby.send("PATCH", f"{BASE}/applications", default), Net.Application)
    assert (await ruby.send("DELETE", f"{one}?force=false")).status_code == 400
    assert (await ruby.send("DELETE", f"{one}?force=true")).status_code == 204
    session = await make_session(ruby.world)
    id = await make_uploaded(ruby.world, session)
    listed = read(await ruby.send("GET", f"{BASE}/sessions/{session}/recordings"), Net.Recordings)
    assert [recording.id for recording in listed.embedded.recordings] == [id]
    assert (await ruby.send("DELETE", f"{BASE}/recordings/{id}")).status_code == 204
