"""What the ConnectyCube SDK for Flutter and older ones for JavaScript send, by value; answers are read as Dart reads them.

Contract §0, §1, §3.1 to §3.4. The newest JavaScript SDKs run for themselves: tests/acceptance/test_cube_sdk.py.
"""

import hashlib
import hmac
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import pytest_asyncio

from convene import clients
from tests.cube_parsers import Dialog, Meeting, Message, Page, Recording, Session, User, read, refusal
from tests.cube_sdk import PASSWORD, STARTS, Sdk, ids, made, plan
from tests.world import World

SESSION_MISSING = {"base": ["Required session does not exist"]}
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
NOBODY = "0" * 24


@pytest.fixture
def flutter(world: World) -> Callable[[], Sdk]:
    headers = {"CB-SDK": "Flutter 2.8.0", "ConnectyCube-REST-API-Version": "0.1.1", "User-Agent": "Dart/3.2 (dart:io)"}
    return lambda: Sdk(world, headers)


@pytest_asyncio.fixture
async def ada(flutter: Callable[[], Sdk]) -> Sdk:
    return await flutter().enters("ada.l", full_name="Ada L", email="ada@example.org")


@pytest_asyncio.fixture
async def bob(flutter: Callable[[], Sdk]) -> Sdk:
    return await flutter().enters("bob.b")


@pytest_asyncio.fixture
async def js(world: World) -> Sdk:
    """One of JavaScript, whose paths all end in `.json`."""
    return await Sdk(world, {"CB-SDK": "JS 4.3.0 - Client"}, ".json").enters("js.user")


# --- Sessions -------------------------------------------------------------------------------------------------------


def signed(body: dict[str, Any], secret: str, digest: Any = hashlib.sha1) -> dict[str, Any]:
    """The signature of old clients (contract §3.3), made anew from its description."""
    flat = {
        f"{outer}[{inner}]" if inner else outer: value
        for outer, given in body.items()
        for inner, value in (given.items() if isinstance(given, dict) else [("", given)])
    }
    text = "&".join(f"{name}={flat[name]}" for name in sorted(flat))
    return body | {"signature": hmac.new(secret.encode(), text.encode(), digest).hexdigest()}


def test_signatures_are_made_as_the_contract_shows_them() -> None:
    """Else the tests of signatures below would prove nothing."""
    body = {"application_id": 42, "auth_key": "demo-auth-key", "nonce": 777, "timestamp": 1767225600}
    user = {"login": "ada.l", "password": PASSWORD}
    assert signed(body, "demo-secret")["signature"] == "a20e15eb833f65282e0e73b41ac99ae633912bbd"
    assert signed(body | {"user": user}, "demo-secret")["signature"] == "5119fb64058a1039a168756e2eb186896ef82307"


async def test_a_signed_session_of_the_application(flutter: Callable[[], Sdk]) -> None:
    """With an empty `CB-Token`, as Flutter sends it before it has one."""
    sdk = flutter()
    now = int(sdk.world.now.timestamp())
    body = sdk.credentials(nonce=4711, timestamp=now)
    for digest in (hashlib.sha1, hashlib.sha256):
        answer = await sdk.send("POST", "/session", signed(body, sdk.world.cube.client.auth_secret, digest))
        session = read(answer, dict[str, Session], 201)["session"]
        assert (session.user_id, session.user, session.nonce) == (None, None, 4711)
        assert (session.application_id, session.ts) == (sdk.world.cube.client.number, now)
    assert "user" not in answer.json()["session"]
    wrong = signed(body, "another secret")
    assert refusal(await sdk.send("POST", "/session", wrong), 422) == ["Unexpected signature"]
    late = signed(body | {"timestamp": now - 2 * 3600}, sdk.world.cube.client.auth_secret)
    assert refusal(await sdk.send("POST", "/session", late), 422)


async def test_a_signed_session_of_a_user_and_the_classic_mistake(ada: Sdk) -> None:
    secret, user = ada.world.cube.client.auth_secret, {"login": "ada.l", "password": PASSWORD}
    bare = ada.credentials(nonce="12", timestamp=str(int(ada.world.now.timestamp())))
    session = read(await ada.send("POST", "/session", signed(bare | {"user": user}, secret)), dict[str, Session], 201)
    assert session["session"].user_id == session["session"].id == ada.user
    forgot = signed(bare, secret) | {"user": user}
    assert refusal(await ada.send("POST", "/session", forgot), 422) == ["Unexpected signature"]


async def test_a_session_is_told_until_when_it_lives(ada: Sdk) -> None:
    """Flutter goes by this header; two hours after each request (contract §3.2)."""
    form = r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC"
    for path in ("/session", "/meetings", f"/users/v2?id={ada.user}"):
        told = (await ada.send("GET", path)).headers["CB-Token-ExpirationDate"]
        assert re.fullmatch(form, told), path
        assert told == (ada.world.now.replace(hour=ada.world.now.hour + 2)).strftime("%Y-%m-%d %H:%M:%S UTC")
    ada.world.later(minutes=90)
    assert (await ada.send("GET", "/session")).status_code == 200
    ada.world.later(minutes=90)
    assert (await ada.send("GET", "/session")).status_code == 200, "it slides"
    ada.world.later(minutes=121)
    for path in ("/session", "/meetings"):
        assert refusal(await ada.send("GET", path), 401) == SESSION_MISSING, path


async def test_three_refusals_of_sessions_are_arrays(ada: Sdk) -> None:
    for user, status, told in (
        ({"login": "ada.l", "password": "wrong"}, 401, "Invalid password"),
        ({"login": "no.body", "password": PASSWORD}, 404, "User not found"),
    ):
        assert refusal(await ada.send("POST", "/session", ada.credentials(user=user)), status) == [told]
    assert refusal(await ada.send("GET", "/meetings", **{"CB-Token": "0" * 36}), 401) == SESSION_MISSING
    assert refusal(await ada.send("GET", "/meetings", **{"CB-Token": ""}), 401) == SESSION_MISSING
    refusal(await ada.send("POST", "/session", {"application_id": 10**9, "auth_key": "x"}), 401)


async def test_an_old_token_does_not_hinder_a_new_session(ada: Sdk) -> None:
    ada.token = "an-old-one"
    assert (
        await ada.send("POST", "/session", ada.credentials(application_id=str(ada.world.cube.client.number)))
    ).status_code == 201


async def test_a_guest(flutter: Callable[[], Sdk]) -> None:
    sdk = flutter()
    user = {"guest": "1", "full_name": "Visitor One"}
    session = await sdk.session(**user)
    assert session.user is not None and session.user.is_guest is True
    assert re.fullmatch(r"guest_login_[0-9a-f]+", session.user.login or "")
    sdk.token = session.token
    assert read(await sdk.send("GET", "/meetings"), list[Meeting]) == []
    sdk.world.later(minutes=121)
    assert (await sdk.send("GET", "/meetings")).status_code in (200, 401)
    sdk.world.later(days=2)
    assert refusal(await sdk.send("GET", "/meetings"), 401) == SESSION_MISSING


async def test_a_session_of_the_application_alone_reads_no_meetings(flutter: Callable[[], Sdk]) -> None:
    sdk = flutter()
    sdk.token = (await sdk.session()).token
    for method, path, body in (
        ("GET", "/meetings", None),
        ("POST", "/meetings", plan()),
        ("PUT", f"/meetings/{NOBODY}", {}),
    ):
        refusal(await sdk.send(method, path, body), 403)


async def test_login_and_logout_of_one_session(ada: Sdk) -> None:
    ada.token = (await ada.session()).token
    login = {"login": "ada.l", "password": PASSWORD}
    assert (await ada.send("POST", "/login", login)).status_code in (200, 201, 202)
    assert ada.answers[-1].json()["user"]["id"] == ada.user
    assert read(await ada.send("GET", "/session"), dict[str, Session])["session"].user_id == ada.user
    assert (await ada.send("DELETE", "/login")).status_code == 200
    assert read(await ada.send("GET", "/session"), dict[str, Session])["session"].user_id is None
    assert (await ada.send("DELETE", "/session")).status_code == 200
    assert refusal(await ada.send("GET", "/session"), 401) == SESSION_MISSING


async def test_users_made_on_the_fly_where_the_operator_wants_it(flutter: Callable[[], Sdk]) -> None:
    sdk = flutter()
    await sdk.world.db.write(lambda tx: clients.change(tx, sdk.world.application_id, opens_users=True))
    first = await sdk.session(login="new.one", password=PASSWORD)
    assert first.user_id == (await sdk.session(login="new.one", password=PASSWORD)).user_id
    wrong = await sdk.send("POST", "/session", sdk.credentials(user={"login": "new.one", "password": "an0ther-pw"}))
    assert refusal(wrong, 401) == ["Invalid password"]
    body = {"user": {"login": "signed.up", "password": PASSWORD, "email": "up@example.org", "tag_list": "a,b"}}
    keyed = {"CB-AuthKey": sdk.world.cube.client.auth_key}
    user = read(await sdk.send("POST", "/users", body, **keyed), dict[str, User], 201)["user"]
    refusal(await sdk.send("POST", "/users", body, **keyed), 422)
    sdk.token = (await sdk.session()).token
    body["user"] |= {"login": "signed.up2", "email": None}  # type: ignore[dict-item]
    assert read(await sdk.send("POST", "/users", body), dict[str, User], 201)["user"].id > user.id


# --- Users ----------------------------------------------------------------------------------------------------------


async def test_a_user_as_dart_reads_him(ada: Sdk) -> None:
    facts = {
        "full_name": "Ada Lovelace",
        "timezone": 3,
        "external_user_id": 77,
        "external_id": "crm-1",
        "tag_list": "a,b",
    }
    facts |= {"custom_data": '{"x":1}', "avatar": "uid", "website": "https://example.org", "phone": "+44 20 7946 0000"}
    facts |= {"facebook_id": "1", "twitter_id": "2"}
    user = read(await ada.send("PUT", f"/users/{ada.user}", {"user": facts}), dict[str, User])["user"]
    for name in set(facts) - {"tag_list"}:
        assert getattr(user, name) == facts[name], name
    assert set(re.findall(r"\w+", str(user.user_tags))) == {"a", "b"}


async def test_other_users_are_not_ones_own(ada: Sdk, bob: Sdk) -> None:
    refusal(await ada.send("PUT", f"/users/{bob.user}", {"user": {"full_name": "stolen"}}), 403)
    refusal(await ada.send("DELETE", f"/users/{bob.user}"), 403)
    bare = {"password": "an0ther-pw"}
    refusal(await ada.send("PUT", f"/users/{ada.user}", {"user": bare}), 422)
    refusal(await ada.send("PUT", f"/users/{ada.user}", {"user": bare | {"old_password": "wrong"}}), 422)
    assert (
        await ada.send("PUT", f"/users/{ada.user}", {"user": bare | {"old_password": "s3cret-pw"}})
    ).status_code == 200


async def test_users_are_found_by_ids_however_they_are_written(ada: Sdk, bob: Sdk) -> None:
    two = {ada.user, bob.user}
    for query in (
        f"id[in][]={ada.user}&id[in][]={bob.user}",
        f"id%5Bin%5D%5B%5D={ada.user}&id%5Bin%5D%5B%5D={bob.user}",
        f"id%5Bin%5D={ada.user}&id%5Bin%5D={bob.user}",
        f"id[in]={ada.user}%2C{bob.user}",
        f"id%5Bin%5D={ada.user}%2C{bob.user}&limit=10&offset=0",
    ):
        page = read(await ada.send("GET", f"/users/v2?{query}"), Page[User])
        assert {user.id for user in page.items} == two, query
        assert page.total_entries == 2
    one = read(await ada.send("GET", "/users/v2?login=bob.b"), Page[User])
    assert [user.id for user in one.items] == [bob.user]
    refusal(await ada.send("GET", "/users/v2?limit=10"), 422)


# --- Meetings -------------------------------------------------------------------------------------------------------


async def test_a_meeting_has_all_its_keys_in_order_and_no_other(ada: Sdk, bob: Sdk) -> None:
    people = [{"id": bob.user, "email": "bob@example.org"}, {"email": "guest@example.net"}]
    shown = await made(ada, attendees=people, chat=True, timezone={"offset": 120, "name": "Europe/Riga"})
    assert [key for key in shown if key in KEYS] == KEYS
    assert set(shown) - set(KEYS) <= {"rrule"}, "an extension of ours"
    assert (shown["attendees"], shown["host_id"]) == (people, ada.user)
    assert shown["timezone"] == {"offset": 120, "name": "Europe/Riga"}
    assert re.fullmatch(r"[0-9a-f]{24}", shown["chat_dialog_id"]) and shown["chat_dialog_id"] < shown["_id"]
    assert int(shown["_id"][:8], 16) == int(ada.world.now.timestamp())


@pytest.mark.parametrize("start", [1_772_460_000_000, 1_767_225, 0, STARTS])
async def test_dates_come_back_as_they_were(ada: Sdk, start: int) -> None:
    """Milliseconds by Flutter, seconds divided by a thousand by the vendor's iOS guide."""
    shown = await made(ada, start_date=start, end_date=start - 60)
    again = (await ada.send("GET", f"/meetings?_id={shown['_id']}")).json()
    assert (again["start_date"], again["end_date"]) == (start, start - 60)


async def test_what_is_null_is_false(ada: Sdk) -> None:
    shown = await made(ada, record=None, public=None, scheduled=None, notify=None, unknown_field={"x": 1})
    assert [shown[name] for name in ("record", "public", "scheduled", "notify")] == [False] * 4


async def test_one_meeting_is_an_object_and_several_are_an_array(ada: Sdk) -> None:
    first, second = await made(ada), await made(ada)
    assert read(await ada.send("GET", f"/meetings?_id={first['_id']}"), Meeting).object_id == first["_id"]
    assert ids((await ada.send("GET", "/meetings")).json()) == [second["_id"], first["_id"]]
    read(await ada.send("GET", "/meetings?"), list[Meeting])
    for wrong in (NOBODY, "x", "zz" * 12, "%00", "%F0%9F%98%80"):
        assert (await ada.send("GET", f"/meetings?_id={wrong}")).status_code in (400, 404, 422), wrong


async def test_lists_are_paged_for_those_who_ask(ada: Sdk) -> None:
    for _ in range(3):
        await made(ada)
    page = read(await ada.send("GET", "/meetings?limit=2&offset=1", **{"CB-Api-Version": "2"}), Page[Meeting])
    assert (page.total_entries, page.skip, page.limit, len(page.items)) == (3, 1, 2, 2)
    assert list(ada.answers[-1].json()) == ["total_entries", "skip", "limit", "items"]
    plain = read(await ada.send("GET", "/meetings?limit=2&offset=1"), list[Meeting])
    assert [one.object_id for one in plain] == [one.object_id for one in page.items]


async def test_filters_as_three_clients_write_them(js: Sdk, flutter: Callable[[], Sdk]) -> None:
    sdk = flutter()
    sdk.token = js.token
    early = (await made(js, start_date=STARTS, scheduled=True))["_id"]
    js.world.later(minutes=5)
    late = (await made(js, start_date=STARTS + 1000))["_id"]
    for query, found in (
        ("start_date[gte]=1772460001", [late]),
        ("start_date%5Bgte%5D=1772460001", [late]),
        (f"start_date={STARTS}", [early]),
        (f"start_date={STARTS}%2C{STARTS + 1000}", [late, early]),
        (f"start_date[in]={STARTS}%2C1", [early]),
        (f"start_date[ne]={STARTS}", [late]),
        (f"start_date[nin]={STARTS}", [late]),
        (f"start_date%5Bgt%5D={STARTS - 1}&start_date%5Blt%5D={STARTS + 1}", [early]),
        (f"end_date[lte]={STARTS + 3600}", [late, early]),
        ("scheduled=true", [early]),
        ("scheduled=false", [late]),
        ("created_at[gt]=2026-03-01T08%3A00%3A30Z&limit=5&offset=0", [late]),
        ("created_at%5Blte%5D=2026-03-01T08:00:30.000Z", [early]),
        ("created_at[gt]=1772352030", [late]),
        ("updated_at[gt]=Sun%20Mar%2001%202026%2008%3A00%3A30%20GMT%2B0000%20(Coordinated%20Universal%20Time)", [late]),
        (f"_id[in]={early}%2C{late}", [late, early]),
        (f"_id%5Bin%5D={early}&_id%5Bin%5D={late}", [late, early]),
        (f"_id[in][]={early}", [early]),
        (f"_id[lt]={late}", [early]),
        ("sort_asc=start_date", [early, late]),
        ("sort_desc=start_date&limit=1", [late]),
        ("scheduled=undefined&start_date=null&end_date=&created_at[gt]=undefined", [late, early]),
        (f"start_at[gte]={STARTS + 1}", [late]),
        ("limit=1000", [late, early]),
    ):
        for one in (js, sdk):
            answer = await one.send("GET", f"/meetings?{query}")
            assert answer.status_code == 200, f"{query}: {answer.text}"
            assert ids(answer.json()) == found, query


async def test_filters_in_the_form_of_a_get(ada: Sdk) -> None:
    """`curl -X GET -d …` of the vendor's pages."""
    early, late = (await made(ada, start_date=1000))["_id"], (await made(ada, start_date=2000))["_id"]
    assert ids((await ada.send("GET", "/meetings", "start_date[gte]=1500")).json()) == [late]
    assert ids((await ada.send("GET", "/meetings", "start_date%5Blt%5D=1500&limit=3")).json()) == [early]
    assert (await ada.send("GET", "/meetings", f"_id={early}")).json()["_id"] == early


@pytest.mark.parametrize(
    "query",
    ["limit=x", "offset=-1", "start_date[gte]=soon", "created_at[gt]=never", "scheduled=perhaps", "start_date[like]=1",
     "start_date[gte]=" + "9" * 40, "_id[in]=" + "0" * 23, "sort_asc=host_id", "limit=%00", "limit=" + "9" * 30],
)  # fmt: skip
async def test_no_filter_breaks_the_list(ada: Sdk, query: str) -> None:
    answer = await ada.send("GET", f"/meetings?{query}")
    assert answer.status_code in (200, 400, 422), f"{answer.status_code} {answer.text}"
    if answer.status_code != 200:
        refusal(answer, answer.status_code)


async def test_a_change_says_only_what_changes(ada: Sdk, bob: Sdk) -> None:
    before = await made(
        ada, attendees=[{"id": bob.user}], notify_before={"metric": "hours", "value": 1}, scheduled=True
    )
    path = f"/meetings/{before['_id']}"
    ada.world.later(seconds=5)
    shown = read(await ada.send("PUT", path, {"record": True}), Meeting)
    assert shown.record is True
    after = ada.answers[-1].json()
    assert {key for key in before if before[key] != after[key]} == {"record", "updated_at"}
    assert (await ada.send("PUT", path, {"record": None})).json()["record"] is False
    assert (await ada.send("PUT", path, {"attendees": [{"email": "new@example.net"}]})).json()["attendees"] == [
        {"email": "new@example.net"}
    ]
    whole = {name: value for name, value in plan(name="Renamed").items() if name != "chat"}
    assert read(await ada.send("PUT", path, whole), Meeting).name == "Renamed"
    read(await ada.send("PUT", path, {"name": "Again", "start_date": 1, "end_date": 2}), Meeting)
    assert (await ada.send("PUT", path, {"chat": True})).json()["chat_dialog_id"] is None


async def test_only_the_host_changes_and_only_members_see(ada: Sdk, bob: Sdk, js: Sdk) -> None:
    private, public = await made(ada, attendees=[{"id": bob.user}]), await made(ada, public=True)
    path = f"/meetings/{private['_id']}"
    assert ids((await bob.send("GET", "/meetings")).json()) == [private["_id"]]
    assert (await bob.send("GET", f"/meetings?_id={private['_id']}")).json() == private
    for method, body in (("PUT", {"name": "stolen"}), ("DELETE", None)):
        assert refusal(await bob.send(method, path, body), 403) == {"base": ["Forbidden"]}
        refusal(await js.send(method, path, body), 404)
        refusal(await bob.send(method, f"/meetings/{public['_id']}", body), 403)
    assert (await js.send("GET", f"/meetings?_id={public['_id']}")).json() == public
    assert (await js.send("GET", "/meetings")).json() == [], "public is no place in others' lists"
    refusal(await js.send("GET", f"/meetings?_id={private['_id']}"), 404)
    refusal(await js.send("GET", f"/meetings/recordings/{private['_id']}"), 404)


@pytest.mark.parametrize(
    "wrong",
    [{"attendees": [{}]}, {"attendees": [{"id": "x"}]}, {"attendees": {}}, {"name": 5}, {"name": ""}, {"start_date": "soon"},
     {"start_date": 10**30}, {"start_date": True}, {"record": "perhaps"}, {"notify_before": {"metric": "minutes", "value": 56}},
     {"notify_before": {"metric": "weeks", "value": 0}}, {"notify_before": {"metric": "years", "value": 1}},
     {"notify_before": []}, {"timezone": {"offset": "x", "name": 1}}, {"timezone": 5}, {"attendees": [{"email": "no address"}]}],
)  # fmt: skip
async def test_what_is_wrong_is_told_by_its_field(ada: Sdk, wrong: dict[str, Any]) -> None:
    """Or taken: the vendor said of an address that it "can be anything"."""
    answer = await ada.send("POST", "/meetings", plan(**wrong))
    if answer.status_code != 201:
        assert set(refusal(answer, 422)) & {*wrong, "base"}, answer.text
    else:
        assert "email" in str(wrong), answer.text


async def test_a_deletion_answers_200(ada: Sdk) -> None:
    shown = await made(ada, chat=True)
    answer = await ada.send("DELETE", f"/meetings/{shown['_id']}", None)
    assert answer.status_code == 200
    for method, path in (("GET", f"/meetings?_id={shown['_id']}"), ("DELETE", f"/meetings/{shown['_id']}")):
        refusal(await ada.send(method, path), 404)
    assert (await ada.send("GET", "/meetings")).json() == []


async def test_recordings_of_a_meeting_without_any(ada: Sdk) -> None:
    shown = await made(ada)
    assert read(await ada.send("GET", f"/meetings/recordings/{shown['_id']}"), list[Recording]) == []


# --- Chat -----------------------------------------------------------------------------------------------------------


async def test_the_dialog_of_a_meeting(ada: Sdk, bob: Sdk, js: Sdk) -> None:
    shown = await made(ada, chat=True, public=True, attendees=[{"id": bob.user}])
    dialog = read(await ada.send("GET", "/chat/Dialog"), Page[Dialog]).items[0]
    assert (dialog.object_id, dialog.type, dialog.name) == (shown["chat_dialog_id"], 5, "Launch review")
    assert (dialog.user_id, set(dialog.occupants_ids)) == (ada.user, {ada.user, bob.user})
    told = await js.send("POST", f"/chat/Dialog/{dialog.object_id}/subscribe")
    assert told.status_code in (200, 201) and told.json()["_id"] == dialog.object_id
    said = {"chat_dialog_id": dialog.object_id, "message": "Hello", "send_to_chat": 1}
    assert read(await bob.send("POST", "/chat/Message", said), Message, 201).sender_id == bob.user
    query = f"chat_dialog_id={dialog.object_id}&limit=100&skip=0&sort_desc=date_sent"
    for one in (ada, js):
        page = read(await one.send("GET", f"/chat/Message?{query}"), Page[Message])
        assert [message.message for message in page.items] == ["Hello"]
    counted = await ada.send("GET", f"/chat/Message?chat_dialog_id={dialog.object_id}&count=1")
    assert counted.json()["items"] == {"count": 1}


# --- Paths, methods, other sites ------------------------------------------------------------------------------------


async def test_paths_of_all_clients(ada: Sdk) -> None:
    shown = await made(ada)
    one = shown["_id"]
    for path in (
        "/meetings",
        "/meetings.json",
        "//meetings.json",
        "/meetings/",
        "/meetings.json?",
        "//meetings?limit=5",
    ):
        assert ids(read(await ada.send("GET", path), list[Any])) == [one], path
    for path in (f"/meetings/{one}", f"/meetings/{one}.json", f"//meetings/{one}.json", f"/meetings//{one}/"):
        assert read(await ada.send("PUT", path, {"name": path}), Meeting).name == path
    for path in (
        f"/meetings/recordings/{one}",
        f"/meetings/recordings/{one}.json",
        f"//meetings/recordings/{one}.json",
    ):
        assert read(await ada.send("GET", path), list[Recording]) == [], path
    for path in ("/session.json", "//session.json", "/session"):
        assert read(await ada.send("GET", path), dict[str, Session])["session"].user_id == ada.user


async def test_the_other_door_keeps_its_paths(ada: Sdk) -> None:
    """`/meetings/rooms` is Vonage's too."""
    for path in ("/meetings/rooms", "/meetings//rooms/", "/beta/meetings/rooms", "/v1/meetings/rooms"):
        answer = await ada.world.client.get(path, headers=ada.world.auth)
        assert answer.status_code == 200 and "_embedded" in answer.json(), path
    unknown = await ada.world.client.get(f"/meetings/recordings/{ada.world.application_id}", headers=ada.world.auth)
    assert unknown.status_code == 404 and unknown.json()["name"] == "NotFoundError"


def texts(value: Any) -> Iterator[Any]:
    """Every `id` in a JSON value, wherever it is."""
    if isinstance(value, list):
        for entry in value:
            yield from texts(entry)
    elif isinstance(value, dict):
        yield from ([value["id"]] if "id" in value else [])
        for entry in value.values():
            yield from texts(entry)


async def test_no_id_is_ever_a_text(ada: Sdk, bob: Sdk) -> None:
    """Flutter reads every `id` as an integer; and meetings have none of their own at all."""
    shown = await made(ada, attendees=[{"id": bob.user}], chat=True)
    assert "id" not in shown
    for path in ("/meetings", f"/meetings?_id={shown['_id']}", "/session", f"/users/v2?id={bob.user}", "/chat/Dialog"):
        answer = (await ada.send("GET", path)).json()
        assert all(isinstance(one, int) for one in texts(answer)), path


ASKED = "content-type, cb-token, cb-sdk, cb-authkey, cb-api-version, connectycube-rest-api-version, cb-administration-api-key"


async def test_browsers_of_other_sites_may_ask_here(ada: Sdk) -> None:
    shown = await made(ada)
    for method, path in (
        ("POST", "/session.json"),
        ("PUT", f"/meetings/{shown['_id']}.json"),
        ("DELETE", f"/meetings/{shown['_id']}"),
        ("GET", "/meetings"),
        ("GET", f"/meetings/recordings/{shown['_id']}.json"),
        ("GET", "/chat/Dialog.json"),
        ("PUT", "/users/1.json"),
        ("POST", "/login.json"),
    ):
        asks = {"Origin": "https://app.example", "Access-Control-Request-Method": method}
        asks["Access-Control-Request-Headers"] = ASKED
        answer = await ada.world.client.options(path, headers=asks)
        what = f"{method} {path}: {answer.status_code} {answer.headers}"
        assert answer.status_code in (200, 204), what
        assert answer.headers["access-control-allow-origin"] in ("*", "https://app.example"), what
        assert method in answer.headers["access-control-allow-methods"], what
        allowed = {name.strip().lower() for name in answer.headers["access-control-allow-headers"].split(",")}
        assert set(ASKED.split(", ")) <= allowed, what
        assert "access-control-allow-credentials" not in answer.headers
    origin = {"Origin": "https://app.example"}
    for answer in (
        await ada.send("GET", "/meetings", **origin),
        await ada.send("GET", "/meetings", **origin, **{"CB-Token": "wrong"}),
        await ada.send("POST", "/session", {}, **origin),
        await ada.send("PUT", f"/meetings/{NOBODY}", {"name": "x"}, **origin),
    ):
        assert "access-control-allow-origin" in answer.headers, f"{answer.url}: a page could not read this refusal"
        exposed = answer.headers["access-control-expose-headers"].lower()
        assert {"cb-token-expirationdate", "date"} <= {name.strip() for name in exposed.split(",")}


async def test_refusals_keep_to_what_flutter_shows(ada: Sdk) -> None:
    """Of an unknown path, a wrong method, a wrong body as well."""
    for method, path, body, statuses in (
        ("POST", "/meetings", "{", {400, 422}),
        ("POST", "/meetings", "[]", {400, 422}),
        ("POST", "/meetings", None, {400, 422}),
        ("POST", "/session", "no json", {400, 422}),
        ("PUT", f"/meetings/{NOBODY}", {"name": "x"}, {404}),
        ("DELETE", f"/meetings/{NOBODY}", None, {404}),
        ("GET", f"/meetings/recordings/{NOBODY}", None, {404}),
        ("GET", "/chat/Message?chat_dialog_id=" + NOBODY, None, {403, 404}),
        ("POST", "/meetings", '{"name": "\\ud800"}', {400, 422}),
    ):
        answer = await ada.send(method, path, body)
        assert answer.status_code in statuses, f"{method} {path} {body}: {answer.status_code} {answer.text}"
        refusal(answer, answer.status_code)


async def test_a_form_is_as_good_as_json(flutter: Callable[[], Sdk]) -> None:
    """Bodies of old clients, and of `curl -d`."""
    sdk = flutter()
    cube = sdk.world.cube.client
    body = f"application_id={cube.number}&auth_key={cube.auth_key}"
    answer = await sdk.send("POST", "/session", body, **{"Content-Type": "application/x-www-form-urlencoded"})
    assert answer.status_code == 201, answer.text
