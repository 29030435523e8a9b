"""What schemathesis is told of this API (its hooks module): who asks, and ids that are really there.

It reads `FUZZED`: a JSON file with the ids and credentials of one estate. Every third value of a path is left as it was generated.
What ends or deletes things gets fresh ones, so that the others stay.
"""

import json
import os
import zlib
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit
from uuid import uuid4

import requests
import schemathesis

FUZZED = json.loads(Path(os.environ["FUZZED"]).read_text())
URL, IDS, OWNER = FUZZED["url"], FUZZED["ids"], FUZZED["owner"]
VENDOR = f"{URL}/v1/meetings"
_calls = requests.Session()


def post(address: str, body: object, headers: dict[str, str] | None = None) -> Any:
    """The owner makes something."""
    answer = _calls.post(address, json=body, headers=headers or OWNER, timeout=30)
    assert answer.ok, answer.text
    return answer.json()


def a_room(**fields: Any) -> dict[str, Any]:
    return post(f"{VENDOR}/rooms", {"display_name": "Fresh", **fields})  # type: ignore[no-any-return]


def comes(room: dict[str, Any], name: str, *, is_host: bool = False) -> dict[str, Any]:
    """Somebody joins, or waits."""
    token = room["_links"]["host_url"]["href"].partition("participant_token=")[2] if is_host else None
    who = {"code": room["meeting_code"], "name": name, "participant_token": token}
    return post(f"{URL}/api/meeting/join", who)  # type: ignore[no-any-return]


def proof_of(given: dict[str, str]) -> str:
    return f"{given['id']}.{given['key']}"


def a_meeting() -> dict[str, str]:
    """A session with its host, and a guest."""
    room = a_room()
    host, guest = comes(room, "Hanna", is_host=True), comes(room, "Gustav")["admission"]["id"]
    proof = proof_of(host["admission"])
    return {"session_id": host["session_id"], "participant_id": guest, "person_id": guest, "proof": proof}


def a_knock() -> dict[str, str]:
    """Somebody at the door of a room whose host is in."""
    room = a_room(join_approval_level="explicit_approval")
    host, waits = comes(room, "Hanna", is_host=True), comes(room, "Nora")["waiting"]
    return {
        "room_id": room["id"],
        "person_id": waits["id"],
        "knocker": proof_of(waits),
        "proof": proof_of(host["admission"]),
    }


def a_theme() -> dict[str, str]:
    made = post(f"{VENDOR}/themes", {"main_color": "#123456", "brand_text": "Fresh"})
    return {"theme_id": made["theme_id"]}


def a_user() -> dict[str, Any]:
    """A user with a token of his own."""
    user = post(f"{URL}/admin/users", {"full_name": "Fresh", "login": f"fresh.{uuid4().hex}"}, FUZZED["admin"])["user"][
        "id"
    ]
    token = post(f"{URL}/admin/users/{user}/tokens", {}, FUZZED["admin"])["session"]["token"]
    return {"number": user, "token": token}


def a_scheduled_meeting() -> dict[str, Any]:
    """With a chat in which something was written."""
    plan = {"name": "Fresh", "start_date": 1_900_000_000, "end_date": 1_900_003_600, "attendees": [], "chat": True}
    made = post(f"{URL}/meetings", plan, FUZZED["user"])
    said = post(f"{URL}/chat/Message", {"chat_dialog_id": made["chat_dialog_id"], "message": "x"}, FUZZED["user"])
    return {"meeting_id": made["_id"], "dialog_id": made["chat_dialog_id"], "message_ids": said["_id"]}


def an_application() -> dict[str, str]:
    made = post(f"{URL}/v2/applications", {"name": "Fresh", "keys": {"public_key": FUZZED["public_key"]}})
    return {"application_id": made["id"]}


FRESH = {
    "rooms_delete": lambda: {"room_id": a_room()["id"]},
    "themes_delete": a_theme,
    "sessions_delete": lambda: {"session_id": IDS["over_id"]},
    "recordings_delete": lambda: {"recording_id": IDS["running_id"]},
    "applications_v2_delete": an_application,
    "powers_end": a_meeting,
    "powers_remove": a_meeting,
    "hosting_make": a_meeting,
    "waiting_admit": a_knock,
    "waiting_deny": a_knock,
    "page_end": a_meeting,
    "page_remove": a_meeting,
    "page_make": a_meeting,
    "page_admit": a_knock,
    "page_deny": a_knock,
    "page_withdraw": a_knock,
    **dict.fromkeys(("cube_sessions_end", "cube_sessions_log_in", "cube_sessions_log_out"), a_user),
    **dict.fromkeys(
        ("cube_users_change", "cube_users_delete", "cube_admin_users_change", "cube_admin_users_delete"), a_user
    ),
    **dict.fromkeys(
        ("cube_meetings_delete", "cube_admin_delete", "cube_chat_delete", "cube_chat_unsubscribe"), a_scheduled_meeting
    ),
}
OWN_TOKEN = {name for name, made in FRESH.items() if made is a_user}  # these may end the token that they are asked with


def is_left_alone(case: schemathesis.Case) -> bool:
    """One in three, by what was generated."""
    text = repr((case.path_parameters, case.query)).encode(errors="replace")
    return zlib.crc32(text) % 3 == 0


@schemathesis.hook
def before_call(_context: schemathesis.HookContext, case: schemathesis.Case, kwargs: dict[str, Any]) -> None:
    """Puts in ids that are there, and credentials where none were generated."""
    name = case.operation.definition.raw["operationId"]
    known = (
        dict(IDS) | {"message_ids": IDS["line_id"]} | {"room_id": IDS["door_id" if "waiting" in name else "room_id"]}
    )
    path = case.path_parameters or {}
    is_dear = name in FRESH and not set(IDS.values()).isdisjoint(path.values())  # schemathesis remembers ids of answers
    if name in OWN_TOKEN or ((is_dear or not is_left_alone(case)) and (path or name.startswith("page_"))):
        if name in FRESH:
            known |= FRESH[name]()
        for part in path:
            if part in known:
                path[part] = known[part]
    if case.path.startswith("/api/meeting"):
        at_the_door = ("page_watch", "page_admit", "page_deny", "page_admit_all", "page_deny_all")
        proof = known.get("proof") or FUZZED["door_host" if name in at_the_door else "host"]
        if name in ("page_wait", "page_withdraw"):
            proof = known.get("knocker") or FUZZED["knocker"]
        case.headers.setdefault("Authorization", f"Bearer {proof}")
    elif name.startswith("cube_"):
        mine = {"CB-Token": known["token"]} if "token" in known else FUZZED["user"]
        for header, value in (FUZZED["admin"] if case.path.startswith("/admin/") else mine).items():
            case.headers.setdefault(header, value)
    else:
        case.headers.setdefault("Authorization", OWNER["Authorization"])
    if isinstance(case.body, dict) and not is_left_alone(case):
        for part, mine in {
            "code": "code",
            "participant_token": "participant_token",
            "chat_dialog_id": "dialog_id",
        }.items():
            if isinstance(case.body.get(part), str):
                case.body[part] = IDS[mine]


@schemathesis.hook
def filter_failure(
    _context: schemathesis.HookContext, failure: Any, case: schemathesis.Case, response: schemathesis.Response
) -> bool:
    """What we mean to do. Every address of two parts may be a meeting's link, `/{short}/{code}`: asked by GET it is that of a
    page. And an empty value in a query counts as not given. Programs written for ConnectyCube send numbers as texts and fields that
    nobody knows: what can be read so is taken; and to a method that is not there they want a 404 (contract §1.1). A body that is
    too large is refused, whatever else is wrong with it."""
    kind = response.headers.get("content-type", [""])[0]
    is_page = case.method == "GET" and response.status_code == 200 and kind.startswith("text/html")
    query = parse_qsl(urlsplit(response.request.url or "").query, keep_blank_values=True)
    is_meant = any(not value for _, value in query)
    is_cube = case.operation.definition.raw["operationId"].startswith("cube_")
    is_meant |= is_cube
    is_meant |= response.status_code == 413
    is_answered = is_page or (is_cube and response.status_code == 404)
    return not ((is_answered and failure.code == "ST204") or (is_meant and failure.code == "ST201"))
