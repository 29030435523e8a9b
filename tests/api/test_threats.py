"""What strangers and careless clients send: too much, too deep, of the wrong kind, from other sites."""

import asyncio
import json
import struct
import zlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio

from convene import clients
from tests import world as worlds
from tests.estate import VENDOR, Estate, logo, settled

ROOMS = f"{VENDOR}/rooms"
EVIL = "https://evil.example"
CHUNK = b" " * 16384


@pytest_asyncio.fixture
async def estate(database_url: str, tmp_path: Path) -> AsyncIterator[Estate]:
    limits = {"requests_per_minute": 0, "auth_failures_per_minute": 0, "code_misses_address": 10**6}
    async with worlds.world(database_url, tmp_path, **limits) as world:
        yield await settled(world, "owner")


def is_cube(path: str) -> bool:
    """Whether it is one of the ConnectyCube API, whose clients understand fewer statuses, and whose bodies may have more in them."""
    return path.split("/")[1] in ("session", "login", "users", "meetings", "chat", "admin")


def credentials(estate: Estate, path: str) -> dict[str, str]:
    if path.startswith("/api/meeting"):
        return estate.host
    if is_cube(path):
        return estate.admin if path.startswith("/admin/") else estate.user
    return estate.world.auth if path.startswith("/v2") else estate.auth


async def taking(estate: Estate) -> list[tuple[str, str]]:
    """Every operation that takes a JSON body, with the owner's ids in its path."""
    await estate.world.db.write(lambda tx: clients.change(tx, estate.world.application_id, opens_users=True))
    document = (await estate.world.client.get("/openapi.json")).json()
    found = []
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            if "application/json" in operation.get("requestBody", {}).get("content", {}):
                found.append((method.upper(), path.format(**estate.ids, kind="invitation")))
    return found


class Counted:
    """A body without an end, as far as anybody reads it."""

    def __init__(self, head: bytes = b"", most: int = 1000) -> None:
        self.head, self.most, self.read = head, most, 0

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield self.head
        for _ in range(self.most):
            self.read += len(CHUNK)
            yield CHUNK


# --- Bodies ---------------------------------------------------------------------------------------------------------


async def test_no_door_reads_a_large_body_to_its_end(estate: Estate) -> None:
    asked = await taking(estate)
    assert len(asked) > 15
    for method, path in asked:
        body = Counted(b'{"display_name": "x"')
        headers = credentials(estate, path) | {"Content-Type": "application/json"}
        answer = await estate.world.client.request(method, path, content=body, headers=headers)
        too_large = 400 if is_cube(path) else 413
        assert answer.status_code == too_large, f"{method} {path}: {answer.status_code} {answer.text}"
        assert body.read < 200_000, f"{method} {path} reads on"


DEEP = {
    "arrays": "[" * 60_000,
    "objects": '{"a":' * 12_000,
    "a closed one": '{"display_name":' + "[" * 1000 + "]" * 1000 + "}",
    "a number of 5000 digits": '{"display_name": ' + "9" * 5000 + "}",
    "infinity": '{"keep_rooms_days": 1e400, "display_name": Infinity}',
    "a name twice": '{"display_name": "a", "display_name": 1}',
    "a lone surrogate": '{"display_name": "\\ud800", "code": "\\ud800", "name": "\\ud800", "brand_text": "\\ud800"}',
    "no text at all": "\ud800",
    "an array": "[]",
    "a million commas": "[" + "0," * 30_000 + "0]",
}


@pytest.mark.parametrize("kind", DEEP)
async def test_no_body_breaks_a_door(estate: Estate, kind: str) -> None:
    content = DEEP[kind].encode("utf-8", "surrogatepass")
    for method, path in await taking(estate):
        headers = credentials(estate, path) | {"Content-Type": "application/json"}
        answer = await estate.world.client.request(method, path, content=content, headers=headers)
        wanted = (400, 201, 200, 401, 422) if kind == "a name twice" and is_cube(path) else (400,)
        assert answer.status_code in wanted, f"{method} {path}: {answer.status_code} {answer.text[:200]}"


NASTY = [
    "%00",
    "a%00b",
    "%ff%fe",
    "..%2f..%2fetc",
    "%27%20or%201%3D1--",
    "x" * 5000,
    "1e309",
    "-1",
    "9" * 40,
    "%F0%9F%98%80",
    "%0d%0aX: y",
]


async def test_no_id_breaks_a_door(estate: Estate) -> None:
    """PostgreSQL refuses NUL and what is no UTF-8 loudly, and numbers that are too large."""
    document = (await estate.world.client.get("/openapi.json")).json()
    ids = {name: str(id) for name, id in estate.ids.items()} | {
        "message_ids": str(estate.ids["line_id"]),
        "kind": "invitation",
    }
    for path, methods in document["paths"].items():
        for place in [name for name in (*ids, "name", "key") if f"{{{name}}}" in path]:
            for method, nasty in ((method, nasty) for method in methods for nasty in NASTY):
                url = path.format(**ids | {"name": "x", "key": "x"} | {place: nasty})
                body = {"source": "microphone", "name": "x", "update_details": {"main_color": "#000"}, "keys": ["x"]}
                headers = credentials(estate, path)
                answer = await estate.world.client.request(method, url, headers=headers, json=body)
                wanted = (
                    (200, 404) if place == "message_ids" else (400, 403, 404, 422)
                )  # it tells of each that there is none
                assert answer.status_code in wanted, f"{method} {url[:200]}: {answer.status_code}"


async def test_no_text_breaks_a_door(estate: Estate) -> None:
    for text in ("\x00", "a\x00b", "\u202e", "\ufdd0", "\U0010ffff", "x" * 300, "__proto__"):
        for path, body in (
            (ROOMS, {"display_name": text, "metadata": text}),
            (f"{VENDOR}/themes", {"main_color": "#000", "brand_text": text, "theme_name": text}),
            ("/api/meeting/join", {"code": text, "name": text, "admission": {"id": text[:60], "key": text[:60]}}),
            ("/api/meeting/look", {"code": estate.ids["code"], "participant_token": text}),
            ("/v2/applications", {"name": text, "privacy": {"x": text}}),
        ):
            answer = await estate.world.client.post(path, json=body, headers=credentials(estate, path))
            assert answer.status_code < 500, f"{path} {text!r}: {answer.text}"


@pytest.mark.parametrize(
    "query", ["page_size=" + "9" * 400, "start_id=-1", "x=" + "y" * 60_000, "&" * 20_000, "page_size=%00"]
)
async def test_no_query_breaks_a_list(estate: Estate, query: str) -> None:
    for path in (ROOMS, f"{VENDOR}/sessions", "/api/events", f"{VENDOR}/themes/{estate.ids['theme_id']}/rooms"):
        answer = await estate.world.client.get(f"{path}?{query}", headers=estate.auth)
        assert answer.status_code in (200, 400), f"{path}: {answer.status_code}"


# --- Other sites ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("origin", [EVIL, "null", "http://localhost:8000.evil.example", "https://evil-localhost:8000"])
async def test_no_other_site_may_read_anything(estate: Estate, origin: str) -> None:
    for path in (
        ROOMS,
        "/api/events",
        "/v2/applications",
        "/api/meeting/session",
        "/openapi.json",
        "/health/live",
        "/",
    ):
        answer = await estate.world.client.get(path, headers=credentials(estate, path) | {"Origin": origin})
        assert not [name for name in answer.headers if name.startswith("access-control")], path


async def test_a_preflight_is_told_no(estate: Estate) -> None:
    asks = {"Origin": EVIL, "Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization"}
    for path in (ROOMS, "/api/events/replay", "/v2/applications", "/api/meeting/join", "/uploads/logos"):
        answer = await estate.world.client.options(path, headers=asks)
        assert 400 <= answer.status_code < 500, path
        assert not [name for name in answer.headers if name.startswith("access-control")], path


async def test_nothing_works_by_what_a_browser_sends_by_itself(estate: Estate) -> None:
    """No cookie is ever set or read; a form of another site (text/plain needs no preflight) comes without credentials."""
    proof = estate.host["Authorization"].removeprefix("Bearer ")
    cookies = {"Cookie": f"authorization={proof}; session={proof}; token={estate.ids['engine_token']}"}
    form = cookies | {"Content-Type": "text/plain", "Origin": EVIL, "Sec-Fetch-Site": "cross-site"}
    for path, body in (
        (ROOMS, '{"display_name": "forged"}'),
        ("/api/meeting/end", ""),
        ("/api/events/replay", '{"since":"2026-01-01"}'),
    ):
        answer = await estate.world.client.post(path, content=body, headers=form)
        assert answer.status_code in (400, 401) and "set-cookie" not in answer.headers, path
    world = estate.world
    query = f"?api_key={world.first.api_key}&api_secret={world.first.api_secret}&access_token={proof}"
    assert (await world.client.post(ROOMS + query, content='{"display_name": "forged"}')).status_code == 401
    answer = await world.client.post(
        ROOMS, content='{"display_name": "own"}', headers=estate.auth | {"Content-Type": "text/plain"}
    )
    assert answer.status_code == 201, "the vendor's clients send all kinds of types; the credentials are in a header"
    names = [room["display_name"] for room in (await world.client.get(ROOMS, headers=estate.auth)).json()["_embedded"]]
    assert "forged" not in names and "own" in names


async def test_no_answer_may_be_framed_or_sniffed(estate: Estate) -> None:
    client = estate.world.client
    answers = [
        await client.get("/"),
        await client.get("/reference"),
        await client.get(ROOMS),
        await client.get("/v1/meetings/nothing", headers=estate.auth),
        await client.post(ROOMS, content=b"x" * 70_000, headers=estate.auth),
        await client.get(estate.ids["recording_url"]),
        await client.get(estate.ids["picture_url"]),
        await client.request("TRACE", "/api/meeting/join"),
        await client.get("/a/b/c/d"),
    ]
    for answer in answers:
        policy = answer.headers["content-security-policy"]
        assert "frame-ancestors 'none'" in policy and "'unsafe" not in policy, answer.url
        assert (answer.headers["x-content-type-options"], answer.headers["referrer-policy"]) == (
            "nosniff",
            "no-referrer",
        )


# --- Uploads --------------------------------------------------------------------------------------------------------


def png(width: int, height: int) -> bytes:
    """The head of a picture of this size; its few bytes say that they are all of it."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 6, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"\0" * 1000)) + chunk(b"IEND", b"")
    )


async def upload(estate: Estate, data: bytes, **form: str) -> httpx.Response:
    file = {"file": ("logo.png", data, "image/png")}
    return await estate.world.client.post("/uploads/logos", data=estate.form | form, files=file)


async def pictures(estate: Estate) -> int:
    import sqlalchemy as sa

    from convene import tables

    return await estate.world.db.read(
        lambda tx: tx.connection.scalar(sa.select(sa.func.count()).select_from(tables.picture)) or 0
    )


async def test_an_upload_without_end_is_not_read_to_its_end(estate: Estate) -> None:
    kept, body = (
        await pictures(estate),
        Counted(b'--x\r\nContent-Disposition: form-data; name="file"\r\n\r\n', most=20_000),
    )
    headers = {"Content-Type": "multipart/form-data; boundary=x"}
    answer = await estate.world.client.post("/uploads/logos", content=body, headers=headers)
    assert (answer.status_code, b"EntityTooLarge" in answer.content) == (400, True)
    assert body.read < 4 * 1024 * 1024 and await pictures(estate) == kept


WRONG: dict[str, tuple[bytes, str]] = {
    "a zip": (b"PK\x03\x04" + b"\0" * 500, "type"),
    "an SVG with a script": (b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>', "type"),
    "a page": (b"<html><script>alert(1)</script></html>", "type"),
    "a PNG that is a page as well": (b"\x89PNG\r\n\x1a\n<script>alert(1)</script>", "type"),
    "50,000 by 50,000 pixels": (png(50_000, 50_000), "dimensions"),
    "2 GB by its own word": (png(2**31 - 1, 1), "dimensions"),
    "a picture cut off": (logo()[:-30], "type"),
    "nothing": (b"", "type"),
}


@pytest.mark.parametrize("kind", WRONG)
async def test_what_is_no_logo_becomes_none(estate: Estate, kind: str) -> None:
    data, why = WRONG[kind]
    assert (await upload(estate, data)).status_code in (204, 400)
    body = {"keys": [estate.form["key"]]}
    path = f"{VENDOR}/themes/{estate.ids['theme_id']}/finalizeLogos"
    before = await estate.ask("GET", f"{VENDOR}/themes/{estate.ids['theme_id']}")
    answer = await estate.world.client.put(path, json=body, headers=estate.auth)
    assert answer.status_code == 400
    assert why in answer.text or "key_not_found" in answer.text, answer.text
    assert await estate.ask("GET", f"{VENDOR}/themes/{estate.ids['theme_id']}") == before
    shown = await estate.world.client.get(f"/pictures/{estate.form['key'].rpartition('/')[2]}")
    assert shown.status_code == 404, "nobody is ever served what was not looked at"


async def test_a_form_is_taken_as_it_was_signed(estate: Estate) -> None:
    for changed in (
        {"key": estate.ids["upload_key"]},
        {"logoType": "favicon"},
        {"X-Amz-Signature": "0" * 64},
        {"Policy": "e30="},
    ):
        assert (await upload(estate, logo(), **changed)).status_code == 403, changed
    many = (
        "".join(f'--x\r\nContent-Disposition: form-data; name="f{n}"\r\n\r\n1\r\n' for n in range(1000)) + "--x--\r\n"
    )
    headers = {"Content-Type": "multipart/form-data; boundary=x"}
    answer = await estate.world.client.post("/uploads/logos", content=many, headers=headers)
    assert 400 <= answer.status_code < 500


# --- Streams --------------------------------------------------------------------------------------------------------


async def test_a_person_has_a_few_streams_and_no_more(estate: Estate) -> None:
    from convene.web.stream import PER_PERSON
    from tests.listening import listening

    async def status(stack: Any) -> int:
        return (
            await stack.enter_async_context(listening(estate.world, "/api/meeting/waiting", estate.knocker, app))
        ).status

    from contextlib import AsyncExitStack

    from convene.web.app import create_app

    app = create_app(estate.world.runtime)
    async with AsyncExitStack() as stack:
        assert [await status(stack) for _ in range(PER_PERSON + 1)] == [200] * PER_PERSON + [429]
    async with AsyncExitStack() as stack:
        assert await status(stack) == 200, "they were given back"


async def test_a_slow_client_keeps_nobody_waiting(estate: Estate) -> None:
    """A hundred bodies that never end, and beside them a request like any other."""
    never = asyncio.Event()

    async def drip() -> AsyncIterator[bytes]:
        yield b'{"display_name": "'
        await never.wait()

    slow = [
        asyncio.create_task(estate.world.client.post(ROOMS, content=drip(), headers=estate.auth)) for _ in range(100)
    ]
    for _ in range(10):
        assert (await estate.world.client.get(ROOMS, headers=estate.auth)).status_code == 200
    for task in slow:
        task.cancel()
    await asyncio.gather(*slow, return_exceptions=True)
    assert json.loads((await estate.world.client.get("/health/live")).content) == {"status": "ok"}
