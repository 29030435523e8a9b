"""Rooms at the vendor's door: the contract's rows, its documents' own requests, and every tolerance."""

import json
import re
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import UUID, uuid4

import httpx
import jwt
import pytest
import sqlalchemy as sa

from convene import access, tables
from tests.world import World

BASES = ("/beta/meetings", "/meetings", "/v1/meetings", "/v0.1/meetings")
KEYS = [
    *("id", "display_name", "metadata", "type", "expires_at", "recording_options", "meeting_code", "_links"),
    *("created_at", "is_available", "expire_after_use", "theme_id", "initial_join_options", "join_approval_level"),
    *("ui_settings", "available_features"),
]
FEATURES = {
    "is_recording_available": True,
    "is_chat_available": True,
    "is_whiteboard_available": True,
    "is_locale_switcher_available": False,
    "is_captions_available": False,
}
MONTH = "2026-04-01T08:00:00.000Z"
THEME = "7b1c0c0e-0b8f-4c54-9a0e-4e0f8f7f2d0c"


async def call(world: World, method: str, path: str, body: Any = None, **options: Any) -> httpx.Response:
    """As curl would: a text goes as it is, with no content type."""
    content = body if body is None or isinstance(body, str | bytes) else json.dumps(body)
    return await world.client.request(method, path, content=content, headers=world.auth, **options)


async def made(world: World, **fields: Any) -> dict[str, Any]:
    answer = await call(world, "POST", "/v1/meetings/rooms", {"display_name": "Weekly sync", **fields})
    assert answer.status_code == 201, answer.text
    return answer.json()  # type: ignore[no-any-return]


async def long_term(world: World, **fields: Any) -> dict[str, Any]:
    return await made(world, type="long_term", expires_at=MONTH, **fields)


async def with_theme(world: World) -> None:
    """The application has the theme THEME."""
    row = {"id": THEME, "application_id": world.application_id, "name": "spring", "created_at": world.now}
    row |= {"main_color": "#0a7d4f", "brand_text": "Acme"}
    await world.db.write(lambda tx: tx.execute(sa.insert(tables.theme), row))


async def patch(world: World, room: dict[str, Any], body: Any) -> httpx.Response:
    return await call(world, "PATCH", f"/v1/meetings/rooms/{room['id']}", body)


# --- The documents' own requests ------------------------------------------------------------------------------------


async def test_the_first_request_of_the_old_documents(world: World) -> None:
    body = '{\n   "display_name":"New Meeting Room"\n}'
    headers = {
        "authorization": world.auth["Authorization"].replace("Basic", "basic"),
        "content-type": "application/json",
    }
    answer = await world.client.post("/beta/meetings/rooms", content=body, headers=headers)
    assert answer.status_code == 201
    assert answer.headers["content-type"] == "application/json"
    room = answer.json()
    assert list(room) == KEYS
    assert UUID(room["id"])
    assert (room["display_name"], room["metadata"], room["type"]) == ("New Meeting Room", None, "instant")
    assert room["created_at"] == "2026-03-01T08:00:00.000Z"
    assert room["expires_at"] == "2026-03-01T08:10:00.000Z"
    assert room["recording_options"] == {"auto_record": False, "record_only_owner": False}
    assert room["is_available"] is True
    assert (room["expire_after_use"], room["theme_id"]) == (False, None)
    assert room["initial_join_options"] == {"microphone_state": "default"}
    assert room["join_approval_level"] == "none"
    assert room["ui_settings"] == {"language": "default"}
    assert list(room["available_features"].items()) == list(FEATURES.items())
    assert re.fullmatch(r"[1-9]\d{11}", room["meeting_code"])


async def test_a_long_term_room_of_the_old_documents(world: World) -> None:
    body = """{
       "display_name":"New Meeting Room",
       "type":"long_term",
       "expires_at":"2026-10-21T18:45:50.901Z",
       "recording_options": {
           "auto_record": true}
    }"""
    room = (await call(world, "POST", "/beta/meetings/rooms", body)).json()
    assert (room["type"], room["expires_at"]) == ("long_term", "2026-10-21T18:45:50.901Z")
    assert room["recording_options"] == {"auto_record": True, "record_only_owner": False}

    assert (await call(world, "GET", f"/beta/meetings/rooms/{room['id']}")).json().keys() == room.keys()
    listed = (await call(world, "GET", "/beta/meetings/rooms/")).json()
    assert [one["id"] for one in listed["_embedded"]] == [room["id"]]

    body = '{ "update_details": { "expires_at": "2026-11-11T16:00:00.000Z" } }'
    answer = await call(world, "PATCH", f"/beta/meetings/rooms/{room['id']}", body)
    assert (answer.status_code, answer.json()["expires_at"]) == (200, "2026-11-11T16:00:00.000Z")

    answer = await call(world, "DELETE", f"/beta/meetings/rooms/{room['id']}")
    assert (answer.status_code, answer.content) == (204, b"")
    assert (await call(world, "GET", f"/beta/meetings/rooms/{room['id']}")).json()["is_available"] is False


async def test_every_spelling_of_every_path(world: World) -> None:
    room = await made(world)
    for base in BASES:
        for path in ("/rooms", "/rooms/", "//rooms", "//rooms//"):
            answer = await call(world, "GET", base + path)
            assert (answer.status_code, answer.json()["total_items"]) == (200, 1), base + path
        for path in (f"/rooms/{room['id']}", f"//rooms//{room['id']}/", f"/rooms/{room['id'].upper()}"):
            assert (await call(world, "GET", base + path)).json()["id"] == room["id"], base + path
    for path in ("/v2/meetings/rooms", "/beta/v1/meetings/rooms", "/v1/meetings/rooms.json"):
        assert (await call(world, "GET", path)).status_code == 404, path


async def test_bearer(world: World) -> None:
    claims = {"application_id": world.application_id, "iat": world.now.timestamp(), "jti": str(uuid4())}
    token = jwt.encode(claims, world.first.private_key, "RS256")
    answer = await world.client.get("/v1/meetings/rooms", headers={"Authorization": f"bearer {token}"})
    assert answer.status_code == 200


# --- Links ----------------------------------------------------------------------------------------------------------


async def test_the_two_links(world: World) -> None:
    room = await made(world)
    base, code = world.runtime.settings.base_url, room["meeting_code"]
    assert room["_links"]["guest_url"]["href"] == f"{base}/{code}"
    host = room["_links"]["host_url"]["href"]
    query = parse_qs(urlsplit(host).query)
    assert host == f"{base}/?room_token={code}&participant_token={query['participant_token'][0]}"
    assert set(jwt.get_unverified_header(query["participant_token"][0])) == {"alg", "typ", "kid"}

    def payload(link: str) -> dict[str, Any]:
        token = parse_qs(urlsplit(link).query)["participant_token"][0]
        return jwt.decode(token, options={"verify_signature": False})

    world.later(minutes=1)
    again = (await call(world, "GET", f"/v1/meetings/rooms/{room['id']}")).json()
    first, second = payload(host), payload(again["_links"]["host_url"]["href"])
    assert UUID(first["participantId"])
    assert second == {"participantId": first["participantId"], "iat": first["iat"] + 60}
    application = await world.db.read(access.application, world.application_id)
    assert access.is_host_token(query["participant_token"][0], application, first["participantId"])


# --- Fields ---------------------------------------------------------------------------------------------------------


async def test_every_field_is_kept_and_answered(world: World) -> None:
    await with_theme(world)
    urls = {f"{noun}_callback_url": f"https://example.org/{noun}" for noun in ("rooms", "sessions", "recordings")}
    features = {name: not usual for name, usual in FEATURES.items()}
    given = {
        "display_name": "Ünïcode 😀 <b>",
        "metadata": 'for "us"',
        "type": "long_term",
        "expires_at": MONTH,
        "recording_options": {"auto_record": True, "record_only_owner": True},
        "expire_after_use": True,
        "theme_id": THEME,
        "initial_join_options": {"microphone_state": "off"},
        "join_approval_level": "explicit_approval",
        "ui_settings": {"language": "he"},
        "available_features": features,
        "callback_urls": urls,
    }
    room = await made(world, **given)
    assert list(room) == [*KEYS, "callback_urls"]
    assert {name: room[name] for name in given} == given
    read = (await call(world, "GET", f"/v1/meetings/rooms/{room['id']}")).json()
    assert read == room
    assert (await call(world, "GET", "/v1/meetings/rooms")).json()["_embedded"] == [room]


async def test_callback_urls_are_absent_until_set(world: World) -> None:
    room = await long_term(world)
    assert "callback_urls" not in room
    one = {"callback_urls": {"rooms_callback_url": "http://example.org"}}
    assert (await patch(world, room, {"update_details": one})).json()["callback_urls"] == one["callback_urls"]
    none = {"callback_urls": {"rooms_callback_url": None}}
    assert "callback_urls" not in (await patch(world, room, {"update_details": none})).json()


async def test_all_forms_of_time(world: World) -> None:
    forms = {
        "2030-01-30T00:47:04+0000": "2030-01-30T00:47:04.000Z",
        "2030-01-30T00:47:04.123456": "2030-01-30T00:47:04.123Z",
        "2030-01-30T00:47:04.123Z": "2030-01-30T00:47:04.123Z",
        "2030-01-30 20:10:05": "2030-01-30T20:10:05.000Z",
        "2030-08-24T00:00:00": "2030-08-24T00:00:00.000Z",
        "2030-01-30 15:00:00.000": "2030-01-30T15:00:00.000Z",
        "2030-01-30T00:47:04Z": "2030-01-30T00:47:04.000Z",
        "2030-01-30T00:47:04.1234567Z": "2030-01-30T00:47:04.123Z",
        "2030-01-30T02:47:04+02:00": "2030-01-30T00:47:04.000Z",
        "2030-01-29T19:17:04.500-0530": "2030-01-30T00:47:04.500Z",
        "2030-01-30T00:47Z": "2030-01-30T00:47:00.000Z",
    }
    for given, kept in forms.items():
        assert (await made(world, type="long_term", expires_at=given))["expires_at"] == kept, given


async def test_what_clients_send_is_understood(world: World) -> None:
    await with_theme(world)
    languages = {"ES": "es", "IT": "it", "PT-BR": "pt-br", "pt": "pt-br", "default": "default", "zh-CN": "zh-cn"}
    for given, kept in languages.items():
        assert (await made(world, ui_settings={"language": given}))["ui_settings"] == {"language": kept}
    room = await made(world, recording_options={"auto_record": "true", "record_only_owner": "False"})
    assert room["recording_options"] == {"auto_record": True, "record_only_owner": False}
    assert (await made(world, theme_id="null"))["theme_id"] is None
    assert (await made(world, theme_id=THEME.upper()))["theme_id"] == THEME
    assert (await made(world, join_approval_level="explict_approval"))["join_approval_level"] == "explicit_approval"
    assert (await made(world, is_available=True))["is_available"] is True
    booleans = {"expire_after_use": "True", "available_features": {"is_chat_available": "false"}}
    room = await long_term(world, **booleans)
    assert (room["expire_after_use"], room["available_features"]["is_chat_available"]) == (True, False)
    nulls = dict.fromkeys(
        ("metadata", "type", "expires_at", "theme_id", "callback_urls", "ui_settings", "expire_after_use")
    )
    assert (await made(world, **nulls))["type"] == "instant"
    assert (await made(world, metadata=""))["metadata"] == ""
    again = await call(world, "POST", "/v1/meetings/rooms", await long_term(world))
    assert again.status_code == 201, "a room that was read may be sent back"


async def test_what_the_net_client_always_sends(world: World) -> None:
    body = {
        "available_features": FEATURES,
        "display_name": "x",
        "initial_join_options": {"microphone_state": "default"},
        "type": "long_term",
        "ui_settings": {"language": "en"},
        "expire_after_use": False,
        "expires_at": "2026-04-01 08:00:00",
    }
    room = await made(world, **body)
    assert (room["expires_at"], room["ui_settings"]) == (MONTH, {"language": "en"})


@pytest.mark.parametrize(
    "kind",
    ["application/x-www-form-urlencoded", "text/plain", "application/json; charset=utf-8", "multipart/form-data", ""],
)
async def test_json_by_any_other_name(world: World, kind: str) -> None:
    """curl sends a form's content type unless it is told otherwise, and so do the vendor's guides."""
    headers = world.auth | {"Content-Type": kind}
    body = f'{{"display_name": "x", "type": "long_term", "expires_at": "{MONTH}"}}'
    room = await world.client.post("/v1/meetings/rooms", headers=headers, content=body)
    assert room.status_code == 201
    change = '\ufeff{"update_details": {"display_name": "y"}}'.encode()
    changed = await world.client.patch(f"/v1/meetings/rooms/{room.json()['id']}", headers=headers, content=change)
    assert (changed.status_code, changed.json()["display_name"]) == (200, "y")


async def test_what_is_understood_in_a_creation_is_understood_in_a_change(world: World) -> None:
    await with_theme(world)
    room = await long_term(world, theme_id=THEME)
    for given, kept in (
        ({"ui_settings": {"language": "PT"}}, {"ui_settings": {"language": "pt-br"}}),
        ({"ui_settings": {"language": "ZH-TW"}}, {"ui_settings": {"language": "zh-tw"}}),
        ({"join_approval_level": "explict_approval"}, {"join_approval_level": "explicit_approval"}),
        ({"theme_id": "null"}, {"theme_id": None}),
        ({"expire_after_use": "true"}, {"expire_after_use": True}),
        ({"recording_options": {"auto_record": "FALSE"}}, {"recording_options": room["recording_options"]}),
        ({"expires_at": "2026-05-01 08:00:00"}, {"expires_at": "2026-05-01T08:00:00.000Z"}),
        ({"is_available": True, "metadata": "m"}, {"metadata": "m", "is_available": True}),
    ):
        for wrapper in ("update_details", "update_options", None):
            answer = await patch(world, room, {wrapper: given} if wrapper else given)
            assert answer.status_code == 200, (wrapper, answer.text)
            assert {name: answer.json()[name] for name in kept} == kept, wrapper


# --- Changes --------------------------------------------------------------------------------------------------------


async def test_every_wrapper_of_a_change(world: World) -> None:
    await with_theme(world)
    room = await long_term(world)
    node = {"display_name": "n", "type": "long_term", "metadata": None, "expire_after_use": True}
    for body in ({"update_details": {"display_name": "d"}}, {"update_options": node}, {"display_name": "plain"}):
        answer = await patch(world, room, body)
        assert (answer.status_code, answer.json()["display_name"]) == (200, next(iter(_inner(body).values())))
    assert answer.json()["expire_after_use"] is True
    removed = await patch(world, room, {"update_details": {"theme_id": THEME}})
    assert removed.json()["theme_id"] == THEME
    for nothing in (None, "null"):
        await patch(world, room, {"update_details": {"theme_id": THEME}})
        assert (await patch(world, room, {"update_details": {"theme_id": nothing}})).json()["theme_id"] is None


def _inner(body: dict[str, Any]) -> dict[str, Any]:
    return body.get("update_details") or body.get("update_options") or body


async def test_a_change_leaves_the_rest(world: World) -> None:
    await with_theme(world)
    room = await long_term(world, metadata="m", recording_options={"record_only_owner": True})
    changes: dict[str, Any] = {
        "display_name": "new",
        "metadata": "new",
        "expires_at": "2026-05-01T08:00:00.000Z",
        "expire_after_use": True,
        "recording_options": {"auto_record": True, "record_only_owner": True},
        "theme_id": THEME,
        "join_approval_level": "after_owner_only",
        "initial_join_options": {"microphone_state": "on"},
        "available_features": {**room["available_features"], "is_chat_available": False},
        "ui_settings": {"language": "ar"},
        "callback_urls": {"sessions_callback_url": "https://example.org/s"},
    }
    sent = {**changes, "recording_options": {"auto_record": True}, "available_features": {"is_chat_available": False}}
    expected = dict(room)
    for name, value in sent.items():
        expected[name] = changes[name]
        assert (await patch(world, room, {"update_details": {name: value}})).json() == expected, name


async def test_what_cannot_be_changed(world: World) -> None:
    instant, old = await made(world), await made(world, type="long_term", expires_at="2026-03-01T08:30:00Z")
    change = {"update_details": {"expires_at": MONTH}}
    answer = await patch(world, instant, change)
    told = f"The room with id: {instant['id']} could not be updated because of its type: temporary"
    assert answer.json() == {"message": told, "name": "BadRequestError", "status": 400}
    assert answer.status_code == 400
    world.later(minutes=30)
    for room in (instant, old, {"id": str(uuid4())}):
        answer = await patch(world, room, change)
        assert (answer.status_code, answer.json()["name"]) == (404, "NotFoundError")
        assert answer.json()["message"] == f"Failed to fetch resource with id {room['id']}"


# --- Wrong input ----------------------------------------------------------------------------------------------------

LEVELS = "[none, after_owner_only, explicit_approval]"
LANGUAGES = "[default, ar, ca, de, en, es, fr, he, it, pt-br, zh-tw, zh-cn]"
MICROPHONE, URL = "initial_join_options.microphone_state", "callback_urls.rooms_callback_url"
PATTERN = "fails to match the required pattern: /^https?:\\/\\//"
BOTH = [
    ({"display_name": ""}, '"display_name" is not allowed to be empty'),
    ({"display_name": 7}, '"display_name" must be a string'),
    ({"display_name": ["x"]}, '"display_name" must be a string'),
    ({"display_name": "x" * 201}, '"display_name" length must be less than or equal to 200 characters long'),
    ({"display_name": "a\0b"}, '"display_name" contains an invalid character'),
    ({"display_name": "\ud800"}, '"display_name" contains an invalid character'),
    ({"metadata": 7}, '"metadata" must be a string'),
    ({"metadata": "x" * 501}, '"metadata" length must be less than or equal to 500 characters long'),
    ({"expires_at": "soon"}, '"expires_at" must be a valid date'),
    ({"expires_at": "2026-02-30T00:00:00Z"}, '"expires_at" must be a valid date'),
    ({"expires_at": "2026-W10-1T00:00:00"}, '"expires_at" must be a valid date'),
    ({"expires_at": "9999-12-31T23:59:59-23:59"}, '"expires_at" must be a valid date'),
    ({"expires_at": 1893456000}, '"expires_at" must be a valid date'),
    ({"expires_at": ""}, '"expires_at" must be a valid date'),
    ({"expires_at": "2026-03-01T08:10:00Z"}, '"expires_at" must be more than 10 minutes in the future'),
    ({"expires_at": "2020-01-01T00:00:00Z"}, '"expires_at" must be more than 10 minutes in the future'),
    ({"expires_at": "2032-01-01T00:00:00Z"}, '"expires_at" must be at most 5 years in the future'),
    ({"expire_after_use": "yes"}, '"expire_after_use" must be a boolean'),
    ({"expire_after_use": 1}, '"expire_after_use" must be a boolean'),
    ({"recording_options": True}, '"recording_options" must be of type object'),
    ({"recording_options": []}, '"recording_options" must be of type object'),
    ({"recording_options": {"auto_record": "on"}}, '"recording_options.auto_record" must be a boolean'),
    ({"recording_options": {"record_only_owner": 0}}, '"recording_options.record_only_owner" must be a boolean'),
    ({"recording_options": {"always": True}}, '"recording_options.always" is not allowed'),
    ({"theme_id": "spring"}, '"theme_id" must be a valid GUID'),
    ({"theme_id": 1}, '"theme_id" must be a string'),
    ({"join_approval_level": "all"}, f'"join_approval_level" must be one of {LEVELS}'),
    ({"initial_join_options": {"microphone_state": True}}, f'"{MICROPHONE}" must be one of [default, on, off]'),
    ({"callback_urls": {"rooms_callback_url": "ftp://x"}}, f'"{URL}" with value "ftp://x" {PATTERN}'),
    ({"callback_urls": {"sessions_callback_url": 1}}, '"callback_urls.sessions_callback_url" must be a string'),
    (
        {"callback_urls": {"recordings_callback_url": "https://" + "x" * 2041}},
        '"callback_urls.recordings_callback_url" length must be less than or equal to 2048 characters long',
    ),
    ({"available_features": {"is_chat_available": "no"}}, '"available_features.is_chat_available" must be a boolean'),
    ({"ui_settings": {"language": "xx"}}, f'"ui_settings.language" must be one of {LANGUAGES}'),
    ({"displayname": "x"}, '"displayname" is not allowed'),
]
CREATING = [
    ({"display_name": None}, '"display_name" is required'),
    ({"type": "weekly"}, '"type" must be one of [instant, long_term]'),
    ({"type": "instant"}, '"expires_at" is not allowed'),
    ({"expires_at": None}, '"expires_at" is required'),
]


def refusal(message: str) -> dict[str, Any]:
    return {"message": message, "name": "InputValidationError", "status": 400, "errors": [message]}


async def test_wrong_input_is_named(world: World) -> None:
    room = await long_term(world)
    whole = {"display_name": "x", "type": "long_term", "expires_at": MONTH}
    for given, message in [*BOTH, *CREATING]:
        answer = await call(world, "POST", "/v1/meetings/rooms", whole | given)
        assert (answer.status_code, answer.json()) == (400, refusal(message)), given
    for given, message in BOTH:
        answer = await patch(world, room, {"update_details": given})
        assert (answer.status_code, answer.json()) == (400, refusal(message)), given
    for body, message in (
        ({}, '"update_details" must have at least 1 key'),
        ({"update_details": {}}, '"update_details" must have at least 1 key'),
        ({"update_options": {}}, '"update_options" must have at least 1 key'),
        ({"update_details": []}, '"update_details" must be of type object'),
        ({"update_details": None}, '"update_details" must be of type object'),
    ):
        assert (await patch(world, room, body)).json() == refusal(message), body
    assert (await call(world, "GET", f"/v1/meetings/rooms/{room['id']}")).json() == room
    assert (await call(world, "GET", "/v1/meetings/rooms")).json()["total_items"] == 1


async def test_all_problems_are_listed(world: World) -> None:
    body = {"type": "x", "recording_options": {"auto_record": 1}, "nonsense": 1}
    answer = (await call(world, "POST", "/v1/meetings/rooms", body)).json()
    assert answer["errors"] == [
        '"display_name" is required',
        '"type" must be one of [instant, long_term]',
        '"recording_options.auto_record" must be a boolean',
        '"nonsense" is not allowed',
    ]
    assert answer["message"] == answer["errors"][0]


async def test_bodies_that_are_no_rooms(world: World) -> None:
    room = await long_term(world)
    malformed = ["{", '{"display_name": "x"', "{'a': 1}", "display_name=x", '{"display_name":"x","display_name":"y"}']
    malformed += ['{"display_name": NaN}', b"\xff\xfe", "[" * 60_000, '{"a":' * 30 + "1" + "}" * 30, "1" * 5000]
    objects = ["[]", '"x"', "1", "null", "true"]
    for method, path in (("POST", "/v1/meetings/rooms"), ("PATCH", f"/v1/meetings/rooms/{room['id']}")):
        for body in malformed:
            answer = await call(world, method, path, body)
            assert (answer.status_code, answer.json()["name"]) == (400, "BadRequestError"), body[:50]
            assert answer.json()["message"].startswith("Malformed JSON in the request body: ")
        for body in objects:
            answer = await call(world, method, path, body)
            assert answer.json() == refusal('"value" must be of type object'), body
        large = json.dumps({"display_name": "x", "metadata": "y" * 65_536})
        answer = await call(world, method, path, large)
        told = {"message": "request entity too large", "name": "PayloadTooLargeError", "status": 413}
        assert (answer.status_code, answer.json()) == (413, told)
    assert (await call(world, "POST", "/v1/meetings/rooms")).json() == refusal('"display_name" is required')


# --- Refusals -------------------------------------------------------------------------------------------------------


async def test_credentials_come_before_everything(world: World) -> None:
    room = (await made(world))["id"]
    calls = [("GET", "/rooms"), ("POST", "/rooms"), ("GET", f"/rooms/{room}"), ("PATCH", f"/rooms/{room}")]
    calls += [("DELETE", f"/rooms/{room}"), ("GET", "/rooms?page_size=x"), ("GET", "/rooms/x"), ("GET", "/sessions/x")]
    calls += [("GET", "/sessions/x/recordings"), ("GET", "/recordings/x"), ("DELETE", "/recordings/x")]
    for method, path in calls:
        for header, title, detail in (
            (None, "Missing Auth", "Auth header is required"),
            ("Basic eDp5", "Unauthorized", "You did not provide correct credentials"),
            ("Bearer x.y.z", "Unauthorized", "You did not provide correct credentials"),
        ):
            headers = {} if header is None else {"Authorization": header}
            answer = await world.client.request(method, f"/v1/meetings{path}", headers=headers, content='{"wrong": 1}')
            assert (answer.status_code, answer.json()) == (401, {"title": title, "detail": detail}), path
            assert answer.headers["content-type"] == "application/json"


async def test_unknown_rooms_and_paths(world: World) -> None:
    for id in (str(uuid4()), "x", "%00", "' or 1=1", "..%2f..", "é", "x" * 5000):
        for method in ("GET", "PATCH", "DELETE"):
            answer = await call(world, method, f"/v1/meetings/rooms/{id}", {"update_details": {"display_name": "x"}})
            assert (answer.status_code, answer.json()["name"]) == (404, "NotFoundError"), (method, id)
    for path in ("", "/nothing", "/rooms/a/b", "/rooms/a/b/c"):
        answer = await call(world, "GET", f"/v1/meetings{path}")
        assert (answer.status_code, answer.json()["name"]) == (404, "NotFoundError"), path
    for method, path in (("PUT", "/rooms"), ("POST", "/rooms/a"), ("PATCH", "/recordings/a"), ("HEAD", "/rooms")):
        answer = await call(world, method, f"/v1/meetings{path}")
        assert answer.status_code == 405, path
        assert answer.headers["content-type"] == "application/json"


async def test_the_limit_of_rooms(world: World) -> None:
    limit = world.runtime.settings.rooms_limit
    room = await made(world)

    def fill(tx: Any) -> None:
        row = dict(tx.one(sa.select(tables.room))._mapping)
        del row["serial"]
        others = [{"id": str(uuid4()), "meeting_code": str(number)} for number in range(limit - 1)]
        tx.execute(sa.insert(tables.room), [row | other for other in others])

    await world.db.write(fill)
    answer = await call(world, "POST", "/v1/meetings/rooms", {"display_name": "one too many"})
    assert (answer.status_code, answer.json()["name"]) == (403, "ForbiddenError")
    await call(world, "DELETE", f"/v1/meetings/rooms/{room['id']}")
    assert await made(world)


# --- Lists ----------------------------------------------------------------------------------------------------------


async def get_json(world: World, url: str) -> dict[str, Any]:
    answer = await call(world, "GET", url)
    assert answer.status_code == 200, answer.text
    return answer.json()  # type: ignore[no-any-return]


async def test_pages_by_their_links(world: World) -> None:
    ids = [(await made(world, display_name=f"Room {number}"))["id"] for number in range(7)]
    base = f"{world.runtime.settings.base_url}/v1/meetings/rooms"
    page = await get_json(world, "/beta/meetings/rooms?page_size=3")
    assert list(page) == ["page_size", "total_items", "_embedded", "_links"]
    assert page["_links"]["first"]["href"] == page["_links"]["self"]["href"] == f"{base}?page_size=3"
    assert "prev" not in page["_links"]
    forwards = [page]
    while "next" in page["_links"]:
        href = page["_links"]["next"]["href"]
        assert re.fullmatch(re.escape(base) + r"\?page_size=3&start_id=\d+", href)
        page = await get_json(world, href)
        assert page["_links"]["self"]["href"] == href
        forwards.append(page)
    assert [[room["id"] for room in page["_embedded"]] for page in forwards] == [ids[:3], ids[3:6], ids[6:]]
    assert {(page["page_size"], page["total_items"]) for page in forwards} == {(3, 7)}
    for expected in reversed(forwards[:-1]):
        page = await get_json(world, page["_links"]["prev"]["href"])
        assert [room["id"] for room in page["_embedded"]] == [room["id"] for room in expected["_embedded"]]
        assert "next" in page["_links"]
    assert "prev" not in page["_links"]


async def test_a_page_before_an_odd_start(world: World) -> None:
    ids = [(await made(world))["id"] for _ in range(5)]
    page = await get_json(world, "/v1/meetings/rooms?page_size=2")
    start = int(parse_qs(urlsplit(page["_links"]["next"]["href"]).query)["start_id"][0])
    odd = await get_json(world, f"/v1/meetings/rooms?page_size=4&start_id={start}&end_id={start + 2}")
    assert [room["id"] for room in odd["_embedded"]] == ids[2:4]
    assert "next" not in odd["_links"], "nothing more below end_id"
    before = await get_json(world, odd["_links"]["prev"]["href"])
    assert [room["id"] for room in before["_embedded"]] == ids[:2]
    assert f"end_id={start + 2}" in before["_links"]["next"]["href"]


async def test_page_sizes(world: World) -> None:
    for _ in range(21):
        await made(world)
    assert (await get_json(world, "/v1/meetings/rooms"))["page_size"] == 20
    page = await get_json(world, "/v1/meetings/rooms?page_size=1000")
    assert (page["page_size"], len(page["_embedded"])) == (1000, 21)
    assert list(page["_links"]) == ["first", "self"]
    assert len((await get_json(world, "/v1/meetings/rooms?page_size=&start_id="))["_embedded"]) == 20
    wrong = {
        "page_size=0": '"page_size" must be greater than or equal to 1',
        "page_size=-1": '"page_size" must be greater than or equal to 1',
        "page_size=1001": '"page_size" must be less than or equal to 1000',
        "page_size=many": '"page_size" must be a number',
        "page_size=1.5": '"page_size" must be a number',
        "start_id=b731a3a9": '"start_id" must be a number',
        "start_id=-1": '"start_id" must be greater than or equal to 0',
        "end_id=%00": '"end_id" must be a number',
        f"end_id={10**19}": '"end_id" must be less than or equal to 9007199254740991',
    }
    for query, message in wrong.items():
        answer = await call(world, "GET", f"/v1/meetings/rooms?{query}")
        assert (answer.status_code, answer.json()) == (400, refusal(message)), query


async def test_the_php_client_finds_its_rooms(world: World) -> None:
    room = await made(world)
    for agent, shown in (
        ("vonage-php/4.10.7 php/8.2", {"rooms": [room]}),
        ("php/8.3 VONAGE-PHP/4.14.0", {"rooms": [room]}),
        ("vonage-python/3.18.0 python/3.11", [room]),
        ("vonage-php-fan", [room]),
        ("", [room]),
    ):
        headers = world.auth | {"User-Agent": agent}
        page = (await world.client.get("/v1/meetings//rooms", headers=headers)).json()
        assert page["_embedded"] == shown, agent
        assert (page["total_items"], list(page)) == (1, ["page_size", "total_items", "_embedded", "_links"])


async def test_an_empty_list(world: World) -> None:
    page = await get_json(world, "/v1/meetings/rooms")
    assert (page["total_items"], page["_embedded"], list(page["_links"])) == (0, [], ["first", "self"])


async def test_expired_rooms_stay_and_say_so(world: World) -> None:
    room = await made(world)
    world.later(minutes=10)
    for url in (f"/v1/meetings/rooms/{room['id']}", "/v1/meetings/rooms"):
        page = await get_json(world, url)
        assert page.get("_embedded", [page])[0]["is_available"] is False, "on time, though no worker ran"


# --- Deleting, tenants, the document --------------------------------------------------------------------------------


async def test_deleting_announces_once(world: World) -> None:
    room = await made(world)
    assert [(await call(world, "DELETE", f"/v1/meetings/rooms/{room['id']}")).status_code for _ in range(2)] == [
        204,
        204,
    ]
    told = await world.db.read(lambda tx: [row.type for row in tx.all(sa.select(tables.event.c.type))])
    assert told == ["room:expired"]


async def test_the_document_tells_what_is_sent_and_answered(world: World) -> None:
    document = (await world.client.get("/openapi.json")).json()
    create = document["paths"]["/v1/meetings/rooms"]["post"]
    assert create["security"] == [{"token": ["rooms:write"]}, {"key": ["rooms:write"]}]
    assert create["requestBody"]["content"]["application/json"]["schema"]["required"] == ["display_name"]
    assert create["responses"].keys() == {"201", "400", "401", "403", "413", "422", "429", "503"}
    assert [asked["name"] for asked in create["parameters"]] == ["Idempotency-Key"]
    change = document["paths"]["/v1/meetings/rooms/{room_id}"]["patch"]
    assert {"412", "429"} <= change["responses"].keys()
    assert "If-Match" in [asked["name"] for asked in change["parameters"]]
    room = document["components"]["schemas"]["Room"]
    assert list(room["properties"]) == [*KEYS, "callback_urls"]
    assert sorted(room["required"]) == sorted(KEYS)


async def test_a_stray_error_is_the_vendors_500(world: World, caplog: pytest.LogCaptureFixture) -> None:
    room = await made(world)
    await world.db.write(lambda tx: tx.execute(sa.update(tables.room).values(features={})))
    answer = await call(world, "GET", f"/v1/meetings/rooms/{room['id']}")
    told = {"message": "Internal Server Error", "name": "InternalServerError", "status": 500}
    assert (answer.status_code, answer.json()) == (500, told)
    assert "request_failed" in [getattr(record, "event", None) for record in caplog.records]
    assert world.auth["Authorization"].split()[1] not in caplog.text
