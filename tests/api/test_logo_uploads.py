"""Logos from the form to the page (contract §3.4): each client's bytes, forged forms, and what becomes of bad pictures."""

import asyncio
import base64
import io
import json
import re
from collections.abc import AsyncIterator, Callable
from typing import Any
from urllib.parse import urlsplit
from xml.etree import ElementTree

import httpx
import pytest
import sqlalchemy as sa
from PIL import Image

from convene import access, applications, tables
from convene.logos import LARGEST
from convene.worker import Worker
from tests import world as worlds
from tests.pngs import chunk, favicon, logo, plain, sized
from tests.world import World

THEMES = "/v1/meetings/themes"
FIELDS = [
    *("Content-Type", "key", "logoType", "bucket", "X-Amz-Algorithm", "X-Amz-Credential", "X-Amz-Date"),
    *("X-Amz-Security-Token", "Policy", "X-Amz-Signature"),
]
NAMES = {"white": "brand_image_white", "colored": "brand_image_colored", "favicon": "branded_favicon"}
BOUNDARY = b"7f3c2a-boundary"

Fields = dict[str, str]
Shaped = tuple[str, dict[str, str], bytes]  # method, headers, body


async def themed(world: World, auth: dict[str, str] | None = None) -> str:
    """A new theme; its id."""
    body = {"main_color": "#0a7d4f", "brand_text": "Acme"}
    answer = await world.client.post(THEMES, json=body, headers=auth or world.auth)
    return str(answer.json()["theme_id"])


async def forms(world: World, auth: dict[str, str] | None = None) -> dict[str, Fields]:
    """Fresh forms by the kind of picture."""
    answer = await world.client.get(f"{THEMES}/logos-upload-urls", headers=auth or world.auth)
    assert answer.status_code == 200, answer.text
    return {entry["fields"]["logoType"]: entry["fields"] for entry in answer.json()}


async def send(world: World, shaped: Shaped) -> httpx.Response:
    method, headers, body = shaped
    return await world.client.request(method, "/uploads/logos", headers=headers, content=body)


async def uploaded(world: World, kind: str, data: bytes, auth: dict[str, str] | None = None) -> str:
    """An upload that went well; its key."""
    form = (await forms(world, auth))[kind]
    answer = await send(world, ruby(form, data))
    assert (answer.status_code, answer.content) == (204, b""), answer.text
    return form["key"]


async def finalize(world: World, theme: str, *keys: str) -> httpx.Response:
    return await world.client.put(f"{THEMES}/{theme}/finalizeLogos", json={"keys": list(keys)}, headers=world.auth)


async def theme_now(world: World, theme: str) -> dict[str, Any]:
    return (await world.client.get(f"{THEMES}/{theme}", headers=world.auth)).json()  # type: ignore[no-any-return]


async def fetched(world: World, url: str) -> httpx.Response:
    return await world.client.get(urlsplit(url).path)


async def count(world: World) -> int:
    statement = sa.select(sa.func.count()).select_from(tables.picture)
    return await world.db.read(lambda tx: tx.connection.scalar(statement) or 0)


# --- What each client sends ------------------------------------------------------------------------------------------


def part(name: str, value: bytes, *, filename: str | None = None, kind: str | None = None) -> bytes:
    disposition = f'Content-Disposition: form-data; name="{name}"'
    if filename is not None:
        disposition += f'; filename="{filename}"'
    lines = [disposition, *([f"Content-Type: {kind}"] if kind else [])]
    return b"--" + BOUNDARY + b"\r\n" + "\r\n".join(lines).encode() + b"\r\n\r\n" + value + b"\r\n"


def body(*parts: bytes) -> bytes:
    return b"".join(parts) + b"--" + BOUNDARY + b"--\r\n"


def posted(content: bytes, **headers: str) -> Shaped:
    return "POST", {"Content-Type": f"multipart/form-data; boundary={BOUNDARY.decode()}", **headers}, content


def python(form: Fields, data: bytes) -> Shaped:
    """`requests`, given all fields as files: each has its own name for a file's name, and no type."""
    fields = [part(name, value.encode(), filename=name) for name, value in form.items()]
    return posted(body(*fields, part("file", data, filename="file")))


def node(form: Fields, data: bytes) -> Shaped:
    """The form is lost on the way: an empty body, no content type."""
    return "POST", {"Authorization": "Bearer abc", "Content-Length": "0"}, b""


def old_node(form: Fields, data: bytes) -> Shaped:
    """The form as JavaScript writes an object."""
    return "POST", {"Authorization": "Bearer abc", "Content-Type": "text/plain"}, b"[object FormData]"


def java(form: Fields, data: bytes) -> Shaped:
    """Apache HttpClient: typed text parts with an encoding, a binary file."""
    text = "text/plain; charset=ISO-8859-1\r\nContent-Transfer-Encoding: 8bit"
    fields = [part(name, value.encode(), kind=text) for name, value in form.items()]
    binary = "application/octet-stream\r\nContent-Transfer-Encoding: binary"
    return posted(body(*fields, part("file", data, filename="logo.png", kind=binary)))


def net(form: Fields, data: bytes) -> Shaped:
    """Types before dispositions, names without quotes, a boundary in quotes, and a file without a file's name."""
    parts = [
        b"--" + BOUNDARY + b"\r\nContent-Type: text/plain; charset=utf-8\r\n"
        b"Content-Disposition: form-data; name=" + name.encode() + b"\r\n\r\n" + value.encode() + b"\r\n"
        for name, value in form.items()
    ]
    file = b"--" + BOUNDARY + b"\r\nContent-Disposition: form-data; name=file\r\n\r\n" + data + b"\r\n"
    method, _, content = posted(body(*parts, file))
    return method, {"Content-Type": f'multipart/form-data; boundary="{BOUNDARY.decode()}"'}, content


def php(form: Fields, data: bytes) -> Shaped:
    """Guzzle's multipart stream below a header that names no boundary; PUT. Each part tells its length."""
    fields = [
        part(name, value.encode(), kind=f"text/plain\r\nContent-Length: {len(value)}") for name, value in form.items()
    ]
    content = body(*fields, part("file", data, filename="logo.png", kind=f"image/png\r\nContent-Length: {len(data)}"))
    return "PUT", {"Content-Type": "multipart/form-data"}, content


def ruby(form: Fields, data: bytes) -> Shaped:
    """`multipart-post`."""
    fields = [part(name, value.encode()) for name, value in form.items()]
    file = part(
        "file", data, filename="logo.png", kind="image/png\r\nContent-Length: 1\r\nContent-Transfer-Encoding: binary"
    )
    return posted(body(*fields, file))


@pytest.mark.parametrize("client", [python, java, net, php, ruby])
@pytest.mark.parametrize("kind", ["white", "colored", "favicon"])
async def test_each_clients_upload(world: World, client: Callable[[Fields, bytes], Shaped], kind: str) -> None:
    theme = await themed(world)
    data = favicon() if kind == "favicon" else logo()
    form = (await forms(world))[kind]
    answer = await send(world, client(form, data))
    assert (answer.status_code, answer.content) == (204, b""), answer.text
    done = await finalize(world, theme, form["key"])
    assert (done.status_code, done.text, done.headers["content-type"]) == (200, "OK", "text/plain; charset=utf-8")
    shown = await theme_now(world, theme)
    name = NAMES[kind]
    assert shown[name] and shown[f"{name}_url"] == f"http://localhost:8000/pictures/{shown[name]}"
    assert [other for other in NAMES.values() if shown[other]] == [name]
    picture = await fetched(world, shown[f"{name}_url"])
    assert (picture.status_code, picture.content) == (200, data), "byte for byte"


@pytest.mark.parametrize("client", [node, old_node])
async def test_the_node_clients_form_never_comes(world: World, client: Callable[[Fields, bytes], Shaped]) -> None:
    theme, form = await themed(world), (await forms(world))["white"]
    assert (await send(world, client(form, logo()))).status_code == 204
    assert await count(world) == 0
    answer = await finalize(world, theme, form["key"])
    assert answer.json()["errors"] == [{"logoKey": form["key"], "code": "key_not_found"}]


async def test_the_php_client_may_send_a_path(world: World) -> None:
    theme, form = await themed(world), (await forms(world))["white"]
    assert (await send(world, php(form, b"/home/alice/logo.png"))).status_code == 204
    answer = await finalize(world, theme, form["key"])
    problem = {"logoKey": form["key"], "code": "invalid_logo_properties", "invalidProperty": "type"}
    assert answer.json()["errors"] == [problem]


async def test_a_real_librarys_form(world: World) -> None:
    form = (await forms(world))["colored"]
    answer = await world.client.post("/uploads/logos", data=form, files={"file": ("ünïcode.png", logo(), "image/png")})
    assert answer.status_code == 204


# --- Forms ----------------------------------------------------------------------------------------------------------


async def test_the_three_forms(world: World) -> None:
    answer = await world.client.get(f"{THEMES}/logos-upload-urls", headers=world.auth)
    entries = answer.json()
    assert [entry["fields"]["logoType"] for entry in entries] == ["white", "colored", "favicon"]
    for entry in entries:
        assert list(entry) == ["url", "fields"]
        assert entry["url"] == "http://localhost:8000/uploads/logos"
        form = entry["fields"]
        assert list(form) == FIELDS
        assert all(isinstance(value, str) and value for value in form.values())
        assert re.fullmatch(rf"auto-expiring-temp/logos/{form['logoType']}/[0-9a-f-]{{36}}", form["key"])
        assert (form["Content-Type"], form["X-Amz-Algorithm"]) == ("image/png", "AWS4-HMAC-SHA256")
        assert (form["X-Amz-Date"], len(form["X-Amz-Signature"])) == ("20260301T080000Z", 64)
        assert form["X-Amz-Credential"] == f"{world.application_id}/20260301/us-east-1/s3/aws4_request"
        policy = json.loads(base64.b64decode(form["Policy"]))
        assert policy["expiration"].startswith("2026-03-01T09:00:00")
        assert {name for condition in policy["conditions"] for name in condition} == set(FIELDS[:-2])
    keys = {entry["fields"]["key"] for entry in entries} | {form["key"] for form in (await forms(world)).values()}
    assert len(keys) == 6
    assert await count(world) == 0, "asking for forms keeps nothing"


def error(answer: httpx.Response) -> tuple[int, str, str]:
    """S3's way to say no."""
    assert answer.headers["content-type"] == "application/xml"
    root = ElementTree.fromstring(answer.content)
    assert root.tag == "Error" and [child.tag for child in root] == ["Code", "Message"]
    return answer.status_code, root.findtext("Code") or "", root.findtext("Message") or ""


async def test_a_form_with_one_field_changed(world: World) -> None:
    form = (await forms(world))["white"]
    bob = worlds.basic(await world.db.write(access.create_first, "Bob", worlds.key_pair()))
    other = (await forms(world, bob))["white"]
    for name, value in form.items():
        for changed in (value + "x", value[:-1], "", other[name] if other[name] != value else "x", "ä\0<&>"):
            answer = error(await send(world, ruby(form | {name: changed}, logo())))
            assert answer[0] == 403, (name, changed)
            assert answer[1] in ("AccessDenied", "SignatureDoesNotMatch", "InvalidAccessKeyId"), (name, changed)
        missing = {other: kept for other, kept in form.items() if other != name}
        assert error(await send(world, ruby(missing, logo())))[0] == 403, name
    assert await count(world) == 0


async def test_a_policy_of_ones_own(world: World) -> None:
    form = (await forms(world))["white"]
    policy = {"expiration": "2036-01-01T00:00:00+00:00", "conditions": []}
    forged = form | {"Policy": base64.b64encode(json.dumps(policy).encode()).decode()}
    assert error(await send(world, ruby(forged, logo())))[:2] == (403, "SignatureDoesNotMatch")


async def test_a_form_of_another_kind_or_picture(world: World) -> None:
    both = await forms(world)
    mixed = both["white"] | {"key": both["colored"]["key"]}
    answer = error(await send(world, ruby(mixed, logo())))
    assert answer == (403, "AccessDenied", 'Invalid according to Policy: Policy Condition failed: "key"')


async def test_a_form_lasts_an_hour(world: World) -> None:
    early, late = (await forms(world))["white"], (await forms(world))["white"]
    world.later(minutes=59, seconds=59)
    assert (await send(world, ruby(early, logo()))).status_code == 204
    world.later(seconds=1)
    answer = error(await send(world, ruby(late, logo())))
    assert answer == (403, "AccessDenied", "Invalid according to Policy: Policy expired.")


async def test_a_form_brings_one_picture(world: World) -> None:
    form = (await forms(world))["white"]
    for data, status in ((logo(), 204), (logo(), 204), (logo(60, 60), 403), (logo(), 204)):
        assert (await send(world, ruby(form, data))).status_code == status
    theme = await themed(world)
    assert (await finalize(world, theme, form["key"])).status_code == 200
    assert (await send(world, ruby(form, logo(60, 60)))).status_code == 403
    assert (await fetched(world, (await theme_now(world, theme))["brand_image_white_url"])).content == logo()


async def test_the_forms_of_a_deleted_application(world: World) -> None:
    form = (await forms(world))["white"]
    gone = sa.update(tables.application).values(deleted_at=world.now)
    await world.db.write(lambda tx: tx.execute(gone))
    assert error(await send(world, ruby(form, logo())))[:2] == (403, "InvalidAccessKeyId")


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"x", "MalformedPostRequest"),
        (b'{"file": 1}', "MalformedPostRequest"),
        (b"--" + BOUNDARY, "MalformedPostRequest"),
        (part("key", b"k"), "MalformedPostRequest"),
        (body(part("key", b"k"))[:-10], "MalformedPostRequest"),
        (body(b"--" + BOUNDARY + b"\r\n\r\nno name\r\n"), "MalformedPostRequest"),
        (body(*[part(f"f{n}", b"") for n in range(30)]), "MalformedPostRequest"),
        (body(part("key", b"k")), "InvalidArgument"),
        (body(part("file", logo()), part("file", logo())), "InvalidArgument"),
    ],
)
async def test_what_is_no_form(world: World, content: bytes, code: str) -> None:
    for shaped in (posted(content), ("PUT", {"Content-Type": "multipart/form-data"}, content)):
        assert error(await send(world, shaped))[:2] == (400, code)


@pytest.mark.parametrize("header", [None, "text/plain", "multipart/form-data", 'multipart/form-data; boundary=""'])
async def test_the_boundary_is_seen_in_the_body(world: World, header: str | None) -> None:
    _, _, content = ruby((await forms(world))["white"], logo())
    headers = {} if header is None else {"Content-Type": header}
    assert (await send(world, ("POST", headers, content))).status_code == 204


# --- Sizes ----------------------------------------------------------------------------------------------------------


async def test_the_largest_logo_and_one_byte_more(world: World) -> None:
    theme = await themed(world)
    assert (await finalize(world, theme, await uploaded(world, "white", sized(logo(), LARGEST)))).status_code == 200
    key = await uploaded(world, "white", sized(logo(), LARGEST + 1))
    answer = await finalize(world, theme, key)
    problem = {"logoKey": key, "code": "invalid_logo_properties", "invalidProperty": "exceeds_size"}
    assert (answer.status_code, answer.json()["errors"]) == (400, [problem])


async def test_an_endless_upload_is_not_read_to_its_end(world: World) -> None:
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        while sent < 100 * LARGEST:
            sent += 65_536
            yield b"\0" * 65_536

    answer = await world.client.post(
        "/uploads/logos", content=endless(), headers={"Content-Type": "multipart/form-data"}
    )
    assert error(answer)[:2] == (400, "EntityTooLarge")
    assert await count(world) == 0


async def test_uploads_that_wait_are_counted(world: World) -> None:
    async def upload() -> int:
        return (await send(world, ruby((await forms(world))["favicon"], favicon()))).status_code

    codes = [await upload() for _ in range(98)] + await asyncio.gather(*(upload() for _ in range(6)))
    assert sorted(codes) == [204] * 100 + [403] * 4
    world.later(hours=1)
    assert await upload() == 204, "those are over"


# --- Finalizing -----------------------------------------------------------------------------------------------------


async def test_all_three_at_once(world: World) -> None:
    theme = await themed(world)
    keys = [
        await uploaded(world, "white", logo()),
        await uploaded(world, "colored", logo(300, 300)),
        await uploaded(world, "favicon", favicon(16)),
    ]
    assert (await finalize(world, theme, *keys)).text == "OK"
    shown = await theme_now(world, theme)
    assert all(shown[name] and shown[f"{name}_url"] for name in NAMES.values())
    assert (await finalize(world, theme, *keys)).text == "OK", "asked again, after an answer that got lost"
    assert await theme_now(world, theme) == shown


async def test_every_fault_is_told_and_nothing_is_taken(world: World) -> None:
    theme = await themed(world)
    good = await uploaded(world, "colored", logo())
    moving = plain(20, 20)[:33] + chunk(b"acTL", b"\0\0\0\2\0\0\0\0") + plain(20, 20)[33:]
    bad = {
        await uploaded(world, "white", b"<svg/>"): "type",
        await uploaded(world, "white", moving): "type",
        await uploaded(world, "white", plain(301, 10)): "dimensions",
        await uploaded(world, "favicon", plain(33, 33)): "dimensions",
        await uploaded(world, "favicon", plain(20, 20, b"\0\0\0\xff")): "transparent_bg",
        await uploaded(world, "colored", sized(logo(), LARGEST + 500)): "exceeds_size",
    }
    missing = (await forms(world))["white"]["key"]
    answer = await finalize(world, theme, good, *bad, missing, "anything", "a\0b")
    told = answer.json()
    assert (answer.status_code, answer.headers["content-type"]) == (400, "application/json")
    assert (told["name"], told["message"], told["status"]) == ("BadRequestError", "could not finalize logos", 400)
    wrong = [
        {"logoKey": key, "code": "invalid_logo_properties", "invalidProperty": fault} for key, fault in bad.items()
    ]
    gone = [{"logoKey": key, "code": "key_not_found"} for key in (missing, "anything", "a\0b")]
    assert told["errors"] == wrong + gone
    assert {(await theme_now(world, theme))[name] for name in NAMES.values()} == {None}
    assert (await finalize(world, theme, good)).status_code == 200, "the good one is still to be had"


async def test_other_tenants_uploads_are_unknown(world: World) -> None:
    bob = worlds.basic(await world.db.write(access.create_first, "Bob", worlds.key_pair()))
    theirs = await uploaded(world, "white", logo(), bob)
    answer = await finalize(world, await themed(world), theirs)
    assert answer.json()["errors"] == [{"logoKey": theirs, "code": "key_not_found"}]
    key = await uploaded(world, "white", logo())
    url = f"{THEMES}/{await themed(world, bob)}/finalizeLogos"
    assert (await world.client.put(url, json={"keys": [key]}, headers=bob)).json()["errors"][0]["logoKey"] == key
    answer = await world.client.put(url, json={"keys": [key]}, headers=world.auth)
    assert (answer.status_code, answer.json()["name"]) == (404, "NotFoundError")


async def test_a_key_says_what_it_is(world: World) -> None:
    key = await uploaded(world, "white", plain(300, 300))
    answer = await finalize(world, await themed(world), key.replace("white", "favicon"))
    assert answer.json()["errors"][0]["code"] == "key_not_found"


async def test_a_picture_belongs_to_one_theme(world: World) -> None:
    one, other = await themed(world), await themed(world)
    key = await uploaded(world, "white", logo())
    answers = await asyncio.gather(*(finalize(world, theme, key) for theme in (one, other)))
    assert sorted(answer.status_code for answer in answers) == [200, 400]
    lost = next(answer for answer in answers if answer.status_code == 400)
    assert lost.json()["errors"] == [{"logoKey": key, "code": "key_not_found"}]
    worn = [(await theme_now(world, theme))["brand_image_white"] for theme in (one, other)]
    assert sorted(bool(name) for name in worn) == [False, True]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({}, '"keys" is required'),
        ({"keys": []}, '"keys" must contain 1 to 20 items'),
        ({"keys": ["k"] * 21}, '"keys" must contain 1 to 20 items'),
        ({"keys": "k"}, '"keys" must be an array of strings'),
        ({"keys": [{"key": "k"}]}, '"keys" must be an array of strings'),
        ({"keys": ["k"], "more": 1}, '"more" is not allowed'),
    ],
)
async def test_what_is_no_list_of_keys(world: World, content: dict[str, Any], message: str) -> None:
    url = f"{THEMES}/{await themed(world)}/finalizeLogos"
    answer = await world.client.put(url, json=content, headers=world.auth)
    assert (answer.status_code, answer.json()["message"]) == (400, message)


# --- Pictures -------------------------------------------------------------------------------------------------------


async def test_a_picture_is_served_for_good(world: World) -> None:
    theme = await themed(world)
    await finalize(world, theme, await uploaded(world, "colored", logo()))
    url = (await theme_now(world, theme))["brand_image_colored_url"]
    answer = await fetched(world, url)
    assert answer.headers["content-type"] == "image/png"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert Image.open(io.BytesIO(answer.content)).size == (120, 40)
    head = await world.client.head(urlsplit(url).path)
    assert (head.status_code, head.headers["content-length"]) == (200, str(len(logo())))


async def test_what_no_theme_has_taken_is_not_served(world: World) -> None:
    key = await uploaded(world, "white", b"<script>alert(1)</script>")
    for name in (key.rpartition("/")[2], "x", "%00", "..%2f", "1" * 36):
        assert (await world.client.get(f"/pictures/{name}")).status_code == 404, name


async def test_a_new_picture_takes_the_place_of_the_old_one(world: World) -> None:
    theme = await themed(world)
    await finalize(world, theme, await uploaded(world, "white", logo()))
    old = (await theme_now(world, theme))["brand_image_white_url"]
    await finalize(world, theme, await uploaded(world, "white", logo(60, 60)))
    new = (await theme_now(world, theme))["brand_image_white_url"]
    assert old != new
    assert [(await fetched(world, url)).status_code for url in (old, new)] == [404, 200]
    assert await count(world) == 1
    assert (await world.client.delete(f"{THEMES}/{theme}", headers=world.auth)).status_code == 204
    assert (await count(world), (await fetched(world, new)).status_code) == (0, 404)


async def test_of_two_of_a_kind_the_last_one_is_worn(world: World) -> None:
    theme = await themed(world)
    keys = [await uploaded(world, "white", data) for data in (logo(), logo(60, 60))]
    assert (await finalize(world, theme, *keys)).status_code == 200
    assert (await fetched(world, (await theme_now(world, theme))["brand_image_white_url"])).content == logo(60, 60)


async def test_the_page_gets_the_pictures_by_its_own_origin(world: World) -> None:
    theme = await themed(world)
    await finalize(world, theme, await uploaded(world, "white", logo()), await uploaded(world, "favicon", favicon()))
    body = {"display_name": "Weekly sync", "theme_id": theme}
    room = (await world.client.post("/v1/meetings/rooms", json=body, headers=world.auth)).json()
    seen = await world.client.post("/api/meeting/look", json={"code": room["meeting_code"]})
    shown = await theme_now(world, theme)
    assert seen.json()["room"]["brand"] == {
        "main_color": "#0a7d4f",
        "text": "Acme",
        "logo_on_light": None,
        "logo_on_dark": f"/pictures/{shown['brand_image_white']}",
        "favicon": f"/pictures/{shown['branded_favicon']}",
    }


async def test_nothing_is_left_of_a_deleted_application(world: World) -> None:
    bob = await world.db.write(access.create_first, "Bob", worlds.key_pair())
    for application in (world.first, bob):
        auth = worlds.basic(application)
        theme, key = await themed(world, auth), await uploaded(world, "white", logo(), auth)
        url = f"{THEMES}/{theme}/finalizeLogos"
        assert (await world.client.put(url, json={"keys": [key]}, headers=auth)).status_code == 200
    await world.db.write(applications.delete, bob.api_key, bob.application_id)
    await Worker(world.runtime).tidy()
    owners = sa.union_all(sa.select(tables.theme.c.application_id), sa.select(tables.picture.c.application_id))
    left = await world.db.read(lambda tx: [row.application_id for row in tx.all(owners)])
    assert left == [world.application_id] * 2


async def test_uploads_that_no_theme_takes_go_after_an_hour(world: World) -> None:
    theme = await themed(world)
    kept, left = await uploaded(world, "white", logo()), await uploaded(world, "colored", logo())
    await finalize(world, theme, kept)
    await Worker(world.runtime).tidy()
    assert await count(world) == 2
    world.later(hours=1)
    answer = await finalize(world, theme, left)
    assert answer.json()["errors"] == [{"logoKey": left, "code": "key_not_found"}], "late, though nobody has tidied up"
    await Worker(world.runtime).tidy()
    assert await count(world) == 1
    assert (await fetched(world, (await theme_now(world, theme))["brand_image_white_url"])).status_code == 200
