"""Themes at the vendor's door: the contract's rows (§3.3), every tolerance, and what rooms make of them."""

import asyncio
import json
import re
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID, uuid4

import httpx
import pytest
import sqlalchemy as sa

from convene import access, keys, tables, themes
from convene.web.app import doors
from tests import world as worlds
from tests.world import World

THEMES = "/v1/meetings/themes"
MONTH = "2026-04-01T08:00:00.000Z"
KEYS = [
    *("theme_id", "theme_name", "domain", "account_id", "application_id", "main_color", "short_company_url"),
    *("brand_text", "brand_image_colored", "brand_image_white", "branded_favicon", "brand_image_white_url"),
    *("brand_image_colored_url", "branded_favicon_url"),
]
NULL = [name for name in KEYS if name.startswith(("brand_image", "branded"))]
LOOKS = {"main_color": "#0a7d4f", "brand_text": "Acme"}
SCRIPTS = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "javascript:alert(1)",
    "</style><svg onload=alert(1)>",
    "{{7*7}} ${7*7} <%= 7*7 %>",
    "' OR 1=1 --",
    "\u202egnp.exe\u2066 😀 ﷽",
]

Body = dict[str, Any]


async def call(world: World, method: str, path: str, body: Any = None, **headers: str) -> httpx.Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    content = None if body is None else json.dumps(body)
    return await world.client.request(method, path, content=content, headers=world.auth | named)


async def made(world: World, **fields: Any) -> Body:
    answer = await call(world, "POST", THEMES, {**LOOKS, **fields})
    assert answer.status_code == 201, answer.text
    return answer.json()  # type: ignore[no-any-return]


async def room_with(world: World, **fields: Any) -> Body:
    body = {"display_name": "Weekly sync", "type": "long_term", "expires_at": MONTH, **fields}
    answer = await call(world, "POST", "/v1/meetings/rooms", body)
    assert answer.status_code == 201, answer.text
    return answer.json()  # type: ignore[no-any-return]


async def room_now(world: World, room: Body) -> Body:
    return (await call(world, "GET", f"/v1/meetings/rooms/{room['id']}")).json()  # type: ignore[no-any-return]


async def default_theme(world: World, theme: Body | None) -> None:
    details = {"default_theme_id": theme and theme["theme_id"]}
    answer = await call(world, "PATCH", "/v1/meetings/applications", {"update_details": details})
    assert answer.status_code == 200, answer.text


def told(answer: httpx.Response) -> tuple[int, str, str, Any]:
    body = answer.json()
    assert body["status"] == answer.status_code
    assert answer.headers["content-type"] == "application/json"
    return answer.status_code, body["name"], body["message"], body.get("errors")


# --- Making, reading ------------------------------------------------------------------------------------------------


async def test_a_theme_as_the_contract_shows_it(world: World) -> None:
    theme = await made(world, theme_name="spring", short_company_url="acme")
    assert list(theme) == KEYS
    assert UUID(theme["theme_id"])
    assert {
        name: theme[name] for name in ("theme_name", "domain", "main_color", "short_company_url", "brand_text")
    } == {
        "theme_name": "spring",
        "domain": "VCP",
        "main_color": "#0a7d4f",
        "short_company_url": "acme",
        "brand_text": "Acme",
    }
    assert (theme["account_id"], theme["application_id"]) == (world.first.api_key, world.application_id)
    assert {theme[name] for name in NULL} == {None}
    read = await call(world, "GET", f"{THEMES}/{theme['theme_id'].upper()}")
    assert (read.status_code, read.json()) == (200, theme)


async def test_a_theme_needs_a_colour_and_a_text_alone(world: World) -> None:
    one, other = await made(world), await made(world, theme_name=None, short_company_url=None)
    assert one["short_company_url"] is None and other["short_company_url"] is None
    assert UUID(one["theme_name"]) != UUID(other["theme_name"])


async def test_the_list_is_a_bare_array(world: World) -> None:
    assert (await call(world, "GET", THEMES)).json() == []
    both = []
    for name in ("one", "two"):
        both.append(await made(world, theme_name=name))
        world.later(seconds=1)
    assert (await call(world, "GET", f"{THEMES}/")).json() == both
    assert (await call(world, "GET", "/beta/meetings/themes")).json() == both


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"main_color": None}, '"main_color" is required'),
        ({"brand_text": None}, '"brand_text" is required'),
        ({"brand_text": ""}, '"brand_text" is not allowed to be empty'),
        ({"brand_text": "x" * 201}, '"brand_text" length must be less than or equal to 200 characters long'),
        ({"theme_name": "x" * 201}, '"theme_name" length must be less than or equal to 200 characters long'),
        ({"theme_name": 7}, '"theme_name" must be a string'),
        ({"main_color": "red"}, '"main_color" with value "red" fails to match'),
        ({"main_color": "#12345"}, '"main_color" with value "#12345" fails to match'),
        ({"main_color": "#1234567"}, '"main_color" with value "#1234567" fails to match'),
        ({"main_color": "#ggg"}, '"main_color" with value "#ggg" fails to match'),
        ({"main_color": "#fff\n"}, '"main_color" with value "#fff\n" fails to match'),
        ({"main_color": "#fff;background:url(//x)"}, '"main_color" with value'),
        ({"main_color": 16777215}, '"main_color" must be a string'),
        ({"short_company_url": "604118237"}, '"short_company_url" with value "604118237" fails to match'),
        ({"short_company_url": ""}, '"short_company_url" with value "" fails to match'),
        ({"short_company_url": "a/b"}, '"short_company_url" with value "a/b" fails to match'),
        ({"short_company_url": "a.b"}, '"short_company_url" with value "a.b" fails to match'),
        ({"short_company_url": "ä"}, '"short_company_url" with value "ä" fails to match'),
        ({"short_company_url": "a" * 129}, '"short_company_url" with value'),
        ({"short_company_url": "https://"}, '"short_company_url" with value "" fails to match'),
        ({"colour": "#fff"}, '"colour" is not allowed'),
        ({"brand_text": "a\0b"}, '"brand_text" contains an invalid character'),
    ],
)
async def test_what_is_refused(world: World, fields: Body, message: str) -> None:
    answer = await call(world, "POST", THEMES, {**LOOKS, **fields})
    status, name, sentence, errors = told(answer)
    assert (status, name) == (400, "InputValidationError")
    assert sentence.startswith(message)
    assert errors == [sentence]
    assert (await call(world, "GET", THEMES)).json() == []


async def test_what_the_php_client_sends_is_refused_by_both_names(world: World) -> None:
    answer = await call(world, "POST", THEMES, {"theme_name": "only a name"})
    assert told(answer)[3] == ['"main_color" is required', '"brand_text" is required']


async def test_values_at_their_edges(world: World) -> None:
    longest = {"theme_name": "n" * 200, "brand_text": "b" * 200, "short_company_url": "s" * 127 + "~"}
    theme = await made(world, **longest)
    assert {name: theme[name] for name in longest} == longest
    for colour in ("#abc", "#ABCDEF", "#09f"):
        assert (await made(world, main_color=colour))["main_color"] == colour
    for word in ("updated_company_url", "1a", "-", "~~", "A_b-C~9"):
        assert (await made(world, short_company_url=word))["short_company_url"] == word


@pytest.mark.parametrize(
    ("url", "word"),
    [
        ("https://example.com", "example-com"),
        ("http://example.com/", "example-com"),
        ("https://meetings.example.org/acme", "acme"),
        ("https://meetings.example.org/a/b/acme/?x=1#y", "acme"),
    ],
)
async def test_a_whole_url_gives_its_word(world: World, url: str, word: str) -> None:
    assert (await made(world, short_company_url=url))["short_company_url"] == word


@pytest.mark.parametrize("text", SCRIPTS)
async def test_texts_are_kept_as_they_are_and_sent_as_json(world: World, text: str) -> None:
    theme = await made(world, theme_name=text, brand_text=text)
    answer = await call(world, "GET", f"{THEMES}/{theme['theme_id']}")
    assert (answer.json()["theme_name"], answer.json()["brand_text"]) == (text, text)
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["x-content-type-options"] == "nosniff"
    room = await room_with(world, theme_id=theme["theme_id"])
    seen = await world.client.post("/api/meeting/look", json={"code": room["meeting_code"]})
    assert seen.json()["room"]["brand"]["text"] == text
    assert seen.headers["content-type"] == "application/json"


async def test_the_limit(world_with_few: World) -> None:
    world = world_with_few
    first = await made(world)
    await made(world)
    status, name, _, _ = told(await call(world, "POST", THEMES, LOOKS))
    assert (status, name) == (403, "ForbiddenError")
    assert (await call(world, "DELETE", f"{THEMES}/{first['theme_id']}")).status_code == 204
    answers = await asyncio.gather(*(call(world, "POST", THEMES, LOOKS) for _ in range(5)))
    assert sorted(answer.status_code for answer in answers) == [201, 403, 403, 403, 403]


@pytest.fixture
async def world_with_few(database_url: str, tmp_path: Any) -> Any:
    async with worlds.world(database_url, tmp_path, themes_limit=2) as made:
        yield made


# --- Names ----------------------------------------------------------------------------------------------------------


async def test_names_are_unique_in_an_application(world: World) -> None:
    await made(world, theme_name="spring")
    taken = (409, "ConflictError", "theme_name already exists in application", None)
    assert told(await call(world, "POST", THEMES, {**LOOKS, "theme_name": "spring"})) == taken
    other = await made(world, theme_name="autumn")
    body = {"update_details": {"theme_name": "spring", "brand_text": "changed"}}
    assert told(await call(world, "PATCH", f"{THEMES}/{other['theme_id']}", body)) == taken
    assert (await call(world, "GET", f"{THEMES}/{other['theme_id']}")).json() == other, "nothing of it"
    body = {"update_details": {"theme_name": "autumn"}}
    assert (await call(world, "PATCH", f"{THEMES}/{other['theme_id']}", body)).status_code == 200, "its own name"
    bob = await world.db.write(access.create_first, "Bob", worlds.key_pair())
    answer = await world.client.post(THEMES, json={**LOOKS, "theme_name": "spring"}, headers=worlds.basic(bob))
    assert answer.status_code == 201, "another application's names are its own"


async def test_addresses_are_unique_over_the_whole_server(world: World) -> None:
    await made(world, short_company_url="acme")
    taken = (409, "ConflictError", "short_company_url already exists", None)
    bob = worlds.basic(await world.db.write(access.create_first, "Bob", worlds.key_pair()))
    for word in ("acme", "https://meet.example.org/acme"):
        answer = await world.client.post(THEMES, json={**LOOKS, "short_company_url": word}, headers=bob)
        assert told(answer) == taken
    theirs = (await world.client.post(THEMES, json=LOOKS, headers=bob)).json()
    url = f"{THEMES}/{theirs['theme_id']}"
    assert told(await world.client.patch(url, json={"short_company_url": "acme"}, headers=bob)) == taken
    freed = (await call(world, "GET", THEMES)).json()[0]
    body = {"update_details": {"short_company_url": None}}
    changed = await call(world, "PATCH", f"{THEMES}/{freed['theme_id']}", body)
    assert changed.json()["short_company_url"] is None
    assert (await world.client.patch(url, json={"short_company_url": "acme"}, headers=bob)).status_code == 200


async def test_of_many_at_once_one_gets_the_name(world: World) -> None:
    for field in ("theme_name", "short_company_url"):
        body = {**LOOKS, field: "spring"}
        answers = await asyncio.gather(*(call(world, "POST", THEMES, body) for _ in range(8)))
        assert sorted(answer.status_code for answer in answers) == [201, *[409] * 7]
        assert {answer.json()["message"].split()[0] for answer in answers if answer.status_code == 409} == {field}


async def test_our_own_paths_are_no_ones_address(world: World) -> None:
    ours = {route.path.split("/")[1] for route in doors(world.runtime).router.routes if hasattr(route, "path")}
    words = {word for word in ours if re.fullmatch(r"[A-Za-z0-9_~-]+", word)}
    assert {"api", "assets", "v1", "pictures", "uploads"} <= words <= themes.RESERVED
    for word in (*themes.RESERVED, "API"):
        answer = await call(world, "POST", THEMES, {**LOOKS, "short_company_url": word})
        assert told(answer)[:3] == (409, "ConflictError", "short_company_url already exists"), word


# --- Changing -------------------------------------------------------------------------------------------------------


async def test_every_wrapper_of_a_change(world: World) -> None:
    theme = await made(world, theme_name="spring", short_company_url="acme")
    url = f"{THEMES}/{theme['theme_id']}"
    new = {"theme_name": "autumn", "main_color": "#ff0", "brand_text": "Zenith", "short_company_url": "zenith"}
    for wrapper in ("update_details", "update_options", None):
        expected = dict(theme)
        for name, value in new.items():
            expected[name] = value
            body = {wrapper: {name: value}} if wrapper else {name: value}
            answer = await call(world, "PATCH", url, body)
            assert (answer.status_code, answer.json()) == (200, expected), (wrapper, name)
        theme = (await call(world, "PATCH", url, {name: theme[name] for name in new})).json()
    again = await call(world, "PATCH", url, {"update_details": theme})
    assert (again.status_code, again.json()) == (200, theme), "a theme that was read may be sent back"
    nulls = dict.fromkeys(("theme_name", "main_color", "brand_text"))
    assert (await call(world, "PATCH", url, {"update_details": nulls})).json() == theme, "null is not given"


@pytest.mark.parametrize("body", [{}, {"update_details": {}}, {"update_options": {}}])
async def test_a_change_of_nothing(world: World, body: Body) -> None:
    theme = await made(world)
    status, name, message, _ = told(await call(world, "PATCH", f"{THEMES}/{theme['theme_id']}", body))
    assert (status, name) == (400, "InputValidationError")
    assert message.endswith("must have at least 1 key")


async def test_tags_and_keys(world: World) -> None:
    first = await call(world, "POST", THEMES, LOOKS, idempotency_key="one")
    again = await call(world, "POST", THEMES, LOOKS, idempotency_key="one")
    assert (again.status_code, again.json()) == (201, first.json())
    assert len((await call(world, "GET", THEMES)).json()) == 1
    url, tag = f"{THEMES}/{first.json()['theme_id']}", first.headers["ETag"]
    assert (await call(world, "GET", url, if_none_match=tag)).status_code == 304
    changed = await call(world, "PATCH", url, {"brand_text": "Zenith"}, if_match=tag)
    assert (changed.status_code, changed.headers["ETag"] != tag) == (200, True)
    assert (await call(world, "PATCH", url, {"brand_text": "late"}, if_match=tag)).status_code == 412
    assert (await call(world, "DELETE", url, if_match=tag)).status_code == 412
    assert (await call(world, "DELETE", url, if_match=changed.headers["ETag"])).status_code == 204


async def test_scopes(world: World) -> None:
    theme = await made(world)

    async def holder(scope: str) -> httpx.BasicAuth:
        new = await world.db.write(keys.add, world.application_id, keys.Wish("k", (scope,)))
        return httpx.BasicAuth(new.key.id, new.secret or "")

    stranger, reader, writer = [await holder(scope) for scope in ("rooms:write", "themes:read", "themes:write")]
    url = f"{THEMES}/{theme['theme_id']}"
    for method, path, mine, wrong in (
        ("GET", THEMES, reader, stranger),
        ("GET", url, reader, stranger),
        ("POST", THEMES, writer, reader),
        ("PATCH", url, writer, reader),
        ("GET", f"{THEMES}/logos-upload-urls", writer, reader),
        ("PUT", f"{url}/finalizeLogos", writer, reader),
        ("DELETE", url, writer, reader),
    ):
        assert (await world.client.request(method, path, json=LOOKS, auth=wrong)).status_code == 403, (method, path)
        assert (await world.client.request(method, path, json=LOOKS, auth=mine)).status_code not in (401, 403)


# --- Unknown, and other tenants' -------------------------------------------------------------------------------------


async def test_unknown_themes_and_other_tenants(world: World) -> None:
    bob = worlds.basic(await world.db.write(access.create_first, "Bob", worlds.key_pair()))
    theirs = (await world.client.post(THEMES, json=LOOKS, headers=bob)).json()["theme_id"]
    for theme in (theirs, str(uuid4()), "spring", "%00", "x" * 300):
        url = f"{THEMES}/{theme}"
        for method, path, body in (
            ("GET", url, None),
            ("PATCH", url, {"brand_text": "stolen"}),
            ("DELETE", f"{url}?force=true", None),
            ("PUT", f"{url}/finalizeLogos", {"keys": ["x"]}),
        ):
            status, name, message, _ = told(await call(world, method, path, body))
            assert (status, name) == (404, "NotFoundError"), (method, path)
            assert message.startswith("could not find theme ")
        answer = told(await call(world, "GET", f"{url}/rooms"))
        assert answer[:2] == (404, "NotFoundError")
        assert re.fullmatch(r"Failed to get rooms because theme id .* not found", answer[2], re.DOTALL)
    assert (await call(world, "GET", THEMES)).json() == []
    assert len((await world.client.get(THEMES, headers=bob)).json()) == 1


async def test_credentials_are_asked_for(world: World) -> None:
    for method, path in (("GET", THEMES), ("POST", THEMES), ("GET", f"{THEMES}/logos-upload-urls")):
        answer = await world.client.request(method, path)
        assert (answer.status_code, answer.json()["title"]) == (401, "Missing Auth")


# --- Rooms ----------------------------------------------------------------------------------------------------------


async def test_a_room_takes_a_theme_that_is_there(world: World) -> None:
    theme = (await made(world))["theme_id"]
    bob = worlds.basic(await world.db.write(access.create_first, "Bob", worlds.key_pair()))
    theirs = (await world.client.post(THEMES, json=LOOKS, headers=bob)).json()["theme_id"]
    room = await room_with(world)
    for unknown in (theirs, str(uuid4())):
        body = {"display_name": "x", "theme_id": unknown}
        message = f"Failed to create room because theme id {unknown} not found"
        assert told(await call(world, "POST", "/v1/meetings/rooms", body)) == (400, "BadRequestError", message, None)
        answer = await call(world, "PATCH", f"/v1/meetings/rooms/{room['id']}", {"theme_id": unknown})
        assert told(answer)[2] == f"Failed to update room because theme id {unknown} not found"
    assert (await call(world, "GET", "/v1/meetings/rooms")).json()["total_items"] == 1
    for given, kept in ((theme, theme), (None, None), (theme.upper(), theme), ("null", None)):
        body = {"update_details": {"theme_id": given}}
        answer = await call(world, "PATCH", f"/v1/meetings/rooms/{room['id']}", body)
        assert (answer.status_code, answer.json()["theme_id"]) == (200, kept)


async def test_the_rooms_of_a_theme(world: World) -> None:
    spring, autumn = (await made(world))["theme_id"], (await made(world))["theme_id"]
    own = [await room_with(world, theme_id=(spring, autumn, None)[n % 3]) for n in range(15)]
    springs = [room["id"] for room in own if room["theme_id"] == spring]
    path = f"{THEMES}/{spring}/rooms"
    whole = (await call(world, "GET", path)).json()
    assert ([room["id"] for room in whole["_embedded"]], whole["total_items"], whole["page_size"]) == (springs, 5, 20)
    assert list(whole) == ["page_size", "total_items", "_embedded", "_links"]
    seen, link = [], f"http://localhost:8000{path}?page_size=2"
    while link:
        parts = urlsplit(link)
        assert parts.path == path
        page = (await call(world, "GET", f"{parts.path}?{parts.query}")).json()
        assert page["page_size"] == 2
        seen.append([room["id"] for room in page["_embedded"]])
        link = page["_links"].get("next", {}).get("href")
    assert seen == [springs[:2], springs[2:4], springs[4:]]
    assert (await call(world, "GET", f"{path}?page_size=1000")).status_code == 200
    assert (await call(world, "GET", f"{path}?page_size=1001")).status_code == 400
    php = await call(world, "GET", path, user_agent="vonage-php/4")
    assert len(php.json()["_embedded"]["rooms"]) == 5


async def test_links_carry_the_themes_address(world: World) -> None:
    theme = await made(world, short_company_url="acme")
    room = await room_with(world, theme_id=theme["theme_id"])
    code = room["meeting_code"]

    def links(of: Body) -> tuple[str, str]:
        href = of["_links"]["host_url"]["href"]
        return href.rpartition("&participant_token=")[0], of["_links"]["guest_url"]["href"]

    base = "http://localhost:8000"
    short = (f"{base}/acme/?room_token={code}", f"{base}/acme/{code}")
    plain = (f"{base}/?room_token={code}", f"{base}/{code}")
    assert links(room) == short
    assert links(await room_now(world, room)) == short
    assert links((await call(world, "GET", "/v1/meetings/rooms")).json()["_embedded"][0]) == short
    await call(world, "PATCH", f"{THEMES}/{theme['theme_id']}", {"short_company_url": None})
    assert links(await room_now(world, room)) == plain
    await call(world, "PATCH", f"{THEMES}/{theme['theme_id']}", {"short_company_url": "acme"})
    undressed = await call(world, "PATCH", f"/v1/meetings/rooms/{room['id']}", {"theme_id": None})
    assert links(undressed.json()) == plain
    await default_theme(world, theme)
    assert links(await room_now(world, room)) == short, "the default theme's"
    assert (await room_now(world, room))["theme_id"] is None


async def test_the_pages_of_both_addresses_are_the_meeting_page(world: World) -> None:
    pages = [await world.client.get(path) for path in ("/", "/acme/", "/acme/604118237", "/604118237")]
    assert len({(page.status_code, page.content) for page in pages}) == 1


async def test_a_room_wears_its_own_theme_or_the_default_one(world: World) -> None:
    own, usual = await made(world, brand_text="Own"), await made(world, brand_text="Usual", main_color="#123")
    dressed, bare = await room_with(world, theme_id=own["theme_id"]), await room_with(world)

    async def worn(room: Body) -> str | None:
        seen = await world.client.post("/api/meeting/look", json={"code": room["meeting_code"]})
        brand = seen.json()["room"]["brand"]
        return brand and brand["text"]

    assert (await worn(dressed), await worn(bare)) == ("Own", None)
    await default_theme(world, usual)
    assert (await worn(dressed), await worn(bare)) == ("Own", "Usual"), "also rooms that were there before"
    assert (await call(world, "DELETE", f"{THEMES}/{own['theme_id']}?force=true")).status_code == 204
    assert (await worn(dressed), (await room_now(world, dressed))["theme_id"]) == ("Usual", None)
    await default_theme(world, None)
    assert (await worn(dressed), await worn(bare)) == (None, None)


# --- Deleting -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("query", ["", "?force=false", "?force=False", "?force="])
async def test_a_theme_in_use_is_not_deleted(world: World, query: str) -> None:
    theme = await made(world)
    id, url = theme["theme_id"], f"{THEMES}/{theme['theme_id']}{query}"
    room = await room_with(world, theme_id=id)
    by_room = f"Theme {id} is used by 1 room"
    refused = (400, "BadRequestError", "could not delete theme")
    assert told(await call(world, "DELETE", url)) == (*refused, [by_room])
    await default_theme(world, theme)
    as_default = f"Theme {id} is used as application {world.application_id} default theme"
    assert told(await call(world, "DELETE", url)) == (*refused, [by_room, as_default])
    await call(world, "PATCH", f"/v1/meetings/rooms/{room['id']}", {"theme_id": None})
    assert told(await call(world, "DELETE", url)) == (*refused, [as_default])
    await default_theme(world, None)
    answer = await call(world, "DELETE", url)
    assert (answer.status_code, answer.content) == (204, b"")
    assert (await call(world, "GET", THEMES)).json() == []


async def test_two_rooms_are_rooms_and_closed_ones_do_not_count(world: World) -> None:
    theme = (await made(world))["theme_id"]
    old = await room_with(world, theme_id=theme)
    await call(world, "DELETE", f"/v1/meetings/rooms/{old['id']}")
    for _ in range(2):
        await room_with(world, theme_id=theme)
    assert told(await call(world, "DELETE", f"{THEMES}/{theme}"))[3] == [f"Theme {theme} is used by 2 rooms"]
    world.later(days=40)
    assert (await call(world, "DELETE", f"{THEMES}/{theme}")).status_code == 204
    assert (await room_now(world, old))["theme_id"] is None


@pytest.mark.parametrize("word", ["true", "True", "TRUE"])
async def test_force(world: World, word: str) -> None:
    theme = await made(world)
    room = await room_with(world, theme_id=theme["theme_id"])
    await default_theme(world, theme)
    assert (await call(world, "DELETE", f"{THEMES}/{theme['theme_id']}?force={word}")).status_code == 204
    assert (await room_now(world, room))["theme_id"] is None
    assert (await world.db.read(access.application, world.application_id)).default_theme_id is None
    assert told(await call(world, "DELETE", f"{THEMES}/{theme['theme_id']}?force={word}"))[0] == 404


async def test_force_is_a_boolean(world: World) -> None:
    theme = (await made(world))["theme_id"]
    assert told(await call(world, "DELETE", f"{THEMES}/{theme}?force=yes"))[2] == '"force" must be a boolean'


async def test_a_theme_that_goes_while_rooms_take_it(world: World) -> None:
    """Whichever comes first: no room is left with a theme that is not there."""
    for _ in range(6):
        theme = (await made(world))["theme_id"]
        room = await room_with(world)
        body = {"display_name": "x", "theme_id": theme}
        answers = await asyncio.gather(
            call(world, "POST", "/v1/meetings/rooms", body),
            call(world, "PATCH", f"/v1/meetings/rooms/{room['id']}", {"theme_id": theme}),
            call(world, "PATCH", "/v1/meetings/applications", {"default_theme_id": theme}),
            call(world, "DELETE", f"{THEMES}/{theme}?force=true"),
        )
        assert {answer.status_code for answer in answers} <= {200, 201, 204, 400}
        assert answers[-1].status_code == 204
    _t, _r, _a = tables.theme.c, tables.room.c, tables.application.c
    there = sa.select(_t.id)
    for column in (_r.theme_id, _a.default_theme_id):
        lost = sa.select(column).where(column.is_not(None), column.not_in(there))
        assert await world.db.read(lambda tx, lost=lost: tx.all(lost)) == []
