"""The document: whole, well named, and true. Every example in it is replayed, and every answer is held against its schema."""

import json
import re
from collections.abc import Iterator
from importlib.resources import files
from typing import Any

import pytest
from jsonschema import Draft202012Validator, FormatChecker
from openapi_spec_validator import validate

from convene import clients
from convene.web.document import TAGS
from tests.estate import Estate, another, is_json, recorded_no_more, settled
from tests.world import World

EXAMPLES: dict[str, Any] = json.loads(files("convene.web").joinpath("examples.json").read_text())
# Of what the examples name, what stands for it in the test's own estate.
STANDS_FOR = {
    "4f3f9f6e-2c1b-4d0a-9e57-6a1d0c9b8e71": "room_id",
    "7c5e1a52-0f6b-4b8e-8d3c-2b9a4f6d1e08": "door_id",
    "512345678901": "code",
    "598765432109": "door_code",
    "1_MX4bXlTZXNz~aW9uSWQtMQ~VGhlRmlyc3RPbmU-fg": "session_id",
    "1_MX4cGFzdFNl~c3Npb25JZA~QWxyZWFkeU92ZXI-fg": "over_id",
    "0d9c8b7a-6f5e-4d3c-8b2a-190807f6e5d4": "participant_id",
    "a1b2c3d4-e5f6-4a7b-8c9d-0e1f2a3b4c5d": "host_id",
    "b7e6d5c4-3b2a-4190-8f7e-6d5c4b3a2918": "person_id",
    "e2c4a6b8-1d3f-4579-8ace-02468bdf1357": "removed_id",
    "5d2f0a7e-3b0c-4d5a-9f5e-7b9f9d1c2a33": "recording_id",
    "6e3a1b8f-4c1d-4e6b-8a6f-8c0a0e2d3b44": "running_id",
    "9b1deb4d-3b7d-4bad-9bdd-2b0d7b3dcb6d": "theme_id",
    "auto-expiring-temp/logos/white/1b9d6bcd-bbfd-4b2d-9b5d-ab8dfbbd4bed": "upload_key",
    "evt_019ca86950000000105bd9115417316ca": "event_id",
    "1795258251": "expires",
    "839e54a65f898b6bb7b9537572ea2b1841a4dbf8769cd74cec36fe6d06a2d9e1": "signature",
    "c0ffee00-1234-4abc-8def-0123456789ab": "application_id",
    "0199f3a1b2c3d4e5f60718": "message_id",
    "69a1f00c2b7d4e0011c0a9e0": "dialog_id",
    "69a1f00c2b7d4e0011c0a9e1": "meeting_id",
    "69a1f0402b7d4e0011c0a9f3": "line_id",
    "69a20d3a2b7d4e0011c0aa07": "film_id",
    "b1946ac92492d2347c6235b4": "auth_key",
    "ada@example.org": "email",
    "ada.l": "login",
    "7000": "number",
    "4242": "client_number",
}
# What ends or changes things so that others would not find them as they are: each has an estate of its own.
ALONE = {
    *(
        "rooms_delete",
        "themes_delete",
        "themes_finalize",
        "sessions_delete",
        "recordings_delete",
        "applications_v2_delete",
    ),
    *("powers_lock", "powers_end", "powers_remove", "powers_record", "powers_stop"),
    *("hosting_let_back_in", "page_let_back_in"),
    *("waiting_admit", "waiting_deny", "waiting_admit_all", "waiting_deny_all"),
    *("cube_sessions_end", "cube_sessions_log_in", "cube_sessions_log_out", "cube_users_sign_up", "cube_users_delete"),
    *("cube_meetings_delete", "cube_admin_delete", "cube_admin_users_delete", "cube_admin_users_change"),
    *("cube_recordings_delete", "cube_recordings_delete_one", "cube_chat_unsubscribe", "cube_chat_delete"),
    *("chat_delete", "page_chat_delete", "mail_templates_delete"),
    *("page_end", "page_remove", "page_record", "page_stop", "page_withdraw", "page_admit", "page_deny"),
}
STREAMS = {"page_wait", "page_watch", "page_beats"}  # tests/api/test_waiting.py and test_check.py read them


def operations(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield path, method.upper(), operation


def validator(document: dict[str, Any], schema: dict[str, Any]) -> Draft202012Validator:
    whole = {**schema, "components": document["components"]}
    return Draft202012Validator(whole, format_checker=FormatChecker())


@pytest.fixture
async def document(world: World) -> dict[str, Any]:
    return (await world.client.get("/openapi.json")).json()  # type: ignore[no-any-return]


def test_it_is_openapi_3_1(document: dict[str, Any]) -> None:
    validate(document)
    assert document["openapi"].startswith("3.1.")
    assert document["servers"] == [{"url": "http://localhost:8000"}]


async def test_it_is_served_once_and_then_known(world: World) -> None:
    first = await world.client.get("/openapi.json")
    assert (first.status_code, first.headers["content-type"]) == (200, "application/json")
    again = await world.client.get("/openapi.json", headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


def test_every_operation_is_named_tagged_and_told(document: dict[str, Any]) -> None:
    names = []
    for path, method, operation in operations(document):
        what = f"{method} {path}"
        names.append(operation["operationId"])
        assert operation["summary"] and set(operation["tags"]) <= set(TAGS), what
        assert re.fullmatch(r"[a-z0-9_]+", operation["operationId"]), what
        for status, answer in operation["responses"].items():
            assert answer["description"], f"{what} {status}"
        for scheme in operation["security"]:
            assert set(scheme) <= set(document["components"]["securitySchemes"]), what
    assert len(names) == len(set(names))
    assert {tag["name"] for tag in document["tags"]} == {tag for *_, one in operations(document) for tag in one["tags"]}


def test_no_schema_is_named_by_a_machine(document: dict[str, Any]) -> None:
    assert [name for name in document["components"]["schemas"] if "__" in name or "-" in name] == []


def test_what_follows_from_a_route_is_documented(document: dict[str, Any]) -> None:
    for path, method, operation in operations(document):
        answers, what = set(operation["responses"]), f"{method} {path}"
        if operation["security"]:
            assert "401" in answers, what
        if "requestBody" in operation:
            assert "400" in answers, what
        if path.startswith(("/v1/", "/api/e", "/api/a")) and operation["security"]:
            assert {"403", "429"} <= answers, what
        if method == "POST" and path.startswith(("/v1/", "/v2/", "/api/e", "/api/a")):
            assert "422" in answers and "Idempotency-Key" in str(operation["parameters"]), what
        assert not {one for one in answers if not one.isdigit()}, what


def test_every_operation_has_examples(document: dict[str, Any]) -> None:
    for path, method, operation in operations(document):
        what = f"{method} {path}"
        assert operation["operationId"] in EXAMPLES, what
        for media in operation.get("requestBody", {}).get("content", {}).values():
            assert "examples" in media, what
        shown = operation["responses"][str(EXAMPLES[operation["operationId"]]["status"])]
        for media in shown.get("content", {}).values():
            assert "example" in media, what
    assert set(EXAMPLES) == {operation["operationId"] for *_, operation in operations(document)}


def test_every_example_fits_its_schema(document: dict[str, Any]) -> None:
    for _, _, operation in operations(document):
        parts = [*operation["responses"].values(), *filter(None, [operation.get("requestBody")])]
        for kind, media in ((kind, media) for part in parts for kind, media in part.get("content", {}).items()):
            shown = [one["value"] for one in media.get("examples", {}).values()]
            shown += [media["example"]] if "example" in media else []
            for value in shown:
                if kind == "application/json":
                    validator(document, media["schema"]).validate(value)


class Replay:
    """Sends the examples, with an estate's ids in the place of those that they show."""

    def __init__(self, estate: Estate, document: dict[str, Any]):
        self.estate, self.document = estate, document

    def real(self, shown: Any) -> Any:
        text = json.dumps(shown)
        for example, name in STANDS_FOR.items():
            text = text.replace(example, str(self.estate.ids[name]))
        return json.loads(text)

    def credentials(self, path: str, name: str) -> dict[str, str]:
        if name.startswith("cube_"):
            return self.estate.admin if path.startswith("/admin/") else self.estate.user
        if not path.startswith("/api/meeting"):
            return self.estate.auth if not path.startswith("/v2") else self.estate.world.auth
        if name in ("page_wait", "page_withdraw"):
            return self.estate.knocker
        return self.estate.doorman if name in ("page_admit", "page_deny") else self.estate.host

    async def send(self, path: str, method: str, operation: dict[str, Any]) -> None:
        name = operation["operationId"]
        example = EXAMPLES[name]
        given = self.real(example.get("parameters", {}))
        parameters = {one["name"]: one["in"] for one in operation["parameters"]}
        places = {
            kind: {k: v for k, v in given.items() if parameters[k] == kind} for kind in ("path", "query", "header")
        }
        url, headers = path.format(**places["path"]), self.credentials(path, name) | places["header"]
        for title, body in (example.get("bodies") or {"": None}).items():
            is_first = title in ("", next(iter(example.get("bodies", {})), ""))
            kind = next(iter(operation.get("requestBody", {}).get("content", {"": 0})))
            sent = {"json": self.real(body)} if kind == "application/json" else {}
            if kind == "multipart/form-data":
                file = {"file": ("logo.png", b"\x89PNG", "image/png")}
                sent = {"data": self.estate.form, "files": file}
            answer = await self.estate.world.client.request(
                method, url, params=places["query"] or None, headers=headers, **sent
            )
            what = f"{name} {title}: {answer.status_code} {answer.text}"
            assert answer.status_code == example["status"], what
            media = operation["responses"][str(answer.status_code)].get("content", {})
            if is_json(answer):
                assert "application/json" in media, what
                validator(self.document, media["application/json"]["schema"]).validate(answer.json())
                if is_first and answer.json():
                    assert names_in(answer.json()) == names_in(example["answer"]), what
            else:
                assert bool(answer.content) == bool(media), what


def names_in(value: Any, path: str = "") -> set[str]:
    """Where in a JSON value there are names; one that is an id stands for any."""
    if isinstance(value, list):
        return {name for entry in value for name in names_in(entry, f"{path}[]")}
    if not isinstance(value, dict) or path.endswith(".payload"):
        return set()
    value = {re.sub(r"^[0-9a-f]{24}$", "{id}", name): inner for name, inner in value.items()}
    return {f"{path}.{name}" for name in value} | {
        deeper for name, inner in value.items() for deeper in names_in(inner, f"{path}.{name}")
    }


async def test_every_example_is_true(world: World, document: dict[str, Any]) -> None:
    shared = Replay(await settled(world, "example"), document)
    for path, method, operation in operations(document):
        name = operation["operationId"]
        if name in STREAMS:
            continue
        if name not in ALONE:
            await shared.send(path, method, operation)
            continue
        estate = await settled(await another(world, name), name.replace("_", "-"))
        if name.endswith("_record"):
            await recorded_no_more(estate)
        if name == "cube_users_sign_up":
            await world.db.write(clients.change, estate.world.application_id, opens_users=True)
        await Replay(estate, document).send(path, method, operation)
