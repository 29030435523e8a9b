"""The OpenAPI document of all doors: what FastAPI gathers from the routes, completed by what all routes of a door share.

Every operation gets a short name, a tag, the scope that it needs, every status that it can answer, and its examples
(`examples.json`, which the tests replay).
"""

import copy
import json
import re
from collections.abc import Iterator
from importlib.resources import files
from typing import Any, Literal

from fastapi import FastAPI
from fastapi.routing import APIRoute

from convene.web.pictures import UPLOADS
from convene.web.vonage import schemas
from convene.web.vonage.refusals import NAMES, NAMES_OF_CODES

Operation = dict[str, Any]
Door = Literal["vendor", "cube", "accounts", "own", "page", "open"]

ABOUT = """Video meetings on your own machines, by the calls that clients of the Vonage Meetings API make already.

**`/v1/meetings`** is that API: rooms, sessions, recordings, themes. Every path is also there under `/beta/meetings`, \
`/meetings` and `/v0.1/meetings`, with doubled slashes and one at the end. Bodies are read as JSON whatever their content type \
says; fields of answers (`id`, `created_at`, …) may be left in what is sent back, null means "not given", an empty value \
in a query too, and `"true"` is `true`. Changes may come with or without their wrapper.
**`/session`, `/users`, `/meetings`, `/chat`, `/admin`** are those of the ConnectyCube Meetings API: users, scheduled meetings, \
their recordings and chat. Paths may end in `.json`; lists are filtered by `field[gte]=` and the like, with `gt gte lt lte ne in nin`.
**`/v2/applications`** is the neighbouring Application API, as far as meetings need it. **`/api`** is what we add: events, \
endpoints, the application's own settings. **`/api/meeting`** is what the meeting page asks.

Times are RFC 3339 in UTC. A `POST` with an `Idempotency-Key` may be sent again without doing anything twice. Answers that can \
be changed carry an `ETag`, for `If-Match` and `If-None-Match`. `RateLimit-Limit`, `-Remaining` and `-Reset` say how an \
application stands."""

TAGS = {
    "Rooms": "Rooms, and who waits at their doors.",
    "Sessions": "What happens in a room from the first person's coming to the last one's leaving; with the host's powers.",
    "Recordings": "Recordings and their files.",
    "Themes": "How a meeting looks: colour, brand text, logos.",
    "Application": "The application that asks, and the numbers to dial in.",
    "Events": "What was announced, how its delivery went, and the addresses it goes to.",
    "Mail": "An application's own wording of what people are told of their meetings.",
    "Application API": "Applications of an account, for provisioning.",
    "Scheduled meetings": "Meetings with a date and people who are invited, for programs written for ConnectyCube.",
    "Users": "The users of an application, and the sessions by which their programs act.",
    "Dialogs": "The chats of scheduled meetings.",
    "Administration": "What an operator's own servers do for his users.",
    "Meeting page": "What the page in the browser asks. A person proves who he is with what joining gave him.",
    "Health": "For whoever watches over the process.",
}
SCHEMES: dict[str, Any] = {
    "token": {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "JWT",
        "description": "A JWT, RS256, signed with one of the application's keys: `application_id`, `iat`, and `exp` at most a day "
        "later. What the key may do is in its scopes: `rooms`, `sessions`, `recordings`, `themes`, `events`, `applications`, each "
        "`:read` or `:write`, which includes reading. Operations name the one that they need.",
    },
    "key": {
        "type": "http",
        "scheme": "basic",
        "description": "The account's `api_key` and secret, for its default application with every scope; or the id and the secret "
        "of one of an application's keys, with that key's scopes.",
    },
    "account": {"type": "http", "scheme": "basic", "description": "The account's `api_key` and secret."},
    "user": {
        "type": "apiKey",
        "in": "header",
        "name": "CB-Token",
        "description": "The token of a session, of a user or of the application alone. It lives for two hours after its last use.",
    },
    "administrator": {
        "type": "apiKey",
        "in": "header",
        "name": "CB-Administration-API-Key",
        "description": "The application's administration key: for servers alone.",
    },
    "person": {
        "type": "http",
        "scheme": "bearer",
        "description": "`<id>.<key>` of the admission, or of the waiting, that joining answered.",
    },
    "check": {
        "type": "http",
        "scheme": "bearer",
        "description": "One of the two tokens that the beginning of a connection check answered.",
    },
}
# The noun of an operation's scope and its tag: the first part of its path that is named here decides.
NOUNS = {
    "dial-in-numbers": ("", "Application"),
    "recordings": ("recordings", "Recordings"),
    "recording": ("recordings", "Sessions"),
    "sessions": ("sessions", "Sessions"),
    "themes": ("themes", "Themes"),
    "uploads": ("", "Themes"),
    "pictures": ("", "Themes"),
    "rooms": ("rooms", "Rooms"),
    "events": ("events", "Events"),
    "endpoints": ("events", "Events"),
    "mail-templates": ("applications", "Mail"),
    "application": ("applications", "Application"),
    "applications": ("applications", "Application"),
    "health": ("", "Health"),
}
CUBE_TAGS = {
    "session": "Users",
    "login": "Users",
    "users": "Users",
    "meetings": "Scheduled meetings",
    "chat": "Dialogs",
}
CUBE_TAGS |= {"admin": "Administration"}
SCOPES = {"themes_its_rooms": "rooms:read", "themes_urls": "themes:write"}  # other than their paths say
BODILESS = {204, 304}
VENDOR_NAMES = dict((*NAMES_OF_CODES.values(), *NAMES.values()))
CODES = {
    400: "invalid",
    401: "bad_credentials",
    403: "scope_missing",
    404: "not_found",
    410: "expired",
    429: "slow_down",
}
# What only these operations of the page answer.
ALSO: dict[str, set[int]] = {
    "page_look": {404, 410, 429},
    "page_check": {404, 410, 429},
    "page_beats": {403},
    "page_join": {403, 404, 409, 410, 423, 429},
    "page_end": {403, 410},
    "page_lock": {403, 410},
    "page_record": {403, 409, 410},
    "page_stop": {403, 404, 409, 410},
    "page_mute": {403, 410},
    "page_remove": {403, 410},
    "page_ask": {403, 409, 410},
    "page_make": {403, 409, 410},
    "page_lower_hand": {403, 409, 410},
    "page_removed": {403, 410},
    "page_let_back_in": {403, 410},
    "page_mute_all": {403, 410},
    "page_allow": {403, 410},
    "page_lower_hands": {403, 410},
    "page_spotlight": {403, 404, 409, 410},
    "page_wait": {429},
    "page_watch": {403, 410, 429},
    "page_admit": {403, 409, 410, 423},
    "page_deny": {403, 409, 410},
    "page_admit_all": {403, 409, 410, 423},
    "page_deny_all": {403, 410},
    "page_chat_history": {403, 410},
    "page_chat_write": {403, 410, 429},
    "page_chat_delete": {403, 410},
    "page_chat_export": {403},
    "page_consent_give": {403, 410},
    "page_consent_list": {403},
    "events_replay": {409},
    "endpoints_enable": {409},
}


def document(app: FastAPI, address: str) -> dict[str, Any]:
    """The document; `address`: where this installation is reached."""
    made = copy.deepcopy(app.openapi())
    examples = json.loads(files("convene.web").joinpath("examples.json").read_text())
    for route, method, operation in _operations(app, made):
        _complete(route, method, operation)
        _type_streams(operation)
        _illustrate(operation, examples.get(operation["operationId"], {}))
    made["info"]["description"] = ABOUT
    made["servers"] = [{"url": address}]
    made["tags"] = [{"name": name, "description": text} for name, text in TAGS.items()]
    schemes = made["components"]
    schemes["securitySchemes"] = SCHEMES
    for unused in ("HTTPValidationError", "ValidationError"):  # FastAPI's own: our refusals have other forms
        schemes["schemas"].pop(unused, None)
    return made


def _operations(app: FastAPI, made: dict[str, Any]) -> Iterator[tuple[APIRoute, str, Operation]]:
    for route in app.routes:
        if isinstance(route, APIRoute) and route.include_in_schema:
            for method in sorted(route.methods or ()):
                yield route, method, made["paths"][route.path_format][method.lower()]


def _complete(route: APIRoute, method: str, operation: Operation) -> None:
    path, door = route.path_format, _door(route.path_format)
    noun, tag = ("", CUBE_TAGS[path.split("/")[1]]) if door == "cube" else _noun(path)
    operation["tags"] = [{"page": "Meeting page", "accounts": "Application API"}.get(door, tag)]
    module = "page" if door == "page" else route.endpoint.__module__.rpartition(".")[2]
    name = f"{'cube_' if door == 'cube' else ''}{module}_{route.endpoint.__name__}"
    name += (
        "_by_put"
        if path == UPLOADS and method == "PUT"
        else "_one"
        if path.endswith("/{recording_id}") and door == "cube"
        else ""
    )
    operation["operationId"] = name
    scope = SCOPES.get(name, f"{noun}:{'read' if method == 'GET' else 'write'}") if noun else None
    operation["security"] = _security(door, method, path, scope)
    known = {parameter["name"] for parameter in operation.setdefault("parameters", [])}
    for part in re.findall(r"{(\w+)}", path):
        if part not in known:
            operation["parameters"].append({"name": part, "in": "path", "required": True, "schema": {"type": "string"}})
    if method == "POST" and door in ("own", "accounts"):  # routes at the vendor's door say so themselves
        operation["parameters"].append(schemas.ONCE)
    _refuse(operation, door, method)


def _door(path: str) -> Door:
    if path.startswith("/v1/meetings"):
        return "vendor"
    if path.split("/")[1] in CUBE_TAGS:
        return "cube"
    if path.startswith("/v2/applications"):
        return "accounts"
    if path.startswith("/api/meeting"):
        return "page"
    return "own" if path.startswith("/api/") else "open"


def _noun(path: str) -> tuple[str, str]:
    parts = path.split("/")
    if "sessions" in parts and not {"recording", "recordings"} & set(parts):
        return NOUNS["sessions"]
    return next((NOUNS[part] for part in NOUNS if part in parts), ("", "Health"))


def _security(door: Door, method: str, path: str, scope: str | None) -> list[dict[str, list[str]]]:
    match door:
        case "accounts":
            return [{"account": []}]
        case "cube":
            return (
                []
                if path == "/session" and method == "POST"
                else [{"administrator" if "/admin/" in path else "user": []}]
            )
        case "page":
            if path.endswith("/check"):
                return [{"check": []}] if method == "GET" else []
            return [] if path.endswith(("/look", "/join")) else [{"person": []}]
        case "vendor" | "own" if scope:
            return [{"token": [scope]}, {"key": [scope]}]
    return []


def _type_streams(operation: Operation) -> None:
    """FastAPI takes the schema for that of the whole text; it is that of each event's data (as OpenAPI 3.2 writes it)."""
    for answer in operation["responses"].values():
        stream = answer.get("content", {}).get("text/event-stream", {})
        if "$ref" in stream.get("schema", {}):
            data: dict[str, Any] = {"type": "string", "contentMediaType": "application/json"}
            data["contentSchema"] = {"$ref": stream["schema"]["$ref"]}
            stream["schema"] = {"type": "object", "properties": {"event": {"type": "string"}, "data": data}}


# --- Refusals -------------------------------------------------------------------------------------------------------


def _refuse(operation: Operation, door: Door, method: str) -> None:
    """Every status that the door's own checks can answer, in order; what only this route knows is declared there."""
    answers: dict[str, Any] = operation["responses"]
    for several in ("4XX", "5XX"):
        answers.pop(several, None)
    fastapis = answers.get("422", {}).get("content", {}).get("application/json", {}).get("schema", {})
    if fastapis.get("$ref", "").endswith("/HTTPValidationError"):
        del answers["422"]
    if not operation["security"] and door == "vendor":
        for needless in ("403", "429"):
            answers.pop(needless, None)
    for expected in _expected(operation, door, method):
        answers.setdefault(str(expected), {"description": schemas.MEANINGS[expected]})
    for status, answer in answers.items():
        content = answer.get("content", {})
        if int(status) in BODILESS:
            answer.pop("content", None)
        elif int(status) < 400 or door == "open":
            if len(content) > 1 and content.get("application/json", {}).get("schema") == {}:
                del content["application/json"]  # FastAPI's guess
        else:
            schema, example = _refusal(door, int(status))
            own = next((media["schema"] for media in content.values() if "$ref" in media.get("schema", {})), schema)
            answer["content"] = {"application/json": {"schema": own} | ({"example": example} if own == schema else {})}
    operation["responses"] = dict(sorted(answers.items()))


def _expected(operation: Operation, door: Door, method: str) -> set[int]:
    """The statuses that follow from what an operation takes."""
    if door == "cube":
        return _expected_of_cube(operation)
    if door == "open" or not operation["security"]:
        return ALSO.get(operation["operationId"], set()) | ({400, 413, 503} if "requestBody" in operation else set())
    places = {parameter["in"] for parameter in operation["parameters"]}
    numbered = any(one["in"] == "path" and one["schema"].get("type") != "string" for one in operation["parameters"])
    expected = {401, 503} | ALSO.get(operation["operationId"], set())
    if door != "page":
        expected |= {429} if door == "accounts" else {403, 429}
    if "path" in places:
        expected |= {404}
    if numbered or "query" in places or "requestBody" in operation:
        expected |= {400}
    if "requestBody" in operation:
        expected |= {413}
    if method == "POST" and door != "page":
        expected |= {400, 413, 422}  # Idempotency-Key
    return expected


def _expected_of_cube(operation: Operation) -> set[int]:
    """Its clients understand few statuses: 400 is for what cannot be read, 422 for what breaks a rule (contract §1.1)."""
    expected = {400, 401, 429, 503} | ({403} if {"user": []} in operation["security"] else set())
    if any(one["in"] == "path" for one in operation["parameters"]):
        expected |= {404}
    if "requestBody" in operation or any(one["in"] in ("query", "header") for one in operation["parameters"]):
        expected |= {422}
    return expected


def _refusal(door: Door, status: int) -> tuple[Any, Any]:
    """The schema of a refusal, and one of its kind."""
    text = schemas.MEANINGS[status]
    if door == "cube":
        return _ref("CubeRefused"), {"errors": {"base": [text]}}
    if door == "vendor":
        if status == 401:
            return _ref("Unauthorized"), {"title": "Unauthorized", "detail": "You did not provide correct credentials"}
        return _ref("VendorRefusal"), {"message": text, "name": VENDOR_NAMES[status], "status": status}
    if door == "accounts":
        told = {"type": "https://developer.vonage.com/api-errors", "title": text, "detail": text}
        return _ref("Problem"), {**told, "instance": "9f1c2b7a5e0d4c3f8a6b1d2e3f405162"}
    return _ref("Refused"), {"error": {"code": CODES.get(status, "refused"), "message": text}}


def _ref(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{name}"}


# --- Examples -------------------------------------------------------------------------------------------------------


def _illustrate(operation: Operation, shown: dict[str, Any]) -> None:
    """`shown`: parameters by name, bodies by what they show, and the answer with its status."""
    for parameter in operation["parameters"]:
        if parameter["name"] in shown.get("parameters", {}):
            parameter["example"] = shown["parameters"][parameter["name"]]
    if "bodies" in shown:
        content = operation["requestBody"]["content"]
        sent = {title: {"value": value} for title, value in shown["bodies"].items()}
        next(iter(content.values()))["examples"] = sent
    if "answer" in shown:
        content = operation["responses"][str(shown["status"])].get("content", {})
        for media in content.values():
            media["example"] = shown["answer"]
