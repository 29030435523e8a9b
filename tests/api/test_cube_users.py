"""/users and /admin/users, as client programs and the operator's own programs ask for them."""

from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from convene import clients, users
from convene.users import Spec, User
from tests.estate import another
from tests.world import World

PASSWORD = "s3cret-pw"


@dataclass
class Person:
    """A user with a token."""

    user: User
    token: dict[str, str]

    @property
    def path(self) -> str:
        return f"/users/{self.user.number}"


async def person(world: World, login: str, **given: object) -> Person:
    user = await world.cube.user(login, **given)
    return Person(user, await world.cube.token(user))


async def found(world: World, token: dict[str, str], query: str) -> list[str]:
    answer = await world.client.get(f"/users/v2.json?{query}", headers=token)
    assert answer.status_code == 200, answer.text
    return [one["login"] for one in answer.json()["items"]]


def base(answer: httpx.Response) -> Any:
    return answer.json()["errors"]["base"]


# --- Signing up -----------------------------------------------------------------------------------------------------


async def test_programs_make_users_where_the_operator_wants_that(world: World) -> None:
    body = {
        "user": {
            "login": "ada.l",
            "password": PASSWORD,
            "email": "ada@example.org",
            "full_name": "Ada L",
            "tag_list": "a,b",
        }
    }
    by_key, by_token = {"CB-AuthKey": world.cube.client.auth_key}, await world.cube.token()
    for headers in (by_key, by_token):
        assert (await world.client.post("/users", json=body, headers=headers)).status_code == 403
    await world.db.write(lambda tx: clients.change(tx, world.application_id, opens_users=True))
    made = await world.client.post("/users.json", json=body, headers=by_key)
    assert made.status_code == 201 and made.json()["user"]["user_tags"] == ["a", "b"]
    again = await world.client.post("/users", json=body, headers=by_token)
    assert again.status_code == 422 and again.json()["errors"]["login"] == ["login has already been taken"]
    other = {"user": {"login": "other", "password": PASSWORD, "email": "ADA@example.org"}}
    assert (await world.client.post("/users", json=other, headers=by_token)).json()["errors"]["email"]
    user = await world.db.read(users.get, world.application_id, made.json()["user"]["id"])
    assert not user.email_verified  # said by himself


async def test_strangers_make_none(world: World) -> None:
    await world.db.write(lambda tx: clients.change(tx, world.application_id, opens_users=True))
    body = {"user": {"login": "ada.l", "password": PASSWORD}}
    for headers in ({}, {"CB-AuthKey": "wrong"}, {"CB-Token": "wrong"}):
        assert (await world.client.post("/users", json=body, headers=headers)).status_code == 401


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("login", "ab"),
        ("login", "x" * 71),
        ("password", "short"),
        ("password", None),
        ("email", "no address"),
        ("full_name", ["x"]),
        ("full_name", "x" * 256),
        ("user_tags", "a,b,c,d,e,f"),
        ("user_tags", ["a,b"]),
        ("user_tags", [1]),
        ("timezone", "here"),
        ("external_user_id", 1.5),
        ("blob_id", -1),
        ("blob_id", 2**70),
    ],
)
async def test_what_a_user_cannot_be(world: World, field: str, value: object) -> None:
    await world.db.write(lambda tx: clients.change(tx, world.application_id, opens_users=True))
    body = {"user": {"login": "ada.l", "password": PASSWORD, field: value}}
    answer = await world.client.post("/users", json=body, headers=await world.cube.token())
    assert answer.status_code == 422 and answer.json()["errors"][field]


# --- One's own account ----------------------------------------------------------------------------------------------


async def test_a_user_changes_himself(world: World) -> None:
    ada, bob = await person(world, "ada.l", email="ada@example.org", verified=True), await person(world, "bob")
    change = {
        "user": {
            "full_name": "Ada Lovelace",
            "custom_data": {"team": 1},
            "blob_id": 5,
            "email": "new@example.org",
            "x": 1,
        }
    }
    answer = await world.client.put(ada.path, json=change, headers=ada.token)
    shown = answer.json()["user"]
    assert answer.status_code == 200 and (shown["full_name"], shown["blob_id"]) == ("Ada Lovelace", 5)
    assert shown["custom_data"] == '{"team": 1}'
    assert not (await world.db.read(users.get, world.application_id, ada.user.number)).email_verified
    for other in (bob.path, "/users/999999"):
        assert (await world.client.put(other, json=change, headers=ada.token)).status_code == 403
    taken = await world.client.put(ada.path, json={"user": {"login": "bob"}}, headers=ada.token)
    assert taken.status_code == 422 and taken.json()["errors"]["login"]


async def test_another_password_needs_the_old_one_and_ends_other_tokens(world: World) -> None:
    user = await world.db.write(users.create, world.application_id, Spec({"login": "ada.l"}, users.hashed(PASSWORD)))
    token, elsewhere = await world.cube.token(user), await world.cube.token(user)
    path, new = f"/users/{user.number}", "another-pw"
    for old in ({}, {"old_password": "wrong"}):
        refused = await world.client.put(path, json={"user": {"password": new, **old}}, headers=token)
        assert refused.status_code == 422 and refused.json()["errors"]["old_password"]
    done = await world.client.put(path, json={"user": {"password": new, "old_password": PASSWORD}}, headers=token)
    assert done.status_code == 200
    assert (await world.client.get("/session", headers=token)).status_code == 200
    assert (await world.client.get("/session", headers=elsewhere)).status_code == 401
    session = world.cube.credentials | {"user": {"login": "ada.l", "password": new}}
    assert (await world.client.post("/session", json=session)).status_code == 201


async def test_a_user_deletes_himself(world: World) -> None:
    ada, bob = await person(world, "ada.l"), await person(world, "bob")
    assert (await world.client.delete(bob.path, headers=ada.token)).status_code == 403
    assert (await world.client.delete(ada.path, headers=ada.token)).status_code == 200
    assert (await world.client.get("/session", headers=ada.token)).status_code == 401
    assert await found(world, bob.token, "login[in][]=ada.l&login[in][]=bob") == ["bob"]


async def test_the_application_alone_sees_no_users(world: World) -> None:
    ada = await person(world, "ada.l")
    token = await world.cube.token()
    asked = [
        world.client.get(path, headers=token)
        for path in ("/users/v2?login=ada.l", ada.path, "/users/by_login?login=ada.l")
    ]
    asked += [world.client.put(ada.path, json={}, headers=token), world.client.delete(ada.path, headers=token)]
    for call in asked:
        answer = await call
        assert (answer.status_code, base(answer)) == (403, ["Forbidden. Need user."])


# --- Searching ------------------------------------------------------------------------------------------------------


async def test_users_are_found(world: World) -> None:
    ada = await person(world, "ada.l", email="Ada@Example.org", full_name="Ada Lovelace", user_tags=["vip", "math"])
    bob = await person(world, "bob", full_name="Bob", external_id="77", phone="123")
    await person(world, "eve", user_tags=["vip"])
    numbers = f"{ada.user.number},{bob.user.number}"
    both = f"id[in][]={ada.user.number}&id[in][]={bob.user.number}"
    for query, logins in {
        f"id={bob.user.number}": ["bob"],
        both: ["ada.l", "bob"],
        both.replace("[", "%5B").replace("]", "%5D"): ["ada.l", "bob"],
        f"id[in]={numbers}": ["ada.l", "bob"],
        f"id[in]={numbers}&id[gt]={ada.user.number}": ["bob"],
        f"id[in]={numbers}&sort_desc=id": ["bob", "ada.l"],
        f"id[in]={numbers}&sort_asc=full_name&limit=1&offset=1": ["bob"],
        f"id[in]={numbers}&login[ne]=bob": ["ada.l"],
        f"id[in]={numbers}&created_at[gte]=2026-03-01T08:00:00Z": ["ada.l", "bob"],
        f"id[in]={numbers}&created_at[lt]={int(world.now.timestamp())}": [],
        "login=ADA.L": [],
        "email=ada@example.ORG": ["ada.l"],
        "full_name[start_with]=ada lo": ["ada.l"],
        "login[start_with]=ada%25": [],
        "external_id=77": ["bob"],
        "phone=123&login=null&email=": ["bob"],
        "user_tags=vip": ["ada.l", "eve"],
        "user_tags[in]=math,nothing": ["ada.l"],
        "user_tags=vi": [],
        "user_tags=vip&user_tags[nin]=math": ["eve"],
        f"id={10**30}": [],
    }.items():
        assert await found(world, bob.token, query) == logins, query


async def test_the_page_says_how_many_there_are(world: World) -> None:
    ada = await person(world, "ada.l")
    people = [await world.cube.user(f"somebody {n}", user_tags=["all"]) for n in range(7)]
    page = (await world.client.get("/users/v2?user_tags=all&limit=2&offset=4", headers=ada.token)).json()
    assert {name: page[name] for name in ("limit", "skip", "total_entries")} == {
        "limit": 2,
        "skip": 4,
        "total_entries": 7,
    }
    assert [one["id"] for one in page["items"]] == [one.number for one in people[4:6]]
    assert (await world.client.get("/users/v2?user_tags=all&limit=1000", headers=ada.token)).json()["limit"] == 100
    few = (await world.client.get("/users/v2?login[start_with]=some&limit=50", headers=ada.token)).json()
    assert (few["limit"], len(few["items"]), few["total_entries"]) == (5, 5, 7)


@pytest.mark.parametrize(
    "query",
    [
        "",
        "created_at[gt]=0",
        "login[ne]=x",
        "login[start_with]=abc",
        "id=x",
        "limit=x&id=1",
        "id=1&created_at=soon",
        "id[start_with]=1234",
    ],
)
async def test_nobody_reads_the_whole_list(world: World, query: str) -> None:
    ada = await person(world, "ada.l")
    assert (await world.client.get(f"/users/v2?{query}", headers=ada.token)).status_code == 422
    assert (await world.client.get("/users", headers=ada.token)).status_code == 403


async def test_guests_see_nobodys_addresses(world: World) -> None:
    ada = await world.cube.user("ada.l", email="ada@example.org", phone="123", external_id="7", full_name="Ada L")
    guest = await world.db.write(users.create_guest, world.application_id, "Visitor One")
    token = await world.cube.token(guest)
    for path in (f"/users/v2?id[in]={ada.number}", f"/users/{ada.number}", "/users/by_login?login=ada.l"):
        told = (await world.client.get(path, headers=token)).json()
        shown = told["user"] if "user" in told else told["items"][0]
        assert shown["full_name"] == "Ada L" and not {shown[name] for name in ("email", "phone", "external_id")} - {
            None
        }
    for path in ("v2?email=ada@example.org", "v2?id=1&phone[start_with]=1234", "by_external_id?external_id=7"):
        assert (await world.client.get(f"/users/{path}", headers=token)).status_code == 403


async def test_the_older_forms(world: World) -> None:
    ada = await person(world, "ada.l", email="ada@example.org", external_id="7")
    for path in (
        "by_login.json?login=ada.l",
        "by_email?email=Ada@example.org",
        "by_external_id?external_id=7",
        str(ada.user.number),
    ):
        answer = await world.client.get(f"/users/{path}", headers=ada.token)
        assert answer.status_code == 200 and answer.json()["user"]["id"] == ada.user.number
    for path in ("by_login?login=nobody", "by_login", "by_shoe?shoe=7", "999999", "9" * 40, "x"):
        assert (await world.client.get(f"/users/{path}", headers=ada.token)).status_code == 404, path


async def test_passwords_are_set_anew_by_the_operator(world: World) -> None:
    token = await world.cube.token()
    assert (
        await world.client.post("/users/password/reset", json={"email": "ada@example.org"}, headers=token)
    ).status_code == 403
    assert (
        await world.client.get("/users/password/reset.json?email=ada@example.org", headers=token)
    ).status_code == 403


# --- The operator's own programs ------------------------------------------------------------------------------------


async def test_an_administrator_makes_changes_and_deletes_users(world: World) -> None:
    admin, client = world.cube.admin, world.client
    body = {"login": "ada.l", "email": "ada@example.org", "language": "de", "password": PASSWORD}
    made = await client.post("/admin/users", json=body, headers=admin)
    number = made.json()["user"]["id"]
    assert made.status_code == 201
    user = await world.db.read(users.get, world.application_id, number)
    assert user.email_verified and user.language == "de"

    session = world.cube.credentials | {"user": {"login": "ada.l", "password": PASSWORD}}
    token = {"CB-Token": (await client.post("/session", json=session)).json()["session"]["token"]}
    changed = await client.put(f"/admin/users/{number}", json={"user": {"password": "another-pw"}}, headers=admin)
    assert changed.status_code == 200
    assert (await client.get("/session", headers=token)).status_code == 401
    session["user"] = {"login": "ada.l", "password": "another-pw"}
    assert (await client.post("/session", json=session)).status_code == 201

    gone = await client.delete(f"/admin/user/{number}", headers=admin)
    assert (gone.status_code, gone.json()) == (200, {"success": True})
    assert (await client.delete(f"/admin/user/{number}", headers=admin)).status_code == 404


async def test_an_administrator_mints_tokens(world: World) -> None:
    user = await world.cube.user("ada.l")
    made = await world.client.post(f"/admin/users/{user.number}/tokens", headers=world.cube.admin)
    session = made.json()["session"]
    assert made.status_code == 201 and session["user_id"] == user.number
    shown = await world.client.get("/session", headers={"CB-Token": session["token"]})
    assert shown.json()["session"]["user"]["login"] == "ada.l"


async def test_nobody_else_is_an_administrator(world: World) -> None:
    ada = await person(world, "ada.l")
    for headers in ({}, ada.token, {"CB-Administration-API-Key": world.cube.client.auth_secret}, world.auth):
        for call in (
            world.client.post("/admin/users", json={"login": "x y z"}, headers=headers),
            world.client.put(f"/admin/users/{ada.user.number}", json={}, headers=headers),
            world.client.post(f"/admin/users/{ada.user.number}/tokens", headers=headers),
            world.client.delete(f"/admin/user/{ada.user.number}", headers=headers),
        ):
            answer = await call
            assert answer.status_code == 401 and base(answer)


# --- Other applications ---------------------------------------------------------------------------------------------


async def test_an_application_sees_no_users_of_another(world: World) -> None:
    bobs = await another(world, "Bob")
    ada, bob = await person(world, "ada.l", email="a@example.org"), await person(bobs, "ada.l", email="a@example.org")
    for query in (
        "login=ada.l",
        "email=a@example.org",
        f"id={ada.user.number}",
        f"id[in]={ada.user.number},{bob.user.number}",
    ):
        page = (await world.client.get(f"/users/v2?{query}", headers=bob.token)).json()
        assert {one["id"] for one in page["items"]} <= {bob.user.number}
    for method, path in (
        ("GET", ada.path),
        ("PUT", f"/admin{ada.path}"),
        ("POST", f"/admin{ada.path}/tokens"),
        ("DELETE", f"/admin/user/{ada.user.number}"),
    ):
        answer = await world.client.request(method, path, headers=bob.token | bobs.cube.admin)
        assert answer.status_code == 404, (method, path)
    assert (await world.client.delete(ada.path, headers=bob.token)).status_code == 403
    assert (await world.db.read(users.get, world.application_id, ada.user.number)).login == "ada.l"
