"""ConnectyCube's own JavaScript SDK against a running platform, in five versions: what its calls return, by value.

The newest takes any address, so it comes by http; older ones know https alone. 3.x signs its sessions.
"""

import json
import re
import subprocess
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.sdks import SCRIPTS, Judged, Told, folder_for_node, judged

pytestmark = pytest.mark.acceptance

PACKAGES = {
    "6.1.2": "connectycube",
    "5.0.2": "connectycube-5.0.2",
    "4.7.32": "connectycube-4.7.32",
    "4.3.0": "connectycube-4.3.0",
    "3.35.3": "connectycube-3.35.3",
}
STARTS = 1_900_000_000
NOT_FOR_MEETINGS = {
    *("users.listOnline", "users.getOnlineCount"),  # nobody is online where no XMPP server is
    *("auth.createWebSession", "auth.checkWebSessionUntilUpgrade", "auth.upgradeWebSession"),  # logging in by a QR code
}
MEETING = [
    *(
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
    ),
    *("host_id", "notify", "chat_dialog_id", "notify_before", "timezone"),
]
MISSING = {"code": 401, "info": {"errors": {"base": ["Required session does not exist"]}}}
MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{3})?Z")


@pytest.fixture(scope="module")
def convene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Judged]:
    """One platform for all versions."""
    with judged(tmp_path_factory.mktemp("judged"), recordings=0) as made:
        yield made


@pytest.fixture(scope="module")
def clients(convene: Judged) -> Told:
    """What client programs of two applications are configured with: of one that lets them make users, and of one that does not."""
    closed = told_by(convene, "app", "create", "Closed")["application_id"]
    told_by(convene, "client", "set", "--opens-users", "yes")
    shown = {"open": told_by(convene, "client", "show"), "closed": told_by(convene, "client", "show", "--app", closed)}
    names = {"application_id": "number", "auth_key": "auth_key", "auth_secret": "auth_secret"}
    return {kind: {name: one[key] for name, key in names.items()} for kind, one in shown.items()}


@pytest.fixture(scope="module", params=PACKAGES)
def told(request: pytest.FixtureRequest, convene: Judged, clients: Told) -> Told:
    """What each call of one version returned."""
    version, folder = request.param, folder_for_node("cube")
    mark = f"v{version.replace('.', '')}"
    found = {
        "mark": mark,
        "wanted": version,
        "starts": STARTS,
        "signs": version.startswith("3"),
        **minted(convene, mark),
    }
    command = ("node", SCRIPTS / "cube/calls.mjs", PACKAGES[version])
    address = convene.convene.url if version == "6.1.2" else convene.address
    return found | convene.tour(*command, cwd=folder, address=address, **clients, **found)


def told_by(convene: Judged, *command: str) -> Told:
    """What a command of ours prints."""
    ran = convene.convene.run(*command, stdout=subprocess.PIPE)
    printed, _ = ran.communicate(timeout=120)
    assert ran.returncode == 0
    shown: Told = json.loads(printed)
    return shown


def minted(convene: Judged, mark: str) -> Told:
    """A user whom his operator makes, and a token for him: nobody's password is needed."""
    first: Any = convene.convene.first
    admin = {"CB-Administration-API-Key": first["connectycube"]["administration_api_key"]}
    with httpx.Client(base_url=convene.convene.url, headers=admin, timeout=20) as operator:
        user = operator.post("/admin/users", json={"login": f"{mark}.dora"}).json()["user"]["id"]
        session = operator.post(f"/admin/users/{user}/tokens").json()["session"]
    assert session["user_id"] == user
    return {"minted": user, "token": session["token"]}


def test_every_call_that_meetings_need_was_made(told: Told) -> None:
    assert told["version"] == told["wanted"]
    assert set(told["never called"]) <= NOT_FOR_MEETINGS


# --- Sessions -------------------------------------------------------------------------------------------------------


def test_a_session_of_the_application(convene: Judged, told: Told) -> None:
    session = told["application"]
    assert (session["application_id"], session["user_id"]) == (number(convene), None)
    assert isinstance(session["id"], int) and session["token"] and "user" not in session
    assert told["list without a user"]["code"] == 403
    assert told["wrong key"]["code"] in (401, 404, 422)
    if told["signs"]:
        assert told["wrong secret"] == {"code": 422, "info": {"errors": ["Unexpected signature"]}}
    else:
        assert told["wrong secret"]["token"], "later versions do not send what the secret would sign"


def test_a_session_of_a_user(told: Told) -> None:
    ada = told["signup"]["user"]["id"]
    for name in ("by login", "by email"):
        session = told[name]
        assert session["user_id"] == session["user"]["id"] == session["id"] == ada
        assert session["user"]["login"] == f"{told['mark']}.ada"
    assert len({told[name]["token"] for name in ("application", "by login", "by email", "guest")}) == 4
    guest = told["guest"]["user"]
    assert (guest["is_guest"], guest["full_name"]) == (True, "Visitor One")
    assert told["auth.login"]["id"] == ada
    assert (told["logged in"]["user_id"], told["logged out"]["user_id"]) == (ada, None)


def test_a_session_that_cannot_be(told: Told) -> None:
    assert told["wrong password"] == {"code": 401, "info": {"errors": ["Invalid password"]}}
    assert told["unknown user"] == {"code": 404, "info": {"errors": ["User not found"]}}
    assert told["signup forbidden"]["code"] == (401 if told["signs"] else 403), "3.x signs up with a session alone"
    assert told["on the fly"]["user"]["login"] == f"{told['mark']}.cleo"


def test_a_session_that_is_over_is_renewed_by_the_sdk(told: Told) -> None:
    assert told["expired"] == told["destroyed"] == MISSING
    assert told["renewals"] == 1
    assert told["renewed"]["_id"] == told["create"]["_id"]


def test_a_token_of_the_operator_s(told: Told) -> None:
    meeting = told["create by token"]
    assert meeting["host_id"] == told["minted"]
    assert [one["_id"] for one in told["list by token"]] == [meeting["_id"]]


# --- Users ----------------------------------------------------------------------------------------------------------


def test_users(told: Told) -> None:
    ada, bob, mark = told["signup"]["user"], told["signup by key"]["user"], told["mark"]
    assert (ada["full_name"], ada["email"]) == ("Ada L", f"{mark}.ada@example.org")
    assert told["signup again"]["code"] == told["signup wrong"]["code"] == 422
    changed = told["users.update"]["user"]
    assert (changed["id"], changed["full_name"], changed["custom_data"]) == (ada["id"], "Ada Lovelace", "{}")
    assert told["password wrong"]["code"] == 422
    assert told["password"]["user"]["id"] == told["password back"]["user"]["id"] == ada["id"]
    page = told["users.getV2"]
    assert ({user["id"] for user in page["items"]}, page["total_entries"]) == ({ada["id"], bob["id"]}, 2)
    assert (page["limit"], page["skip"]) == (10, 0)
    assert [user["id"] for user in told["users by login"]["items"]] == [bob["id"]]
    assert told["users without a field"]["code"] == 422
    assert not told["users.delete"]
    assert told["deleted user"]["user_id"] != ada["id"], "his login is free again"


# --- Meetings -------------------------------------------------------------------------------------------------------


def test_a_meeting(told: Told) -> None:
    meeting, bob = told["create"], told["signup by key"]["user"]["id"]
    assert [key for key in meeting if key in MEETING] == MEETING
    assert re.fullmatch(r"[0-9a-f]{24}", meeting["_id"]) and "id" not in meeting
    assert all(MOMENT.fullmatch(meeting[name]) for name in ("created_at", "updated_at"))
    expected = {
        "name": "Launch review",
        "start_date": STARTS,
        "end_date": STARTS + 3600,
        "attendees": [{"id": bob}, {"email": "guest@example.net"}],
        "public": False,
        "scheduled": True,
        "record": False,
        "host_id": told["signup"]["user"]["id"],
        "notify": False,
        "notify_before": {"metric": "minutes", "value": 10},
        "timezone": {"offset": 120, "name": "Europe/Riga"},
    }
    assert {name: meeting[name] for name in expected} == expected
    assert told["get one"] == meeting
    assert told["attendee gets"] == told["record still no more"]


def test_a_meeting_of_which_the_sdk_says_all_by_itself(told: Told) -> None:
    meeting = told["create default"]
    assert meeting["name"] and meeting["end_date"] == meeting["start_date"] + 3600
    assert (meeting["attendees"], meeting["record"], meeting["chat_dialog_id"]) == ([], False, None)
    assert told["create in ms"]["start_date"] == STARTS * 1000


def test_lists(told: Told) -> None:
    one, default, ms = (told[name]["_id"] for name in ("create", "create default", "create in ms"))
    assert told["no meetings"] == []
    assert ids(told["list"]) == [ms, one, default]
    assert ids(told["list scheduled"]) == ids(told["list by start"]) == ids(told["list by ids"]) == [one]
    assert ids(told["list by creation"]) == [ms]


def test_changes(told: Told) -> None:
    bob, changed = told["signup by key"]["user"]["id"], told["meeting.update"]
    kept = {"name": "Launch", "attendees": [{"id": bob}], "updated_at": changed["updated_at"]}
    assert changed == told["create"] | kept
    assert [told[name]["record"] for name in ("record", "record no more", "record still no more")] == [
        True,
        False,
        False,
    ]
    assert told["no recordings"] == []
    for name in ("create default", "create in ms"):
        assert not told[f"delete {name}"], name
    assert not told["meeting.delete"]


@pytest.mark.parametrize(
    ("name", "status"),
    [
        ("create wrong", 422),
        ("update wrong", 422),
        ("get unknown", 404),
        ("recordings of nothing", 404),
        ("outsider gets", 404),
        ("attendee updates", 403),
        ("attendee deletes", 403),
        ("get deleted", 404),
        ("delete deleted", 404),
    ],
)
def test_refusals_come_with_their_words(told: Told, name: str, status: int) -> None:
    """`info: " "` would mean that the SDK could not read the body."""
    assert told[name]["code"] == status
    errors = told[name]["info"]["errors"]
    assert isinstance(errors, dict) and all(isinstance(line, str) for lines in errors.values() for line in lines)
    if status == 403:
        assert errors == {"base": ["Forbidden"]}


def test_the_chat_of_a_meeting(told: Told) -> None:
    dialog = told["create"]["chat_dialog_id"]
    assert [one["_id"] for one in told["dialogs"]["items"]] == [dialog]
    assert told["dialogs"]["items"][0]["type"] == 5
    assert told["subscribe"]["_id"] == dialog
    [message] = told["messages"]["items"]
    assert (message["message"], message["sender_id"]) == ("Hello", told["signup"]["user"]["id"])
    assert message["_id"] == told["message"]["_id"]


def ids(meetings: list[dict[str, Any]]) -> list[str]:
    return [meeting["_id"] for meeting in meetings]


def number(convene: Judged) -> int:
    first: Any = convene.convene.first
    return int(first["connectycube"]["application_id"])
